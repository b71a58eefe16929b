"""One answer releases everything that waits for it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import pytest

from engine import clock
from engine.connector import CannotTell
from engine.errors import InDoubt
from engine.record import Change, Outcome, Remote, Result
from tests.designer.conftest import Desk, Ledger, exact, pipeline, work
from tests.designer.test_runs import UNKNOWN, WIDGET, detail, run


def test_one_answer_releases_every_document_of_every_run(app: Any, desks: dict[str, Desk], live: str) -> None:
    editor, operator = desks["editor"], desks["operator"]
    first = run(editor, live, app, [WIDGET, UNKNOWN, {**UNKNOWN, "id": "A4"}])
    second = run(editor, live, app, [{**UNKNOWN, "id": "A5", "total": 40}])
    (group,) = exact(operator.get("/api/reviews?kind=held"))["groups"]
    assert (group["count"], sorted(group["keys"]), group["runs"]) == (3, ["A3", "A4", "A5"], [first, second])
    assert "Consulting" in group["message"]
    assert group["form"] == {
        "kind": "lookup",
        "table": "accounts",
        "title": "Ledger accounts",
        "key": "Consulting",
        "columns": [{"name": "Account", "options": [{"value": "4000", "title": "4000"}]}],
    }
    body = {"question": group["question"], "answer": {"Account": "4200"}}
    answered = operator.post("/api/reviews/answer", body)
    assert answered.status_code == 200, answered.text
    done = exact(answered)
    assert (done["version"], done["released"], len(done["runs"]), done["problems"]) == (2, 3, 2, [])
    work(app)
    assert sorted((row["total"], row["account"]) for row in Ledger.written) == [
        (12, "4000"), (30, "4200"), (30, "4200"), (40, "4200")
    ]  # fmt: skip
    assert exact(operator.get("/api/reviews"))["groups"] == []
    for parent, child in zip((first, second), done["runs"], strict=True):
        shown = detail(operator, child)
        assert (shown["parent"], shown["cause"]["kind"], shown["state"]) == (parent, "answer", "done")
    assert exact(operator.post("/api/reviews/answer", body)) == done, "the same answer again changes nothing"
    other = operator.post("/api/reviews/answer", {**body, "answer": {"Account": "4300"}})
    assert (other.status_code, exact(other)["code"]) == (404, "E-NOT-FOUND")


def test_the_answer_is_a_version_and_leaves_the_draft_to_its_author(
    app: Any, editor: Desk, live: str
) -> None:
    editor.put(f"/api/flows/{live}/draft", {"document": pipeline(description="half done"), "revision": 1})
    run(editor, live, app, [UNKNOWN])
    (group,) = exact(editor.get("/api/reviews"))["groups"]
    editor.post("/api/reviews/answer", {"question": group["question"], "answer": {"Account": "4200"}})
    row = ["Consulting", "4200"]
    version = exact(editor.get(f"/api/flows/{live}/versions/2"))
    assert (version["description"], version["tables"]["accounts"]["rows"][-1]) == ("", row)
    detail_now = exact(editor.get(f"/api/flows/{live}"))
    assert detail_now["document"]["description"] == "half done"
    assert detail_now["document"]["tables"]["accounts"]["rows"][-1] == row
    assert detail_now["revision"] == 3
    changes = exact(editor.get(f"/api/flows/{live}/diff?from=1&to=2"))["changes"]
    assert [change["text"] for change in changes] == ["Ledger accounts, Consulting: nothing → 4200"]
    (newest, _) = exact(editor.get(f"/api/flows/{live}/versions"))
    assert newest["note"] == "Answered: Consulting"


def test_answering_twice_before_the_work_is_done_writes_once(app: Any, editor: Desk, live: str) -> None:
    run(editor, live, app, [UNKNOWN])
    (group,) = exact(editor.get("/api/reviews"))["groups"]
    body = {"question": group["question"], "answer": {"Account": "4200"}}
    first, second = (exact(editor.post("/api/reviews/answer", body)) for _ in range(2))
    assert first["runs"] == second["runs"]
    assert first["version"] == second["version"] == 2
    work(app)
    assert len(Ledger.written) == 1


def test_answers_that_do_not_fit_are_refused(app: Any, editor: Desk, live: str) -> None:
    run(editor, live, app, [UNKNOWN])
    (group,) = exact(editor.get("/api/reviews"))["groups"]
    for given, code in (({}, "E-MISSING"), ({"Account": " "}, "E-MISSING"), ({"Colour": "red"}, "E-COLUMN")):
        refused = editor.post("/api/reviews/answer", {"question": group["question"], "answer": given})
        assert (refused.status_code, exact(refused)["code"]) == (422, code)
    other = {"question": {"kind": "rule", "rule": "r1"}, "answer": {"x": "y"}}
    assert exact(editor.post("/api/reviews/answer", other))["code"] == "E-QUESTION"
    assert exact(editor.get(f"/api/flows/{live}"))["live_version"] == 1


def test_a_dry_run_asks_nobody(app: Any, editor: Desk, live: str) -> None:
    run_id = run(editor, live, app, [UNKNOWN], mode="dry-run")
    assert detail(editor, run_id)["counts"]["held"] == 1
    assert exact(editor.get("/api/reviews"))["groups"] == []


def doubt(monkeypatch: pytest.MonkeyPatch) -> None:
    """The books take the next invoice, and the answer is lost; nobody can look it up."""
    write = Ledger._write
    lost = [True]

    def losing(self: Ledger, entity: str, changes: Sequence[Change]) -> list[Result]:
        results = write(self, entity, changes)
        if lost.pop() if lost else False:
            raise InDoubt("No answer.", sent_at=clock.passing(), timeout=0.01)
        return results

    monkeypatch.setattr(Ledger, "_write", losing)


def doubted(
    app: Any, desk: Desk, slug: str, monkeypatch: pytest.MonkeyPatch, orders: Sequence[Any] = (WIDGET,)
) -> Any:
    """The one group of an invoice that may or may not have been booked."""
    doubt(monkeypatch)
    answer = desk.post(f"/api/flows/{slug}/runs", {"mode": "live", "input": list(orders)})
    until = time.monotonic() + 10
    while not (groups := exact(desk.get("/api/reviews"))["groups"]):
        assert time.monotonic() < until, answer.text
        time.sleep(0.05)
        work(app)
    return groups[0]


def test_a_doubt_is_answered_by_whoever_looked(
    app: Any, editor: Desk, live: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = doubted(app, editor, live, monkeypatch)
    assert group["form"] == {"kind": "in-doubt", "entity": "invoice", "system": "Books"}
    path, question = "/api/reviews/answer", group["question"]
    for given, field in (
        ({}, "outcome"),
        ({"outcome": "there"}, "id"),
        ({"outcome": "there", "id": "9"}, "id"),
    ):
        refused = editor.post(path, {"question": question, "answer": given})
        assert (refused.status_code, exact(refused)["problems"][0]["field"]) == (422, f"answer.{field}")
    found = [[Remote("id1", {"id": "id1"}, number="INV-1")]]
    monkeypatch.setattr(Ledger, "find", lambda *_: found)
    done = exact(editor.post(path, {"question": question, "answer": {"outcome": "there", "id": "id1"}}))
    assert (done["released"], done["left"], done["problems"]) == (1, 0, [])
    work(app)
    assert len(Ledger.written) == 1
    counts = detail(editor, done["runs"][0])["counts"]
    assert (counts["unchanged"], counts["created"]) == (1, 0)
    assert exact(editor.get("/api/reviews"))["groups"] == []


def test_what_is_not_there_is_written_after_all(
    app: Any, editor: Desk, live: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = doubted(app, editor, live, monkeypatch)
    body = {"question": group["question"], "answer": {"outcome": "not-there"}}
    done = exact(editor.post("/api/reviews/answer", body))
    assert done["released"] == 1
    work(app)
    assert len(Ledger.written) == 2
    assert detail(editor, done["runs"][0])["counts"]["created"] == 1


@pytest.mark.parametrize("outcome", ["there", "not-there"])
def test_an_answer_to_a_doubt_is_for_whatever_would_be_the_same_object(
    app: Any, editor: Desk, live: str, monkeypatch: pytest.MonkeyPatch, outcome: str
) -> None:
    """Two orders of one account become one object there; the first was sent, and nobody can look for it."""

    def find(self: Ledger, entity: str, wanted: Sequence[Any], fields: Any = ()) -> list[list[Remote]]:
        made = Remote("id1", {"id": "id1", "account": "4000"})
        return [[made] if match == {"id": "id1"} else [] for match in wanted]

    def unable(self: Ledger, entity: str, changes: Sequence[Change]) -> list[Remote | None]:
        raise CannotTell("Nobody can tell.")

    drawing = pipeline()
    drawing["nodes"][-1]["settings"]["match"] = ["account"]
    editor.put(f"/api/flows/{live}/draft", {"document": drawing, "revision": 1})
    editor.post(f"/api/flows/{live}/publish", {"revision": 2})
    monkeypatch.setattr(Ledger, "find", find)
    monkeypatch.setattr(Ledger, "tells", lambda *_: False)
    monkeypatch.setattr(Ledger, "resolve", unable)
    group = doubted(app, editor, live, monkeypatch, [WIDGET, {**WIDGET, "id": "A2", "total": 13}])
    assert (group["count"], group["form"]["kind"], len(Ledger.written)) == (2, "in-doubt", 1)
    answer = {"outcome": outcome, "id": "id1"} if outcome == "there" else {"outcome": outcome}
    done = exact(editor.post("/api/reviews/answer", {"question": group["question"], "answer": answer}))
    assert (done["released"], done["problems"]) == (2, [])
    work(app)
    counts = detail(editor, done["runs"][0])["counts"]
    assert (counts["unchanged"], counts["created"]) == ((2, 0) if outcome == "there" else (1, 1))
    assert len(Ledger.written) == (1 if outcome == "there" else 2)


def closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """November is closed in the books."""
    write = Ledger._write

    def refusing(self: Ledger, entity: str, changes: Sequence[Change]) -> list[Result]:
        question = {"kind": "closed-period", "entity": entity, "date": "2026-11-01", "field": "day"}
        held = Result(Outcome.HELD, code="E-CLOSED-PERIOD", message="Held: closed.", question=question)
        open_ones = [one for one in changes if not str(one.data.get("day", "2026-11")).startswith("2026-11")]
        written = iter(write(self, entity, open_ones))
        return [next(written) if one in open_ones else held for one in changes]

    monkeypatch.setattr(Ledger, "_write", refusing)


def test_documents_of_a_closed_period_get_another_date(
    app: Any, editor: Desk, live: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed(monkeypatch)
    run(editor, live, app, [WIDGET, {**WIDGET, "id": "A2", "total": 13}])
    (group,) = exact(editor.get("/api/reviews"))["groups"]
    assert (group["count"], group["form"]["kind"], group["form"]["field"]) == (2, "closed-period", "day")
    for wrong in ("", "tomorrow", "2026-11-30"):
        refused = editor.post(
            "/api/reviews/answer", {"question": group["question"], "answer": {"date": wrong}}
        )
        assert refused.status_code == 422, wrong
    body = {"question": group["question"], "answer": {"date": "2026-12-01"}}
    assert exact(editor.post("/api/reviews/answer", body))["released"] == 2
    work(app)
    assert [row["day"] for row in Ledger.written] == ["2026-12-01"] * 2


def test_a_cause_removed_elsewhere_needs_only_a_release(
    app: Any, desks: dict[str, Desk], live: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor, operator = desks["editor"], desks["operator"]
    closed(monkeypatch)
    first = run(editor, live, app, [WIDGET])
    monkeypatch.undo()
    (group,) = exact(operator.get("/api/reviews"))["groups"]
    assert [act["do"] for act in group["acts"]] == ["again"]
    path = "/api/reviews/release"
    assert desks["viewer"].post(path, {"question": group["question"]}).status_code == 403
    done = exact(operator.post(path, {"question": group["question"], "do": "again"}))
    work(app)
    assert (done["released"], detail(editor, done["runs"][0])["parent"]) == (1, first)
    assert operator.post(path, {"question": group["question"]}).status_code == 404


def test_questions_have_an_owner(app: Any, desks: dict[str, Desk], live: str) -> None:
    editor, operator, admin = desks["editor"], desks["operator"], desks["admin"]
    run(editor, live, app, [UNKNOWN])
    (group,) = exact(operator.get("/api/reviews"))["groups"]
    assert (group["owner"], group["mine"]) == (None, True)
    path, question = "/api/reviews/owner", group["question"]
    for wrong in ("role:nobody", "role:viewer", "ghost@example.org"):
        assert operator.post(path, {"question": question, "owner": wrong}).status_code == 422
    assert operator.post(path, {"question": question, "owner": "Editor@example.org"}).status_code == 204
    run(editor, live, app, [{**UNKNOWN, "id": "A9", "product": "Training"}])
    for desk, mine in ((operator, False), (editor, True), (admin, False)):
        groups = exact(desk.get("/api/reviews"))["groups"]
        assert [one["mine"] for one in groups] == [mine] * 2, "the owner looks after the whole table"
        assert groups[0]["owner"] == {"value": "editor@example.org", "name": "editor"}
    operator.post(path, {"question": question, "owner": "role:admin"})
    assert exact(admin.get("/api/reviews"))["groups"][0]["mine"] is True
    assert exact(editor.get("/api/reviews"))["groups"][0]["owner"]["name"] == "any admin"


def test_a_question_brings_what_earlier_versions_knew(app: Any, editor: Desk, live: str) -> None:
    tables = pipeline()["tables"]
    tables["accounts"]["rows"].append(["consulting", "4300"])
    for revision, drawn in ((1, pipeline(tables=tables)), (2, pipeline())):
        editor.put(f"/api/flows/{live}/draft", {"document": drawn, "revision": revision})
        assert editor.post(f"/api/flows/{live}/publish", {"revision": revision + 1}).status_code == 200
    run(editor, live, app, [UNKNOWN])
    (group,) = exact(editor.get("/api/reviews"))["groups"]
    assert group["form"]["proposals"] == {
        "Account": {"value": "4300", "title": "4300", "why": "Version 2 had it."}
    }
