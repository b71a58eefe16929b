"""Turns bound conditions into one Python function, the form that judges every record.

The source is made from the structure of validated terms alone. Field names, texts, numbers and patterns
never become source: they are handed over by name (``K0``, ``K1``…) in the function's namespace. What a
simple comparison with a constant is, stands here a second time as inline code, guarded by the exact type of
the value; everything else, every wrong type included, calls the term itself, so both agree by construction
where it is hard, and by property test where it is fast.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from engine.scope import Scope
from engine.script import Script
from engine.segments import Axis, Spans, intersection, masks
from engine.terms import Atom, Group, Term

Judge = Callable[[Scope], list[int]]
NUMBERS = (int, Decimal)
INDEX_FROM = 17
"""So many rules for each field that is indexed make the index faster than testing one rule after the other
(tests/bench/rules_speed.py); below that the generated comparisons win."""

_TEXT = "type({x}) is str"
_NUMBER = "type({x}) in NUMBERS"
_INLINE: dict[str, tuple[str, str]] = {
    "contains": (_TEXT, "{k} in {x}"),
    "not_contains": (_TEXT, "{k} not in {x}"),
    "starts": (_TEXT, "{x}.startswith({k})"),
    "ends": (_TEXT, "{x}.endswith({k})"),
    "=": (_NUMBER, "{x} == {k}"),
    "!=": (_NUMBER, "{x} != {k}"),
    "<": (_NUMBER, "{x} < {k}"),
    "<=": (_NUMBER, "{x} <= {k}"),
    ">": (_NUMBER, "{x} > {k}"),
    ">=": (_NUMBER, "{x} >= {k}"),
    "between": (_NUMBER, "{k}[0] <= {x} <= {k}[1]"),
    "not_between": (_NUMBER, "not {k}[0] <= {x} <= {k}[1]"),
    "is_true": ("type({x}) is bool", "{x}"),
    "is_false": ("type({x}) is bool", "not {x}"),
}
_NUMERIC = {"=", "!=", "<", "<=", ">", ">=", "between", "not_between"}
_TEXTUAL = {"is", "is_not", "one_of", "not_one_of"}


class Writer(Script):
    """Collects the lines of one module and the constants they name."""

    def __init__(self) -> None:
        super().__init__(NUMBERS=NUMBERS, bisect=bisect_left)
        self._plain = ""

    def begin(self, name: str, plain: Callable[[Scope], Any]) -> None:
        """Opens a function. Signalling NaN and lists where a text should be end it; ``plain`` words the error."""
        self._plain = self.name(plain, "P")
        self.names["FAILURES"] = (InvalidOperation, TypeError)
        self.lines += [f"def {name}(s):", " try:"]

    def end(self) -> None:
        self.lines += [" except FAILURES:", f"  return {self._plain}(s)"]

    def load(self, fields: Sequence[tuple[str, ...]]) -> dict[tuple[str, ...], str]:
        """Writes the reading of nested fields into variables, each step once; answers their names."""
        self.lines.append("    d = s.data")
        known: dict[tuple[str, ...], str] = {(): "d"}
        for names in fields:
            for depth in range(1, len(names) + 1):
                prefix = names[:depth]
                if prefix not in known:
                    outer, known[prefix] = known[prefix[:-1]], f"x{len(known)}"
                    key = self.name(prefix[-1])
                    self.lines.append(
                        f"    {known[prefix]} = {outer}.get({key}) if type({outer}) is dict else None"
                    )
        return known

    def expression(self, term: Term, variables: dict[tuple[str, ...], str]) -> str:
        """The source of a term's truth."""
        if isinstance(term, Group):
            if not term.terms:
                return "False" if term.kind == "any" else "True"
            joined = (" and " if term.kind == "all" else " or ").join(
                f"({self.expression(child, variables)})" for child in term.terms
            )
            return f"not ({joined})" if term.kind == "none" else joined
        plain = f"{self.name(term.holds, 'T')}(s)"
        if not isinstance(term, Atom) or term.left.names is None:
            return plain
        x = variables[term.left.names]
        if term.right:
            return self._two_fields(term, x, variables, plain)
        inline = self._inline(term, x)
        return plain if inline is None else inline.replace("{plain}", plain)

    def _inline(self, atom: Atom, x: str) -> str | None:
        op, fixed = atom.operator.op, atom.fixed
        if op == "empty":
            return f"({x} is None or {x} == '' or (not {x} and {{plain}}))"
        if op == "not_empty":
            return f"not ({x} is None or {x} == '' or (not {x} and not {{plain}}))"
        if op in ("is", "is_not"):
            sign = "" if op == "is" else "not "
            if isinstance(fixed, bool) or fixed is None:
                return f"{x} is {sign}{fixed}"
            if type(fixed) is str:
                return f"{x} {'!=' if sign else '=='} {self.name(fixed)}"
            if type(fixed) in NUMBERS:
                return f"{sign}(type({x}) in NUMBERS and {x} == {self.name(fixed)})"
            return None
        if op in ("one_of", "not_one_of"):
            sign = "" if op == "one_of" else "not "
            return f"({x} {sign}in {self.name(fixed)} if type({x}) is str else {{plain}})"
        if op in _INLINE:
            guard, test = (part.format(x=x, k=self.name(fixed)) for part in _INLINE[op])
            return f"({test} if {guard} else {{plain}})"
        return None

    def _two_fields(self, atom: Atom, x: str, variables: dict[tuple[str, ...], str], plain: str) -> str:
        names = atom.right[0].names if len(atom.right) == 1 else None
        if names is None or atom.operator.op not in _NUMERIC:
            return plain
        y = variables[names]
        guard, test = (part.format(x=x, k=y) for part in _INLINE[atom.operator.op])
        return f"({test} if {guard} and type({y}) in NUMBERS else {plain})"


