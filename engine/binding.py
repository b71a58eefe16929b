"""Binds condition documents to what they read, with every Problem that a drawing can have in them."""

from __future__ import annotations

import difflib
import re
from typing import Any

from engine.conditions import (
    AllOf,
    AnyOf,
    Comparison,
    FactCondition,
    LinesCondition,
    NoneOf,
    Range,
    children,
    kind_of,
    too_deep,
)
from engine.errors import DefinitionError, Problem
from engine.expression import ConstantValue, PathValue, Value, compile_value
from engine.functions import Tables
from engine.moments import Mismatch
from engine.operators import OPERATORS, Operator
from engine.readings import loose, number, readable_number, show
from engine.record import Record, to_json
from engine.scope import Scope
from engine.terms import Atom, FactTerm, Group, Lines, Operand, Term


class Binder:
    """Binds the conditions of one drawing; ``problems`` collects what is wrong with them."""

    def __init__(self, tables: Tables | None = None) -> None:
        self.tables = tables or {}
        self.problems: list[Problem] = []

    def bind(self, condition: Any, field: str = "", facts: bool = True) -> Term:
        """The term of a condition. A broken part is bound to something false, its Problem noted."""
        deep = too_deep(condition, field)
        if deep:
            self.problems.extend(deep)
            return Group("any", ())
        return self._bind(condition, field, facts)

    def _bind(self, condition: Any, field: str, facts: bool) -> Term:
        if isinstance(condition, AllOf | AnyOf | NoneOf):
            kind = kind_of(condition)
            bound = [
                self._bind(child, f"{field}.{kind}.{index}", facts)
                for index, child in enumerate(children(condition))
            ]
            return Group(kind, tuple(bound))
        if isinstance(condition, LinesCondition):
            lines = self.operand(PathValue(path=condition.lines, may_be_empty=True), f"{field}.lines")
            where = self._bind(condition.where, f"{field}.where", False)
            return Lines(lines, condition.quantifier, where, _key(condition))
        if isinstance(condition, FactCondition):
            if not facts:
                self._problem(
                    "E-FACT-PLACE",
                    f"The conclusion “{condition.fact}” cannot be asked for here.",
                    "Ask for it beside the condition, in a rule set.",
                    f"{field}.fact",
                )
            return FactTerm(condition)
        return self._atom(condition, field)

    def _atom(self, document: Comparison, field: str) -> Term:
        left = self.operand(document.left, f"{field}.left")
        operator = OPERATORS.get(document.op)
        if operator is None:
            near = difflib.get_close_matches(document.op, OPERATORS, 1)
            self._problem(
                "E-OPERATOR",
                f"There is no comparison “{document.op}”.",
                f"Did you mean “{near[0]}”?" if near else "Choose one from the list.",
                f"{field}.op",
            )
            return Group("any", ())
        key = _key(document)
        right = document.right
        if operator.right == "none":
            return Atom(left, operator, None, key=key)
        if isinstance(right, Range) and operator.right == "range":
            ends = (
                self.operand(right.low, f"{field}.right.low"),
                self.operand(right.high, f"{field}.right.high"),
            )
            label = f"{ends[0].label} and {ends[1].label}"
            if not any(end.path for end in ends):
                values = [_constant(right.low), _constant(right.high)]
                return Atom(
                    left, operator, self._prepare(operator, values, field), right_label=label, key=key
                )
            return Atom(left, operator, None, ends, label, key)
        if right is None or isinstance(right, Range):
            return self._lacks(operator, field)
        if isinstance(right, ConstantValue) and not right.then:
            value = _constant(right)
            if value is None and not operator.total:
                return self._lacks(operator, field)
            label = self._label(operator, value)
            return Atom(left, operator, self._prepare(operator, value, field), right_label=label, key=key)
        if operator.right == "table":
            self._problem(
                "E-OPERAND",
                f"“{operator.title}” needs a table of this flow.",
                "Choose a table.",
                f"{field}.right",
            )
            return Group("any", ())
        side = self.operand(right, f"{field}.right")
        return Atom(left, operator, None, (side,), side.label, key)

    def _prepare(self, operator: Operator, value: Any, field: str) -> Any:
        try:
            if operator.right == "table":
                return operator.prepare(self._table(value))
            return operator.prepare(_figures(value) if operator.left is number else value)
        except Mismatch as found:
            self._problem(
                "E-OPERAND",
                f"“{operator.title}” cannot use that: {found}.",
                "Enter a fitting value.",
                f"{field}.right",
            )
            return None

    def _table(self, table_id: Any) -> Any:
        table = self.tables.get(table_id) if isinstance(table_id, str) else None
        if table is None:
            return table_id
        return frozenset(loose(row[0]) for row in table.rows if row and row[0] is not None)

    def _label(self, operator: Operator, value: Any) -> str:
        if operator.right == "table" and isinstance(value, str) and value in self.tables:
            return self.tables[value].title or value
        if operator.right == "duration" and isinstance(value, dict):
            return f"{value.get('count')} {value.get('unit')}"
        if operator.right == "range" and isinstance(value, list):
            return " and ".join(show(end) for end in value)
        return show(value)

    def _lacks(self, operator: Operator, field: str) -> Term:
        self._problem(
            "E-OPERAND",
            f"“{operator.title}” has nothing to compare with.",
            "Fill in the right side.",
            f"{field}.right",
        )
        return Group("any", ())

    def operand(self, value: Value, field: str) -> Operand:
        """One side of a comparison. A path may lead nowhere unless it has a default."""
        if isinstance(value, PathValue) and value.default is None:
            value = value.model_copy(update={"may_be_empty": True})
        try:
            compiled = compile_value(value, self.tables, field)
        except DefinitionError as error:
            self.problems.extend(error.problems)
            return Operand("?", "", _nothing)
        path = value.path if isinstance(value, PathValue) else ""
        names = (
            _names(path)
            if isinstance(value, PathValue) and not value.then and value.default is None
            else None
        )
        calls = [call.function for call in value.then]
        label = compiled.label if path else show(_constant(value.model_copy(update={"then": []})))
        label = f"{' of '.join(reversed(calls))} of {label}" if calls else label
        return Operand(label, path, compiled.get, names)

    def _problem(self, code: str, message: str, cure: str, field: str) -> None:
        self.problems.append(Problem(code, message, cure, field=field.strip(".")))


