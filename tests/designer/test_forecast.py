"""Before a flow is switched on: what lacks, what would be held, and which rows money waits for."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from designer import forecast, proposals
from engine.rehearsal import demanded
from engine.shape import Entity
from engine.shape import Field as ShapeField
from tests.designer.conftest import Desk, Ledger, exact, pipeline, work

DEALS = {
    **{f"W{n}": {"product": "Widgets", "total": 10, "amount": Decimal("10.00")} for n in range(6)},
    **{
        f"C{n}": {"product": "Consulting", "total": 30, "amount": Decimal("30.50"), "currency": "EUR"}
        for n in range(3)
    },
    "N1": {"product": "Widgets", "total": None, "amount": Decimal(5)},
}


def reading(**more: Any) -> dict[str, Any]:
    """The pipeline, fed by a read of open deals."""
    drawn = pipeline(**more)
    read = {
        "id": "deals",
        "type": "read",
        "title": "Deals",
        "settings": {
            "slot": "books",
            "entity": "invoice",
            "filters": [{"field": "stage", "value": "won"}],
        },
    }
    rows = drawn["nodes"][2]["settings"]["rows"]
    rows[0]["value"]["may_be_empty"] = True
    rows.append({"target": "tax", "value": {"kind": "path", "path": "$.tax", "may_be_empty": True}})
    drawn["nodes"] = [drawn["nodes"][1], read, *drawn["nodes"][2:]]
    drawn["edges"] = [
        {"source": "hand", "target": "deals"},
        {"source": "deals", "target": "map"},
        {"source": "map", "target": "write"},
    ]
    return drawn


@pytest.fixture
def deals(monkeypatch: pytest.MonkeyPatch) -> None:
    """The ledger holds deals, and demands a total and a tax code of what is written to it."""
    shape = Entity(
        name="invoice",
        title="Invoice",
        fields=(
            ShapeField(name="total", title="Total", type="money", required=True),
            ShapeField(name="account", title="Account"),
            ShapeField(name="tax", title="Tax code", required=True),
        ),
    )
    monkeypatch.setattr(Ledger, "entity", lambda *_: shape)
    monkeypatch.setattr(Ledger, "stored", DEALS)
    monkeypatch.setattr(Ledger, "options", lambda *_: [])


@pytest.fixture
def slug(editor: Desk, connection: str, deals: None) -> str:
    answer = editor.post("/api/flows", {"document": reading()})
    assert answer.status_code == 201, answer.text
    return str(exact(answer)["slug"])


def rehearsed(desk: Desk, slug: str, **more: Any) -> Any:
    answer = desk.post(f"/api/flows/{slug}/forecast", more)
    assert answer.status_code == 200, answer.text
    return exact(answer)["forecast"]


def test_it_tells_what_the_target_demands_and_records_lack(desks: dict[str, Desk], slug: str) -> None:
    assert exact(desks["viewer"].get(f"/api/flows/{slug}/forecast")) == {"forecast": None}
    told = rehearsed(desks["operator"], slug)
    assert (told["read"], told["more"]) == (10, False)
    lacks = {lack["field"]: lack for lack in told["lacks"]}
    assert (lacks["tax"]["count"], lacks["tax"]["of"], lacks["tax"]["percent"]) == (7, 7, "100")
    assert lacks["tax"]["mapped"] is True
    assert (lacks["total"]["count"], lacks["total"]["percent"]) == (1, "14")
    assert lacks["total"]["records"] == [{"key": "N1", "title": "Invoice N1"}]
    (held,) = told["stopped"]
    assert (held["outcome"], held["count"], held["percent"]) == ("held", 3, "30")
    assert Ledger.written == []
    assert exact(desks["viewer"].get(f"/api/flows/{slug}/forecast"))["forecast"] == told


def test_it_tells_which_rows_money_waits_for(desks: dict[str, Desk], slug: str) -> None:
    told = rehearsed(desks["operator"], slug)
    (table,) = told["tables"]
    assert (table["title"], table["column"], table["missing"]) == ("Ledger accounts", "Account", 1)
    first, second = table["keys"]
    assert (first["key"], first["covered"], first["count"]) == ("Consulting", False, 3)
    assert first["amounts"] == table["amounts"] == [{"currency": "EUR", "amount": "91.50"}]
    assert (second["key"], second["value"], second["covered"]) == ("Widgets", "4000", True)
    (gap,) = exact(desks["viewer"].get("/api/forecasts"))["flows"]
    assert gap["flow"]["slug"] == slug
    assert [key["key"] for key in gap["tables"][0]["keys"]] == ["Consulting"]


def test_rows_are_added_to_a_draft_by_editors(desks: dict[str, Desk], slug: str) -> None:
    rehearsed(desks["operator"], slug)
    body = {"table": "accounts", "column": "Account", "rows": {"Consulting": {"Account": "4300"}}}
    path = f"/api/flows/{slug}/rows"
    assert exact(desks["operator"].post(path, body))["code"] == "E-ROLE"
    wrong = {**body, "rows": {"Consulting": {"Account": ""}}}
    assert desks["editor"].post(path, wrong).status_code == 422
    assert exact(desks["editor"].post(path, body))["version"] == 0
    document = exact(desks["editor"].get(f"/api/flows/{slug}"))["document"]
    assert document["tables"]["accounts"]["rows"][-1] == ["Consulting", "4300"]
    table = exact(desks["viewer"].get(f"/api/flows/{slug}/forecast"))["forecast"]["tables"][0]
    assert (table["missing"], table["amounts"]) == (0, [])
    assert exact(desks["viewer"].get("/api/forecasts"))["flows"] == []
    assert rehearsed(desks["operator"], slug)["stopped"] == []


def test_rows_of_a_live_flow_release_what_waits_for_them(app: Any, desks: dict[str, Desk], slug: str) -> None:
    editor = desks["editor"]
    assert editor.post(f"/api/flows/{slug}/publish", {"revision": 1}).status_code == 200
    assert editor.post(f"/api/flows/{slug}/runs", {"mode": "live"}).status_code == 202
    work(app)
    rehearsed(desks["operator"], slug)
    (group,) = exact(desks["operator"].get("/api/reviews"))["groups"]
    assert group["count"] == 3
    body = {"table": "accounts", "column": "Account", "rows": {"Consulting": {"Account": "4300"}}}
    done = exact(desks["operator"].post(f"/api/flows/{slug}/rows", body))
    assert (done["version"], done["released"]) == (2, 3)
    work(app)
    assert [row["account"] for row in Ledger.written].count("4300") == 3
    assert exact(desks["operator"].get("/api/reviews"))["groups"] == []


def test_a_missing_value_is_proposed_from_history(desks: dict[str, Desk], slug: str) -> None:
    editor = desks["editor"]
    tables = reading()["tables"]
    known = {**tables["accounts"], "rows": [["Widgets", "4000"], ["consulting", "4300"]]}
    saved = editor.put(
        f"/api/flows/{slug}/draft", {"document": reading(tables={"accounts": known}), "revision": 1}
    )
    editor.post(f"/api/flows/{slug}/publish", {"revision": exact(saved)["revision"]})
    revision = exact(editor.get(f"/api/flows/{slug}"))["revision"]
    editor.put(f"/api/flows/{slug}/draft", {"document": reading(), "revision": revision})
    (table,) = rehearsed(desks["operator"], slug)["tables"]
    assert table["keys"][0]["proposal"] == {"value": "4300", "title": "4300", "why": "Version 1 had it."}


def test_names_of_accounts_are_a_proposal_too() -> None:
    assert proposals.alike("Consulting", "Consulting revenue") == 1.0
    assert proposals.alike("Consulting", "Freight") < proposals.ALIKE


def test_demanded_fields_inside_objects_and_lines() -> None:
    fields = (
        ShapeField(name="id", required=True, read_only=True),
        ShapeField(name="contact", type="object", fields=(ShapeField(name="mail", required=True),)),
        ShapeField(
            name="lines", type="lines", required=True, fields=(ShapeField(name="account", required=True),)
        ),
    )
    data = {"contact": {"mail": ""}, "lines": [{"account": "1"}, {"account": None}]}
    assert [(name, filled) for name, _, filled in demanded(fields, data)] == [
        ("contact.mail", False), ("lines", True), ("lines[].account", False),
    ]  # fmt: skip
    assert [name for name, _, filled in demanded(fields, {}) if not filled] == ["lines"]


def test_percents_do_not_lie() -> None:
    assert [forecast.percent(*pair) for pair in ((0, 9), (1, 1000), (999, 1000), (70, 1000), (5, 5))] == [
        "0", "<1", "99", "7", "100"
    ]  # fmt: skip


def test_an_answer_in_the_inbox_closes_the_gap_too(app: Any, desks: dict[str, Desk], slug: str) -> None:
    editor, operator = desks["editor"], desks["operator"]
    editor.post(f"/api/flows/{slug}/publish", {"revision": 1})
    editor.post(f"/api/flows/{slug}/runs", {"mode": "live"})
    work(app)
    rehearsed(operator, slug)
    assert len(exact(operator.get("/api/forecasts"))["flows"]) == 1
    (group,) = exact(operator.get("/api/reviews"))["groups"]
    operator.post("/api/reviews/answer", {"question": group["question"], "answer": {"Account": "4300"}})
    assert exact(operator.get("/api/forecasts"))["flows"] == []
