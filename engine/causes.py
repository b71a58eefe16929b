"""What failures have in common: the sentence without the record's own values, and the money that waits.

«Invoice R-17 of Ann Ltd: period 2024-03 is closed.» and «Invoice R-18 of Bo Ltd: period 2024-03 is closed.» are
one cause: whatever stands in the record itself is taken out of the sentence.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

import re2

from engine import compare
from engine.allowance import number

GAP = "…"
MOST = 300
"""Values of one record that are looked for in its message."""

_TELLING = re.compile(r"[\dA-Z@]")
_IDS = re.compile(
    r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"
    r"|\b\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:?\d\d)?\b|\b[0-9a-f]{16,}\b",
    re.IGNORECASE,
)
_TIMES = re.compile(rf"{GAP}(?:\W{{0,3}}{GAP})+")
_AMOUNTS = (
    "amount",
    "total",
    "grandtotal",
    "totalamount",
    "amountdue",
    "paymentamount",
    "hdngrandtotal",
    "sum",
)
_CURRENCIES = ("currency", "currencycode", "currencyname")


def template(message: str, values: Iterable[Any]) -> str:
    """The message with each of the record's own values replaced by «…», the longest first."""
    told = _IDS.sub(GAP, message)
    texts = {
        str(value)
        for value in values
        if isinstance(value, str | int | Decimal) and not isinstance(value, bool)
    }
    own = sorted(
        (text for text in texts if 0 < len(text) <= 200 and _TELLING.search(text)), key=len, reverse=True
    )
    for text in own[:MOST]:
        if text in told:
            told = re.sub(rf"(?<!\w){re.escape(text)}(?!\w)", GAP, told)
    return _TIMES.sub(GAP, told).strip()


def filled(sentence: str, messages: Iterable[str]) -> str:
    """The sentence of a cause with those gaps filled in which all of its messages have the same."""
    parts = sentence.split(GAP)
    pattern = re2.compile("(?s)" + "(.+?)".join(re2.escape(part) for part in parts))
    common: list[str | None] | None = None
    for message in messages:
        told = pattern.fullmatch(message.strip())
        if told is None:
            return sentence
        gaps = told.groups()
        common = (
            list(gaps)
            if common is None
            else [one if one == other else None for one, other in zip(common, gaps, strict=True)]
        )
        if not any(common):
            return sentence
    fills = [GAP if one is None else one for one in common or []]
    return "".join(part + fill for part, fill in zip(parts, [*fills, ""], strict=True)) if fills else sentence


def values_of(data: Any) -> Iterator[Any]:
    """Every single value inside nested data."""
    if isinstance(data, Mapping):
        for value in data.values():
            yield from values_of(value)
    elif isinstance(data, list):
        for value in data:
            yield from values_of(value)
    elif data is not None:
        yield data


def money(data: Any, field: str = "") -> tuple[Decimal, str] | None:
    """(amount, currency) of a document, None where no amount is known; the currency may be "".

    ``field`` names the amount; else a top-level field that is called Amount or Total tells it.
    """
    if not isinstance(data, Mapping):
        return None
    plain = _plain(data)
    found = compare.dig(data, field) if field else None
    if found is None:
        found = next((plain[name] for name in _AMOUNTS if plain.get(name) not in (None, "")), None)
    amount = number(found)
    if not amount:
        return None
    return amount, currency(data)


def currency(data: Any) -> str:
    """The currency that a document names, "" where it names none."""
    plain = _plain(data) if isinstance(data, Mapping) else {}
    return str(next((plain[name] for name in _CURRENCIES if isinstance(plain.get(name), str)), ""))[:12]


def _plain(data: Mapping[str, Any]) -> dict[str, Any]:
    return {re.sub(r"[^a-z]", "", str(name).lower()): value for name, value in data.items()}
