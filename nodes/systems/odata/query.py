"""OData query options: conditions joined, addresses encoded. Shared by all connectors over OData."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import quote


def any_of(parts: Iterable[str]) -> str:
    return " or ".join(f"({part})" for part in parts)


def all_of(parts: Iterable[str]) -> str:
    known = [part for part in parts if part]
    return (
        known[0]
        if len(known) == 1
        else " and ".join(f"({part})" if " or " in part else part for part in known)
    )


def encode(options: Sequence[str]) -> str:
    """Query options as they go into an address."""
    return "&".join(quote(option, safe="$=,()';:/-._~*@") for option in options if option)


def chunks(parts: Sequence[str], length: int) -> Iterator[list[str]]:
    """Groups parts so that a group, joined by " or ", is about ``length`` characters at most."""
    group: list[str] = []
    size = 0
    for part in parts:
        weight = len(encode([part])) + 12
        if group and size + weight > length:
            yield group
            group, size = [], 0
        group.append(part)
        size += weight
    if group:
        yield group
