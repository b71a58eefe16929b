"""Values that are made from a record: paths, constants and chains of functions.

A Value says where a value starts and which functions it then passes through:
``{"kind": "path", "path": "$.Account.Name", "then": [{"function": "upper"}]}``. The document is the model:
what the mapping screen shows is exactly this, so reopening loses nothing. ``compile_value`` makes one
Python closure of it; nothing is ever evaluated as code.

Paths are JSONPath. ``$`` is the record's current data; ``$steps.<node id>`` reaches results of earlier
nodes (the record as it was read, the answer of a write, a looked-up row); ``$key`` and ``$title`` are the
record's own. Inside ``lines``, ``$`` is the line and ``$parent`` the record around it.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from engine.flow import Document


class Call(Document):
    """One function of the library (engine.functions), applied to the value so far."""

    function: str
    args: dict[str, Value] = {}


class PathValue(Document):
    """A value from the record. A missing path is an error unless ``may_be_empty`` or ``default`` is set."""

    kind: Literal["path"] = "path"
    path: str
    may_be_empty: bool = False
    default: Value | None = None
    then: list[Call] = []


class ConstantValue(Document):
    kind: Literal["constant"] = "constant"
    value: Any = None
    then: list[Call] = []


Value = Annotated[PathValue | ConstantValue, Field(discriminator="kind")]

Call.model_rebuild()
PathValue.model_rebuild()
