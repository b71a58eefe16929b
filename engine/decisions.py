"""Decision tables: the documents, and ``Table``, a table ready to decide.

A table has inputs (a value of the record, or an S-FEEL expression), rows of tests on them, and outputs.
Its hit policy says what several matching rows mean (OMG DMN 1.3, 8.2.11):

- ``unique``: at most one row may match · ``any``: several may, if they say the same
- ``first``: the first row · ``priority``: the row whose outputs stand first in the outputs' value lists
- ``rule-order``, ``output-order``: all rows as a list, as drawn or by the outputs' value lists
- ``collect``: all rows as a list, or their ``sum``, ``min``, ``max`` or ``count``

Without a matching row the outputs' defaults are the answer, or nothing. Cells with constants are indexed
(engine.segments): a table of a thousand rows costs one look-up a column. A value of another type than its
input's, or one that is not allowed, rejects the record, as does a broken hit policy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from engine.cells import Cell, Column, read_input
from engine.errors import DefinitionError, Problem, RecordRejected
from engine.expression import Value
from engine.feel import FeelError, Tests, Tree, names_in, parse_expression, parse_tests, parse_values
from engine.flow import Document
from engine.meaning import EXACT, equal, evaluate, fulfils, kind
from engine.readings import show

MAX_ROWS = 5_000
MAX_COLUMNS = 50

TableType = Literal[
    "text", "number", "integer", "money", "boolean", "date", "datetime", "time", "duration", "any"
]
HitPolicy = Literal["unique", "any", "first", "priority", "rule-order", "output-order", "collect"]
Aggregate = Literal["sum", "min", "max", "count", "list"]
Id = Annotated[str, StringConstraints(min_length=1, max_length=200)]


def called(column: str) -> str:
    """A column without a title, for people: «Condition 1» for ``in_1``, as the editor names them."""
    kind, _, number = column.rpartition("_")
    word = {"in": "Condition", "out": "Answer"}.get(kind)
    return f"{word} {number}" if word and number.isdigit() else column


class Input(Document):
    """One input column. ``expression`` is S-FEEL over the record's fields, used where there is no ``value``.

    values  the allowed values, as tests: ``"High", "Low"`` or ``[0..100]``; empty allows all
    """

    id: Id
    title: str = ""
    value: Value | None = None
    expression: str = ""
    type: TableType = "any"
    values: str = ""

    def label(self) -> str:
        return self.title or called(self.id)


class Output(Document):
    """One output column; ``target`` is the dotted field that it sets.

    values  the possible values, most important first: what ``priority`` and ``output-order`` go by
    """

    id: Id
    title: str = ""
    target: str = ""
    type: TableType = "any"
    values: str = ""
    default: str = ""

    def label(self) -> str:
        return self.title or called(self.id)


class Row(Document):
    id: Id
    when: list[str]
    then: list[str]
    note: str = ""


class DecisionTable(Document):
    title: str = ""
    hit_policy: HitPolicy = "unique"
    aggregate: Aggregate | None = None
    inputs: Annotated[list[Input], Field(max_length=MAX_COLUMNS)] = []
    outputs: Annotated[list[Output], Field(min_length=1, max_length=MAX_COLUMNS)]
    rows: Annotated[list[Row], Field(max_length=MAX_ROWS)] = []

    def many(self) -> bool:
        """Whether the answer is a list of rows."""
        listed = self.hit_policy == "collect" and self.aggregate in (None, "list")
        return listed or self.hit_policy in ("rule-order", "output-order")


class Table:
    """A table ready for use. Raises DefinitionError with every Problem in it."""

    def __init__(self, document: DecisionTable, field: str = "", known: Sequence[str] = ()) -> None:
        self.document = document
        self.problems: list[Problem] = []
        self._field = field
        self.known = [
            *known,
            *(name for given in document.inputs for name in (given.id, given.title) if name),
        ]
        self._shape()
        if not self.problems:
            self._read()
        if self.problems:
            raise DefinitionError(self.problems)

    def _shape(self) -> None:
        """Problems of ids and of the number of cells."""
        table = self.document
        named: tuple[tuple[str, Sequence[Input | Output | Row]], ...] = (
            ("inputs", table.inputs),
            ("outputs", table.outputs),
            ("rows", table.rows),
        )
        for what, entries in named:
            seen: set[str] = set()
            for index, entry in enumerate(entries):
                if entry.id in seen:
                    self._problem(
                        "E-TABLE-TWICE", f"“{entry.id}” is there twice.", "Rename one.", f"{what}.{index}.id"
                    )
                seen.add(entry.id)
        for index, row in enumerate(table.rows):
            if (len(row.when), len(row.then)) != (len(table.inputs), len(table.outputs)):
                message = f"Row {index + 1} does not have a cell for every column."
                self._problem("E-TABLE-CELLS", message, "Fill in the missing cells.", f"rows.{index}")
        if table.aggregate and table.hit_policy != "collect":
            message = f"The hit policy “{table.hit_policy}” cannot calculate a {table.aggregate}."
            self._problem("E-TABLE-POLICY", message, "Choose “collect”.", "aggregate")
        ordered = table.hit_policy in ("priority", "output-order")
        if ordered and not any(output.values for output in table.outputs):
            message = f"The hit policy “{table.hit_policy}” needs to know which outputs matter most."
            self._problem(
                "E-TABLE-VALUES",
                message,
                "List the values of an output, the most important first.",
                "outputs",
            )

    def _read(self) -> None:
        table = self.document
        self.allowed = [
            self._tests(given.values, f"inputs.{index}.values") if given.values.strip() else None
            for index, given in enumerate(table.inputs)
        ]
        self.cells = [
            [
                Cell(self._tests(row.when[column], f"rows.{index}.when.{column}"), given.type)
                for index, row in enumerate(table.rows)
            ]
            for column, given in enumerate(table.inputs)
        ]
        self.columns = [
            Column(given.type, cells, Cell(allowed, given.type) if allowed is not None else None)
            for given, cells, allowed in zip(table.inputs, self.cells, self.allowed, strict=True)
        ]
        self._then = [
            [self._expression(text, f"rows.{index}.then.{column}") for column, text in enumerate(row.then)]
            for index, row in enumerate(table.rows)
        ]
        self._defaults = [
            self._expression(output.default, f"outputs.{column}.default") if output.default.strip() else None
            for column, output in enumerate(table.outputs)
        ]
        self._ranks = [
            self._rank(output, f"outputs.{column}.values") for column, output in enumerate(table.outputs)
        ]

    def _rank(self, output: Output, field: str) -> list[Any]:
        if not output.values.strip():
            return []
        try:
            trees = parse_values(output.values, self.known)
        except FeelError as error:
            self._problem("E-FEEL", str(error), "Write values with commas between them.", field)
            return []
        return [evaluate(tree, {}) for tree in trees]

    def _tests(self, text: str, field: str) -> Tests:
        try:
            tests = parse_tests(text, self.known)
        except FeelError as error:
            self._problem("E-FEEL", str(error), 'Write tests like >= 100, [1..5], "DE", "AT" or -.', field)
            return Tests(text, anything=True)
        for test in tests.alternatives:
            self._strangers(names_in(test), field)
        return tests

    def _strangers(self, names: set[str], field: str) -> None:
        for name in sorted(names - set(self.known)):
            message = f"“{name}” is no column of this table."
            self._problem("E-FEEL-NAME", message, f'If it is a text, put it in quotes: "{name}".', field)

    def _expression(self, text: str, field: str) -> Tree:
        try:
            tree = parse_expression(text if text.strip() else "null", self.known)
        except FeelError as error:
            self._problem("E-FEEL", str(error), 'Put texts in quotes: "DE".', field)
            return parse_expression("null")
        self._strangers(names_in(tree), field)
        return tree

    def _problem(self, code: str, message: str, cure: str, field: str) -> None:
        self.problems.append(Problem(code, message, cure, field=f"{self._field}.{field}".lstrip(".")))

    def values(self, given: Sequence[Any]) -> list[Any]:
        """The inputs as S-FEEL values. Raises RecordRejected for a wrong type or a value that is not allowed."""
        read = []
        for column, allowed, value in zip(self.document.inputs, self.allowed, given, strict=True):
            found = read_input(value, column.type, column.label())
            if allowed is not None and found is not None and fulfils(found, allowed, {}) is not True:
                raise RecordRejected(
                    f"{column.label()} is {show(value)}, which “{self._title()}” does not allow.",
                    code="E-TABLE-INPUT",
                    field=column.id,
                    cure=f"Allowed is {column.values}. Correct the record, or allow the value.",
                )
            read.append(found)
        return read

    def matching(self, values: Sequence[Any], names: Mapping[str, Any]) -> list[int]:
        """The places of the rows that match, ascending."""
        found = (1 << len(self.document.rows)) - 1
        for column, value in zip(self.columns, values, strict=True):
            found &= column.mask(value, names)
            if not found:
                return []
        rows = []
        while found:
            bit = found & -found
            found ^= bit
            rows.append(bit.bit_length() - 1)
        return rows

    def matching_plainly(self, values: Sequence[Any], names: Mapping[str, Any]) -> list[int]:
        """The same, every cell of every row tested in turn: the reference for ``matching``."""
        return [
            index
            for index in range(len(self.document.rows))
            if all(
                cells[index].fulfilled(value, names) for cells, value in zip(self.cells, values, strict=True)
            )
        ]

    def misses(self, given: Sequence[Any], limit: int) -> list[tuple[int, int]]:
        """(row, column) for rows that do not match: the first cell that is not fulfilled, ``limit`` rows at most."""
        values = self.values(given)
        names = self.names(values, {})
        found: list[tuple[int, int]] = []
        for row in range(len(self.document.rows)):
            if len(found) >= limit:
                break
            for column, (cells, value) in enumerate(zip(self.cells, values, strict=True)):
                if not cells[row].fulfilled(value, names):
                    found.append((row, column))
                    break
        return found

    def names(self, values: Sequence[Any], around: Mapping[str, Any]) -> dict[str, Any]:
        """What cells may name: the inputs by id and title, before anything ``around``."""
        names = dict(around)
        for column, value in zip(self.document.inputs, values, strict=True):
            names[column.id] = names[column.label()] = value
        return names

    def decide(self, given: Sequence[Any], around: Mapping[str, Any] | None = None) -> tuple[Any, list[int]]:
        """The answer and the rows that matched, for one value an input.

        The answer is {output id: value}, a list of such for list policies, None when nothing matched and
        there is no default. Raises RecordRejected for a bad input and for a broken hit policy.
        """
        values = self.values(given)
        names = self.names(values, around or {})
        rows = self.matching(values, names)
        return self.answer(rows, names), rows

    def answer(self, rows: Sequence[int], names: Mapping[str, Any]) -> Any:
        """What the hit policy makes of the matching rows."""
        table = self.document
        if not rows:
            if any(default is not None for default in self._defaults):
                made = self._outputs([tree or _NULL for tree in self._defaults], names)
                return [made] if table.many() else made
            return [] if table.many() else None
        if table.hit_policy == "unique" and len(rows) > 1:
            raise self._broken(rows, "only one may")
        if table.hit_policy == "first":
            return self._outputs(self._then[rows[0]], names)
        found = [self._outputs(self._then[row], names) for row in rows]
        if table.hit_policy == "any" and not all(equal(found[0], other) for other in found[1:]):
            raise self._broken(rows, "they say different things")
        if table.hit_policy in ("priority", "output-order"):
            found.sort(key=self._importance)
        if table.hit_policy == "collect" and table.aggregate not in (None, "list"):
            return {
                output.id: self._total([row[output.id] for row in found], output) for output in table.outputs
            }
        return found if table.many() else found[0]

    def _outputs(self, trees: Sequence[Tree], names: Mapping[str, Any]) -> dict[str, Any]:
        made = {
            output.id: evaluate(tree, names)
            for output, tree in zip(self.document.outputs, trees, strict=True)
        }
        for output, rank in zip(self.document.outputs, self._ranks, strict=True):
            value = made[output.id]
            if rank and value is not None and not any(equal(value, one) for one in rank):
                raise RecordRejected(
                    f"“{self._title()}” answers {show(value)} for {output.label()}, which is not one of its values.",
                    code="E-TABLE-OUTPUT",
                    field=output.id,
                    cure=f"Its values are {output.values}. Correct the row or the list.",
                )
        return made

    def _importance(self, outputs: Mapping[str, Any]) -> list[int]:
        return [
            next((place for place, one in enumerate(rank) if equal(outputs[output.id], one)), len(rank))
            for output, rank in zip(self.document.outputs, self._ranks, strict=True)
            if rank
        ]

    def _total(self, values: list[Any], output: Output) -> Any:
        how = self.document.aggregate
        if how == "count":
            return Decimal(len(values))
        present = [value for value in values if value is not None]
        if how == "sum" and all(kind(value) == "number" for value in present):
            total = Decimal(0)
            for value in present:
                total = EXACT.add(total, Decimal(value))
            return total if present else None
        kinds = {kind(value) for value in present}
        if how in ("min", "max") and len(kinds) <= 1 and not kinds & {"list", "context"}:
            return (min(present) if how == "min" else max(present)) if present else None
        raise RecordRejected(
            f"“{self._title()}” cannot take the {how} of {output.label()}: {show(values)}.",
            code="E-TABLE-AGGREGATE",
            field=output.id,
            cure="All matching rows must give values of one kind.",
        )

    def _broken(self, rows: Sequence[int], why: str) -> RecordRejected:
        named = ", ".join(f"{self.document.rows[row].id}" for row in rows[:10]) + (
            " …" if len(rows) > 10 else ""
        )
        return RecordRejected(
            f"In “{self._title()}” the rows {named} all match, and {why}.",
            code="E-TABLE-HIT",
            cure="Make the rows exclude each other, or choose another hit policy.",
        )

    def _title(self) -> str:
        return self.document.title or "the decision table"


_NULL = parse_expression("null")
