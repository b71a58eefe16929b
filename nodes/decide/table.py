"""Decision tables: what a value becomes, row by row, as accountants keep it in a sheet."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from pydantic import Field, ValidationError

from engine.decisions import DecisionTable, Table
from engine.errors import DefinitionError, Held, Problem, RecordRejected
from engine.expression import PathValue, compile_value
from engine.feel import FeelError, names_in, parse_expression
from engine.grid import check_table
from engine.meaning import Months, evaluate
from engine.node import Node, NodeContext, NodeSettings, Outbox
from engine.readings import show
from engine.record import Record
from engine.scope import Scope
from engine.shape import Entity
from engine.shape import Field as ShapeField
from nodes.decide.acts import put

MAX_MISSED = 100
"""Rows of which an explanation says why they did not match."""


class TableSettings(NodeSettings):
    table: DecisionTable | None = Field(
        default=None,
        title="Decision table",
        description="Inputs, rows and what each row sets.",
        json_schema_extra={"x-widget": "decision-table"},
    )
    decision: str | None = Field(
        default=None,
        title="Shared table",
        description="A decision table of the library, instead of one of this step alone.",
        json_schema_extra={"x-widget": "hidden"},
    )
    no_match: str = Field(
        default="keep",
        pattern="^(keep|hold|reject)$",
        title="When no row matches",
        description="Keep: the record goes on unchanged. Hold: it waits for a row. Reject: it leaves by «Rejected».",
    )


class TableNode(Node[TableSettings]):
    """Decides by a table: the values of a record choose a row, and the row sets fields. The hit policy says
    what happens when several rows match; the check shows overlaps, and gaps with an example for each."""

    Settings = TableSettings
    type = "table"
    title = "Decision table"
    group = "decide"
    glyph = "table"
    editor = "decision-table"

    def __init__(self, settings: TableSettings, context: NodeContext) -> None:
        super().__init__(settings, context)
        self.problems: list[Problem] = []
        self.compiled: Table | None = None
        self._inputs: list[Callable[[Scope], Any]] = []
        self.document = self._document()
        if self.document is None:
            return
        try:
            self.compiled = Table(self.document, "table")
        except DefinitionError as error:
            self.problems += error.problems
        for index in range(len(self.document.inputs)):
            self._inputs.append(self._input(self.document, index))

    def _document(self) -> DecisionTable | None:
        """The step's own table, or its copy of the library's."""
        name = self.settings.decision
        if self.settings.table is not None or not name:
            if self.settings.table is None:
                self.problems.append(
                    Problem("E-TABLE-NONE", "There is no table yet.", "Add one.", field="table")
                )
            return self.settings.table
        if name not in self.context.decisions:
            message = f"The flow has no decision table “{name}”."
            self.problems.append(
                Problem("E-TABLE-NONE", message, "Choose one of the library.", field="decision")
            )
            return None
        try:
            return DecisionTable.model_validate(self.context.decisions[name])
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"])
            message = f"The decision table “{name}” is damaged at {place}: {first['msg']}."
            self.problems.append(
                Problem("E-TABLE-DAMAGED", message, "Take it from the library again.", field="decision")
            )
            return None

    def _input(self, document: DecisionTable, index: int) -> Callable[[Scope], Any]:
        """Where an input takes its value from: a Value, or an expression over the record's fields."""
        column, place = document.inputs[index], f"table.inputs.{index}"
        try:
            if column.value is not None:
                value = column.value
                if isinstance(value, PathValue) and value.default is None:
                    value = value.model_copy(update={"may_be_empty": True})
                return compile_value(value, self.context.tables, f"{place}.value").get
            if column.expression.strip():
                tree = parse_expression(column.expression)
                known = names_in(tree)
                return lambda scope: evaluate(tree, {name: _field(scope, name) for name in known})
            message = f"“{column.label()}” has no value to look at."
            self.problems.append(Problem("E-TABLE-INPUT", message, "Choose a field.", field=f"{place}.value"))
        except DefinitionError as error:
            self.problems += error.problems
        except FeelError as error:
            self.problems.append(Problem("E-FEEL", str(error), "Correct it.", field=f"{place}.expression"))
        return lambda _: None

    def process(self, records: Sequence[Record], out: Outbox) -> None:
        table = self.compiled
        if self.problems or table is None:
            raise DefinitionError(self.problems)
        for record in records:
            try:
                out.send(self._decided(table, record, out))
            except (RecordRejected, Held) as error:
                out.fail(record, error)

    def _decided(self, table: Table, record: Record, out: Outbox) -> Record:
        scope = Scope(record, run=out.run)
        given = [get(scope) for get in self._inputs]
        answer, rows = table.decide(given)
        document = table.document
        if out.trace is not None:
            out.trace.note(
                self.context.node,
                record.key,
                table=self._title(),
                inputs=[
                    {"title": column.label(), "value": value}
                    for column, value in zip(document.inputs, given, strict=True)
                ],
                rows=[
                    {"row": row + 1, "id": document.rows[row].id, "note": document.rows[row].note}
                    for row in rows
                ],
                missed=[
                    {
                        "row": row + 1,
                        "id": document.rows[row].id,
                        "column": document.inputs[column].label(),
                        "cell": document.rows[row].when[column],
                    }
                    for row, column in table.misses(given, MAX_MISSED)
                ],
                outputs=as_json(answer),
            )
        if not rows and not answer and self.settings.no_match != "keep":
            raise self._unanswered(document, given, scope)
        data = record.data
        for output in document.outputs:
            if output.target and answer:
                value = [row[output.id] for row in answer] if isinstance(answer, list) else answer[output.id]
                data = put(data, output.target, as_json(value), scope)
                if out.trace is not None:
                    row_numbers = ", ".join(str(row + 1) for row in rows) or "otherwise"
                    did = f"Table «{document.title or 'decision'}», row {row_numbers}"
                    step = {"did": did, "value": as_json(value)}
                    out.trace.note(self.context.node, record.key, field=output.target, on=True, steps=[step])
        return record if data is record.data else record.with_data(data)

    def _unanswered(
        self, document: DecisionTable, given: Sequence[Any], scope: Scope
    ) -> RecordRejected | Held:
        title = self._title() or "The decision table"
        values = {column.label(): value for column, value in zip(document.inputs, given, strict=True)}
        told = ", ".join(f"{label} is {show(value)}" for label, value in values.items())
        message = f"{scope.label()}: no row of “{title}” fits: {told}."
        if self.settings.no_match == "reject":
            return RecordRejected(message, code="E-TABLE-GAP", cure="Add a row, or correct the record.")
        question = {
            "kind": "rule",
            "rule": "no-row",
            "rule_set": self._title() or self.context.node,
            "values": as_json(values),
        }
        return Held(message, code="E-TABLE-GAP", question=question, cure="Add a row that fits.")

    def _title(self) -> str:
        shared = self.settings.decision if self.settings.table is None else None
        title = self.document.title if self.document is not None else ""
        return self.context.label(shared) if shared else title

    def check(self) -> list[Problem]:
        if self.compiled is None or self.problems:
            return self.problems
        report = check_table(self.compiled)
        found = []
        for overlap in report.overlaps:
            if overlap.conflict:
                told = _told(self.compiled.document, overlap.example)
                message = f"The rows {overlap.rows[0]} and {overlap.rows[1]} both match when {told}."
                found.append(self._warning("E-TABLE-OVERLAP", message, "Make them exclude each other."))
        for gap in report.gaps if self.settings.no_match != "keep" else []:
            message = f"No row matches when {_told(self.compiled.document, gap.example)}."
            found.append(self._warning("E-TABLE-GAP", message, f"Add a row: {' | '.join(gap.row)}."))
        found += [
            self._warning("E-TABLE-NEVER", f"The row {row} can never match.", "Correct or remove it.")
            for row in report.never
        ]
        return found

    def _warning(self, code: str, message: str, cure: str) -> Problem:
        return Problem(code, message, cure, field="table.rows", severity="warning")

    def infer(self, shapes: Mapping[str, Entity | None]) -> Mapping[str, Entity | None]:
        before = next(iter(shapes.values()), None)
        if before is None or self.document is None:
            return {"out": before}
        known = {field.name for field in before.fields}
        types = {"time": "text", "duration": "text"}
        many = self.document.many()
        added = tuple(
            ShapeField(
                name=output.target,
                title=output.label(),
                type="any" if many else types.get(output.type, output.type),
            )
            for output in self.document.outputs
            if output.target and "." not in output.target and output.target not in known
        )
        return {"out": before.model_copy(update={"fields": (*before.fields, *added)})}

    def summary(self) -> str:
        table = self.document
        if table is None:
            return ""
        rows = "1 row" if len(table.rows) == 1 else f"{len(table.rows)} rows"
        sources = ", ".join(column.label() for column in table.inputs)
        return f"{rows}: {sources} → {', '.join(output.label() for output in table.outputs)}"


def as_json(value: Any) -> Any:
    """An S-FEEL value as record data: dates as ISO text, durations as ISO 8601."""
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, Months):
        return f"{'-' if value.months < 0 else ''}P{abs(value.months)}M"
    if isinstance(value, timedelta):
        return f"PT{value // timedelta(seconds=1)}S"
    if isinstance(value, dict):
        return {name: as_json(child) for name, child in value.items()}
    return [as_json(child) for child in value] if isinstance(value, list) else value


def _field(scope: Scope, name: str) -> Any:
    return scope.data.get(name) if isinstance(scope.data, dict) else None


def _told(document: DecisionTable, example: Mapping[str, Any]) -> str:
    return (
        " and ".join(f"{column.label()} is {show(as_json(example[column.id]))}" for column in document.inputs)
        or "anything"
    )
