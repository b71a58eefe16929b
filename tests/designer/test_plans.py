"""A dry run is a plan: shown, exported, approved, and executed as it was shown."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from typing import Any

import pytest
from openpyxl import load_workbook

from designer import plans
from engine.flow import Flow
from engine.foreseen import Foreseen
from engine.record import to_json
from engine.shape import Entity, Field
from engine.store import audit
from engine.store.audit import Wanted
from engine.store.deliveries import Delivery
from tests.designer.conftest import Desk, Ledger, exact, installation_of, pipeline, work
from tests.designer.test_runs import UNKNOWN, WIDGET, detail, run

ORDERS = [WIDGET, {"id": "A4", "product": "Widgets", "total": 40}, UNKNOWN]


def plan(desk: Desk, run_id: str, query: str = "") -> Any:
    answer = desk.get(f"/api/runs/{run_id}/plan{query}")
    assert answer.status_code == 200, answer.text
    return exact(answer)


def test_a_plan_shows_each_write_old_and_new(app: Any, editor: Desk, live: str) -> None:
    dry = run(editor, live, app, ORDERS, "dry-run", version=1)
    shown = plan(editor, dry)
    assert Ledger.written == []
    assert shown["counts"] == {"created": 2, "held": 1}
    assert shown["sentence"] == "2 invoices to create"
    assert (shown["executable"], shown["why_not"], shown["budget"]) == (True, "", [])
    first = next(row for row in shown["writes"] if row["key"] == "A1")
    assert (first["operation"], first["outcome"], first["link"]) == ("create", "created", None)
    assert first["fields"] == [
        {"field": "total", "title": "Total", "old": None, "new": 12, "changed": True, "why": ""},
        {"field": "account", "title": "account", "old": None, "new": "4000", "changed": True, "why": ""},
    ]
    assert [row["key"] for row in plan(editor, dry, "?outcome=held")["writes"]] == ["A3"]
    assert len(plan(editor, dry, "?outcome=changes")["writes"]) == 2
    page = plan(editor, dry, "?limit=2")
    assert len(page["writes"]) == 2
    assert len(plan(editor, dry, f"?limit=2&after={page['next']}")["writes"]) == 1


def test_a_plan_is_a_file_that_no_spreadsheet_computes(app: Any, editor: Desk, live: str) -> None:
    evil = {"id": "=1+1", "product": "Widgets", "total": 12}
    dry = run(editor, live, app, [evil], "dry-run", version=1)
    rows = list(csv.DictReader(io.StringIO(editor.get(f"/api/runs/{dry}/plan?format=csv").text)))
    assert [(row["key"], row["field"], row["old"], row["new"]) for row in rows] == [
        ("'=1+1", "total", "", "12"), ("'=1+1", "account", "", "4000")
    ]  # fmt: skip
    book = load_workbook(io.BytesIO(editor.get(f"/api/runs/{dry}/plan?format=xlsx").get_data()))
    cells = [row[0] for row in book["Plan"].rows]
    assert [(cell.value, cell.data_type) for cell in cells] == [("key", "s"), ("=1+1", "s"), ("=1+1", "s")]


def test_numbers_of_a_plan_are_numbers_in_its_files(app: Any, editor: Desk, live: str) -> None:
    totals = ["-1234567.50", "0", "12345678901234567.89"]
    brought = [{"id": str(at), "product": "Widgets", "total": Decimal(one)} for at, one in enumerate(totals)]
    dry = run(editor, live, app, brought, "dry-run", version=1)
    rows = list(csv.DictReader(io.StringIO(editor.get(f"/api/runs/{dry}/plan?format=csv").text)))
    assert [row["new"] for row in rows if row["field"] == "total"] == totals
    book = load_workbook(io.BytesIO(editor.get(f"/api/runs/{dry}/plan?format=xlsx").get_data()))
    cells = [row[10] for row in book["Plan"].rows if row[7].value == "total"]
    assert [(cell.value, cell.data_type) for cell in cells] == [
        (-1234567.5, "n"), (0, "n"), ("12345678901234567.89", "s"),
    ]  # fmt: skip
    accounts = {row[10].data_type for row in book["Plan"].rows if row[7].value == "account"}
    assert accounts == {"s"}, "an account is no number"


def test_a_plan_says_in_words_what_it_would_create(app: Any, editor: Desk, connection: str) -> None:
    """The id of an invoice that is yet to be made stands in what is written next."""
    drawing = pipeline()
    rows = [{"target": "account", "value": {"kind": "path", "path": "$steps.write.id"}}]
    drawing["nodes"] += [
        {"id": "then", "type": "map", "settings": {"slot": "books", "entity": "invoice", "rows": rows}},
        {
            "id": "second",
            "type": "write",
            "settings": {"slot": "books", "entity": "invoice", "operation": "create"},
        },
    ]
    drawing["edges"] += [
        {"source": "write", "output": "written", "target": "then"},
        {"source": "then", "target": "second"},
    ]
    slug = exact(editor.post("/api/flows", {"document": drawing}))["slug"]
    assert editor.post(f"/api/flows/{slug}/publish", {"revision": 1}).status_code == 200
    dry = run(editor, slug, app, [WIDGET], "dry-run", version=1)
    words = "the invoice that this run creates (A1)"
    first, second = plan(editor, dry)["writes"]
    assert (first["number"], first["remote_id"]) == (None, None)
    assert [one["new"] for one in second["fields"]] == [words]
    rows = list(csv.DictReader(io.StringIO(editor.get(f"/api/runs/{dry}/plan?format=csv").text)))
    assert [(row["object"], row["new"]) for row in rows] == [("", "12"), ("", "4000"), ("", words)]
    record = exact(editor.get(f"/api/runs/{dry}/records/A1"))
    assert [one["sent"].get("account") for one in record["deliveries"]] == ["4000", words]
    assert [one["data"].get("account") for one in record["steps"] if one["node"] == "then"] == [words]


def test_a_plan_shows_the_values_within_lines() -> None:
    """Accounts and amounts are what is approved: «3 lines» would be a blank cheque."""
    sent = {"Lines": [{"Account": "4000", "Sum": 12}, {"Account": "4100", "Sum": 7}], "Notes": ["a", "b"]}
    row = Delivery(
        run_id="r", lane=0, batch=0, node="write", slot="erp", entity="Invoice", key="1", root="1",
        outcome="updated", operation="update", sent=to_json(sent),
        before=to_json({"Lines": [{"Account": "4000", "Sum": 10}, {"Account": "4100", "Sum": 7}]}),
    )  # fmt: skip
    line = Field(name="Lines", title="Lines", type="lines", fields=(Field(name="Sum", title="Amount"),))
    shape = Entity(name="Invoice", fields=(line,))
    shown = plans.line(row, Flow(name="Invoices"), lambda *_: shape, Foreseen())["fields"]
    assert [(one["field"], one["title"], one["old"], one["new"], one["changed"]) for one in shown] == [
        ("Lines.1.Account", "Lines 1 · Account", "4000", "4000", False),
        ("Lines.1.Sum", "Lines 1 · Amount", 10, 12, True),
        ("Lines.2.Account", "Lines 2 · Account", "4100", "4100", False),
        ("Lines.2.Sum", "Lines 2 · Amount", 7, 7, False),
        ("Notes", "Notes", None, ["a", "b"], True),
    ]


def test_executing_writes_exactly_that_and_tells_who_approved(
    app: Any, desks: dict[str, Desk], live: str
) -> None:
    editor, operator = desks["editor"], desks["operator"]
    dry = run(editor, live, app, ORDERS, "dry-run", version=1)
    assert desks["viewer"].post(f"/api/runs/{dry}/execute").status_code == 403
    answer = operator.post(f"/api/runs/{dry}/execute")
    assert answer.status_code == 202, answer.text
    done = exact(answer)["run"]
    assert exact(operator.post(f"/api/runs/{dry}/execute"))["run"] == done
    work(app)
    assert sorted(row["total"] for row in Ledger.written) == [12, 40]
    shown = detail(editor, done)
    assert (shown["plan"], shown["cause"]) == (dry, {"kind": "plan", "by": "operator@example.org"})
    assert plan(editor, dry)["executed_by"] == done
    with installation_of(app).database.read() as session:
        (entry,) = [one for one in audit.entries(session, Wanted(subject=dry)) if one.action == "run.execute"]
    assert entry.as_json()["detail"] == {"run": done, "approved_by": "operator@example.org"}


def test_only_a_done_dry_run_of_a_version_can_be_executed(app: Any, editor: Desk, live: str) -> None:
    draft = run(editor, live, app, ORDERS, "dry-run")
    assert "publish" in plan(editor, draft)["why_not"]
    for run_id in (draft, run(editor, live, app, [WIDGET])):
        refused = editor.post(f"/api/runs/{run_id}/execute")
        assert (refused.status_code, exact(refused)["code"]) == (409, "E-PLAN")
    assert editor.get(f"/api/runs/{run_id}/plan").status_code == 409
    dry = run(editor, live, app, ORDERS, "dry-run", version=1)
    editor.patch(f"/api/flows/{live}", {"state": "paused"})
    assert editor.post(f"/api/runs/{dry}/execute").status_code == 409


@pytest.fixture
def limited(editor: Desk, connection: str) -> str:
    """A published flow whose runs may create one invoice and write 100 in all."""
    policy = {"budget": {"creates": 1, "amount": {"field": "total", "limit": 100}}}
    made = exact(editor.post("/api/flows", {"document": pipeline(policy=policy)}))
    assert editor.post(f"/api/flows/{made['slug']}/publish", {"revision": 1}).status_code == 200
    return str(made["slug"])


def test_a_budget_stops_the_run_until_it_is_allowed(app: Any, desks: dict[str, Desk], limited: str) -> None:
    operator = desks["operator"]
    dry = run(operator, limited, app, ORDERS, "dry-run", version=1)
    assert plan(operator, dry)["budget"] == ["It would create 2 records; the budget of a run is 1."]
    stopped = run(operator, limited, app, ORDERS)
    shown = detail(operator, stopped)
    assert (shown["state"], shown["code"]) == ("paused", "E-BUDGET")
    assert shown["message"] == "This run would create 2 invoices; its budget is 1."
    assert Ledger.written == []
    refused = operator.post(f"/api/runs/{stopped}/resume")
    assert (refused.status_code, exact(refused)["code"]) == (409, "E-BUDGET")
    assert desks["viewer"].post(f"/api/runs/{stopped}/allow").status_code == 403
    assert operator.post(f"/api/runs/{stopped}/allow").status_code == 200
    assert operator.post(f"/api/runs/{stopped}/allow").status_code == 409
    work(app)
    assert detail(operator, stopped)["counts"]["created"] == 2
    with installation_of(app).database.read() as session:
        (entry,) = [
            one for one in audit.entries(session, Wanted(subject=stopped)) if one.action == "run.allow"
        ]
    assert (entry.actor, entry.as_json()["detail"]["asked"]) == ("operator@example.org", shown["message"])


def test_a_stopped_run_can_be_cancelled_instead(app: Any, editor: Desk, limited: str) -> None:
    stopped = run(editor, limited, app, ORDERS)
    assert editor.post(f"/api/runs/{stopped}/cancel").status_code == 200
    work(app)
    shown = detail(editor, stopped)
    assert (shown["state"], Ledger.written) == ("cancelled", [])
