"""Messages with fields of the record in them: ``No ledger account for {Account.Name}.``"""

from __future__ import annotations

import re
from collections.abc import Callable

from engine.errors import DefinitionError, Problem
from engine.expression import PathValue, compile_value
from engine.readings import show
from engine.scope import Scope

_BRACES = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")

Part = str | Callable[[Scope], str]


class Message:
    """A text with fields in braces, ready to be filled; ``{{`` and ``}}`` are braces themselves.

    Raises DefinitionError, with ``field`` as the place of its Problems, if a field cannot be read.
    """

    def __init__(self, text: str, field: str = "") -> None:
        self.text = text
        self._parts: list[Part] = []
        end = 0
        for found in _BRACES.finditer(text):
            self._parts.append(text[end : found.start()])
            end = found.end()
            self._parts.append(self._part(found, field))
        self._parts.append(text[end:])

    def _part(self, found: re.Match[str], field: str) -> Part:
        if found[0] in ("{{", "}}"):
            return found[0][0]
        if found[1] is None or not found[1].strip():
            problem = Problem(
                "E-MESSAGE",
                f"A brace in “{self.text[:60]}” is left alone.",
                "Write {Field}, or {{ and }} for braces themselves.",
                field=field,
            )
            raise DefinitionError([problem])
        path = found[1].strip()
        value = PathValue(path=path if path.startswith("$") else f"$.{path}", may_be_empty=True)
        get = compile_value(value, field=field).get
        return lambda scope: _told(get(scope))

    def fill(self, scope: Scope) -> str:
        """The text for a person, every value short enough for a line."""
        return "".join(part if isinstance(part, str) else part(scope) for part in self._parts)


def _told(value: object) -> str:
    shown = show(value)
    return shown[1:-1] if isinstance(value, str) else shown
