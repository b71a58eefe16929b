"""Drawings: saving without losing anybody's work, publishing, versions, differences, import and export."""

from __future__ import annotations

from typing import Any

from tests.designer.conftest import Desk, drawing, exact


def test_the_only_connection_of_a_system_is_bound_by_itself(editor: Desk, flow: str, connection: str) -> None:
    assert exact(editor.get(f"/api/flows/{flow}"))["bindings"] == {"books": connection}


def test_slugs_stay_unique(editor: Desk) -> None:
    slugs = [exact(editor.post("/api/flows", {"name": "Orders → invoices"}))["slug"] for _ in range(3)]
    assert slugs == ["orders-invoices", "orders-invoices-2", "orders-invoices-3"]


def test_two_people_saving_never_lose_the_first_ones_work(desks: dict[str, Desk], flow: str) -> None:
    for first, second in (("editor", "admin"), ("admin", "editor")):
        revision = exact(desks["editor"].get(f"/api/flows/{flow}"))["revision"]
        mine, theirs = drawing(description=f"by {first}"), drawing(description=f"by {second}")
        path = f"/api/flows/{flow}/draft"
        saved = desks[first].put(path, {"document": mine, "revision": revision})
        assert saved.status_code == 200
        refused = desks[second].put(path, {"document": theirs, "revision": revision})
        assert refused.status_code == 409
        body = exact(refused)
        assert body["code"] == "E-REVISION"
        assert body["current"]["revision"] == exact(saved)["revision"] == revision + 1
        assert body["current"]["document"]["description"] == f"by {first}"
        assert exact(desks["editor"].get(f"/api/flows/{flow}"))["document"]["description"] == f"by {first}"


def test_numbers_in_a_drawing_stay_exact(editor: Desk, flow: str) -> None:
    text = (
        '{"revision": 1, "document": {"heddle": 1, "name": "n", "nodes": [{"id": "a", "type": "start",'
        ' "settings": {"amount": 0.10000000000000000001, "id": 9007199254740993}}]}}'
    )
    path = f"/api/flows/{flow}/draft"
    answer = editor.call("PUT", path, data=text, content_type="application/json")
    assert answer.status_code == 200, answer.text
    kept = editor.get(f"/api/flows/{flow}/export").text
    assert "0.10000000000000000001" in kept
    assert "9007199254740993" in kept


def test_publishing_freezes_a_version(editor: Desk, flow: str) -> None:
    published = editor.post(f"/api/flows/{flow}/publish", {"revision": 1, "note": "first"})
    assert exact(published) == {"version": 1}
    before = exact(editor.get(f"/api/flows/{flow}/versions/1"))
    editor.put(f"/api/flows/{flow}/draft", {"document": drawing(description="later"), "revision": 1})
    assert exact(editor.get(f"/api/flows/{flow}/versions/1")) == before
    detail = exact(editor.get(f"/api/flows/{flow}"))
    assert (detail["state"], detail["live_version"], detail["draft_changed"]) == ("live", 1, True)
    assert exact(editor.post(f"/api/flows/{flow}/publish", {"revision": 2})) == {"version": 2}
    listed = exact(editor.get(f"/api/flows/{flow}/versions"))
    assert [(row["number"], row["by"], row["note"]) for row in listed] == [
        (2, "editor@example.org", ""),
        (1, "editor@example.org", "first"),
    ]


def test_a_drawing_with_errors_is_not_published(editor: Desk, flow: str) -> None:
    broken = drawing(edges=[{"source": "start", "output": "nowhere", "target": "book"}])
    saved = editor.put(f"/api/flows/{flow}/draft", {"document": broken, "revision": 1})
    assert saved.status_code == 200
    assert "E-PORT" in {problem["code"] for problem in exact(saved)["problems"]}
    refused = editor.post(f"/api/flows/{flow}/publish", {"revision": 2})
    assert refused.status_code == 422
    assert exact(refused)["problems"][0]["code"] == "E-PORT"
    assert exact(editor.get("/api/flows"))[0]["problems"] == 1
    assert exact(editor.get(f"/api/flows/{flow}"))["state"] == "draft"


def test_an_empty_drawing_has_nothing_to_solve_and_is_not_published(editor: Desk) -> None:
    made = exact(editor.post("/api/flows", {"document": {"heddle": 1, "name": "Nothing yet"}}))
    (listed,) = [row for row in exact(editor.get("/api/flows")) if row["slug"] == made["slug"]]
    assert listed["problems"] == 0
    refused = editor.post(f"/api/flows/{made['slug']}/publish", {"revision": made["revision"]})
    assert refused.status_code == 422
    (problem,) = exact(refused)["problems"]
    assert (problem["code"], problem["message"]) == ("E-NO-TRIGGER", "Nothing is drawn yet.")
    assert problem["cure"].startswith("Start with a trigger")


def test_an_unbound_flow_is_not_published(editor: Desk) -> None:
    slug = exact(editor.post("/api/flows", {"document": drawing()}))["slug"]
    refused = editor.post(f"/api/flows/{slug}/publish", {"revision": 1})
    assert refused.status_code == 422
    assert "«The books»" in exact(refused)["message"]


