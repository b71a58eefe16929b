"""The pre-flight checks: each holds what it is for, lets through what is in order, and says so in words."""

from __future__ import annotations

from typing import Any

import pytest

from designer.checks import library
from engine.flow import LookupTable
from engine.record import to_json
from engine.rules import Rule, RuleSet, check_rule_set
from tests.designer.conftest import Desk, exact

GOOD: dict[str, Any] = {
    "total": 30,
    "lines": [
        {"amount": 10, "description": "Hours", "tax": "V19", "taxes_of_line": ["V19"]},
        {"amount": 20, "description": "Travel", "tax": "V7", "taxes_of_line": []},
    ],
    "date": "2026-11-20",
    "customer": "Acme",
    "remote": "C-1",
    "blocked": False,
    "open": 50,
    "limit": 100,
    "currency": "EUR",
    "customer_currency": "EUR",
    "rate": 1,
    "ledger_rate": 1,
    "mode": "individual",
    "adjustment": 0,
    "charge_tax": 0,
    "needed": "yes",
    "ledger_total": 30,
}
TABLES: dict[str, Any] = {
    "rates": {
        "columns": ["From", "To", "Since", "Rate"],
        "rows": [["USD", "EUR", "2026-11-01", "0.92155"]],
        "valid_from": "Since",
        "rates": {"to": "To", "rate": "Rate"},
    }
}
TYPED: dict[str, Any] = {
    "@currencies": ["EUR", "USD"],
    "@taxes": ["V19", "V7"],
    "@open_from": "2026-11-01",
    "@ledger_currency": "EUR",
    "@rates": "rates",
}
BAD: dict[str, dict[str, Any]] = {
    "lines_present": {"lines": []},
    "lines_add_up": {"total": 30.01},
    "descriptions": {"lines": [{"amount": 30, "description": ""}]},
    "date": {"date": None},
    "organization": {"customer": ""},
    "customer_known": {"remote": None},
    "customer_blocked": {"blocked": True},
    "credit_limit": {"open": 71},
    "currency_known": {"currency": "XXX"},
    "currency_of_customer": {"currency": "USD"},
    "rate": {"rate": 1.1},
    "converted": {"currency": "USD", "ledger_total": 27.64},
    "tax_code": {"lines": [{"tax": "V99"}]},
    "single_tax": {"lines": [{"taxes_of_line": ["V19", "V7"]}]},
    "individual_tax": {"mode": "Group"},
    "adjustment": {"adjustment": -0.01},
    "charge_tax": {"charge_tax": 3},
    "period_open": {"date": "2026-10-31"},
    "mandatory": {"needed": ""},
    "positive": {"total": 0},
}


def filled(part: Any) -> Any:
    """A rule with what is typed in its place."""
    if isinstance(part, dict):
        return {name: filled(child) for name, child in part.items()}
    if isinstance(part, list):
        return [filled(child) for child in part]
    return TYPED.get(part, part) if isinstance(part, str) else part


def test_every_check_is_proved() -> None:
    assert {check.id for check in library().checks} == set(BAD)


@pytest.mark.parametrize("check", library().checks, ids=lambda check: check.id)
def test_a_check_stops_the_bad_and_lets_the_good_pass(editor: Desk, check: Any) -> None:
    document = {"rules": [filled(check.rule.model_dump())]}
    tables = {name: LookupTable.model_validate(table) for name, table in TABLES.items()}
    assert not check_rule_set(RuleSet.model_validate(document), tables)
    for name in (asked.name for asked in check.fields):
        assert f'"$.{name}"' in to_json(document).decode() or name in {key[1:] for key in TYPED}
    told = []
    for facts in (GOOD, {**GOOD, **BAD[check.id]}):
        answer = editor.post("/api/rules/try", {"document": document, "facts": facts, "tables": TABLES})
        assert answer.status_code == 200, answer.text
        told.append(exact(answer)["records"][0])
    good, bad = told
    assert (good["ports"], good["message"]) == (["out"], "")
    assert bad["ports"] in (["held"], ["rejected"])
    assert bad["message"].endswith(".")


def test_the_library_is_listed(desks: dict[str, Desk]) -> None:
    listed = exact(desks["viewer"].get("/api/rules/checks"))
    assert [check["id"] for check in listed["checks"]] == [check.id for check in library().checks]


def test_what_is_listed_can_be_put_into_a_rules_step(desks: dict[str, Desk]) -> None:
    for check in exact(desks["viewer"].get("/api/rules/checks"))["checks"]:
        assert Rule.model_validate(check["rule"]).id == check["id"]


def test_a_converted_total_is_exact_to_the_cent_and_waits_for_a_rate(editor: Desk) -> None:
    check = next(check for check in library().checks if check.id == "converted")
    document = {"rules": [filled(check.rule.model_dump())]}
    told = {}
    for total, currency in ((27.65, "USD"), (27.64, "USD"), (30, "EUR"), (30, "CHF")):
        facts = {**GOOD, "currency": currency, "ledger_total": total}
        body = {"document": document, "facts": facts, "tables": TABLES}
        (record,) = exact(editor.post("/api/rules/try", body))["records"]
        told[total, currency] = (record["ports"], record["message"])
    assert told[27.65, "USD"] == (["out"], "")
    assert told[30, "EUR"] == (["out"], "")
    assert told[27.64, "USD"][0] == ["held"]
    assert told[30, "CHF"] == (["held"], "No rate from CHF to EUR on 2026-11-20 in the table rates.")
