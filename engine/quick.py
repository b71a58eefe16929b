"""Values as one Python function: the form in which a drawing runs over records.

A quick function is allowed to fail. It does what nearly every record needs (fields that are there, values of the
right type) and raises anything at all where something is missing, empty, wrong or unusual; whoever calls it then
reads the record plainly (engine.chain), which does it or says in words why not. So both agree by construction
wherever it is hard; that they agree where it is quick, tests/property/test_quick.py holds.
"""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from typing import Any

from engine.chain import Compiled, Step, same
from engine.functions.signature import LARGEST_EXPONENT, as_number, as_text, unchanged
from engine.path import MISSING
from engine.scope import Place, Scope
from engine.script import Script

NUMERIC = ("number", "money")
EMPTY = "({0} is None or {0} == '')"


class Block:
    """The inside of a function or of a loop: what is read from the data first, then the rest."""

    def __init__(self, indent: int) -> None:
        self.indent = " " * indent
        self.reads: list[str] = []
        self.rest: list[str] = []
        self.known: dict[tuple[Any, ...], str] = {}
        self.scoped = False

    def line(self, text: str, deeper: int = 0) -> None:
        self.rest.append(f"{self.indent}{' ' * deeper}{text}")

    def read(self, text: str) -> None:
        self.reads.append(f"{self.indent}{text}")


class QuickWriter(Script):
    """Writes a function of a record ``r`` and the facts of the run.

    ``d0`` is the record's data and ``d1``, ``d2``… the line of a list, a list within it…; ``s0``, ``s1``… their
    scopes, made only where something must be read plainly.
    """

    def __init__(self) -> None:
        super().__init__(
            SCOPE=Scope, NUMBER=Decimal, LARGEST=10**LARGEST_EXPONENT, SLOW=LookupError, as_number=as_number,
            as_text=as_text,
        )  # fmt: skip
        self.blocks = [Block(1)]
        self._count = 0

    @property
    def block(self) -> Block:
        return self.blocks[-1]

    def variable(self) -> str:
        self._count += 1
        return f"v{self._count}"

    def scope(self) -> str:
        """The scope of the data at hand."""
        for block in self.blocks:
            block.scoped = True
        return f"s{len(self.blocks) - 1}"

    def finish(self, result: str) -> Any:
        """The function, which answers ``result``."""
        (block,) = self.blocks
        begin = [" d0 = r.data"]
        if block.scoped:
            begin.append(" s0 = SCOPE(r, run=run)")
        self.lines = ["def make(r, run):", *begin, *block.reads, *block.rest, f" return {result}"]
        return self.function("make")

    def value(self, compiled: Compiled) -> str:
        """Writes what makes a value; answers the word for it."""
        found = self._start(compiled)
        for step in compiled.steps:
            found = self._step(step, found)
        return found

    def field(self, place: Place | None, required: bool) -> str | None:
        """Writes the reading of nested fields; None where they cannot be read quickly.

        A required one is neither missing nor empty; another is None where there is nothing.
        """
        level = len(self.blocks) - 1 - (0 if place is None else place.levels)
        if place is None or level < 0:
            return None
        block = self.blocks[0 if place.root == "steps" else level]
        found = "r.steps" if place.root == "steps" else f"d{level}"
        for depth in range(1, len(place.names) + 1):
            key = (place.root, required, *place.names[:depth])
            if key not in block.known:
                outer, found, name = found, self.variable(), self.name(place.names[depth - 1])
                block.known[key] = found
                block.read(
                    f"{found} = {outer}[{name}]"
                    if required
                    else f"{found} = {outer}.get({name}) if type({outer}) is dict else None"
                )
            found = block.known[key]
        if required and not self._sure(found):
            block.known["sure", found] = found
            block.read(f"if not {found} and {EMPTY.format(found)}: raise SLOW")
        return found

    def _sure(self, value: str) -> bool:
        """Whether a word stands for something that is there, and not empty."""
        return any(("sure", value) in block.known for block in self.blocks)

    def _start(self, compiled: Compiled) -> str:
        if compiled.constant is not MISSING:
            return self.name(compiled.constant)
        listed = compiled.place is not None and compiled.place.listed
        found = None if listed else self.field(compiled.place, compiled.required)
        if found is None:
            found = self._put(f"{self.name(compiled.start)}({self.scope()})")
        if compiled.default is None:
            return found
        plain = compiled.default
        fixed = plain.fixed is not MISSING
        instead = self.name(plain.fixed) if fixed else f"{self.name(plain.get)}({self.scope()})"
        return self._put(f"{instead} if not {found} and {EMPTY.format(found)} else {found}")

    def _put(self, text: str) -> str:
        found = self.variable()
        self.block.line(f"{found} = {text}")
        return found

    def _step(self, step: Step, value: str) -> str:
        function = step.function
        fixed = [self._fixed(given) for given in step.arguments]
        moving = [
            self._argument(step, place)
            for place, given in enumerate(step.arguments)
            if fixed[place] is MISSING and given is not MISSING
        ]
        quick = function.quick(*fixed) if function.quick is not None else None
        taken = self._converted(function.input.convert, value)
        if quick is not None:
            call = f"{self.name(quick)}({', '.join([taken, *moving])})"
        else:
            words = iter(moving)
            given = [next(words) if one is MISSING else self.name(one) for one in fixed]
            call = f"{self.name(function.call)}({', '.join([taken, *given])})"
        if function.takes_empty or self._sure(value):
            found = self._put(call)
            if quick is not None and function.output in NUMERIC:
                self.block.known["sure", found] = self.block.known["exact", found] = found
            return found
        return self._put(f"{call} if {value} or not {EMPTY.format(value)} else {value}")

    @staticmethod
    def _fixed(given: Any) -> Any:
        """An argument that is equal for every record, else MISSING."""
        if not isinstance(given, Compiled):
            return given
        return MISSING if given.fixed is MISSING else partial(same, given.fixed)

    def _argument(self, step: Step, place: int) -> str:
        argument, given = step.function.arguments[place], step.arguments[place]
        if argument.kind.lazy:
            return self._put(f"{self.name(partial)}({self.name(given.get)}, {self.scope()})")
        value = self.value(given)
        taken = self._converted(argument.kind.convert, value)
        if argument.required:
            return taken
        return f"({self.name(argument.fallback())} if {value} is None else {taken})"

    def _converted(self, convert: Any, value: str) -> str:
        if convert is unchanged:
            return value
        if convert is as_text:
            return f"({value} if type({value}) is str else as_text({value}))"
        if convert is as_number:
            return self._number(value)
        return f"{self.name(convert)}({value})"

    def _number(self, value: str) -> str:
        """A word as a number within range; what is sure to be there is made one once, however often it is used."""
        for block in self.blocks:
            if ("number", value) in block.known:
                return block.known["number", value]
        within = f"-{LARGEST_EXPONENT} <= {value}.adjusted() <= {LARGEST_EXPONENT}"
        if any(("exact", value) in block.known for block in self.blocks):
            made = f"({value} if {within} else as_number({value}))"
        else:
            exact = f"type({value}) is NUMBER and {value}.is_finite() and {within}"
            whole = f"type({value}) is int and -LARGEST < {value} < LARGEST"
            made = f"({value} if {exact} else NUMBER({value}) if {whole} else as_number({value}))"
        if not self._sure(value):
            return made
        self.block.known["number", value] = self._put(made)
        return self.block.known["number", value]
