"""Reads records from any system."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import Field

from engine.chain import Compiled
from engine.compare import dig
from engine.connector import Filter, Operator, Query
from engine.errors import DefinitionError, Held, Problem, RecordRejected
from engine.expression import Value, compile_value
from engine.flow import Document, Port
from engine.functions import as_text, exact
from engine.node import OUT, NodeContext, NodeSettings, Outbox, ReadNode
from engine.record import Record
from engine.scope import Scope
from nodes.move.place import EntityName, SlotName, place_problems

THERE = Port(name=OUT.name, title="Read")
GONE = Port(name="deleted", title="Deleted", required=False)
"""Where deleted objects leave, as they were read last; and where all others do, once there are two ways."""

WORDS = {
    "eq": "is",
    "ne": "is not",
    "lt": "is less than",
    "le": "is at most",
    "gt": "is more than",
    "ge": "is at least",
    "in": "is one of",
    "contains": "contains",
    "starts": "starts with",
    "empty": "is empty",
    "not_empty": "is not empty",
}
"""How the comparisons of a read are said."""


class FilterRow(Document):
    """One condition that the system itself checks."""

    field: str = Field(
        title="Field",
        description="A field of the object.",
        json_schema_extra={"x-widget": "field", "x-of": "entity"},
    )
    op: Operator = Field(default="eq", title="Comparison", description="How field and value are compared.")
    value: Any = Field(default=None, title="Value", description="What the field is compared with.")
    shown: str = Field(
        default="",
        title="Called",
        description="What the value is called where it is an id, for whoever reads the drawing.",
    )


class ReadSettings(NodeSettings):
    slot: SlotName = ""
    entity: EntityName = ""
    fields: list[str] = Field(
        default=[],
        title="Fields",
        description="Which fields to read; empty reads all of the object's own. Dots follow a reference.",
        json_schema_extra={"x-widget": "fields", "x-of": "entity"},
    )
    lines: list[str] = Field(
        default=[],
        title="Lines",
        description="Which lists of lines to bring along.",
        json_schema_extra={"x-widget": "fields", "x-of": "entity", "x-type": "lines"},
    )
    filters: list[FilterRow] = Field(
        default=[],
        title="Only where",
        description="All of these must be true; the system itself leaves out the rest.",
        json_schema_extra={"x-widget": "filters"},
    )
    only: Value | None = Field(
        default=None,
        title="Only the records named",
        description="Where the id, or the list of ids, is within what the trigger brought. A start by hand or by "
        "the clock that brings nothing reads all that match; a call that names none is refused.",
        json_schema_extra={"x-widget": "value"},
    )
    changes: bool = Field(
        default=False,
        title="Only what changed",
        description="Read only what was changed since the last run.",
    )
    deletes: Literal["ignore", "sweep", "feed"] = Field(
        default="ignore",
        title="Deleted objects",
        description="Most systems do not tell what was deleted. Heddle can ask, when the read is over, which of the "
        "objects that this flow has written from are left. Deleted ones leave by a way out of their own, as they "
        "were read last.",
        json_schema_extra={
            "x-titles": {
                "ignore": "Nobody looks for them",
                "sweep": "Heddle asks which are left",
                "feed": "The system itself tells",
            }
        },
    )
    sweep_hours: float = Field(
        default=24,
        ge=0,
        le=24 * 366,
        title="Hours until it asks again",
        description="It asks at most every so many hours; 0 asks in every run.",
        json_schema_extra={"x-when": {"deletes": "sweep"}},
    )
    title_field: str | None = Field(
        default=None,
        title="Title",
        description="The field by which people recognise a record; empty takes the object's own.",
        json_schema_extra={"x-widget": "field", "x-of": "entity"},
    )


class ReadRecordsNode(ReadNode[ReadSettings]):
    """Reads records from a system: all that match, only what changed, or those that a button or webhook
    names. The record as it was read stays at hand for every later step."""

    Settings = ReadSettings
    type = "read"
    title = "Read"
    group = "read"
    glyph = "database-export"

    def __init__(self, settings: ReadSettings, context: NodeContext) -> None:
        super().__init__(settings, context)
        self.slot = settings.slot
        self.deletes, self.sweep_hours = settings.deletes, settings.sweep_hours
        self.problems: list[Problem] = place_problems(settings.slot, settings.entity)
        self.only: Compiled | None = None
        for index, row in enumerate(settings.filters):
            self.problems.extend(_filter_problems(row, f"filters.{index}"))
        if settings.only is not None:
            try:
                self.only = compile_value(settings.only, context.tables, "only")
            except DefinitionError as error:
                self.problems.extend(error.problems)

    @classmethod
    def ports_out(cls, settings: ReadSettings) -> tuple[Port, ...]:
        return cls.outputs if settings.deletes == "ignore" else (THERE, GONE)

    def query(self, trigger: Record | None) -> Query:
        """What to read. Raises DefinitionError when the trigger brought something, but not what ``only`` names:
        reading everything instead would be the worst answer."""
        return Query(
            entity=self.settings.entity,
            fields=tuple(self.settings.fields),
            lines=tuple(self.settings.lines),
            filters=tuple(
                Filter(field=row.field, op=row.op, value=exact(row.value)) for row in self.settings.filters
            ),
            keys=self._keys(trigger),
        )

    def _keys(self, trigger: Record | None) -> tuple[str, ...] | None:
        if self.only is None or trigger is None:
            return None
        try:
            named = self.only.get(Scope(trigger))
            if named is None or named == "":
                return None
            return tuple(
                dict.fromkeys(as_text(one) for one in (named if isinstance(named, list) else [named]))
            )
        except (RecordRejected, Held, ValueError) as error:
            raise DefinitionError(
                [
                    Problem(
                        "E-READ-ONLY",
                        f"What started this run does not name the records to read ({self.only.label}).",
                        "Correct what the button or webhook sends, or the setting «Only the records named».",
                        node=self.context.node,
                        field="only",
                    )
                ]
            ) from error

    @property
    def incremental(self) -> bool:
        return self.settings.changes

    def process(self, records: Sequence[Record], out: Outbox) -> None:
        if self.problems:
            raise DefinitionError(self.problems)
        if self.settings.title_field is not None:
            records = [self._titled(record, self.settings.title_field) for record in records]
        if not any(record.deleted for record in records):
            super().process(records, out)
            return
        for record in records:
            if not record.deleted:
                out.send(self.remembered(record, out))
            elif self.settings.deletes == "ignore":
                out.skip(record, "It was deleted at the source, and this step does not look for that.")
            else:
                out.send(self.remembered(record, out), GONE.name)

    def _titled(self, record: Record, field: str) -> Record:
        title = dig(record.data, field) if isinstance(record.data, dict) else None
        if title is None or title == "" or isinstance(title, (dict, list)):
            return record
        return Record(
            record.key,
            record.data,
            record.root,
            record.origin,
            record.version,
            record.deleted,
            str(title),
            record.steps,
        )

    def check(self) -> list[Problem]:
        return self.problems

    def summary(self) -> str:
        if not self.settings.entity:
            return ""
        said = [
            f"{row.field} {WORDS[row.op]}"
            + ("" if row.op in ("empty", "not_empty") else f" {row.shown or _said(row.value)}")
            for row in self.settings.filters
        ]
        more = f" and {len(said) - 2} more" if len(said) > 2 else ""
        where = f" where {' and '.join(said[:2])}{more}" if said else ""
        return f"{'Changed ' if self.settings.changes else ''}{self.settings.entity}{where}"


def _filter_problems(row: FilterRow, field: str) -> list[Problem]:
    if not row.field:
        return [Problem("E-FILTER", "A condition has no field.", "Choose one.", field=f"{field}.field")]
    if row.op == "in" and not isinstance(row.value, list):
        message = f"{row.field} is compared with a list, and there is none."
        return [Problem("E-FILTER", message, "Enter the values.", field=f"{field}.value")]
    if row.op not in ("empty", "not_empty") and row.value in (None, ""):
        message = f"{row.field} is compared with nothing."
        return [Problem("E-FILTER", message, "Enter a value, or choose «is empty».", field=f"{field}.value")]
    return []


def _said(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_said(one) for one in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
