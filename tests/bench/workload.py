"""The records of the comparison, and what a right mapping makes of each.

The source and the expectation are made here, apart from the drawing: whoever maps them otherwise is found out.
Amounts are fractions with many digits, as they come out of a CRM that calculates in binary.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

COUNTRIES = {
    "DE": ("Germany", "EUR", "0.19"), "FR": ("France", "EUR", "0.20"), "NL": ("Netherlands", "EUR", "0.21"),
    "ES": ("Spain", "EUR", "0.21"), "IT": ("Italy", "EUR", "0.22"), "PL": ("Poland", "PLN", "0.23"),
    "AT": ("Austria", "EUR", "0.20"), "US": ("United States", "USD", "0"), "CA": ("Canada", "CAD", "0.05"),
    "GB": ("United Kingdom", "GBP", "0.20"), "JP": ("Japan", "JPY", "0.10"), "AU": ("Australia", "AUD", "0.10"),
}  # fmt: skip
STAGES = ("Closed Won", "Negotiation", "Closed Won", "Closed Lost", "Closed Won")
STATUS = {"Closed Won": "WON", "Closed Lost": "LOST"}
UNION = ("DE", "FR", "NL", "ES", "IT", "PL", "AT")
AMERICA = ("US", "CA")
BEGIN = datetime(2026, 1, 1)  # noqa: DTZ001 - written with its Z
CENT = Decimal("0.01")


def opportunity(number: int) -> dict[str, Any]:
    """One source record. Equal for equal numbers."""
    mixed = (number * 2_246_822_519 + 374_761_393) % 4_294_967_296
    return {
        "id": f"OPP-{number:07d}",
        "title": f"Renewal {number} / phase {mixed % 9}",
        "amount": (mixed % 20_000_000) / 131.0,
        "stage": STAGES[mixed // 256 % 5],
        "closeDate": (BEGIN + timedelta(seconds=mixed % 31_000_000)).isoformat() + "Z",
        "owner": f"user{mixed % 40}",
        "account": {
            "name": f"Account {mixed % 5000} Ltd",
            "email": f"Billing.{mixed % 5000}@Example{mixed % 50}.com",
            "country": list(COUNTRIES)[mixed % 12],
        },
        "lines": [
            {
                "product": f"P-{(mixed + place * 61) % 1000:04d}",
                "qty": 1 + (mixed >> place) % 9,
                "price": (mixed + place * 991) % 100_000 / 41.0,
            }
            for place in range(3)
        ],
    }


def invoice(source: dict[str, Any]) -> dict[str, Any]:
    """What must be written for it."""
    country, day = source["account"]["country"], source["closeDate"][:10].split("-")
    name, currency, rate = COUNTRIES[country]
    amount = _exact(source["amount"])
    made = {
        "externalId": source["id"],
        "reference": f"{source['id']} {source['title']}",
        "customerName": source["account"]["name"],
        "customerEmail": source["account"]["email"].lower(),
        "country": country,
        "countryName": name,
        "currency": currency,
        "invoiceDate": ".".join(reversed(day)),
        "total": _cents(amount),
        "tax": _cents(amount * Decimal(rate)),
        "status": STATUS.get(source["stage"], "OPEN"),
        "items": [
            {
                "sku": line["product"],
                "quantity": line["qty"],
                "unitPrice": _cents(_exact(line["price"])),
                "lineTotal": _cents(_exact(line["price"]) * line["qty"]),
            }
            for line in source["lines"]
        ],
    }
    return {**made, "route": _route(made)}


def _route(made: dict[str, Any]) -> str:
    if made["status"] != "WON":
        return "pipeline"
    if made["total"] >= 100_000:
        return "approval"
    if made["country"] in UNION:
        return "eu-large" if made["total"] >= 10_000 else "eu"
    return "na" if made["country"] in AMERICA else "row"


def agrees(wanted: Any, written: Any) -> bool:
    """Whether what was written is what was wanted; a cent of binary rounding is forgiven to whoever has it."""
    if isinstance(wanted, dict):
        return wanted.keys() == written.keys() and all(agrees(wanted[name], written[name]) for name in wanted)
    if isinstance(wanted, list):
        return len(wanted) == len(written) and all(map(agrees, wanted, written))
    if isinstance(wanted, Decimal):
        return abs(wanted - _exact(written)) <= CENT
    return bool(wanted == written)


def _exact(number: float) -> Decimal:
    return Decimal(repr(number)) if isinstance(number, float) else Decimal(number)


def _cents(number: Decimal) -> Decimal:
    return number.quantize(CENT, rounding=ROUND_HALF_UP)
