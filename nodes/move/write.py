"""Writes records to any system."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from engine.alike import How
from engine.chain import Compiled
from engine.errors import DefinitionError, Problem, RecordRejected
from engine.expression import Value, compile_value
from engine.flow import Document
from engine.functions import BadInput, as_text
from engine.node import NodeContext, NodeSettings, WriteNode, WriteTarget
from engine.record import Record
from engine.scope import CONDITIONS, Scope
from nodes.move.place import EntityName, SlotName, place_problems


class SourceObject(Document):
    """Which object of the source what is written stands for."""

    entity: str = Field(title="Object", description="Its kind in the source system.")
    id: Value = Field(title="Id", description="Its id there.", json_schema_extra={"x-widget": "value"})


class Alike(Document):
    """How the values of one field are compared."""

    field: str = Field(
        default="",
        title="Field",
        description="One of those by which objects are recognised.",
        json_schema_extra={"x-widget": "field", "x-of": "entity"},
    )
    how: How = Field(
        default="text",
        title="As",
        description="exact: to the letter · text: without case and blanks · letters: names, without punctuation and "
        "legal form · email · phone · domain: of a web address · digits: VAT ids and IBANs. What is only likely the "
        "same is held, and somebody chooses.",
    )


class WriteSettings(NodeSettings):
    slot: SlotName = ""
    entity: EntityName = ""
    operation: Literal["upsert", "create", "update", "delete"] = Field(
        default="upsert",
        title="What to do",
        description="«Create or update» changes the object that fits, or makes one. «Create» always makes a new one, "
        "each record once. «Update» makes none. «Delete» removes what Heddle has written or linked, as far as the "
        "budget of the flow allows deletes.",
        json_schema_extra={"x-titles": {"upsert": "Create or update"}},
    )
    match: list[str] = Field(
        default=[],
        title="Recognise by",
        description="Fields by which an object that is there already is recognised.",
        json_schema_extra={"x-widget": "fields", "x-of": "entity"},
    )
    alike: list[Alike] = Field(
        default=[],
        title="Compare",
        description="How fields of «Recognise by» are compared, where case and blanks are not all that may differ.",
    )
    id: Value | None = Field(
        default=None,
        title="Id, when it is known",
        description="The object's id in the target, from the record or an earlier step.",
        json_schema_extra={"x-widget": "value"},
    )
    source: SourceObject | None = Field(
        default=None,
        title="Stands for",
        description="The object of the source that this one stands for, when it is not the record itself: the "
        "customer of an order stands for its account.",
    )
    on_missing: Literal["hold", "skip", "fail"] = Field(
        default="fail",
        title="When nothing is there to update",
        description="hold: the record waits; skip: it ends here; fail: it is reported as failed.",
    )
    number_field: str | None = Field(
        default=None,
        title="Number",
        description="The field with the number that people use, like the invoice number.",
        json_schema_extra={"x-widget": "field", "x-of": "entity"},
    )
    reference_field: str | None = Field(
        default=None,
        title="Field for our reference",
        description="A field in which a new object carries our own key, to find it again after a lost answer.",
        json_schema_extra={"x-widget": "field", "x-of": "entity"},
    )


class WriteRecordsNode(WriteNode[WriteSettings]):
    """Writes records to a system: creates what is new, updates what has changed, leaves alone what is equal.
    What the system answers (id, number, link) is at hand for later steps, so that it can be written back."""

    Settings = WriteSettings
    type = "write"
    title = "Write"
    group = "write"
    glyph = "database-import"

    def __init__(self, settings: WriteSettings, context: NodeContext) -> None:
        super().__init__(settings, context)
        self.problems: list[Problem] = place_problems(settings.slot, settings.entity)
        self._id = self._compiled(settings.id, "id")
        self._source = self._compiled(settings.source.id if settings.source else None, "source.id")

    def _compiled(self, value: Value | None, field: str) -> Compiled | None:
        if value is None:
            return None
        try:
            return compile_value(value, self.context.tables, field)
        except DefinitionError as error:
            self.problems.extend(error.problems)
            return None

    def target(self) -> WriteTarget:
        settings = self.settings
        return WriteTarget(
            slot=settings.slot,
            entity=settings.entity,
            operation=settings.operation,
            match=tuple(settings.match),
            alike={one.field: one.how for one in settings.alike},
            on_missing=settings.on_missing,
            number_field=settings.number_field,
            reference_field=settings.reference_field,
        )

    def identify(self, record: Record, run: Mapping[str, Any] | None = None) -> tuple[str | None, str, str]:
        """Raises RecordRejected or Held when a value that identifies the object cannot be told."""
        if self._id is None and self._source is None:
            return None, record.origin.entity if record.origin else "", record.key
        scope = Scope(record, run=run)
        remote_id = _id_text(self._id, scope)
        if self.settings.source is None or self._source is None:
            return remote_id, record.origin.entity if record.origin else "", record.key
        source_id = _id_text(self._source, scope)
        if source_id is None:
            raise RecordRejected(
                f"{scope.label()} does not say which {self.settings.source.entity} it stands for.",
                code="E-SOURCE",
                cure="Correct the setting «Stands for», or fill the field in.",
            )
        return remote_id, self.settings.source.entity, source_id

    def conditions(self, record: Record) -> Mapping[str, str]:
        found: Mapping[str, str] = record.steps.get(CONDITIONS, {})
        return found

    def check(self) -> list[Problem]:
        problems = list(self.problems)
        settings = self.settings
        if settings.operation in ("upsert", "update") and not settings.match and settings.id is None:
            does = "creates it a second time" if settings.operation == "upsert" else "cannot update it"
            problems.append(
                Problem(
                    "E-WRITE-MATCH",
                    f"Nothing says how an object that is there already is recognised; Heddle {does} unless it "
                    "wrote it itself.",
                    "Choose the fields under «Recognise by», or give its id.",
                    field="match",
                    severity="warning",
                )
            )
        problems.extend(
            Problem(
                "E-WRITE-ALIKE",
                f"{one.field or 'A field'} is compared as {one.how}, but nothing is recognised by it.",
                "Add it under «Recognise by», or remove the comparison.",
                field=f"alike.{at}.field",
            )
            for at, one in enumerate(settings.alike)
            if one.field not in settings.match
        )
        return problems

    def summary(self) -> str:
        settings = self.settings
        if not settings.entity:
            return ""
        does = {"upsert": "Create or update", "create": "Create", "update": "Update", "delete": "Delete"}[
            settings.operation
        ]
        by = f", recognised by {' and '.join(settings.match)}" if settings.match else ""
        return f"{does} {settings.entity}{by if settings.operation in ('upsert', 'update') else ''}"


def _id_text(value: Compiled | None, scope: Scope) -> str | None:
    """An id as text; None when there is none."""
    found = None if value is None else value.get(scope)
    if found is None or found == "":
        return None
    try:
        return as_text(found)
    except BadInput as error:
        raise RecordRejected(f"{scope.label()}: {error}, and cannot be an id.", code="E-VALUE") from error
