"""Conditions bound to what they read: the form that is judged, explained and compiled.

``bind`` turns a document into terms once per drawing, with every Problem found. Each term ``holds`` for a
scope or not; that plain walk is the reference which the compiled function (engine.source) must equal. A
value of the wrong type raises RecordRejected with the sentence that could not be judged.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from engine.conditions import FactCondition, FactValue
from engine.errors import RecordRejected
from engine.moments import Mismatch, Moment, moment
from engine.operators import Operator
from engine.readings import identity, show
from engine.scope import Scope

Facts = Mapping[str, Collection[FactValue]]
"""What has been concluded: values by fact."""

NO_FACTS: Facts = {}
NO_TIME = date.min
"""Handed to comparisons that do not look at the time."""


@dataclass(frozen=True, slots=True)
class Operand:
    """One side of a comparison.

    label  what people call it      path   as it was written, "" for a constant
    get    the value; None when the path leads nowhere
    names  the nested names, when it is nothing but a field of the record; then ``get`` cannot raise
    """

    label: str
    path: str
    get: Callable[[Scope], Any]
    names: tuple[str, ...] | None = None


class Term(ABC):
    """A bound condition."""

    __slots__ = ()

    @abstractmethod
    def holds(self, scope: Scope, facts: Facts = NO_FACTS) -> bool:
        """Whether it is true. Raises RecordRejected or Held."""

    @abstractmethod
    def words(self) -> str:
        """The condition as a sentence without its full stop: "Amount is more than 1,000"."""

    @abstractmethod
    def because(self, scope: Scope, facts: Facts = NO_FACTS) -> str:
        """Why it is true or false for this scope, with the values."""

    def atoms(self) -> Iterator[Term]:
        """The leaves within, facts excepted, in the order in which they are judged."""
        yield self


@dataclass(frozen=True, slots=True, eq=False)
class Atom(Term):
    """One comparison. ``fixed`` is the prepared right side when it is a constant, else ``right`` reads it."""

    left: Operand
    operator: Operator
    fixed: Any
    right: tuple[Operand, ...] = ()
    right_label: str = ""
    key: str = ""

    def holds(self, scope: Scope, facts: Facts = NO_FACTS) -> bool:
        value = self.left.get(scope)
        try:
            at = started(scope) if self.operator.right == "duration" else NO_TIME
            return self.operator.holds(value, self._prepared(scope), at)
        except Mismatch as found:
            raise RecordRejected(
                f"{scope.label()}: whether {self.words()} cannot be told: {found}.",
                code="E-CONDITION",
                field=self.left.path or None,
                cure="Correct the value at its source, or choose a comparison that fits it.",
            ) from None

    def _prepared(self, scope: Scope) -> Any:
        if not self.right:
            return self.fixed
        values = [side.get(scope) for side in self.right]
        if self.operator.right == "range" and len(values) == 2:
            return self.operator.prepare(values)
        value = values[0]
        return None if value is None and not self.operator.total else self.operator.prepare(value)

    def words(self) -> str:
        return " ".join(filter(None, (self.left.label, self.operator.title, self.right_label)))

    def because(self, scope: Scope, facts: Facts = NO_FACTS) -> str:
        value = self.left.get(scope)
        shown = "has no value" if value is None else f"is {show(value)}"
        asked = " ".join(filter(None, (self.operator.title, self.right_label)))
        others = [f"{side.label} is {show(side.get(scope))}" for side in self.right if side.path]
        told = " and ".join([f"{self.left.label} {shown}", *others])
        return f"{told} – {'as asked' if self.holds(scope) else 'not as asked'}: {asked}"


@dataclass(frozen=True, slots=True, eq=False)
class Group(Term):
    """``all``, ``any`` or ``none`` of several."""

    kind: str
    terms: tuple[Term, ...]

    def holds(self, scope: Scope, facts: Facts = NO_FACTS) -> bool:
        if self.kind == "all":
            return all(term.holds(scope, facts) for term in self.terms)
        found = any(term.holds(scope, facts) for term in self.terms)
        return found if self.kind == "any" else not found

    def words(self) -> str:
        if not self.terms:
            return "never" if self.kind == "any" else "always"
        if self.kind == "none":
            return f"none of this: {'; '.join(term.words() for term in self.terms)}"
        return (" and " if self.kind == "all" else " or ").join(_wrapped(term) for term in self.terms)

    def because(self, scope: Scope, facts: Facts = NO_FACTS) -> str:
        truth = [(term, term.holds(scope, facts)) for term in self._judged(scope, facts)]
        if not truth:
            return self.words()
        if self.kind == "all" and not truth[-1][1]:
            return truth[-1][0].because(scope, facts)
        if self.kind != "all" and truth[-1][1]:
            return truth[-1][0].because(scope, facts)
        return "; ".join(term.because(scope, facts) for term, _ in truth)

    def _judged(self, scope: Scope, facts: Facts) -> Iterator[Term]:
        """The terms up to the one that decides."""
        for term in self.terms:
            yield term
            if term.holds(scope, facts) is (self.kind != "all"):
                return

    def atoms(self) -> Iterator[Term]:
        for term in self.terms:
            yield from term.atoms()


@dataclass(frozen=True, slots=True, eq=False)
class Lines(Term):
    """A condition on line items: true of any, of every one, or of none."""

    operand: Operand
    quantifier: str
    where: Term
    key: str = ""

    def holds(self, scope: Scope, facts: Facts = NO_FACTS) -> bool:
        scopes = self.scopes(scope)
        if self.quantifier == "every":
            return all(self.where.holds(line) for line in scopes)
        found = any(self.where.holds(line) for line in scopes)
        return found if self.quantifier == "any" else not found

    def scopes(self, scope: Scope) -> list[Scope]:
        """One scope a line. No value counts as no lines; anything but a list is rejected."""
        lines = self.operand.get(scope)
        if lines is None or lines == "":
            return []
        if not isinstance(lines, list):
            raise RecordRejected(
                f"{scope.label()}: {self.operand.label} is {show(lines)}, not a list of lines.",
                code="E-CONDITION",
                field=self.operand.path,
                cure="Choose a field with lines.",
            )
        return [scope.inside(line, number) for number, line in enumerate(lines, 1)]

    def words(self) -> str:
        each = {"any": "any of", "every": "every one of", "none": "none of"}[self.quantifier]
        return f"in {each} {self.operand.label}: {self.where.words()}"

    def because(self, scope: Scope, facts: Facts = NO_FACTS) -> str:
        scopes = self.scopes(scope)
        if not scopes:
            return f"{self.operand.label} has no lines"
        wanted = self.quantifier != "every"
        for line in scopes:
            if self.where.holds(line) is wanted:
                return f"line {line.line} of {self.operand.label}: {self.where.because(line)}"
        return f"{'none' if wanted else 'every one'} of {len(scopes)} lines: {self.where.words()}"


@dataclass(frozen=True, slots=True, eq=False)
class FactTerm(Term):
    """A test of what other rules concluded."""

    document: FactCondition

    def holds(self, scope: Scope, facts: Facts = NO_FACTS) -> bool:
        return self.test(facts)

    def test(self, facts: Facts) -> bool:
        concluded = facts.get(self.document.fact, ())
        if self.document.op in ("empty", "not_empty"):
            return (not concluded) is (self.document.op == "empty")
        wanted = identity(self.document.right)
        return any(identity(value) == wanted for value in concluded) is (self.document.op == "is")

    def words(self) -> str:
        name = f"the conclusion “{self.document.fact}”"
        said = {"empty": "was not drawn", "not_empty": "was drawn"}.get(self.document.op)
        return f"{name} {said or self.document.op.replace('_', ' ') + ' ' + show(self.document.right)}"

    def because(self, scope: Scope, facts: Facts = NO_FACTS) -> str:
        concluded = facts.get(self.document.fact, ())
        stands = show(list(concluded)) if concluded else "not drawn"
        asked = self.words().removeprefix(f"the conclusion “{self.document.fact}” ")
        truth = "as asked" if self.test(facts) else "not as asked"
        return f"the conclusion “{self.document.fact}” is {stands} – {truth}: {asked}"

    def atoms(self) -> Iterator[Term]:
        return iter(())


def started(scope: Scope) -> Moment:
    """When the run began: what "the last 30 days" are counted from. Raises Mismatch without it."""
    stamp = (scope.run or {}).get("started")
    at = moment(stamp) if stamp else None
    if at is None:
        raise Mismatch("the time at which the run began is not known here")
    return at


def _wrapped(term: Term) -> str:
    return f"({term.words()})" if isinstance(term, Group) and len(term.terms) > 1 else term.words()
