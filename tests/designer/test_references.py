"""Cross references are found, repaired against the live system, and exchanged as CSV."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from sqlalchemy import update
from sqlmodel import col

from engine.clock import now
from engine.store import deliveries, pairing, references
from engine.store.deliveries import Entry
from engine.store.lanes import Lane
from engine.store.references import CrossReference, Pair, Reference
from engine.store.timepiece import shared_now
from tests.designer.conftest import Desk, exact, installation_of
from tests.designer.test_choosing import ACME, Books, _books, matching, waiting  # noqa: F401 - fixtures
from tests.designer.test_runs import run


@pytest.fixture
def known(app: Any, connection: str) -> Pair:
    """Three pairs of the same connection, written by a flow that is gone."""
    pair = Pair(connection, "order", connection, "invoice")
    with installation_of(app).database.write() as session:
        references.save(
            session,
            [Reference(pair, f"A{n}", str(n), f"INV-{n}", fingerprints={"gone/write": "x"}) for n in (7, 8)],
        )
        references.claim(session, pair, {"A9": "somebody"}, now() + 60)
    return pair


def listed(desk: Desk, query: str = "") -> list[Any]:
    return list(exact(desk.get(f"/api/references?{query}"))["references"])


def test_they_are_found_by_any_id_or_number(desks: dict[str, Desk], known: Pair) -> None:
    viewer = desks["viewer"]
    assert [row["left"]["id"] for row in listed(viewer)] == ["A9", "A8", "A7"]
    assert [row["left"]["id"] for row in listed(viewer, "q=INV-7")] == ["A7"]
    assert [row["right"]["id"] for row in listed(viewer, "q=A8")] == ["8"]
    assert [row["left"]["id"] for row in listed(viewer, "q=7")] == ["A7"]
    assert listed(viewer, "q=%25") == []
    assert [row["state"] for row in listed(viewer, "state=creating")] == ["creating"]
    assert len(listed(viewer, "state=linked&entity=invoice")) == 2
    assert listed(viewer, "connection=other") == []
    first = exact(viewer.get("/api/references?limit=2"))
    assert [row["left"]["id"] for row in listed(viewer, f"before={first['next']}")] == ["A7"]
    (row,) = listed(viewer, "q=A7")
    assert (row["left"]["connection_name"], row["left"]["title"]) == ("Books", "")


def test_an_object_that_was_read_is_called_by_its_title(
    app: Any, desks: dict[str, Desk], known: Pair
) -> None:
    with installation_of(app).database.write() as session:
        told = [
            ("r1", "Old name", "order"),
            ("r2", "Desk and chairs", "order"),
            ("r3", "Another A7", "account"),
        ]
        entries = [
            Entry(run, 1, 0, "write", "A7", "A7", title, "created", 1, now(), origin_entity=entity)
            for run, title, entity in told
        ]
        deliveries.add(session, entries)
    titles = {row["left"]["id"]: row["left"]["title"] for row in listed(desks["viewer"])}
    assert titles == {"A7": "Desk and chairs", "A8": "", "A9": ""}


def test_one_is_pointed_to_another_object_that_is_there(desks: dict[str, Desk], known: Pair) -> None:
    admin, operator = desks["admin"], desks["operator"]
    (row,) = listed(operator, "q=A7")
    refused = operator.patch(f"/api/references/{row['id']}", {"right_id": "99"})
    assert (refused.status_code, exact(refused)["code"]) == (422, "E-NO-OBJECT")
    taken = operator.patch(f"/api/references/{row['id']}", {"right_id": "8"})
    assert (taken.status_code, exact(taken)["code"]) == (409, "E-TAKEN")
    assert exact(taken)["message"].startswith("INV-8 is A8 already:")
    assert listed(operator, "q=A7")[0]["right"]["id"] == "7"
    done = exact(operator.patch(f"/api/references/{row['id']}", {"right_id": "8", "both": True}))
    assert (done["right"]["id"], done["right"]["number"], done["flows"]) == ("8", "INV-8", [])
    assert done["right"]["link"] == "https://books.example.org/8"
    entry = exact(admin.get("/api/audit"))["entries"][0]
    assert (entry["action"], entry["detail"]["before"], entry["detail"]["right"]) == (
        "reference.repair",
        "7",
        "8",
    )
    both = operator.patch(f"/api/references/{row['id']}", {"right_id": "8", "state": "new"})
    assert exact(both)["code"] == "E-CHOICE"
    assert exact(operator.patch(f"/api/references/{row['id']}", {"state": "out"}))["state"] == "out"


def test_one_that_is_being_created_is_left_alone(desks: dict[str, Desk], known: Pair) -> None:
    operator = desks["operator"]
    (row,) = listed(operator, "q=A9")
    for answer in (
        operator.patch(f"/api/references/{row['id']}", {"right_id": "7"}),
        operator.delete(f"/api/references/{row['id']}"),
    ):
        assert (answer.status_code, exact(answer)["code"]) == (409, "E-REFERENCE-BUSY")
    assert exact(operator.delete("/api/references/4711"))["code"] == "E-NOT-FOUND"


def test_so_is_one_whose_call_takes_longer_than_its_claim(
    app: Any,
    desks: dict[str, Desk],
    matching: str,  # noqa: F811 - a fixture
    known: Pair,
) -> None:
    """Its worker is alive, and has been told to wait, or asks a slow system."""
    operator, database = desks["operator"], installation_of(app).database
    run_id = run(operator, matching, app, [ACME])
    with database.write() as session:
        lane = {"state": "open", "owner": "a worker", "until": shared_now(session) + 60, "next": 0}
        session.execute(update(Lane).where(col(Lane.run_id) == run_id, col(Lane.number) == 1).values(**lane))
        mine = {"claim": f"{run_id}/1/0/write", "claim_until": shared_now(session) - 60}
        session.execute(update(CrossReference).where(col(CrossReference.left_id) == "A9").values(**mine))
    (row,) = listed(operator, "q=A9")
    refused = operator.delete(f"/api/references/{row['id']}")
    assert (refused.status_code, exact(refused)["code"]) == (409, "E-REFERENCE-BUSY")
    with database.write() as session:
        session.execute(update(Lane).values(owner=None, until=0.0))
    assert operator.delete(f"/api/references/{row['id']}").status_code == 200


def test_what_is_removed_is_written_as_if_it_had_never_been(
    app: Any,
    desks: dict[str, Desk],
    matching: str,  # noqa: F811 - a fixture
) -> None:
    """The object it stood for is gone; without the cross reference a new one is created."""
    operator = desks["operator"]
    Books.there = {"7": {"total": 12, "account": "1"}}
    run(operator, matching, app, [ACME])
    Books.there = {}
    run(operator, matching, app, [{**ACME, "product": "Widgets", "total": 12, "again": 1}])
    (row,) = listed(operator, "q=A1")
    assert row["flows"][0]["slug"] == matching
    assert operator.delete(f"/api/references/{row['id']}").status_code == 200
    run(operator, matching, app, [ACME])
    assert list(Books.there) == ["n0"]


def test_both_sides_of_one_that_is_added_are_looked_up(desks: dict[str, Desk], connection: str) -> None:
    operator = desks["operator"]
    side = {"connection": connection, "entity": "invoice"}
    for left, right, code in (("7", "9", "E-NO-OBJECT"), ("9", "8", "E-NO-OBJECT")):
        body = {"left": {**side, "id": left}, "right": {**side, "id": right}}
        assert exact(operator.post("/api/references", body))["code"] == code
    made = operator.post("/api/references", {"left": {**side, "id": "7"}, "right": {**side, "id": "8"}})
    assert (made.status_code, exact(made)["state"]) == (201, "linked")
    second = {"left": {**side, "id": "8"}, "right": {**side, "id": "8"}}
    assert exact(operator.post("/api/references", second))["code"] == "E-TAKEN"
    assert len(listed(operator)) == 1
    assert operator.post("/api/references", {**second, "both": True}).status_code == 201
    assert len(listed(operator)) == 2


def test_what_is_exported_can_be_imported(app: Any, desks: dict[str, Desk], known: Pair) -> None:
    operator = desks["operator"]
    with installation_of(app).database.write() as session:
        pairing.say(session, known, "=A10", references.NEW)
    text = operator.get("/api/references.csv").text
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [(row["left id"], row["right id"], row["state"]) for row in rows] == [
        ("A7", "7", "linked"), ("A8", "8", "linked"), ("A9", "", "creating"), ("'=A10", "", "new")
    ]  # fmt: skip
    same = exact(operator.post("/api/references/import", {"csv": text, "apply": True}))
    assert same == {"added": 0, "changed": 0, "unchanged": 3, "applied": True}
    changed = text.replace("A8,Books,invoice,8", "A8,Books,invoice,7").replace(",new", ",out")
    changed += "Books,order,A11,Books,invoice,8,,\r\n"
    plan = exact(operator.post("/api/references/import", {"csv": changed}))
    assert plan == {"added": 1, "changed": 2, "unchanged": 1, "applied": False}
    assert len(listed(operator)) == 4, "a look keeps nothing"
    exact(operator.post("/api/references/import", {"csv": changed.replace(",", ";"), "apply": True}))
    assert {row["left"]["id"]: row["right"]["id"] or row["state"] for row in listed(operator)} == {
        "A7": "7", "A8": "7", "A9": "creating", "=A10": "out", "A11": "8"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("lines", "code", "says"),
    [
        (["nothing"], "E-CSV", "no column «left connection»"),
        (["Books,order,A1,Nowhere,invoice,7"], "E-CSV", "Line 2: there is no connection «Nowhere»"),
        (["Books,order,,Books,invoice,7"], "E-CSV", "Line 2 has no left id"),
        (["Books,order,A1,Books,invoice,"], "E-CSV", "Line 2 has no right id"),
        (
            ["Books,order,A1,Books,invoice,7", "Books,order,A1,Books,invoice,8"],
            "E-CSV",
            "Line 3 is about the same",
        ),
        (["Books,order,A1,Books,invoice,7", "Books,order,A2,Books,invoice,99"], "E-NO-OBJECT", "Line 3"),
    ],
)
def test_a_file_with_one_wrong_line_changes_nothing(
    desks: dict[str, Desk], connection: str, lines: list[str], code: str, says: str
) -> None:
    heading = "left connection,left entity,left id,right connection,right entity,right id"
    text = "\n".join(lines if lines == ["nothing"] else [heading, *lines])
    refused = desks["operator"].post("/api/references/import", {"csv": text, "apply": True})
    assert (refused.status_code, exact(refused)["code"]) == (422, code)
    assert says in exact(refused)["message"]
    assert listed(desks["operator"]) == []


def test_an_object_that_is_gone_is_said_with_the_way_out(
    app: Any,
    editor: Desk,
    matching: str,  # noqa: F811 - a fixture
) -> None:
    Books.there = {"7": {"total": 12, "account": "1"}}
    run(editor, matching, app, [ACME])
    Books.there = {}
    with installation_of(app).database.write() as session:
        (row,) = pairing.search(session)
        row.fingerprints = "{}"
        session.add(row)
    run(editor, matching, app, [ACME])
    (group,) = waiting(editor)
    assert (group["question"]["kind"], group["question"]["id"]) == ("gone", "7")
    assert "is gone" in group["message"]
    assert listed(editor, f"q={group['question']['id']}")[0]["left"]["id"] == "A1"
