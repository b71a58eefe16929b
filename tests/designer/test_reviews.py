"""One answer releases everything that waits for it."""

from __future__ import annotations

from typing import Any

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
    again = operator.post("/api/reviews/answer", body)
    assert (again.status_code, exact(again)["code"]) == (404, "E-NOT-FOUND")


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