def fields_of(terms: Sequence[Term]) -> list[tuple[str, ...]]:
    """The plain fields that the atoms of some terms read, each once."""
    found: dict[tuple[str, ...], None] = {}
    for term in terms:
        for atom in term.atoms():
            if isinstance(atom, Atom):
                for side in (atom.left, *atom.right):
                    if side.names is not None:
                        found[side.names] = None
    return list(found)


def compile_truth(terms: Sequence[Term]) -> Callable[[Scope], list[bool]]:
    """A function that answers the truth of every term, all of them judged, in their order."""
    writer = Writer()
    writer.begin("truth", lambda scope: [term.holds(scope) for term in terms])
    variables = writer.load(fields_of(terms))
    listed = ", ".join(writer.expression(term, variables) for term in terms)
    writer.lines.append(f"    return [{listed}]")
    writer.end()
    truth: Callable[[Scope], list[bool]] = writer.function("truth")
    return truth


def compile_rules(terms: Sequence[Term], stops: Sequence[bool]) -> Judge:
    """A function that answers which terms hold, in their order, up to the first that stops."""

    def walk(scope: Scope) -> list[int]:
        return judge_plainly(terms, stops, scope)

    writer = Writer()
    writer.begin("judge", walk)
    variables = writer.load(fields_of(terms))
    writer.lines.append("    fired = []")
    for index, (term, stop) in enumerate(zip(terms, stops, strict=True)):
        writer.lines.append(f"    if {writer.expression(term, variables)}:")
        writer.lines.append(f"        fired.append({index})")
        if stop:
            writer.lines.append("        return fired")
    writer.lines.append("    return fired")
    writer.end()
    linear: Judge = writer.function("judge")
    return _indexed(terms, stops, linear) or linear


def judge_plainly(terms: Sequence[Term], stops: Sequence[bool], scope: Scope) -> list[int]:
    """The reference: every term walked in order."""
    fired = []
    for index, (term, stop) in enumerate(zip(terms, stops, strict=True)):
        if term.holds(scope):
            fired.append(index)
            if stop:
                break
    return fired


def _indexed(terms: Sequence[Term], stops: Sequence[bool], linear: Judge) -> Judge | None:
    """The same over an index of the fields that the rules compare with constants, if it is worth it.

    Only leading comparisons of a rule are taken, so that no comparison is reached which the plain walk would
    not reach; values of another type than the column's go the linear way.
    """
    kinds = _kinds(terms)
    taken = [_leading(term, kinds) for term in terms]
    used = [names for names in kinds if any(atom.left.names == names for atoms, _ in taken for atom in atoms)]
    if not used or sum(1 for atoms, _ in taken if atoms) < INDEX_FROM * len(used):
        return None
    writer = Writer()
    rests = []
    for index, (_, rest) in enumerate(taken):
        if rest:
            writer.lines.append(f"def r{index}(s):")
            variables = writer.load(fields_of(rest))
            writer.lines.append(f"    return {writer.expression(Group('all', tuple(rest)), variables)}")
        rests.append(f"r{index}" if rest else "None")
    writer.lines.append(f"rests = ({', '.join(rests)},)")
    writer.begin("judge", linear)
    variables = writer.load(used)
    writer.lines.append(f"    m = {writer.name((1 << len(terms)) - 1)}")
    for names in used:
        column = [[atom for atom in atoms if atom.left.names == names] for atoms, _ in taken]
        _write_column(writer, variables[names], kinds[names], column, linear)
    stopping = sum(1 << index for index, stop in enumerate(stops) if stop)
    writer.lines += [
        "    fired = []",
        "    while m:",
        "        b = m & -m",
        "        m ^= b",
        "        i = b.bit_length() - 1",
        "        r = rests[i]",
        "        if r is None or r(s):",
        "            fired.append(i)",
        f"            if {writer.name(stopping)} & b: return fired",
        "    return fired",
    ]
    writer.end()
    judge: Judge = writer.function("judge")
    return judge


