"""The ways in which services say which record an answer is about, where one call carries several."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from nodes.systems.http.entries import Form, ValuePath


class ByOrder(Form):
    """Answers come in the order in which the records were sent, one for each."""

    model_config = ConfigDict(title="In order")
    kind: Literal["order"] = Field("order", title="Whose answer it is")


class ByPlace(Form):
    """An answer names the place of its record in the list that was sent."""

    model_config = ConfigDict(title="By place")
    kind: Literal["place"] = Field("place", title="Whose answer it is")
    path: ValuePath = Field("$.index", title="Where the place is", min_length=1, description="In the answer.")
    first: int = Field(0, title="First place", ge=0, le=1, description="Whether places count from 0 or 1.")


class ByValue(Form):
    """An answer repeats a value of its record, such as a number of ours."""

    model_config = ConfigDict(title="By a value")
    kind: Literal["value"] = Field("value", title="Whose answer it is")
    path: ValuePath = Field(
        "$.external_id", title="Where the value is", min_length=1, description="In the answer."
    )
    field: ValuePath = Field(
        "$.external_id",
        title="Where it is in the record",
        min_length=1,
        description="A value that no two records have.",
    )


Whose = Annotated[ByOrder | ByPlace | ByValue, Field(discriminator="kind")]
