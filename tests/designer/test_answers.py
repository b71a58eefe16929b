"""Answers that are more than a row of the flow's own table: to rules, of currency rates, in shared tables."""

from __future__ import annotations

from typing import Any

from tests.designer.conftest import Desk, Ledger, exact, pipeline, work
from tests.designer.test_library import judged_by, publish, shared, taken

RATES: dict[str, Any] = {
    "title": "Rates",
    "columns": ["From", "To", "Since", "Rate"],
    "rows": [["USD", "EUR", "2026-01-01", "0.92155"]],
    "valid_from": "Since",
    "rates": {"to": "To", "rate": "Rate"},
}


def send(app: Any, editor: Desk, slug: str, *orders: dict[str, Any]) -> None:
    hook = exact(editor.get(f"/api/flows/{slug}"))["hook"]["url"]
    for order in orders:
        assert editor.post(hook, order).status_code == 202
    work(app)


def held(editor: Desk) -> Any:
    (group,) = exact(editor.get("/api/reviews?kind=held"))["groups"]
    return group


def test_a_rule_asks_and_the_answer_goes_with_the_records(app: Any, editor: Desk, connection: str) -> None:
    ask = {
        "id": "total",
        "when": {"left": {"kind": "path", "path": "$.total", "may_be_empty": True}, "op": "empty"},
        "then": [
            {
                "do": "ask",
                "message": "What does {product} cost?",
                "target": "total",
                "choices": [{"kind": "constant", "value": 12}, {"kind": "constant", "value": 20}],
            }
        ],
    }
    step = {"id": "judge", "type": "rules", "settings": {"rules": {"rules": [ask]}}}
    slug = publish(editor, judged_by(step))
    send(app, editor, slug, {"id": "a", "product": "Widgets"}, {"id": "b", "product": "Widgets"})
    group = held(editor)
    assert (group["message"], group["count"]) == ("What does Widgets cost?", 2)
    options = [{"value": "12", "title": "12"}, {"value": "20", "title": "20"}]
    assert group["form"]["columns"] == [{"name": "total", "options": options}]
    wrong = editor.post("/api/reviews/answer", {"question": group["question"], "answer": {"total": "13"}})
    assert (wrong.status_code, exact(wrong)["code"]) == (422, "E-MISSING")
    done = editor.post("/api/reviews/answer", {"question": group["question"], "answer": {"total": "20"}})
    assert done.status_code == 200, done.text
    assert exact(done)["released"] == 2
    work(app)
    assert [row["total"] for row in Ledger.written] == [20, 20]
    assert exact(editor.get("/api/reviews?kind=held"))["groups"] == []


def test_a_missing_rate_is_filled_in_and_the_invoice_goes_out_to_the_cent(
    app: Any, editor: Desk, connection: str
) -> None:
    shared(editor, "lookup", "Rates", RATES)
    drawn = pipeline()
    convert = {
        "function": "convert",
        "args": {
            "table": {"kind": "constant", "value": "shared:rates"},
            "source": {"kind": "path", "path": "$.currency"},
            "target": {"kind": "constant", "value": "EUR"},
            "on": {"kind": "path", "path": "$.date"},
        },
    }
    mapping = next(node for node in drawn["nodes"] if node["id"] == "map")
    mapping["settings"]["rows"][0]["value"]["then"] = [convert]
    slug = publish(editor, taken(editor, drawn, "rates"))
    order = {"product": "Widgets", "total": 10.01, "date": "2026-06-30"}
    send(app, editor, slug, {**order, "id": "a", "currency": "USD"}, {**order, "id": "b", "currency": "CHF"})
    assert [str(row["total"]) for row in Ledger.written] == ["9.22"]
    group = held(editor)
    assert group["message"] == "No rate from CHF to EUR on 2026-06-30 in the table Rates."
    assert group["form"]["columns"] == [{"name": "Rate", "options": []}]
    wrong = editor.post("/api/reviews/answer", {"question": group["question"], "answer": {"Rate": "0,95"}})
    assert (wrong.status_code, exact(wrong)["code"]) == (422, "E-RATE-CELL")
    done = editor.post("/api/reviews/answer", {"question": group["question"], "answer": {"Rate": "1.0545"}})
    assert done.status_code == 200, done.text
    work(app)
    assert [str(row["total"]) for row in Ledger.written] == ["9.22", "10.56"]
    entry = exact(editor.get("/api/library/rates"))
    assert (entry["version"], entry["document"]["rows"][-1]) == (2, ["CHF", "EUR", "2026-06-30", "1.0545"])
    assert [(user["live"], user["draft"]) for user in entry["used_by"]] == [(2, 2)]


def test_an_answer_does_not_bring_changes_that_nobody_took(app: Any, editor: Desk, connection: str) -> None:
    accounts = {"columns": ["Product", "Account"], "rows": [["Widgets", "4000"]]}
    shared(editor, "lookup", "Accounts", accounts)
    drawn = pipeline(tables={})
    mapping = next(node for node in drawn["nodes"] if node["id"] == "map")
    args = mapping["settings"]["rows"][1]["value"]["then"][0]["args"]
    args["table"]["value"] = "shared:accounts"
    slug = publish(editor, taken(editor, drawn, "accounts"))
    changed = {**accounts, "rows": [["Widgets", "9999"]]}
    assert editor.post("/api/library/accounts/versions", {"document": changed, "base": 1}).status_code == 201
    send(app, editor, slug, {"id": "a", "product": "Consulting", "total": 5})
    question = held(editor)["question"]
    refused = editor.post("/api/reviews/answer", {"question": question, "answer": {"Account": "4200"}})
    assert (refused.status_code, exact(refused)["code"]) == (409, "E-SHARED-NEWER")
    document = exact(editor.get(f"/api/flows/{slug}"))["document"]
    editor.put(f"/api/flows/{slug}/draft", {"document": taken(editor, document, "accounts"), "revision": 1})
    assert editor.post(f"/api/flows/{slug}/publish", {"revision": 2}).status_code == 200
    done = editor.post("/api/reviews/answer", {"question": question, "answer": {"Account": "4200"}})
    assert done.status_code == 200, done.text
    work(app)
    assert [row["account"] for row in Ledger.written] == ["4200"]