def _kinds(terms: Sequence[Term]) -> dict[tuple[str, ...], str]:
    """For each plain field, whether its comparisons with constants are mostly of texts or of numbers."""
    votes: dict[tuple[str, ...], dict[str, int]] = {}
    for term in terms:
        for atom in term.atoms():
            if isinstance(atom, Atom) and atom.left.names and (kind := _column_kind(atom)):
                counted = votes.setdefault(atom.left.names, {"text": 0, "number": 0})
                counted[kind] += 1
    return {names: max(counted, key=lambda kind: counted[kind]) for names, counted in votes.items()}


def _column_kind(atom: Atom) -> str | None:
    if atom.right or atom.fixed is None:
        return None
    if atom.operator.op in _NUMERIC:
        return "number"
    if atom.operator.op in _TEXTUAL:
        fixed = atom.fixed if isinstance(atom.fixed, frozenset) else (atom.fixed,)
        return "text" if all(type(value) is str for value in fixed) else None
    return None


def _leading(term: Term, kinds: dict[tuple[str, ...], str]) -> tuple[list[Atom], list[Term]]:
    """The comparisons at the front of a rule that the index answers, and what is left of the rule."""
    parts = term.terms if isinstance(term, Group) and term.kind == "all" else (term,)
    taken: list[Atom] = []
    rest: list[Term] = []
    open_ = True
    for part in parts:
        names = part.left.names if isinstance(part, Atom) else None
        if open_ and isinstance(part, Atom) and names in kinds and _column_kind(part) == kinds[names]:
            taken.append(part)
        else:
            rest.append(part)
            open_ = open_ and _never_fails(part)
    return taken, rest


def _never_fails(term: Term) -> bool:
    """True for a comparison that no value whatever makes raise."""
    if not isinstance(term, Atom) or term.left.names is None or term.right:
        return False
    exact = term.operator.op in ("is", "is_not") and not isinstance(term.fixed, list | dict)
    return exact or term.operator.op in ("empty", "not_empty")


def _write_column(writer: Writer, x: str, kind: str, column: list[list[Atom]], linear: Judge) -> None:
    constants = [value for atoms in column for atom in atoms for value in _constants(atom)]
    axis = Axis(constants)
    bits = masks(axis, [_row_spans(axis, atoms) for atoms in column])
    nothing = sum(
        1 << index for index, atoms in enumerate(column) if all(_holds_for_nothing(atom) for atom in atoms)
    )
    if kind == "text":
        exact = {value: bits[2 * index + 1] for index, value in enumerate(axis.constants)}
        writer.lines += [
            f"    if type({x}) is str: m &= {writer.name(exact)}.get({x}, {writer.name(bits[0])})",
        ]
    else:
        values, found = writer.name(axis.constants), writer.name(bits)
        writer.lines += [
            f"    if type({x}) in NUMBERS:",
            f"        i = bisect({values}, {x})",
            f"        m &= {found}[i + i + 1 if i < {len(axis.constants)} and {values}[i] == {x} else i + i]",
        ]
    writer.lines += [
        f"    elif {x} is None: m &= {writer.name(nothing)}",
        f"    else: return {writer.name(linear)}(s)",
    ]


def _constants(atom: Atom) -> tuple[Any, ...]:
    if isinstance(atom.fixed, tuple | frozenset):
        return tuple(atom.fixed)
    return (atom.fixed,)


def _row_spans(axis: Axis, atoms: list[Atom]) -> Spans:
    found = axis.everything
    for atom in atoms:
        found = intersection(found, _spans(axis, atom))
    return found


def _spans(axis: Axis, atom: Atom) -> Spans:
    op, fixed = atom.operator.op, atom.fixed
    if op in ("between", "not_between"):
        inside = intersection(axis.spans(">=", fixed[0]), axis.spans("<=", fixed[1]))
        return inside if op == "between" else axis.without(inside)
    if op in ("one_of", "not_one_of"):
        listed = tuple(sorted((axis.segment(value), axis.segment(value)) for value in fixed))
        return listed if op == "one_of" else axis.without(listed)
    return axis.spans({"is": "=", "is_not": "!="}.get(op, op), fixed)


def _holds_for_nothing(atom: Atom) -> bool:
    return atom.operator.op in ("is_not", "not_one_of") or (not atom.operator.total and atom.operator.empty)
