"""One record for each line of a record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import Field

from engine.errors import DefinitionError, Held, Problem, RecordRejected
from engine.node import Node, NodeContext, NodeSettings, Outbox
from engine.path import PathError
from engine.record import Record
from engine.scope import PARENTS, Scope, Source
from engine.shape import Entity

MOST = 100_000
"""Lines that one record becomes, also where several steps split it."""


class SplitSettings(NodeSettings):
    path: str = Field(
        default="$.Lines",
        title="List",
        description="The list of which each element becomes a record of its own, like $.Lines.",
        json_schema_extra={"x-widget": "path"},
    )
    keep_parent: bool = Field(
        default=True,
        title="Keep the whole record at hand",
        description="The record stays reachable from each line, as $parent.",
    )


class SplitNode(Node[SplitSettings]):
    """Makes one record of each line. The lines are numbered from 1 behind the key of their record
    («4711#1»), so that each is written once however often it is read. An element that is no object becomes
    one with the field «value». A record without lines ends here as skipped."""

    Settings = SplitSettings
    type = "split"
    title = "Split lines"
    group = "shape"
    glyph = "arrows-split"

    def __init__(self, settings: SplitSettings, context: NodeContext) -> None:
        super().__init__(settings, context)
        self.problems: list[Problem] = []
        try:
            source = Source(settings.path)
        except PathError as error:
            self.problems.append(
                Problem("E-PATH", str(error), "Pick the list from the record.", field="path")
            )
            source = Source("$")
        self.lines = source.required()
        self.label = source.label

    def process(self, records: Sequence[Record], out: Outbox) -> None:
        if self.problems:
            raise DefinitionError(self.problems)
        found: list[tuple[Record, list[Any]]] = []
        sizes: Counter[int] = Counter()
        for record in records:
            scope = Scope(record, run=out.run)
            try:
                lines = self._lines(scope)
            except (RecordRejected, Held) as error:
                out.fail(record, error)
                continue
            if not lines:
                out.skip(record, f"{scope.label()} has no lines in {self.label}.")
            found.append((record, lines))
            sizes[record.root] += len(lines)
        for record, lines in found:
            if sizes[record.root] > MOST:
                out.fail(record, _too_many(record))
            else:
                out.send_all(self._child(record, line, number) for number, line in enumerate(lines, 1))

    def _lines(self, scope: Scope) -> list[Any]:
        lines = self.lines(scope)
        if not isinstance(lines, list):
            raise RecordRejected(
                f"{scope.label()}: {self.label} is not a list of lines.",
                code="E-VALUE",
                cure="Choose a field that holds lines.",
            )
        return lines

    def _child(self, record: Record, line: Any, number: int) -> Record:
        steps = record.steps
        if self.settings.keep_parent:
            # Beside the data, not in it: what a line is written with is the line alone.
            steps = {**steps, PARENTS: [record.data, *steps.get(PARENTS, ())]}
        return Record(
            f"{record.key}#{number}",
            line if isinstance(line, dict) else {"value": line},
            record.root,
            record.origin,
            record.version,
            record.deleted,
            f"{record.title or record.key}, line {number}",
            steps,
        )

    def check(self) -> list[Problem]:
        return self.problems

    def infer(self, shapes: Mapping[str, Entity | None]) -> Mapping[str, Entity | None]:
        before = next(iter(shapes.values()), None)
        name = self.settings.path.removeprefix("$.").removesuffix("[*]")
        field = before.field(name) if before is not None else None
        if before is None or field is None:
            return {"out": None}
        return {"out": Entity(name=field.name, title=field.title, fields=field.fields)}

    def summary(self) -> str:
        return f"One record for each of {self.label}"


def _too_many(record: Record) -> RecordRejected:
    return RecordRejected(
        f"{record.title or record.key} would become more than {MOST:,} lines.",
        code="E-VALUE",
        cure="Split lists that lie within each other one after the other, and no list twice.",
    )
