"""The pre-flight checks: each holds what it is for, lets through what is in order, and says so in words."""

from __future__ import annotations

from typing import Any

import pytest

from designer.checks import library
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
}
TYPED: dict[str, Any] = {"@currencies": ["EUR", "USD"], "@taxes": ["V19", "V7"], "@open_from": "2026-11-01"}
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
    assert not check_rule_set(RuleSet.model_validate(document))
    for name in (asked.name for asked in check.fields):
        assert f'"$.{name}"' in to_json(document).decode() or name in {key[1:] for key in TYPED}
    told = []
    for facts in (GOOD, {**GOOD, **BAD[check.id]}):
        answer = editor.post("/api/rules/try", {"document": document, "facts": facts})
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
