"""Rows that tables lack, as a forecast foresaw them, and money by currency."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from engine.store import findings
from engine.store.database import Session

Amounts = list[dict[str, str]]
"""[{"currency", "amount"}]: different currencies are never added up."""


def close(session: Session, flow_id: str, table: str, rows: Mapping[str, Mapping[str, str]]) -> None:
    """Notes rows (key → column → value) that are there now, until the next rehearsal looks itself."""
    kept = findings.get(session, flow_id, "forecast")
    if kept is None:
        return
    content = kept.content()
    for one in content["tables"]:
        if one["table"] != table:
            continue
        for key in one["keys"]:
            given = rows.get(key["key"], {}).get(one["column"])
            if given:
                key.update(covered=True, value=given, proposal=None)
        one["missing"] = sum(not key["covered"] for key in one["keys"])
        one["amounts"] = sums(key["amounts"] for key in one["keys"] if not key["covered"])
    kept.text = findings.text(content)
    session.add(kept)


def money(amounts: Mapping[str, Decimal]) -> Amounts:
    return [
        {"currency": currency, "amount": format(amount, "f")} for currency, amount in sorted(amounts.items())
    ]


def sums(many: Iterable[Amounts]) -> Amounts:
    total: dict[str, Decimal] = {}
    for amounts in many:
        for one in amounts:
            total[one["currency"]] = total.get(one["currency"], Decimal(0)) + Decimal(one["amount"])
    return money(total)
