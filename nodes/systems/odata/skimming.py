"""Rows that are only put by: what reading goes by is opened, the rest stays the JSON that came."""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple, TypedDict

import msgspec

from engine.record import from_json
from nodes.systems.odata.reading import Row
from nodes.systems.odata.rows import Raws, annotated

_parts = msgspec.json.Decoder(dict[str, msgspec.Raw])
_each = msgspec.json.Decoder(Raws)


class Skimmed(NamedTuple):
    """A page. ``body`` is what stands beside the rows; ``rows`` have only what was asked for; ``raws`` are they whole."""

    body: dict[str, Any]
    rows: list[Row]
    raws: Raws


def skim(content: bytes, names: tuple[str, ...]) -> Skimmed | None:
    """A page with the rows opened as far as these names. None where it must be read whole: its rows have annotations, or
    it is not what a page is."""
    if not _is_text(content):
        return None
    try:
        parts = _parts.decode(content)
        rows = parts.pop("value")
        body = {name: from_json(bytes(part)) for name, part in parts.items()}
        if annotated(content, body):
            return None
        return Skimmed(body, _opened(names).decode(rows), _each.decode(rows))
    except (msgspec.DecodeError, KeyError):
        return None


def _is_text(content: bytes) -> bool:
    """Whether it is UTF-8: what is skipped is not looked at so closely, and must be readable later."""
    if not content.isascii():
        try:
            content.decode()
        except UnicodeDecodeError:
            return False
    return True


@lru_cache(maxsize=64)
def _opened(names: tuple[str, ...]) -> msgspec.json.Decoder[list[Row]]:
    row = TypedDict("row", dict.fromkeys(names, Any), total=False)  # type: ignore[misc]
    return msgspec.json.Decoder(list[row], float_hook=Decimal)
