"""Conflicts of a two-way flow over the API: listed, decided one by one or all alike, remembered, told."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from engine import clock, registry
from engine.connector import ConnectionSettings
from engine.http import Http
from engine.record import from_json, to_json
from tests.designer.conftest import Desk, exact, work
from tests.engine.two_systems import PAIRS, Box, System, two_way

PHONE, CITY = "phone=PHONE", "city=CITY"


class Crm(Box):
    """A toy CRM whose people a test plays."""

    system: ClassVar[str] = "crm-box"
    world_of: ClassVar[System]

    def __init__(self, settings: ConnectionSettings, http: Http) -> None:
        super().__init__(self.world_of, http)


class Erp(Crm):
    """A toy ERP; it calls its fields by capitals."""

    system: ClassVar[str] = "erp-box"
    world_of: ClassVar[System]


@pytest.fixture
def two(app: Any, editor: Desk, monkeypatch: pytest.MonkeyPatch) -> str:
    """The slug of a live flow that keeps the two toys in step; both have customers 1 to 3, agreed on."""
    monkeypatch.setattr(clock, "_skew", 0.0)
    monkeypatch.setattr(Crm, "world_of", System("A"), raising=False)
    monkeypatch.setattr(Erp, "world_of", System("B", upper=True), raising=False)
    for cls, name in ((Crm, "The CRM"), (Erp, "The ERP")):
        monkeypatch.setitem(registry.connectors(), cls.system, cls)
        made = editor.post(
            "/api/connections", {"system": cls.system, "name": name, "settings": {}, "secrets": {}}
        )
        assert made.status_code == 201, made.text
    slug = publish(editor)
    for number in "123":
        Crm.world_of.edit(f"A{number}", code=number, name=f"Customer {number}", phone="1", city="Ulm")
    sync(app, editor, slug)
    return slug


def publish(editor: Desk, **settings: Any) -> str:
    document = from_json(two_way(**settings).canonical())
    for slot in ("crm", "erp"):
        document["slots"][slot] = {"system": f"{slot}-box", "title": f"The {slot.upper()}"}
    made = editor.post("/api/flows", {"document": document})
    assert made.status_code == 201, made.text
    slug = str(exact(made)["slug"])
    published = editor.post(f"/api/flows/{slug}/publish", {"revision": 1})
    assert published.status_code == 200, published.text
    return slug


def sync(app: Any, desk: Desk, slug: str, mode: str = "live") -> str:
    started = desk.post(f"/api/flows/{slug}/runs", {"mode": mode})
    assert started.status_code == 202, started.text
    work(app)
    return str(exact(started)["run"])


def both_change(app: Any, desk: Desk, slug: str, *numbers: str, **fields: tuple[Any, Any]) -> list[Any]:
    """People change fields on both sides; answers the conflicts that are open then."""
    for number in numbers:
        left, right = ({name: values[side] for name, values in fields.items()} for side in (0, 1))
        Crm.world_of.edit(f"A{number}", **left)
        Erp.world_of.edit(f"B{number}", **right)
    sync(app, desk, slug)
    return list(exact(desk.get("/api/conflicts"))["conflicts"])


def decide(desk: Desk, conflict: Any, fields: Any, status: int = 200, **more: Any) -> Any:
    answer = desk.post(f"/api/conflicts/{conflict['id']}/decide", {"fields": fields, **more})
    assert answer.status_code == status, answer.text
    return exact(answer)


def phones(number: str) -> tuple[Any, Any]:
    return Crm.world_of.objects[f"A{number}"]["phone"], Erp.world_of.objects[f"B{number}"]["PHONE"]


def test_a_conflict_says_who_changed_what_and_is_decided_once(
    app: Any, desks: dict[str, Desk], two: str
) -> None:
    operator = desks["operator"]
    (shown,) = both_change(app, operator, two, "1", phone=("2", "3"))
    assert (shown["flow"]["slug"], shown["left"]["connection_name"], shown["right"]["id"]) == (
        two,
        "The CRM",
        "B1",
    )
    (field,) = shown["fields"]
    assert (field["title"], field["agreed"], field["left_value"], field["right_value"]) == (
        "Phone", {"left": "1", "right": "1"}, "2", "3"
    )  # fmt: skip
    assert (field["left_by"], field["alike"], field["policy"]) == ("Ann", 1, "ask")
    done = decide(operator, shown, {PHONE: {"take": "right"}})
    again = decide(operator, shown, {PHONE: {"take": "left"}}, status=409)
    assert again["code"] == "E-DECIDED"
    work(app)
    assert phones("1") == ("3", "3")
    assert exact(operator.get("/api/conflicts")) == {"conflicts": [], "count": 0, "next": None}
    run = exact(operator.get(f"/api/runs/{done['runs'][0]}"))
    assert (run["state"], run["cause"]) == ("done", {"kind": "conflict", "by": "operator@example.org"})
    acts = [entry["action"] for entry in exact(desks["admin"].get("/api/audit"))["entries"]]
    assert "conflict.decide" in acts


def test_one_field_is_decided_and_the_other_goes_on_waiting(app: Any, editor: Desk, two: str) -> None:
    (shown,) = both_change(app, editor, two, "1", phone=("2", "3"), city=("Bonn", "Kiel"))
    decide(editor, shown, {PHONE: {"take": "left"}})
    work(app)
    assert phones("1") == ("2", "2")
    (rest,) = exact(editor.get("/api/conflicts"))["conflicts"]
    assert [field["field"] for field in rest["fields"]] == [CITY]
    assert rest["id"] != shown["id"]


def test_values_that_moved_are_not_decided_on(app: Any, editor: Desk, two: str) -> None:
    (shown,) = both_change(app, editor, two, "1", phone=("2", "3"))
    (fresh,) = both_change(app, editor, two, "1", phone=("2", "4"))
    gone = decide(editor, shown, {PHONE: {"take": "right"}}, status=409)
    assert gone["message"] == "This conflict is over."
    decide(editor, fresh, {PHONE: {"take": "value", "value": " 5 "}})
    work(app)
    assert phones("1") == ("5", "5")


def test_all_of_a_kind_are_decided_and_remembered(app: Any, desks: dict[str, Desk], two: str) -> None:
    operator, editor = desks["operator"], desks["editor"]
    found = both_change(app, editor, two, "1", "2", "3", phone=("2", "3"))
    assert [field["alike"] for one in found for field in one["fields"]] == [3, 3, 3]
    body = {"flow": two, "node": "sync", "field": PHONE, "take": "left", "remember": {"policy": "left"}}
    refused = operator.post("/api/conflicts/decide", body)
    assert (refused.status_code, exact(refused)["code"]) == (403, "E-ROLE")
    assert len(exact(operator.get("/api/conflicts"))["conflicts"]) == 3, "nothing may be half decided"
    done = exact(editor.post("/api/conflicts/decide", body))
    assert (done["decided"], len(done["runs"]), done["version"], done["problems"]) == (3, 1, 2, [])
    work(app)
    assert [phones(number) for number in "123"] == [("2", "2")] * 3
    version = exact(editor.get(f"/api/flows/{two}/versions/2"))
    pairs = next(node for node in version["nodes"] if node["id"] == "sync")["settings"]["fields"]
    assert [pair.get("policy", "ask") for pair in pairs] == [
        "left" if pair["left"] == "phone" else "ask" for pair in PAIRS
    ]
    assert exact(editor.get(f"/api/flows/{two}"))["draft_changed"] is False
    (newest, _) = exact(editor.get(f"/api/flows/{two}/versions"))
    assert (newest["by"], newest["note"]) == ("editor@example.org", "Remembered: phone=PHONE left")
    (change,) = exact(editor.get(f"/api/flows/{two}/diff?from=1&to=2"))["changes"]
    assert change["text"] == "phone ↔ PHONE, policy: ask → left"
    assert both_change(app, editor, two, "1", phone=("7", "8")) == [], "nobody is asked again"
    assert phones("1") == ("7", "7")
    run = exact(editor.get(f"/api/runs?flow={two}&outcome=updated&limit=1"))["runs"][0]["id"]
    told = exact(editor.get(f"/api/runs/{run}/why?key=A1&node=sync&field=PHONE&slot=erp"))
    (step,) = told["steps"]
    assert (step["did"], step["value"]) == ("Decided between both sides", "7")
    assert step["reason"] == "Both sides changed it; System A decides."
    assert told["made"]["change"]["texts"] == ["phone ↔ PHONE, policy: ask → left"]
    none = editor.post("/api/conflicts/decide", body)
    assert (none.status_code, exact(none)["code"]) == (404, "E-NOT-FOUND")


def test_every_policy_of_the_matrix_can_be_remembered(app: Any, editor: Desk, two: str) -> None:
    state = {"side": "right", "field": "CITY", "values": ["Ulm"], "then": "right", "else": "left"}
    (shown,) = both_change(app, editor, two, "1", phone=("2", "3"))
    answer = {PHONE: {"take": "left"}}
    for unfit in ({"policy": "by_state"}, {"policy": "rules", "rules": "no such"}, {"policy": "flow"}):
        decide(editor, shown, answer, status=422, remember={PHONE: unfit})
    remember = {PHONE: {"policy": "by_state", "state": state}}
    assert decide(editor, shown, answer, remember=remember)["version"] == 2
    work(app)
    assert phones("1") == ("2", "2")
    assert both_change(app, editor, two, "1", phone=("7", "8")) == [], "the state decides"
    assert phones("1") == ("8", "8")


def test_a_drawing_that_two_people_publish_is_not_changed_by_remembering(
    app: Any, editor: Desk, two: str
) -> None:
    detail = exact(editor.get(f"/api/flows/{two}"))
    document = {**detail["document"], "policy": {**detail["document"]["policy"], "four_eyes": True}}
    editor.put(f"/api/flows/{two}/draft", {"document": document, "revision": detail["revision"]})
    (shown,) = both_change(app, editor, two, "1", phone=("2", "3"))
    refused = decide(
        editor, shown, {PHONE: {"take": "left"}}, status=409, remember={PHONE: {"policy": "left"}}
    )
    assert refused["code"] == "E-FOUR-EYES"
    decide(editor, shown, {PHONE: {"take": "left"}})
    work(app)
    assert phones("1") == ("2", "2")


def test_what_is_proposed_is_taken_where_something_is(app: Any, editor: Desk, two: str) -> None:
    Crm.world_of.edit("A1", phone="2")
    clock._skew += 1000
    Erp.world_of.edit("B1", phone="3")
    found = both_change(app, editor, two, "2", phone=("2", "3"))
    assert {one["right"]["id"]: one["fields"][0]["proposal"] for one in found} == {"B1": "right", "B2": ""}
    done = exact(
        editor.post(
            "/api/conflicts/decide", {"flow": two, "node": "sync", "field": PHONE, "take": "proposal"}
        )
    )
    assert (done["decided"], len(done["problems"])) == (1, 1)
    work(app)
    assert phones("1") == ("3", "3")


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"nothing=NOTHING": {"take": "left"}}, "E-DECISION"),
        ({PHONE: {"take": "neither"}}, "E-BODY"),
        ({}, "E-BODY"),
    ],
)
def test_a_decision_that_does_not_fit_is_refused(
    app: Any, editor: Desk, two: str, fields: Any, code: str
) -> None:
    (shown,) = both_change(app, editor, two, "1", phone=("2", "3"))
    assert decide(editor, shown, fields, status=422)["code"] == code
    assert decide(editor, {"id": 4711}, {PHONE: {"take": "left"}}, status=404)["code"] == "E-NOT-FOUND"
    unknown = decide(
        editor, shown, {PHONE: {"take": "left"}}, status=409, remember={"x=Y": {"policy": "left"}}
    )
    assert unknown["code"] == "E-NODE-GONE"
    assert len(exact(editor.get("/api/conflicts"))["conflicts"]) == 1


def test_the_timeline_tells_the_conflict_the_decision_and_both_writes(
    app: Any, editor: Desk, two: str
) -> None:
    (shown,) = both_change(app, editor, two, "1", phone=("2", "3"), name=("Uno", "Customer 1"))
    decide(editor, shown, {PHONE: {"take": "value", "value": "9"}})
    work(app)
    thing = shown["right"]
    address = f"/api/records/{thing['connection']}/{thing['entity']}/{thing['id']}/timeline"
    told = exact(editor.get(address))
    assert {one["id"] for one in told["things"]} == {"A1", "B1"}
    (decision,) = [event for event in told["events"] if event["kind"] == "decision"]
    assert decision["text"] == "Conflict about Phone decided by editor@example.org"
    assert decision["detail"] == "“9” stays"
    assert any(event["kind"] == "conflict" for event in told["events"])
    written = {
        (event["text"], tuple(field["field"] for field in event["fields"]))
        for event in told["events"]
        if event["outcome"] == "updated" and event["at"] > decision["at"]
    }
    assert {fields for _, fields in written} == {("phone",), ("PHONE",)}


def test_a_dry_run_shows_both_sides_with_the_reason(app: Any, editor: Desk, two: str) -> None:
    Crm.world_of.edit("A1", phone="2")
    Erp.world_of.edit("B1", city="Kiel")
    journals = to_json([Crm.world_of.journal, Erp.world_of.journal])
    run = sync(app, editor, two, mode="dry-run")
    plan = exact(editor.get(f"/api/runs/{run}/plan"))
    told = {
        (line["entity"], field["field"]): (field["old"], field["new"], field["why"])
        for line in plan["writes"]
        for field in line["fields"]
    }
    assert told["thing", "PHONE"] == ("1", "2", "Changed in System A only.")
    assert told["thing", "city"] == ("Ulm", "Kiel", "Changed in System B only.")
    assert to_json([Crm.world_of.journal, Erp.world_of.journal]) == journals


def lose(app: Any, desk: Desk, slug: str) -> Any:
    """Customer 1 is merged into customer 4, and the CRM does not say so; answers what the inbox asks."""
    sync(app, desk, slug)
    Crm.world_of.edit("A4", code="1", name="The survivor")
    Crm.world_of.merge("A1", "A4", tell=False)
    sync(app, desk, slug)
    groups = exact(desk.get("/api/reviews"))["groups"]
    (group,) = [one for one in groups if one["question"]["kind"] == "gone"]
    return group


def test_a_person_finds_the_survivor_of_a_merge(app: Any, editor: Desk, two: str) -> None:
    group = lose(app, editor, two)
    form = group["form"]
    assert (form["lost_in"], form["left_in"], form["left"]) == ("The CRM", "The ERP", "B1")
    assert form["choices"] == ["merged", "delete", "keep"]
    place = f"connection={form['connection']}&entity={form['entity']}"
    found = exact(editor.get(f"/api/references/objects?{place}&q=A4"))["objects"]
    assert (found[0]["id"], found[0]["title"]) == ("A4", "The survivor")

    def answer(**given: str) -> Any:
        return editor.post("/api/reviews/answer", {"question": group["question"], "answer": given})

    for wrong in ({"choice": "merged"}, {"choice": "merged", "id": "A77"}, {"choice": "merged", "id": "A1"},
                  {"choice": "mark"}, {"choice": ""}):  # fmt: skip
        assert answer(**wrong).status_code == 422, wrong
    done = answer(choice="merged", id="A4")
    assert done.status_code == 200, done.text
    work(app)
    assert Erp.world_of.objects["B1"]["NAME"] == "The survivor"
    assert answer(choice="merged", id="A4").status_code == 200, "the same answer again answers the same"
    connection = form["connection"]
    told = exact(editor.get(f"/api/records/{connection}/thing/A4/timeline"))
    assert "A1 was merged into A4" in next(
        event["detail"] for event in told["events"] if event["kind"] == "write"
    )


def test_what_was_deleted_is_deleted_on_the_other_side_when_somebody_says_so(
    app: Any, editor: Desk, two: str
) -> None:
    group = lose(app, editor, two)
    answered = editor.post(
        "/api/reviews/answer", {"question": group["question"], "answer": {"choice": "keep"}}
    )
    assert answered.status_code == 200, answered.text
    work(app)
    assert "B1" in Erp.world_of.objects
    left_out = exact(editor.get("/api/references?state=out"))["references"]
    assert [row["left"]["id"] for row in left_out] == ["B1"]
