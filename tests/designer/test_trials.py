"""Trying rules and tables: what fires and why not, on typed, sample and real records; and what would change."""

from __future__ import annotations

from typing import Any

import pytest

from tests.designer.conftest import Desk, exact, pipeline, work
from tests.designer.test_tables import TABLE


def more_than(path: str, amount: int) -> dict[str, Any]:
    return {
        "left": {"kind": "path", "path": path},
        "op": ">",
        "right": {"kind": "constant", "value": amount},
    }


def rules(limit: int) -> dict[str, Any]:
    return {
        "rules": [
            {
                "id": "big",
                "title": "Big invoices",
                "when": more_than("$.total", limit),
                "then": [{"do": "hold", "message": "{total} needs the CFO."}],
            },
            {
                "id": "mark",
                "when": more_than("$.total", 10),
                "then": [{"do": "set", "target": "size", "value": {"kind": "constant", "value": "medium"}}],
            },
        ]
    }


@pytest.fixture
def judged(editor: Desk, connection: str) -> str:
    """A published flow with a rules step, after a run of three records."""
    drawn = pipeline()
    drawn["nodes"].insert(2, {"id": "judge", "type": "rules", "settings": {"rules": rules(100)}})
    drawn["edges"] = [
        {"source": "call", "target": "judge"},
        {"source": "hand", "target": "judge"},
        {"source": "judge", "target": "map"},
        {"source": "map", "target": "write"},
    ]
    made = exact(editor.post("/api/flows", {"document": drawn}))
    published = editor.post(f"/api/flows/{made['slug']}/publish", {"revision": 1})
    assert published.status_code == 200, published.text
    return str(made["slug"])


def feed(app: Any, editor: Desk, slug: str) -> None:
    hook = exact(editor.get(f"/api/flows/{slug}"))["hook"]["url"]
    for total in (5, 50, 500):
        sent = editor.post(hook, {"id": f"o{total}", "product": "Widgets", "total": total})
        assert sent.status_code == 202, sent.text
    work(app)


def test_a_typed_record_is_judged_and_explained(editor: Desk) -> None:
    answer = editor.post("/api/rules/try", {"document": rules(100), "facts": {"total": 50}})
    (told,) = exact(answer)["records"]
    assert told["ports"] == ["out"]
    assert told["changed"] == [{"field": "size", "before": None, "after": "medium"}]
    assert [(note["rule"], note["fired"]) for note in told["notes"]] == [("big", False), ("mark", True)]
    assert "50" in told["notes"][0]["because"]
    (held,) = exact(editor.post("/api/rules/try", {"document": rules(100), "facts": {"total": 500}}))[
        "records"
    ]
    assert (held["ports"], held["message"]) == (["held"], "500 needs the CFO.")


def test_a_table_tells_the_row_and_the_cells_that_others_fail_on(editor: Desk) -> None:
    facts = {"country": "DE", "amount": 5}
    (told,) = exact(editor.post("/api/tables/try", {"document": TABLE, "facts": facts}))["records"]
    (note,) = told["notes"]
    assert ([row["id"] for row in note["rows"]], note["outputs"]) == (["r1"], {"entity": "EU"})
    assert note["missed"] == [{"row": 2, "id": "r2", "column": "Country", "cell": 'not("DE", "AT")'}]
    given = {"document": TABLE, "facts": {"country": "FR", "amount": 5000}, "no_match": "hold"}
    (held,) = exact(editor.post("/api/tables/try", given))["records"]
    assert held["ports"] == ["held"]


def test_real_records_are_tried_as_they_arrived(app: Any, editor: Desk, judged: str) -> None:
    feed(app, editor, judged)
    body = {"document": rules(10), "flow": judged, "node": "judge", "last": 100}
    told = exact(editor.post("/api/rules/try", body))["records"]
    assert {(one["title"], *one["ports"]) for one in told} != set()
    assert sorted(one["ports"][0] for one in told) == ["held", "held", "out"]
    assert all(one["run"] for one in told)


def test_what_if_names_the_records_that_would_go_another_way(app: Any, editor: Desk, judged: str) -> None:
    feed(app, editor, judged)
    detail = exact(editor.get(f"/api/flows/{judged}"))
    same = exact(editor.post(f"/api/flows/{judged}/what-if", {"node": "judge"}))
    assert (same["judged"], same["count"]) == (3, 0)
    document = detail["document"]
    next(node for node in document["nodes"] if node["id"] == "judge")["settings"] = {"rules": rules(40)}
    found = exact(editor.post(f"/api/flows/{judged}/what-if", {"node": "judge", "document": document}))
    assert (found["judged"], found["count"]) == (3, 1)
    (change,) = found["changed"]
    assert (change["live"]["ports"], change["draft"]["ports"]) == (["out"], ["held"])
    assert change["draft"]["message"] == "50 needs the CFO."


def test_what_cannot_be_tried_is_refused_in_words(editor: Desk, flow: str) -> None:
    both = {"document": rules(1), "facts": {}, "last": 5}
    assert exact(editor.post("/api/rules/try", both))["code"] == "E-BODY"
    wrong = editor.post("/api/rules/try", {"document": {"rules": [{"id": "x"}]}, "facts": {}})
    assert (wrong.status_code, exact(wrong)["code"]) == (422, "E-DOCUMENT")
    unpublished = editor.post(f"/api/flows/{flow}/what-if", {"node": "book"})
    assert (unpublished.status_code, exact(unpublished)["code"]) == (409, "E-NOT-PUBLISHED")