def test_publishing_a_stale_revision_answers_with_the_newer_draft(editor: Desk, flow: str) -> None:
    editor.put(f"/api/flows/{flow}/draft", {"document": drawing(description="new"), "revision": 1})
    refused = editor.post(f"/api/flows/{flow}/publish", {"revision": 1})
    assert refused.status_code == 409
    assert exact(refused)["current"]["document"]["description"] == "new"


def test_a_live_flow_cannot_be_deleted_and_a_paused_one_can(editor: Desk, flow: str) -> None:
    editor.post(f"/api/flows/{flow}/publish", {"revision": 1})
    refused = editor.delete(f"/api/flows/{flow}")
    assert (refused.status_code, exact(refused)["code"]) == (409, "E-LIVE")
    assert editor.patch(f"/api/flows/{flow}", {"state": "paused"}).status_code == 200
    assert editor.delete(f"/api/flows/{flow}").status_code == 204
    assert editor.get(f"/api/flows/{flow}").status_code == 404
    again = exact(editor.post("/api/flows", {"document": drawing()}))
    assert again["slug"] == flow


def test_what_was_never_published_cannot_go_live(editor: Desk, flow: str) -> None:
    refused = editor.patch(f"/api/flows/{flow}", {"state": "live"})
    assert (refused.status_code, exact(refused)["code"]) == (409, "E-NOT-PUBLISHED")


def test_renaming_keeps_the_address(editor: Desk, flow: str) -> None:
    renamed = exact(editor.patch(f"/api/flows/{flow}", {"name": "Orders into books"}))
    assert renamed["slug"] == flow
    assert renamed["document"]["name"] == "Orders into books"
    assert renamed["revision"] == 2


def test_export_and_import_are_a_round_trip_with_unknown_nodes(editor: Desk, flow: str) -> None:
    strange = {"id": "odd", "type": "from-the-future", "version": 7, "settings": {"deep": [1, {"x": None}]}}
    document = drawing(nodes=[{"id": "start", "type": "start"}, strange], edges=[])
    editor.put(f"/api/flows/{flow}/draft", {"document": document, "revision": 1})
    file = editor.get(f"/api/flows/{flow}/export")
    assert file.headers["Content-Disposition"] == f'attachment; filename="{flow}.json"'
    imported = editor.post("/api/flows/import", {"document": exact(file)})
    assert imported.status_code == 201
    body = exact(imported)
    assert body["slug"] != flow
    assert "E-NODE-TYPE" in {problem["code"] for problem in body["problems"]}
    assert editor.get(f"/api/flows/{body['slug']}/export").get_data() == file.get_data()
    kept = next(node for node in body["document"]["nodes"] if node["id"] == "odd")
    assert {key: kept[key] for key in strange} == strange


def test_a_document_with_wrong_places_names_each(editor: Desk, flow: str) -> None:
    document = drawing(nodes=[{"id": "A B", "type": "start"}, {"type": "start"}], colour="red")
    refused = editor.put(f"/api/flows/{flow}/draft", {"document": document, "revision": 1})
    assert refused.status_code == 422
    fields = {problem["field"] for problem in exact(refused)["problems"]}
    assert fields == {"document.nodes.0.id", "document.nodes.1.id", "document.colour"}


def test_bindings_fit_their_slots(editor: Desk, flow: str, connection: str) -> None:
    path = f"/api/flows/{flow}/bindings"
    assert editor.put(path, {"books": connection}).status_code == 200
    for wrong, code in (({"books": "gone"}, "E-NO-CONNECTION"), ({"other": connection}, "E-SLOT")):
        refused = editor.put(path, wrong)
        assert (refused.status_code, exact(refused)["code"]) == (422, code)


def test_check_says_what_the_editor_draws(editor: Desk, connection: str) -> None:
    body = {"document": drawing(), "bindings": {"books": connection}}
    judged = exact(editor.post("/api/flows/check", body))
    assert judged["problems"] == []
    assert judged["nodes"]["book"]["outputs"][0]["name"] == "written"


def test_a_new_hook_address_ends_the_old_one(editor: Desk, flow: str) -> None:
    old = exact(editor.get(f"/api/flows/{flow}"))["hook"]["url"]
    new = exact(editor.post(f"/api/flows/{flow}/hook"))["hook"]["url"]
    assert new != old
    assert exact(editor.get(f"/api/flows/{flow}"))["hook"]["url"] == new


def test_viewers_do_not_learn_the_hook_key(desks: dict[str, Desk], flow: str) -> None:
    assert exact(desks["viewer"].get(f"/api/flows/{flow}"))["hook"] is None


def test_a_new_flow_needs_exactly_one_beginning(editor: Desk) -> None:
    bodies: list[dict[str, Any]] = [{}, {"name": "a", "template": "b"}]
    for body in bodies:
        assert editor.post("/api/flows", body).status_code == 422
    assert editor.post("/api/flows", {"template": "there-is-none"}).status_code == 404


def test_changes_are_on_record(admin: Desk, editor: Desk, flow: str) -> None:
    editor.post(f"/api/flows/{flow}/publish", {"revision": 1, "note": "go"})
    entries = exact(admin.get(f"/api/audit?subject={flow}"))["entries"]
    assert [(entry["actor"], entry["action"]) for entry in entries] == [
        ("editor@example.org", "flow.publish"),
        ("editor@example.org", "flow.create"),
    ]
