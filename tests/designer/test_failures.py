"""Failed records: grouped by cause, with the money that waits, given to people, corrected and tried again."""

from __future__ import annotations

from typing import Any

import pytest
from sqlmodel import select

from engine.store import audit
from engine.store.deliveries import Delivery
from engine.store.failures import Failure
from tests.designer.conftest import Desk, Ledger, exact, installation_of, work
from tests.designer.test_runs import POISON, WIDGET, detail, run


def failed(desk: Desk, query: str = "") -> list[Any]:
    answer = desk.get(f"/api/reviews?kind=failed{query}")
    assert answer.status_code == 200, answer.text
    found: list[Any] = exact(answer)["groups"]
    return found


def poison(key: str) -> dict[str, Any]:
    return {**POISON, "id": key}


def test_failures_of_many_runs_are_one_cause(app: Any, editor: Desk, live: str) -> None:
    runs = [
        run(editor, live, app, [poison("A2"), WIDGET]),
        run(editor, live, app, [poison("A7"), poison("A8")]),
    ]
    (group,) = failed(editor)
    assert (group["message"], group["code"], group["count"]) == ("The period is closed.", "L-7", 3)
    assert (group["flow"]["slug"], group["step"], group["assignee"]) == (live, "write", "")
    assert sorted(group["runs"]) == runs
    assert sorted(record["key"] for record in group["records"]) == ["A2", "A7", "A8"]
    assert group["money"] == [{"currency": "", "amount": "1998"}]


def test_a_cause_is_tried_again_and_leaves_when_it_got_through(
    app: Any, desks: dict[str, Desk], live: str, monkeypatch: Any
) -> None:
    operator = desks["operator"]
    run(operator, live, app, [poison("A2"), WIDGET])
    run(operator, live, app, [poison("A7")])
    (group,) = failed(operator)
    body = {"causes": [group["cause"]], "from": "failed-node", "version": "run"}
    assert desks["viewer"].post("/api/reviews/failed/retry", body).status_code == 403
    done = exact(operator.post("/api/reviews/failed/retry", body))
    assert (len(done["runs"]), done["records"], done["problems"]) == (2, 2, [])
    work(app)
    (still,) = failed(operator)
    assert (still["count"], sorted(still["runs"])) == (2, sorted(done["runs"]))
    monkeypatch.setattr(Ledger, "poison", -1)
    before = len(Ledger.written)
    operator.post("/api/reviews/failed/retry", {"causes": None, "from": "trigger", "version": "current"})
    work(app)
    assert len(Ledger.written) - before == 2
    assert failed(operator) == []
    gone = operator.post("/api/reviews/failed/retry", body)
    assert (gone.status_code, exact(gone)["code"]) == (404, "E-NOT-FOUND")


def test_a_cause_is_given_to_somebody_and_laid_to_rest(app: Any, editor: Desk, live: str) -> None:
    run(editor, live, app, [poison("A2")])
    (group,) = failed(editor)
    care = f"/api/reviews/failed/{group['cause']}/care"
    assert editor.post(care, {"assignee": "nobody@example.org"}).status_code == 422
    assert editor.post(care, {}).status_code == 422
    assert editor.post(care, {"assignee": "viewer@example.org"}).status_code == 200
    assert [one["assignee"] for one in failed(editor, "&assignee=viewer@example.org")] == [
        "viewer@example.org"
    ]
    assert failed(editor, "&assignee=admin@example.org") == []
    assert editor.post(care, {"snoozed_until": "2999-01-01T00:00:00Z"}).status_code == 200
    assert failed(editor) == []
    (resting,) = failed(editor, "&snoozed=true")
    assert (resting["assignee"], resting["snoozed_until"][:4]) == ("viewer@example.org", "2999")
    run(editor, live, app, [poison("A3")])
    assert failed(editor) == []
    editor.post(care, {"snoozed_until": None})
    assert [one["count"] for one in failed(editor)] == [2]
    people = exact(editor.get("/api/reviews/people"))
    assert "viewer@example.org" in {person["email"] for person in people}


def test_a_record_is_corrected_and_its_history_tells_who_changed_what(
    app: Any, desks: dict[str, Desk], live: str
) -> None:
    operator = desks["operator"]
    first = run(operator, live, app, [poison("A2"), WIDGET])
    body = {"key": "A2", "data": {**poison("A2"), "total": 66}}
    answer = operator.post(f"/api/runs/{first}/correct", body)
    assert answer.status_code == 202, answer.text
    second = exact(answer)["run"]
    assert exact(operator.post(f"/api/runs/{first}/correct", body))["run"] == second
    work(app)
    assert Ledger.written == [{"total": 12, "account": "4000"}, {"total": 66, "account": "4000"}]
    assert detail(operator, second)["cause"] == {"kind": "correction", "by": "operator@example.org"}
    assert failed(operator) == []
    for run_id in (first, second):
        (change,) = exact(operator.get(f"/api/runs/{run_id}/records/A2"))["corrections"]
        assert (change["by"], change["run"], change["changes"]) == (
            "operator@example.org", second, [{"field": "total", "old": 666, "new": 66}]
        )  # fmt: skip
    with installation_of(app).database.read() as session:
        assert [one.action for one in audit.entries(session)].count("record.correct") == 1
    assert operator.post(f"/api/runs/{first}/correct", {"key": "A1", "data": {}}).status_code == 409


def test_a_dry_run_leaves_no_failure_in_the_inbox(app: Any, editor: Desk, live: str) -> None:
    run(editor, live, app, [poison("A2")], "dry-run")
    assert failed(editor) == []


def test_each_failure_says_where_it_is_put_right(app: Any, editor: Desk, live: str) -> None:
    run(editor, live, app, [poison("A2")])
    (group,) = failed(editor)
    kinds = [place["kind"] for place in group["fix"]]
    assert kinds == ["step", "connection"], "what a trigger brought by itself has no page of its own"
    assert group["fix"][0]["href"] == f"/flows/{live}?node=write"
    assert group["fix"][1]["text"] == "the connection «Books»"
    connection = exact(editor.get("/api/connections"))[0]["id"]
    with installation_of(app).database.write() as session:  # as if the record had been read from the books
        row = session.exec(select(Delivery).where(Delivery.key == "A2")).one()
        row.origin_slot, row.origin_entity, row.title, row.remote_id = "books", "order", "Order A/2", "77"
        session.add(row)
    (group,) = failed(editor)
    assert [(place["kind"], place["outside"]) for place in group["fix"]] == [
        ("source", True), ("target", True), ("step", False), ("connection", False),
    ]  # fmt: skip
    assert group["fix"][0] == {
        "kind": "source", "text": "Order A/2 in Books", "href": f"/api/records/{connection}/order/A2/open", "outside": True,
    }  # fmt: skip
    assert group["records"][0]["source"] == group["fix"][0]["href"]


@pytest.mark.parametrize(
    ("code", "first"), [("E-ACCESS", "connection"), ("E-TOO-LONG", "step"), ("E-RECORD", "source")]
)
def test_the_likeliest_place_comes_first(app: Any, editor: Desk, live: str, code: str, first: str) -> None:
    run(editor, live, app, [poison("A2")])
    with installation_of(app).database.write() as session:
        failure = session.exec(select(Failure)).one()
        row = session.exec(select(Delivery).where(Delivery.key == "A2")).one()
        failure.code, row.origin_slot, row.origin_entity = code, "books", "order"
        session.add_all([failure, row])
    (group,) = failed(editor)
    assert group["fix"][0]["kind"] == first
