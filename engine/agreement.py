"""What two systems keep in step, field by field: the terms of a two-way sync, as people draw them.

The *left* and the *right* side are only names: each is an entity behind a connection slot. A pair of fields
is known by its key, ``left path=right path``; what both sides last agreed on is kept under it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from engine import compare
from engine.flow import Document

SideName = Literal["left", "right"]
SIDES: tuple[SideName, SideName] = ("left", "right")

Policy = Literal[
    "left", "right", "newest", "first_filled_left", "first_filled_right", "by_state", "rules", "flow", "ask"
]

FieldName = Annotated[str, Field(max_length=200)]


def other(side: SideName) -> SideName:
    return "right" if side == "left" else "left"


class Mark(Document):
    """How an object is marked when its counterpart is gone: this field gets this value."""

    field: FieldName = Field(
        title="Field",
        description="The field that says so.",
        json_schema_extra={"x-widget": "field", "x-of": "entity"},
    )
    value: Any = Field(default=None, title="Value", description="What it is set to.")


class Preset(Document):
    """What a field of a new object is set to, unless the other side fills it."""

    field: FieldName = Field(
        title="Field",
        description="A field of this side.",
        json_schema_extra={"x-widget": "field", "x-of": "entity"},
    )
    value: Any = Field(
        default=None, title="Value", description="What new objects get here, unless the other side fills it."
    )


class Side(Document):
    """One of the two systems: which objects, how they are recognised, and what may happen to them here."""

    slot: str = Field(
        default="",
        title="Connection",
        description="The connection of this flow to use.",
        json_schema_extra={"x-widget": "slot"},
    )
    entity: str = Field(
        default="",
        title="Object",
        description="The kind of object in that system.",
        json_schema_extra={"x-widget": "entity", "x-of": "slot"},
    )
    match: list[FieldName] = Field(
        default=[],
        title="Recognise by",
        description="Fields by which an object that is new on the other side is recognised here. They are "
        "compared with those of the other side, one by one.",
        json_schema_extra={"x-widget": "fields", "x-of": "entity"},
    )
    create: bool = Field(
        default=True,
        title="New objects",
        description="Create here what is new on the other side.",
    )
    presets: list[Preset] = Field(
        default=[],
        title="Values of new objects",
        description="Fields that new objects get here, such as a type, a status or a currency: where no pair fills "
        "them, or the other side has no value.",
    )
    deleted: Literal["ignore", "mark", "hold", "delete"] = Field(
        default="hold",
        title="When the other one is deleted",
        description="What happens here to an object whose counterpart is gone: ignore: nothing; mark: a field "
        "is set; hold: somebody is asked; delete: it is deleted as well.",
    )
    mark: Mark | None = Field(
        default=None, title="Mark", description="The field to set when the counterpart is gone."
    )
    survivor: Literal["told", "field", "match"] = Field(
        default="told",
        title="Who survives a merge",
        description="How it is known into which object one of these was merged. told: only if the system says so "
        "with the deletion; field: a field of the object names it; match: the one other object with the same values "
        "under «Recognise by».",
    )
    survivor_field: FieldName = Field(
        default="",
        title="Names the survivor",
        description="The field that holds the id of the object into which this one was merged, such as "
        "_masterid_value in Dataverse.",
        json_schema_extra={"x-widget": "field", "x-of": "entity", "x-when": {"survivor": "field"}},
    )
    merged: Literal["follow", "ask"] = Field(
        default="follow",
        title="When two were merged here",
        description="follow: the survivor takes over the counterpart of the other one; ask: somebody says so first.",
    )
    surplus: Literal["hold", "mark", "delete", "keep"] = Field(
        default="hold",
        title="When one is left over",
        description="Two objects of the other side were merged, and each had a counterpart here. What happens to the "
        "one that is left over: hold: somebody is asked; mark: a field is set; delete: it is deleted; keep: it stays. "
        "Marked or kept, it is no longer kept in step.",
    )


class ByState(Document):
    """Ownership that depends on where the object stands: "the CRM until it is invoiced, then the ERP"."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, validate_by_name=False, serialize_by_alias=True
    )

    side: SideName = Field(default="right", title="Side", description="Where the state is read.")
    field: FieldName = Field(title="Field", description="The field that tells the state.")
    values: list[Any] = Field(default=[], title="Values", description="While it has one of these values,")
    then: SideName = Field(default="left", title="Then", description="this side decides,")
    otherwise: SideName = Field(
        default="right", alias="else", title="Otherwise", description="and otherwise this one."
    )


class Translation(Document):
    """A value table of the flow between the two sides: its key is the left value, ``column`` the right one."""

    table: str = Field(title="Table", description="A value table of this flow.")
    column: str = Field(
        default="", title="Column", description="The column with the right side's value; empty takes the one "
        "beside the key.",
    )  # fmt: skip


class FieldPair(Document):
    """Two fields that are to have the same value, and who decides when both were changed."""

    left: FieldName = Field(title="Left", description="The field on the left side; dotted for nested ones.")
    right: FieldName = Field(title="Right", description="The field on the right side.")
    direction: Literal["both", "to_right", "to_left"] = Field(
        default="both", title="Direction", description="Which way changes go."
    )
    policy: Policy = Field(
        default="ask",
        title="When both changed it",
        description="left, right: that side decides; newest: the later change; first_filled_left, "
        "first_filled_right: that side unless it is empty; by_state: as the state says; rules: as a rule set "
        "says; flow: another flow is asked, and a person while it has not answered; ask: somebody decides.",
    )
    state: ByState | None = Field(default=None, title="State", description="Who decides in which state.")
    rules: str | None = Field(
        default=None,
        title="Rule set",
        description="A rule set of this flow that routes to left, right or ask.",
        json_schema_extra={"x-widget": "rule-set"},
    )
    flow: str | None = Field(
        default=None,
        title="Flow",
        description="The flow that decides: it begins with «A conflict» and ends in «Decide the conflict».",
        json_schema_extra={"x-widget": "flow"},
    )
    table: Translation | None = Field(
        default=None, title="Translate", description="A table that translates between the two sides."
    )
    text: Literal["exact", "trimmed"] = Field(
        default="exact", title="Text", description="trimmed: blanks around a text do not count."
    )

    @property
    def key(self) -> str:
        """What identifies the pair in what is remembered, in conflicts and in decisions."""
        return f"{self.left}={self.right}"

    def path(self, side: SideName) -> str:
        return self.left if side == "left" else self.right

    def flows_to(self, side: SideName) -> bool:
        """Whether changes may be written to this side."""
        return self.direction in ("both", f"to_{side}")

    def same(self, one: Any, two: Any) -> bool:
        """Whether two values of one side are the same value; nothing and an empty text are."""
        if self.text == "trimmed":
            one, two = trimmed(one), trimmed(two)
        return compare.same(one, two) or compare.same(two, one)


@dataclass(frozen=True)
class Agreement:
    """Everything that two sides have to keep in step.

    tolerance  seconds within which two changes cannot be put in order
    drift      what becomes of a field that was changed on the side that only receives it
    """

    left: Side
    right: Side
    fields: tuple[FieldPair, ...]
    tolerance: float = 300.0
    drift: Literal["restore", "leave", "ask"] = "restore"

    def side(self, name: SideName) -> Side:
        return self.left if name == "left" else self.right


def empty(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def trimmed(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value
