"""The staged form of a batch: compressed exact JSON, small and independent of any class layout."""

from __future__ import annotations

import threading
import zlib
from decimal import Decimal
from typing import Any

import msgspec
import zstandard

from engine.record import Record, from_json, to_json

_entries = msgspec.json.Decoder(dict[str, list[Record]], float_hook=Decimal)


def pack(entries: dict[str, list[Record]]) -> bytes:
    """Staged form of records by the node they arrive at."""
    return _compress(to_json(entries))


def unpack(payload: bytes) -> dict[str, list[Record]]:
    return _entries.decode(_decompress(payload))


def pack_answers(answers: dict[str, Any]) -> bytes | None:
    return _compress(to_json(answers)) if answers else None


def unpack_answers(raw: bytes | None) -> dict[str, Any]:
    return dict(from_json(_decompress(raw))) if raw else {}


class _Codecs(threading.local):
    """A compressor and its counterpart serve one thread."""

    def __init__(self) -> None:
        self.compressor = zstandard.ZstdCompressor(level=1)
        self.decompressor = zstandard.ZstdDecompressor()


_codecs = _Codecs()
_OLDER = b"\x78"
"""How a zlib stream begins; batches of earlier versions are packed so."""


def _compress(plain: bytes) -> bytes:
    return _codecs.compressor.compress(plain)


def _decompress(packed: bytes) -> bytes:
    if packed.startswith(_OLDER):
        return zlib.decompress(packed)
    return _codecs.decompressor.decompress(packed)