def bind(condition: Any, tables: Tables | None = None, field: str = "") -> Term:
    """The term of a condition that stands alone. Raises DefinitionError with every Problem in it."""
    binder = Binder(tables)
    term = binder.bind(condition, field, facts=False)
    if binder.problems:
        raise DefinitionError(binder.problems)
    return term


def check_condition(condition: Any, tables: Tables | None = None, field: str = "") -> list[Problem]:
    """What is wrong with a condition, without an exception."""
    binder = Binder(tables)
    binder.bind(condition, field, facts=False)
    return binder.problems


def _figures(value: Any) -> Any:
    """Numbers that a form has written as text, in a constant, as the numbers they are."""
    return [readable_number(each) for each in value] if isinstance(value, list) else readable_number(value)


def _nothing(_: Scope) -> None:
    return None


def _constant(value: Any) -> Any:
    """A constant's value with exact numbers, however the document was decoded."""
    return compile_value(value).get(_NOWHERE)


_FIELDS = re.compile(r"\$(?:\.[A-Za-z_][A-Za-z0-9_]*|\['[^'\\]+'\])+")
_NAME = re.compile(r"\.([A-Za-z_][A-Za-z0-9_]*)|\['([^'\\]+)'\]")


def _names(path: str) -> tuple[str, ...] | None:
    """The nested names of a path that is nothing but fields of the record, None for any other."""
    if not _FIELDS.fullmatch(path):
        return None
    return tuple(plain or quoted for plain, quoted in _NAME.findall(path))


_NOWHERE = Scope(Record("", None))


def _key(document: Any) -> str:
    """Equal for conditions that are drawn alike."""
    return to_json(document.model_dump(mode="python")).decode()
