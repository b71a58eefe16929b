"""What flows through a drawing: records, batches, outcomes, and their exact JSON form.

Record data is plain JSON with exact numbers: text, int of any size, Decimal for every other number, bool,
None, lists and dicts. Dates are ISO 8601 text (``2026-11-20``), times are UTC ISO 8601 text ending in ``Z``.
Binary floats never appear, so money and 64-bit ids arrive as they left.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import Any

import msgspec


class Outcome(StrEnum):
    """What became of one record at one write node."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"
    HELD = "held"
    CONFLICT = "conflict"
    REJECTED = "rejected"
    FAILED = "failed"
    ECHO = "echo"
    IN_DOUBT = "in_doubt"

    __hash__ = str.__hash__  # an enumeration's own is a call of ours for every look into a table


NAMES: dict[Outcome, str] = {outcome: outcome.value for outcome in Outcome}
"""Their names as plain text, as drivers take it: asking an enumeration for it is a call of ours."""

COUNTED = ("created", "updated", "unchanged", "skipped", "held", "failed", "echo")
"""The counts that add up to ``read`` in every run."""

COUNTS_AS: dict[Outcome, str] = {
    Outcome.CREATED: "created",
    Outcome.UPDATED: "updated",
    Outcome.UNCHANGED: "unchanged",
    Outcome.SKIPPED: "skipped",
    Outcome.HELD: "held",
    Outcome.CONFLICT: "held",
    Outcome.IN_DOUBT: "held",
    Outcome.REJECTED: "failed",
    Outcome.FAILED: "failed",
    Outcome.ECHO: "echo",
}

WEIGHT: dict[Outcome, int] = {
    outcome: weight
    for weight, outcome in enumerate(
        [
            Outcome.SKIPPED,
            Outcome.ECHO,
            Outcome.UNCHANGED,
            Outcome.UPDATED,
            Outcome.CREATED,
            Outcome.CONFLICT,
            Outcome.HELD,
            Outcome.IN_DOUBT,
            Outcome.REJECTED,
            Outcome.FAILED,
        ]
    )
}
"""A record that reaches several write nodes counts once, under the heaviest of its outcomes."""


class Origin(msgspec.Struct, frozen=True, array_like=True):
    """Where a record was read: the flow's connection slot and the entity in that system."""

    slot: str
    entity: str


class Record(msgspec.Struct, frozen=True, omit_defaults=True):
    """One business object on its way.

    key      identity at its source, unique per origin; a child of ``split`` has ``parent#n``
    data     the current shape of the record; of one that was read to be put by, possibly its JSON (see Query.skim)
    root     index, within its batch, of the record as it was read (children share their parent's)
    origin   where it was read; None for what a trigger supplied
    version  version or modified stamp at the source, if it has one; of a message its edition (engine.editions)
    deleted  True for a tombstone
    title    what people call it ("Renewal 14"); shown in the history
    steps    results of earlier nodes by node id: the record as read, answers of systems, looked-up rows
    """

    key: str
    data: Any
    root: int = 0
    origin: Origin | None = None
    version: str | None = None
    deleted: bool = False
    title: str = ""
    steps: dict[str, Any] = {}

    def with_data(self, data: Any) -> Record:
        return _replace(self, data=data)

    def with_step(self, node: str, result: Any) -> Record:
        return _replace(self, steps={**self.steps, node: result})


class Change(msgspec.Struct, frozen=True):
    """One intended write.

    key        idempotency key: equal for every attempt at the same intent, at most 64 characters [0-9a-f]
    operation  ``create``, ``update``, or ``delete`` (which has no data)
    data       target fields and values, in the entity's own names, canonical values (see module docstring)
    remote_id  the target's id, for an update or a delete
    match      the match-key values by which a created object could be found again
    json       ``data`` as exact JSON, where it is at hand; see ``body``
    """

    key: str
    operation: str
    data: dict[str, Any]
    remote_id: str | None = None
    match: dict[str, Any] = {}
    json: bytes = b""

    def body(self) -> msgspec.Raw:
        """``data`` as exact JSON, to be put into a body as it is."""
        return msgspec.Raw(self.json or to_json(self.data))


class Result(msgspec.Struct, frozen=True):
    """The system's answer to one Change.

    outcome    created, updated, failed, held or in_doubt
    number     the number that people use (``INV-204``); link: where a person can open it
    answer     further fields that the system answered
    code, message, field    why, when failed or held; ``question`` as in ``engine.errors.Held``
    """

    outcome: Outcome
    remote_id: str | None = None
    number: str | None = None
    link: str | None = None
    answer: dict[str, Any] = {}
    code: str = ""
    message: str = ""
    detail: str = ""
    field: str | None = None
    question: dict[str, Any] | None = None


class Remote(msgspec.Struct, frozen=True):
    """An object as it stands in a system now."""

    id: str
    data: dict[str, Any]
    number: str | None = None
    link: str | None = None
    version: str | None = None


class Page(msgspec.Struct, frozen=True):
    """One page of a read. ``cursor`` is opaque JSON for the next page, None after the last one.

    ``watermark`` is the highest change stamp seen so far, for an incremental read. ``total`` is how many records there
    are in all where the system tells, ``at_least`` so many where it counts no further.
    """

    records: list[Record]
    cursor: Any = None
    watermark: str | None = None
    total: int | None = None
    at_least: bool = False


_replace = msgspec.structs.replace
_BLANK = hashlib.blake2b(digest_size=16)
_encoder = msgspec.json.Encoder(decimal_format="number")
_sorted_encoder = msgspec.json.Encoder(decimal_format="number", order="deterministic")
_decoder = msgspec.json.Decoder(float_hook=Decimal)
_records_decoder = msgspec.json.Decoder(list[Record], float_hook=Decimal)


def to_json(value: Any) -> bytes:
    """Exact JSON: a Decimal is written as the number it is."""
    return _encoder.encode(value)


def from_json(raw: bytes | str) -> Any:
    """Exact JSON back: every number that is not an integer becomes a Decimal.

    Raises msgspec.DecodeError for anything that is not JSON (NaN and Infinity included).
    """
    try:
        return _decoder.decode(raw)
    except UnicodeDecodeError as error:  # a text in another encoding
        raise msgspec.DecodeError(str(error)) from None


def records_from_json(raw: bytes) -> list[Record]:
    return _records_decoder.decode(raw)


def fingerprint(value: Any) -> str:
    """A short hash of a value that does not depend on the order of its keys (32 hex characters)."""
    return digest(_sorted_encoder.encode(value))


def digest(plain: bytes) -> str:
    """A short hash (32 hex characters)."""
    hashed = _BLANK.copy()  # one made anew would be told its size each time
    hashed.update(plain)
    return hashed.hexdigest()


def idempotency_key(*parts: str) -> str:
    """The key under which a write is attempted at most once: 40 hex characters of its identity."""
    return hashlib.blake2b(_joined(parts), digest_size=20).hexdigest()


def idempotency_keys(before: Sequence[str], behind: Sequence[str]) -> Callable[[str], str]:
    """``idempotency_key(*before, part, *behind)`` for many parts; what is equal for all is hashed once."""
    begun, rest = hashlib.blake2b(_joined((*before, "")), digest_size=20), _joined(("", *behind))

    def key(part: str) -> str:
        one = begun.copy()
        one.update(part.encode("utf-8", "surrogatepass") + rest)
        return one.hexdigest()

    return key


def _joined(parts: Iterable[str]) -> bytes:
    return "\x1f".join(parts).encode("utf-8", "surrogatepass")
