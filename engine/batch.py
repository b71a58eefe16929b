"""The staged form of a batch: compressed exact JSON, small and independent of any class layout."""

from __future__ import annotations

import zlib
from decimal import Decimal
from typing import Any

import msgspec

from engine.record import Record, from_json, to_json

_entries = msgspec.json.Decoder(dict[str, list[Record]], float_hook=Decimal)


def pack(entries: dict[str, list[Record]]) -> bytes:
    """Staged form of records by the node they arrive at."""
    return zlib.compress(to_json(entries), 1)


def unpack(payload: bytes) -> dict[str, list[Record]]:
    return _entries.decode(zlib.decompress(payload))


def pack_answers(answers: dict[str, Any]) -> bytes | None:
    return zlib.compress(to_json(answers), 1) if answers else None


def unpack_answers(raw: bytes | None) -> dict[str, Any]:
    return dict(from_json(zlib.decompress(raw))) if raw else {}
