"""Which object a record is: asked in the inbox, looked up live, kept as a cross reference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import pytest

from engine.record import Change, Outcome, Remote, Result
from tests.designer.conftest import Desk, Ledger, exact, pipeline, work
from tests.designer.test_runs import run

ACME = {"id": "A1", "product": "Widgets", "total": 12}


class Books(Ledger):
    """A ledger that finds what it has, by id and by total."""

    there: ClassVar[dict[str, dict[str, Any]]] = {}

    def find(
        self, entity: str, matches: Sequence[Mapping[str, Any]], fields: Sequence[str] = ()
    ) -> list[list[Remote]]:
        return [
            [
                Remote(key, {**data, "id": key}, number=f"INV-{key}", link=f"https://books.example.org/{key}")
                for key, data in self.there.items()
                if all({**data, "id": key}.get(name) == value for name, value in match.items())
            ]
            for match in matches
        ]

    def _write(self, entity: str, changes: Sequence[Change]) -> list[Result]:
        results = []
        for change in changes:
            known = change.remote_id or f"n{len(self.there)}"
            self.there.setdefault(known, {}).update(change.data)
            done = Outcome.UPDATED if change.operation == "update" else Outcome.CREATED
            results.append(Result(done, known, f"INV-{known}"))
        return results


@pytest.fixture(autouse=True)
def _books(monkeypatch: pytest.MonkeyPatch, _pretend: None) -> None:
    from engine import registry

    monkeypatch.setitem(registry.connectors(), "ledger", Books)
    monkeypatch.setattr(
        Books, "there", {"7": {"total": 12, "account": "1"}, "8": {"total": 12, "account": "2"}}
    )


@pytest.fixture
def matching(editor: Desk, connection: str) -> str:
    """A published flow that recognises invoices by their total."""
    document = pipeline()
    document["nodes"][3]["settings"] = {
        "slot": "books", "entity": "invoice", "operation": "upsert", "match": ["total"]
    }  # fmt: skip
    made = exact(editor.post("/api/flows", {"document": document}))
    assert editor.post(f"/api/flows/{made['slug']}/publish", {"revision": 1}).status_code == 200
    return str(made["slug"])


def waiting(desk: Desk) -> list[Any]:
    return list(exact(desk.get("/api/reviews?kind=held"))["groups"])


@pytest.mark.parametrize("choice", ["7", "new", "out"])
def test_a_choice_releases_the_document_and_is_remembered(
    app: Any, desks: dict[str, Desk], matching: str, choice: str
) -> None:
    operator = desks["operator"]
    run(operator, matching, app, [ACME])
    (group,) = waiting(operator)
    assert group["form"]["match"] == {"total": "12"}
    assert [(one["id"], one["number"], one["exact"]) for one in group["form"]["candidates"]] == [
        ("7", "INV-7", True), ("8", "INV-8", True)
    ]  # fmt: skip
    answered = operator.post(
        "/api/reviews/answer", {"question": group["question"], "answer": {"choice": choice}}
    )
    assert answered.status_code == 200, answered.text
    assert exact(answered)["released"] == 1
    work(app)
    assert waiting(operator) == []
    accounts = {key: row["account"] for key, row in Books.there.items()}
    assert (
        accounts
        == {
            "7": {"7": "4000", "8": "2"},
            "new": {"7": "1", "8": "2", "n2": "4000"},
            "out": {"7": "1", "8": "2"},
        }[choice]
    )
    run(operator, matching, app, [ACME])
    assert waiting(operator) == []
    again = operator.post(
        "/api/reviews/answer", {"question": group["question"], "answer": {"choice": choice}}
    )
    assert (again.status_code, exact(again)["released"]) == (200, 1)  # the same answer, told once more


def test_a_candidate_that_is_gone_meanwhile_is_not_chosen(app: Any, editor: Desk, matching: str) -> None:
    run(editor, matching, app, [ACME])
    (group,) = waiting(editor)
    del Books.there["7"]
    refused = editor.post("/api/reviews/answer", {"question": group["question"], "answer": {"choice": "7"}})
    assert (refused.status_code, exact(refused)["code"]) == (422, "E-NO-OBJECT")
    assert len(waiting(editor)) == 1


@pytest.mark.parametrize("given", [{}, {"choice": ""}, {"choice": "99"}, {"choice": "7", "more": "x"}])
def test_only_what_was_found_can_be_chosen(
    app: Any, editor: Desk, matching: str, given: dict[str, str]
) -> None:
    run(editor, matching, app, [ACME])
    (group,) = waiting(editor)
    refused = editor.post("/api/reviews/answer", {"question": group["question"], "answer": given})
    assert (refused.status_code, exact(refused)["code"]) == (422, "E-CHOICE")
    assert len(waiting(editor)) == 1
