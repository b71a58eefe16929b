"""The mapping: from the source's fields to the target's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from typing import Any

from pydantic import Field

from engine.errors import DefinitionError, HeddleError, Held, Problem, RecordRejected
from engine.functions import tables_of
from engine.node import Node, NodeContext, NodeSettings, Outbox
from engine.record import Record
from engine.scope import CONDITIONS, Scope
from engine.shape import Entity
from nodes.shape.quickly import Make, quickly
from nodes.shape.rows import Filler, LinesRow, Row, compile_rows, explain, fill, refusals, shape_of

SHOWN = 3
"""How many refused fields of a record a message names."""


class MapSettings(NodeSettings):
    slot: str | None = Field(
        default=None,
        title="Target connection",
        description="The connection whose fields are filled; it only helps to choose them.",
        json_schema_extra={"x-widget": "slot"},
    )
    entity: str | None = Field(
        default=None,
        title="Target",
        description="The kind of object that is filled; it only helps to choose the fields.",
        json_schema_extra={"x-widget": "entity"},
    )
    keep: bool = Field(
        default=False,
        title="Keep the other fields",
        description="On: the record keeps all its fields, and the rows add to them or replace them. "
        "Off: only the filled fields go on.",
    )
    rows: list[Row] = Field(
        default=[],
        title="Fields",
        description="One row for each field to fill.",
        json_schema_extra={"x-widget": "mapping"},
    )


class MapNode(Node[MapSettings]):
    """Fills the fields of the target from the fields of the record: straight, through functions, from
    fixed values or lookup tables. Lists are mapped line by line. A record with a field that cannot be
    filled leaves by «Rejected», with every reason; one that lacks a row in a lookup table waits for it."""

    Settings = MapSettings
    type = "map"
    title = "Map fields"
    group = "shape"
    glyph = "arrows-shuffle"
    editor = "mapper"

    def __init__(self, settings: MapSettings, context: NodeContext) -> None:
        super().__init__(settings, context)
        self.problems: list[Problem] = []
        self.fillers: tuple[Filler, ...] = compile_rows(
            settings.rows, tables_of(context.tables), "rows", self.problems
        )
        self.conditions = {
            filler.target: filler.when for filler in self.fillers if filler.when in ("create", "update")
        }

    def process(self, records: Sequence[Record], out: Outbox) -> None:
        if self.problems:
            raise DefinitionError(self.problems)
        make, run, made = self._make, out.run, []
        alone = not (self.settings.keep or self.conditions)
        for record in records:
            try:
                data = make(record, run)
            except Exception:  # whatever it is, the plain reading says it in words, or can do it
                plain = self._plainly(record, out)
                made += [] if plain is None else [plain]
            else:
                simply = alone and CONDITIONS not in record.steps
                made.append(record.with_data(data) if simply else self._made(record, data))
            if out.trace is not None:
                told = partial(out.trace.note, self.context.node, record.key)
                explain(self.fillers, Scope(record, run=run), told)
        if made:
            out.send_all(made)

    @cached_property
    def _make(self) -> Make:
        """Written when the first record comes: most drawings are checked far more often than run."""
        return quickly(self.fillers)

    def _plainly(self, record: Record, out: Outbox) -> Record | None:
        scope = Scope(record, run=out.run)
        try:
            data = fill(self.fillers, scope)
        except (RecordRejected, Held):
            out.fail(record, _together(list(refusals(self.fillers, scope))))
            return None
        return self._made(record, data)

    def _made(self, record: Record, data: dict[str, Any]) -> Record:
        if self.settings.keep and isinstance(record.data, dict):
            data = _merged(record.data, data)
        earlier = record.steps.get(CONDITIONS) if self.settings.keep else None
        made = record.with_data(data)
        if earlier or self.conditions:
            kept = {
                target: when
                for target, when in (earlier or {}).items()
                if not any(filler.target == target for filler in self.fillers)
            }
            return made.with_step(CONDITIONS, kept | self.conditions)
        return made.with_step(CONDITIONS, {}) if CONDITIONS in record.steps else made

    def check(self) -> list[Problem]:
        if not self.settings.rows and not self.settings.keep:
            return [
                *self.problems,
                Problem(
                    "E-MAP-EMPTY",
                    "The mapping fills no field, so nothing of the record goes on.",
                    "Add a row.",
                    field="rows",
                    severity="warning",
                ),
            ]
        return self.problems

    @property
    def fills(self) -> tuple[str, str] | None:
        slot, entity = self.settings.slot, self.settings.entity
        return (slot, entity) if slot and entity else None

    def infer(self, shapes: Mapping[str, Entity | None]) -> Mapping[str, Entity | None]:
        before = next(iter(shapes.values()), None)
        fields = {field.name: field for field in shape_of(self.fillers)}
        if self.settings.keep and before is not None:
            fields = {field.name: field for field in before.fields} | fields
        elif self.settings.keep:
            return {"out": None}
        name = self.settings.entity or (before.name if before is not None else "record")
        return {"out": Entity(name=name, fields=tuple(fields.values()))}

    def summary(self) -> str:
        number = _count(self.settings.rows)
        fields = "1 field" if number == 1 else f"{number} fields"
        return f"{fields} → {self.settings.entity}" if self.settings.entity else fields


def _count(rows: list[Any]) -> int:
    return sum(_count(row.rows) if isinstance(row, LinesRow) else 1 for row in rows)


def _together(refused: list[tuple[str, HeddleError]]) -> HeddleError:
    """One error of all that is wrong with a record. What must be corrected goes before what must be asked."""
    rejected = [(target, error) for target, error in refused if isinstance(error, RecordRejected)]
    if not rejected:
        target, held = refused[0]
        return Held(
            held.message,
            question=held.question if isinstance(held, Held) else None,
            field=target,
            code=held.code,
            detail=held.detail,
            cure=held.cure,
        )
    told = [f"{target}: {error.message}" for target, error in rejected[:SHOWN]]
    more = len(rejected) - SHOWN
    target, first = rejected[0]
    return RecordRejected(
        " ".join(told) + (f" And {more} more." if more > 0 else ""),
        field=target,
        code=first.code,
        detail="; ".join(filter(None, (error.detail for _, error in rejected))),
        cure=first.cure,
    )


def _merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Both together without changing either: nested objects are joined, everything else is replaced."""
    merged = dict(base)
    for name, value in over.items():
        below = merged.get(name)
        merged[name] = _merged(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged
