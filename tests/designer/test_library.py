"""What flows share: versions, taking them, what a change would touch, and what may not be done to it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.designer.conftest import Desk, drawing, exact, pipeline
from tests.designer.test_tables import TABLE
from tests.designer.test_trials import feed, rules


def shared(editor: Desk, kind: str, title: str, document: dict[str, Any]) -> dict[str, Any]:
    answer = editor.post("/api/library", {"kind": kind, "title": title, "document": document})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = exact(answer)
    return made


def taken(editor: Desk, document: dict[str, Any], slug: str, version: int | None = None) -> dict[str, Any]:
    """The drawing with a version of the library in it, as the editor does it."""
    answer = editor.post(f"/api/library/{slug}/take", {"document": document, "version": version})
    assert answer.status_code == 200, answer.text
    return {**document, **exact(answer)}


def judged_by(settings: dict[str, Any]) -> dict[str, Any]:
    drawn = pipeline()
    drawn["nodes"].insert(2, settings)
    ends = [("call", settings["id"]), ("hand", settings["id"]), (settings["id"], "map"), ("map", "write")]
    drawn["edges"] = [{"source": source, "target": target} for source, target in ends]
    return drawn


def publish(editor: Desk, document: dict[str, Any]) -> str:
    made = exact(editor.post("/api/flows", {"document": document}))
    published = editor.post(f"/api/flows/{made['slug']}/publish", {"revision": 1})
    assert published.status_code == 200, published.text
    return str(made["slug"])


@pytest.fixture
def ruled(editor: Desk, connection: str) -> str:
    """A published flow that judges by version 1 of the shared rules «Limits»."""
    shared(editor, "rules", "Limits", rules(100))
    drawn = judged_by({"id": "judge", "type": "rules", "settings": {"rule_set": "shared:limits"}})
    return publish(editor, taken(editor, drawn, "limits"))


def test_a_published_flow_keeps_its_version_until_somebody_takes_the_next(
    app: Any, editor: Desk, ruled: str
) -> None:
    saved = editor.post("/api/library/limits/versions", {"document": rules(10), "base": 1, "note": "Less"})
    assert (saved.status_code, exact(saved)["version"]) == (201, 2)
    feed(app, editor, ruled)
    runs = exact(editor.get("/api/runs"))["runs"]
    assert sum(run["counts"].get("held", 0) for run in runs) == 1
    run = runs[1]
    (held,) = exact(editor.get("/api/reviews?kind=held"))["groups"]
    assert held["question"]["rule_set"] == "Limits, version 1"
    told = exact(editor.get(f"/api/runs/{run['id']}/records/o50"))
    notes = [note for step in told["steps"] if step["node"] == "judge" for note in step["notes"]]
    assert {note["rule_set"] for note in notes if "rule" in note} == {"Limits, version 1"}
    detail = exact(editor.get(f"/api/flows/{ruled}"))
    document = taken(editor, detail["document"], "limits")
    assert document["shared"]["limits"]["version"] == 2
    stored = exact(editor.put(f"/api/flows/{ruled}/draft", {"document": document, "revision": 1}))
    assert [one["code"] for one in stored["problems"] if one["severity"] == "error"] == []
    told = exact(editor.get(f"/api/flows/{ruled}/diff?from=1"))
    assert "«Limits» of the library: version 1 → 2." in [one["text"] for one in told["changes"]]
    (used,) = exact(editor.get("/api/library/limits"))["used_by"]
    assert (used["live"], used["draft"]) == (1, 2)


def test_the_impact_names_flows_steps_and_records(app: Any, editor: Desk, ruled: str) -> None:
    feed(app, editor, ruled)
    same = exact(editor.post("/api/library/limits/impact", {"document": rules(100)}))
    assert (same["judged"], same["count"]) == (3, 0)
    found = exact(editor.post("/api/library/limits/impact", {"document": rules(40)}))
    assert (found["judged"], found["count"], found["days"]) == (3, 1, 30)
    (flow,) = found["flows"]
    (step,) = flow["steps"]
    assert (flow["slug"], step["node"], step["complete"]) == (ruled, "judge", True)
    (change,) = step["changed"]
    assert (change["live"]["ports"], change["draft"]["ports"]) == (["out"], ["held"])
    assert change["draft"]["message"] == "50 needs the CFO."


def test_a_lookup_table_that_a_rule_set_names_comes_along_and_is_judged(
    app: Any, editor: Desk, connection: str
) -> None:
    table = {"columns": ["Product", "Class"], "rows": [["Widgets", "goods"]]}
    shared(editor, "lookup", "Known products", table)
    when = {
        "left": {"kind": "path", "path": "$.product"},
        "op": "not_in_table",
        "right": {"kind": "constant", "value": "shared:known-products"},
    }
    document = {
        "rules": [{"id": "new", "when": when, "then": [{"do": "hold", "message": "New: {product}."}]}]
    }
    shared(editor, "rules", "Products", document)
    drawn = judged_by({"id": "judge", "type": "rules", "settings": {"rule_set": "shared:products"}})
    complete = taken(editor, drawn, "products")
    assert sorted(complete["shared"]) == ["known-products", "products"]
    feed(app, editor, publish(editor, complete))
    found = exact(editor.post("/api/library/known-products/impact", {"document": {**table, "rows": []}}))
    assert (found["judged"], found["count"]) == (3, 3)


def test_a_decision_table_is_shared_too(app: Any, editor: Desk, connection: str) -> None:
    shared(editor, "decision", "Entities", TABLE)
    drawn = judged_by({"id": "entity", "type": "table", "settings": {"decision": "shared:entities"}})
    slug = publish(editor, taken(editor, drawn, "entities"))
    nodes = exact(editor.get(f"/api/flows/{slug}"))["plan"]["nodes"]
    assert nodes["entity"]["summary"].startswith("2 rows")
    changed = {**TABLE, "rows": [*TABLE["rows"], {"id": "r9", "when": ["-", "-"], "then": ['"XX"']}]}
    saved = editor.post("/api/library/entities/versions", {"document": changed, "base": 1})
    assert saved.status_code == 201, saved.text
    told = exact(editor.get("/api/library/entities/diff?from=1&to=2"))
    assert told["changes"] == ['Row 3 was added: - | - → "XX".']


def test_a_copy_that_was_tampered_with_cannot_be_published(editor: Desk, ruled: str) -> None:
    detail = exact(editor.get(f"/api/flows/{ruled}"))
    document = detail["document"]
    document["rules"]["shared:limits"]["rules"][0]["then"][0]["message"] = "Nothing to see."
    stored = exact(editor.put(f"/api/flows/{ruled}/draft", {"document": document, "revision": 1}))
    assert [one["code"] for one in stored["problems"] if one["severity"] == "error"] == ["E-SHARED-CHANGED"]
    refused = editor.post(f"/api/flows/{ruled}/publish", {"revision": 2})
    assert refused.status_code == 422


def test_a_flow_from_elsewhere_works_with_its_own_copy(editor: Desk, ruled: str) -> None:
    document = exact(editor.get(f"/api/flows/{ruled}"))["document"]
    text = {"shared:limits": document["rules"]["shared:limits"]}
    document["rules"] = {"shared:elsewhere": text["shared:limits"]}
    document["shared"] = {"elsewhere": document["shared"]["limits"]}
    document["nodes"][2]["settings"] = {"rule_set": "shared:elsewhere"}
    made = exact(editor.post("/api/flows/import", {"document": document}))
    assert [(one["code"], one["severity"]) for one in made["problems"]] == [("E-SHARED-GONE", "warning")]
    assert editor.post(f"/api/flows/{made['slug']}/publish", {"revision": 1}).status_code == 200


def test_what_is_used_is_not_deleted_and_nobody_overwrites_somebody(editor: Desk, ruled: str) -> None:
    refused = editor.delete("/api/library/limits")
    assert (refused.status_code, exact(refused)["code"]) == (409, "E-SHARED-USED")
    assert "Invoices" in exact(refused)["message"]
    body = {"document": rules(10), "base": 1}
    assert editor.post("/api/library/limits/versions", body).status_code == 201
    stale = editor.post("/api/library/limits/versions", body)
    assert (stale.status_code, exact(stale)["code"]) == (409, "E-REVISION")
    shared(editor, "rules", "Limits", rules(1))
    assert editor.delete("/api/library/limits-2").status_code == 204
    assert [row["slug"] for row in exact(editor.get("/api/library"))] == ["limits"]
    assert editor.get("/api/library/limits-2").status_code == 404


def test_what_is_wrong_is_refused_in_words(editor: Desk) -> None:
    broken = {"rules": [{"id": "a", "when": {"fact": "vip"}, "then": []}]}
    answer = editor.post("/api/library", {"kind": "rules", "title": "Broken", "document": broken})
    assert (answer.status_code, exact(answer)["problems"][0]["code"]) == (422, "E-FACT-UNKNOWN")
    answer = editor.post("/api/library", {"kind": "rules", "title": "Odd", "document": {"rows": []}})
    assert (answer.status_code, exact(answer)["problems"][0]["code"]) == (422, "E-DOCUMENT")
    doubled = {"columns": ["A", "A"], "rows": []}
    answer = editor.post("/api/library", {"kind": "lookup", "title": "Odd", "document": doubled})
    assert (answer.status_code, exact(answer)["problems"][0]["code"]) == (422, "E-COLUMN")
    assert exact(editor.get("/api/library")) == []


def test_only_what_names_it_uses_it(editor: Desk, ruled: str) -> None:
    editor.post("/api/flows", {"document": drawing("Another")})
    (entry,) = exact(editor.get("/api/library"))
    assert [user["slug"] for user in entry["used_by"]] == [ruled]


def test_shared_rules_are_tried_with_the_tables_that_they_name(editor: Desk) -> None:
    table = {"columns": ["Product", "Class"], "rows": [["Widgets", "goods"]]}
    shared(editor, "lookup", "Known products", table)
    when = {
        "left": {"kind": "path", "path": "$.product"},
        "op": "in_table",
        "right": {"kind": "constant", "value": "shared:known-products"},
    }
    document = {"rules": [{"id": "old", "when": when, "then": [{"do": "reject", "message": "Known."}]}]}
    for product, ports in (("Widgets", ["rejected"]), ("Gadgets", ["out"])):
        answer = editor.post("/api/rules/try", {"document": document, "facts": {"product": product}})
        assert exact(answer)["records"][0]["ports"] == ports
