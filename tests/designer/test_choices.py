"""Live choices: a question is answered from what the system itself offers, with number and title."""

from __future__ import annotations

from typing import Any

from engine.connector import Connector
from engine.errors import Unavailable
from tests.designer.conftest import Desk, Ledger, exact, pipeline
from tests.designer.test_runs import UNKNOWN, run

OPTIONS = {"Account": {"slot": "books", "entity": "invoice", "value": "account", "title": "name"}}
CHART = {
    "a": {"account": "4200", "name": "Services"},
    "b": {"account": "4000", "name": "Revenue"},
    "c": {"account": "", "name": "A heading"},
}


def held(app: Any, editor: Desk) -> list[dict[str, str]]:
    """The options of the only question, after a run that holds a document."""
    drawn = pipeline()
    drawn["tables"]["accounts"]["options"] = OPTIONS
    slug = exact(editor.post("/api/flows", {"document": drawn}))["slug"]
    assert editor.post(f"/api/flows/{slug}/publish", {"revision": 1}).status_code == 200
    run(editor, slug, app, [UNKNOWN])
    (group,) = exact(editor.get("/api/reviews"))["groups"]
    options: list[dict[str, str]] = group["form"]["columns"][0]["options"]
    return options


def test_an_answer_is_chosen_from_the_chart_of_accounts(
    app: Any, editor: Desk, connection: str, monkeypatch: Any
) -> None:
    monkeypatch.setattr(Ledger, "stored", CHART)
    chart = [{"value": "4000", "title": "Revenue"}, {"value": "4200", "title": "Services"}]
    assert held(app, editor) == chart
    monkeypatch.setattr(Ledger, "stored", {})
    (group,) = exact(editor.get("/api/reviews"))["groups"]
    assert group["form"]["columns"][0]["options"] == chart  # kept: a list of questions asks once


def test_a_system_that_is_down_leaves_what_other_rows_have(
    app: Any, editor: Desk, connection: str, monkeypatch: Any
) -> None:
    def down(self: Connector[Any], *_: Any) -> Any:
        raise Unavailable("Ledger does not answer.")

    monkeypatch.setattr(Ledger, "read", down)
    assert held(app, editor) == [{"value": "4000", "title": "4000"}]
