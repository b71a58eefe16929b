"""S-FEEL: the cells of decision tables and the simple expressions of DMN (compliance level 2).

``parse_expression`` and ``parse_tests`` turn text into a tree, or raise FeelError with what is wrong and
where. A tree only computes (engine.meaning): it calls nothing, loops over nothing and always ends.

Expressions: numbers, texts, true, false, null, names (blanks and signs allowed where the name is known),
``a.b``, ``+ - * / **``, comparisons, ``between … and …``, ``and``, ``or``, ``not(…)``, lists, ``date("…")``,
``time("…")``, ``date and time("…")``, ``duration("…")`` and invocations of known functions.
Tests: ``-``, a value, ``< 5``, ``[1..5]``, ``(1..5)``, ``]1..5[``, several with commas, ``not(…)``.
Source: OMG DMN 1.3, chapters 9 and 10.3.1.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

MAX_LENGTH = 4_000
MAX_DEPTH = 40
MAX_OPERATIONS = 200
"""Signs in one text: each may lie within the one before, and nobody reads more."""


class FeelError(ValueError):
    """A text that is no S-FEEL. The message says where it went wrong."""


@dataclass(frozen=True, slots=True)
class Constant:
    value: Any


@dataclass(frozen=True, slots=True)
class Name:
    name: str


@dataclass(frozen=True, slots=True)
class Member:
    """``of.name``"""

    of: Tree
    name: str


@dataclass(frozen=True, slots=True)
class Invocation:
    """A function by name; built in (date, not…) or a business knowledge model."""

    function: str
    arguments: tuple[Tree, ...]
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Operation:
    """``+ - * / **``, a comparison, ``and``, ``or``, or ``-`` of one operand."""

    operator: str
    operands: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Listing:
    items: tuple[Tree, ...]


Tree = Constant | Name | Member | Invocation | Operation | Listing


@dataclass(frozen=True, slots=True)
class Test:
    """One alternative of a cell: the value compared with an end (``=``, ``<``…), or lying in an interval."""

    operator: str
    low: Tree
    high: Tree | None = None
    low_included: bool = True
    high_included: bool = True


@dataclass(frozen=True, slots=True)
class Tests:
    """A cell. ``anything`` for ``-``; else true when one alternative is, or none of them if ``negated``."""

    text: str
    alternatives: tuple[Test, ...] = ()
    negated: bool = False
    anything: bool = False


_NUMBER = re.compile(r"(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?")
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_WORD = re.compile(r"[^\W\d]\w*", re.UNICODE)
_SIGN = re.compile(r"\*\*|\.\.|<=|>=|!=|[-+*/<>=()\[\],.:]")
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{6}|.)", re.DOTALL)
_PLAIN = {"n": "\n", "r": "\r", "t": "\t"}
BUILT_IN = ("date and time", "date", "time", "duration", "not")
_RESERVED = {"and", "or", "between", "in", "true", "false", "null", "not"}


class Parser:
    """Recursive descent over one text. ``known`` are names that may hold blanks and signs."""

    def __init__(self, text: str, known: Collection[str]) -> None:
        if len(text) > MAX_LENGTH:
            raise FeelError(f"The text is longer than {MAX_LENGTH} characters.")
        self.text = text
        self.at = 0
        self.depth = 0
        self.operations = 0
        spaced = [name for name in (*known, *BUILT_IN) if not _WORD.fullmatch(name)]
        self.spaced = sorted(spaced, key=len, reverse=True)

    def blank(self) -> None:
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1

    def fail(self, wanted: str) -> FeelError:
        rest = self.text[self.at : self.at + 20]
        found = f"“{rest}”" if rest else "the end"
        return FeelError(f"“{self.text[:80]}”: {wanted} is expected where {found} stands.")

    def sign(self, *signs: str) -> str:
        """Takes one of the signs if it is next, else answers an empty text."""
        self.blank()
        found = _SIGN.match(self.text, self.at)
        if found and found[0] in signs:
            self.at = found.end()
            return found[0]
        return ""

    def word(self, *words: str) -> str:
        self.blank()
        found = _WORD.match(self.text, self.at)
        if found and found[0] in words:
            self.at = found.end()
            return found[0]
        return ""

    def need(self, sign: str) -> None:
        if not self.sign(sign):
            raise self.fail(f"“{sign}”")

    def operation(self, operator: str, *operands: Tree) -> Operation:
        self.count()
        return Operation(operator, operands)

    def count(self) -> None:
        self.operations += 1
        if self.operations > MAX_OPERATIONS:
            raise FeelError(f"“{self.text[:40]}…” has more than {MAX_OPERATIONS} signs; split it into steps.")

    def ended(self) -> bool:
        self.blank()
        return self.at >= len(self.text)

    # expressions, loosest binding first

    def expression(self) -> Tree:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise FeelError(f"“{self.text[:40]}…” nests more than {MAX_DEPTH} levels deep.")
        tree = self.conjunction()
        while self.word("or"):
            tree = self.operation("or", tree, self.conjunction())
        self.depth -= 1
        return tree

    def conjunction(self) -> Tree:
        tree = self.comparison()
        while self.word("and"):
            tree = self.operation("and", tree, self.comparison())
        return tree

    def comparison(self) -> Tree:
        tree = self.sum()
        if operator := self.sign("<=", ">=", "!=", "<", ">", "="):
            return self.operation(operator, tree, self.sum())
        if self.word("between"):
            low = self.sum()
            if not self.word("and"):
                raise self.fail("“and”")
            above, below = self.operation(">=", tree, low), self.operation("<=", tree, self.sum())
            return self.operation("and", above, below)
        return tree

    def sum(self) -> Tree:
        tree = self.product()
        while operator := self.sign("+", "-"):
            tree = self.operation(operator, tree, self.product())
        return tree

    def product(self) -> Tree:
        tree = self.power()
        while operator := self.sign("*", "/"):
            tree = self.operation(operator, tree, self.power())
        return tree

    def power(self) -> Tree:
        tree = self.negation()
        while self.sign("**"):
            tree = self.operation("**", tree, self.negation())
        return tree

    def negation(self) -> Tree:
        minus = 0
        while self.sign("-"):
            minus += 1
            if minus > MAX_DEPTH:
                raise FeelError(f"“{self.text[:40]}…” has too many minus signs.")
        tree = self.postfix()
        for _ in range(minus):
            constant = isinstance(tree, Constant) and isinstance(tree.value, Decimal)
            tree = Constant(-tree.value) if constant else self.operation("-", tree)  # type: ignore[union-attr]
        return tree

    def postfix(self) -> Tree:
        tree = self.primary()
        while self.sign("."):
            self.count()
            tree = Member(tree, self.name())
        return tree

    def primary(self) -> Tree:
        self.blank()
        if found := _NUMBER.match(self.text, self.at):
            self.at = found.end()
            return Constant(Decimal(found[0]))
        if found := _STRING.match(self.text, self.at):
            self.at = found.end()
            return Constant(_unescaped(found[1]))
        if self.sign("("):
            tree = self.expression()
            self.need(")")
            return tree
        if self.sign("["):
            items = () if self.sign("]") else self.several("]")
            return Listing(items)
        if literal := self.word("true", "false", "null"):
            return Constant({"true": True, "false": False, "null": None}[literal])
        name = self.name()
        if self.sign("("):
            return self.invocation(name)
        return Name(name)

    def several(self, end: str) -> tuple[Tree, ...]:
        items = [self.expression()]
        while self.sign(","):
            items.append(self.expression())
        self.need(end)
        return tuple(items)

    def invocation(self, name: str) -> Tree:
        if self.sign(")"):
            return Invocation(name, ())
        names: list[str] = []
        arguments: list[Tree] = []
        while True:
            start = self.at
            named = self.word(*_words(self.text, start))
            if named and self.sign(":"):
                names.append(named)
            else:
                self.at = start
            arguments.append(self.expression())
            if not self.sign(","):
                break
        self.need(")")
        if names and len(names) != len(arguments):
            raise FeelError(f"“{self.text[:80]}”: either all arguments have names or none.")
        return Invocation(name, tuple(arguments), tuple(names))

    def name(self) -> str:
        self.blank()
        for known in self.spaced:
            end = self.at + len(known)
            if self.text.startswith(known, self.at) and not _WORD.match(self.text[end - 1 : end + 1], 1):
                self.at = end
                return known
        found = _WORD.match(self.text, self.at)
        if not found or (found[0] in _RESERVED and found[0] != "not"):
            raise self.fail("a value")
        self.at = found.end()
        return found[0]

    # tests

    def tests(self) -> Tests:
        text = self.text.strip()
        if text in ("-", ""):
            return Tests(text, anything=True)
        negated = False
        start = self.at
        if self.word("not") and self.sign("("):
            found = self.alternatives()
            negated = bool(self.sign(")"))
        if not negated:
            self.at = start
            found = self.alternatives()
        if not self.ended():
            raise self.fail("a comma or the end")
        return Tests(text, tuple(found), negated)

    def alternatives(self) -> list[Test]:
        found = [self.test()]
        while self.sign(","):
            found.append(self.test())
        return found

    def test(self) -> Test:
        if operator := self.sign("<=", ">=", "<", ">", "!=", "="):
            return Test(operator, self.sum())
        start = self.at
        if opening := self.sign("[", "]", "("):
            interval = self.interval(opening)
            if interval is not None:
                return interval
            self.at = start
        return Test("=", self.sum())

    def interval(self, opening: str) -> Test | None:
        try:
            low = self.sum()
        except FeelError:
            return None
        if not self.sign(".."):
            return None
        high = self.sum()
        closing = self.sign("]", ")", "[")
        if not closing:
            raise self.fail("“]” or “)”")
        return Test("in", low, high, opening == "[", closing == "]")


def parse_expression(text: str, known: Collection[str] = ()) -> Tree:
    """The tree of an expression. Raises FeelError."""
    parser = Parser(text, known)
    tree = parser.expression()
    if not parser.ended():
        raise parser.fail("an operator or the end")
    return tree


def parse_tests(text: str, known: Collection[str] = ()) -> Tests:
    """The tests of one cell of a decision table. Raises FeelError."""
    return Parser(text, known).tests()


def parse_values(text: str, known: Collection[str] = ()) -> tuple[Tree, ...]:
    """Several expressions with commas between them: allowed output values. Raises FeelError."""
    parser = Parser(f"{text}]", known)
    found = parser.several("]")
    if not parser.ended():
        raise parser.fail("a comma or the end")
    return found


def names_in(tree: Tree | Test | None) -> set[str]:
    """The names that a tree reads."""
    if isinstance(tree, Name):
        return {tree.name}
    inside: Sequence[Tree | None] = ()
    if isinstance(tree, Member):
        inside = (tree.of,)
    elif isinstance(tree, Test):
        inside = (tree.low, tree.high)
    elif isinstance(tree, Invocation):
        inside = tree.arguments
    elif isinstance(tree, Operation):
        inside = tree.operands
    elif isinstance(tree, Listing):
        inside = tree.items
    return {name for child in inside for name in names_in(child)}


def _words(text: str, start: int) -> tuple[str, ...]:
    found = _WORD.match(
        text.lstrip() if not start else text, start + len(text[start:]) - len(text[start:].lstrip())
    )
    return (found[0],) if found else ()


def _unescaped(text: str) -> str:
    def plain(found: re.Match[str]) -> str:
        code = found[1]
        if len(code) > 1:
            return chr(int(code[1:], 16)) if int(code[1:], 16) <= 0x10FFFF else "\ufffd"
        return _PLAIN.get(code, code)

    return _ESCAPE.sub(plain, text)
