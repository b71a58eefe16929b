"""The drawn workload of the comparison: it can run, and does with one record what it says."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from engine.flow import Flow
from engine.node import Outbox
from engine.plan import build, check
from engine.record import Record
from engine.registry import connector_type
from nodes.systems.http.settings import HttpSettings

FOLDER = Path(__file__).parents[2] / "bench" / "opportunities"
NAMES = ("in-bulk", "one-by-one")


def opportunity(stage: str, country: str, amount: str) -> dict[str, Any]:
    return {
        "id": "OPP-1", "title": "Renewal", "amount": Decimal(amount), "stage": stage, "owner": "user1",
        "closeDate": "2026-03-09T23:30:00Z", "account": {"name": "A Ltd", "email": "Billing@Ex.COM", "country": country},
        "lines": [{"product": "P-1", "qty": 3, "price": Decimal("1.005")}],
    }  # fmt: skip


def flow(name: str) -> Flow:
    return Flow.model_validate(json.loads((FOLDER / f"{name}.json").read_text()))


@pytest.mark.parametrize("name", NAMES)
def test_it_can_run(name: str) -> None:
    assert check(flow(name)).problems == []
    settings = json.loads((FOLDER / "connections.json").read_text().replace("{url}", "https://example.com"))
    for one in settings.values():
        connector_type(one["system"]).Settings.model_validate(one["settings"])
    form = HttpSettings.model_validate(settings["erp"]["settings"]).form(name)
    assert form is not None
    assert {field.name for field in form.fields} == {
        row["target"] for row in flow(name).node("fields").settings["rows"]
    }  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("stage", "country", "amount", "route"),
    [
        ("Negotiation", "DE", "500000", "pipeline"), ("Closed Won", "US", "100000", "approval"),
        ("Closed Won", "FR", "10000", "eu-large"), ("Closed Won", "FR", "9999.99", "eu"),
        ("Closed Won", "CA", "10", "na"), ("Closed Won", "JP", "10", "row"),
    ],
)  # fmt: skip
def test_a_record_is_mapped_and_takes_its_route(stage: str, country: str, amount: str, route: str) -> None:
    plan = build(flow("in-bulk"))
    records = [Record("OPP-1", opportunity(stage, country, amount))]
    for node in ("fields", "routes"):
        out = Outbox()
        plan.nodes[node].process(records, out)  # type: ignore[attr-defined]
        records = list(out.ports["out"])
    data = records[0].data
    assert data["route"] == route
    assert (data["externalId"], data["reference"]) == ("OPP-1", "OPP-1 Renewal")
    assert (data["customerEmail"], data["invoiceDate"]) == ("billing@ex.com", "09.03.2026")
    assert data["items"] == [
        {"sku": "P-1", "quantity": 3, "unitPrice": Decimal("1.01"), "lineTotal": Decimal("3.02")}
    ]
