"""The rows of a mapping as one Python function, which the loop over records runs (engine.quick)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from engine.quick import EMPTY, Block, QuickWriter
from engine.record import Record
from nodes.shape.rows import Filler, Lines

DEEPEST = 8
"""Lists within lists that are written as loops; Python takes twenty of them."""

Make = Callable[[Record, Mapping[str, Any] | None], dict[str, Any]]


def quickly(fillers: Sequence[Filler]) -> Make:
    """The target object of a record, as ``rows.fill`` makes it. Raises anything where that is to be asked instead."""
    writer = QuickWriter()
    made: Make = writer.finish(_object(writer, fillers))
    return made


def _object(writer: QuickWriter, fillers: Sequence[Filler]) -> str:
    """Writes what makes the object; answers the word for it."""
    values = [
        _lines(writer, one.value) if isinstance(one.value, Lines) else writer.value(one.value)
        for one in fillers
    ]
    if not any(one.parents or one.only_filled for one in fillers):
        pairs = (f"{writer.name(one.name)}: {value}" for one, value in zip(fillers, values, strict=True))
        return f"{{{', '.join(pairs)}}}"
    found = writer.variable()
    writer.block.line(f"{found} = {{}}")
    for one, value in zip(fillers, values, strict=True):
        if one.only_filled:
            writer.block.line(f"if not {EMPTY.format(value)} and {value} != []:")
        place = found
        for parent in one.parents:
            place = f"{place}.setdefault({writer.name(parent)}, {{}})"
        writer.block.line(f"{place}[{writer.name(one.name)}] = {value}", 1 if one.only_filled else 0)
    return found


def _lines(writer: QuickWriter, lines: Lines) -> str:
    depth = len(writer.blocks)
    rows = writer.field(lines.place, lines.required and not (lines.place and lines.place.listed))
    outer, made = writer.block, writer.variable()
    if rows is None or depth > DEEPEST:
        outer.line(f"{made} = {writer.name(lines.get)}({writer.scope()})")
        return made
    absent = "" if lines.required else f"{rows} is not None and "
    outer.line(f"if {absent}type({rows}) is not list: raise SLOW")
    outer.line(f"{made} = []")
    inner = Block(depth + 1)
    writer.blocks.append(inner)
    if lines.where is not None:
        inner.line(f"if not {writer.name(lines.where.holds)}({writer.scope()}): continue")
    result = _object(writer, lines.fillers)
    inner.line(f"{made}.append({result})")
    writer.blocks.pop()
    _loop(outer, inner, depth, rows if lines.required else f"{rows} or ()")
    return made


def _loop(outer: Block, inner: Block, depth: int, rows: str) -> None:
    if inner.scoped:
        outer.line(f"for n, d{depth} in enumerate({rows}, 1):")
        outer.line(f"s{depth} = s{depth - 1}.inside(d{depth}, n)", 1)
    else:
        outer.line(f"for d{depth} in {rows}:")
    outer.rest += inner.reads + inner.rest
