"""The HTTP connector writes and finds in its sandbox: lost answers, several calls at once, rules about answers."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import pytest

from engine.connector import CannotTell, Partly, Query
from engine.errors import AccessError, InDoubt, Unavailable
from engine.record import Change
from tests.conftest import Served
from tests.nodes.systems.http.conftest import Connect, create


def test_one_a_call(connect: Connect, served: Served) -> None:
    connector = connect()
    made = connector.write("customers", [create("Ann", number="A-1", limit=Decimal("0.10")), create("")])
    assert [one.outcome for one in made] == ["created", "failed"]
    assert "name" in made[1].message
    assert "{" not in made[1].message + made[1].detail, "the raw answer is no sentence for people"
    assert made[0].number == "A-1"
    assert "name must be filled" in made[1].message
    changed = connector.write("customers", [Change("k" * 40, "update", {"limit": 7}, made[0].remote_id)])
    assert changed[0].outcome == "updated"
    row = served.app.row("customers", made[0].remote_id)
    assert (row["name"], row["limit"]) == ("Ann", 7)
    gone = connector.write("customers", [Change("j" * 40, "update", {"limit": 7}, "gone")])
    assert (gone[0].outcome, gone[0].remote_id) == ("failed", "gone")


LIST = {
    "body": "array",
    "create": {"path": "/customers/bulk"},
    "results": "$.results",
    "error": "$.error.message",
}


def test_many_in_a_call(connect: Connect, served: Served) -> None:
    connector = connect(customers={"write": {**LIST, "size": 20, "update": None}})
    changes = [create("" if at % 10 == 3 else f"N {at}") for at in range(50)]
    results = connector.write("customers", changes)
    assert [one.outcome for one in results] == ["failed" if at % 10 == 3 else "created" for at in range(50)]
    assert results[3].message.endswith("name must be filled.")
    assert len([call for call in served.app.journal if call["method"] == "POST"]) == 3
    assert [served.app.row("customers", one.remote_id)["name"] for one in results if one.remote_id] == [
        change.data["name"] for change in changes if change.data["name"]
    ]


def test_a_list_that_is_not_answered_for_each_is_in_doubt(connect: Connect) -> None:
    connector = connect(customers={"write": {**LIST, "results": "$.nothing", "update": None}})
    with pytest.raises(InDoubt):
        connector.write("customers", [create("A"), create("B")])


@pytest.mark.parametrize(
    ("write", "find", "means"),
    [
        ({}, None, "key"),
        ({"idempotency_header": ""}, {}, "find"),
        ({"idempotency_header": ""}, None, "none"),
        ({**LIST, "update": None}, None, "none"),
    ],
)
def test_a_lost_answer(connect: Connect, served: Served, write: Any, find: Any, means: str) -> None:
    connector = connect(customers={"write": write, "find": find})
    change = create("Ann", number="A-1")
    served.app.active["lost_answer"] = {"times": 1}
    with pytest.raises(InDoubt):
        connector.write("customers", [change])
    if means == "none":
        assert (
            connector.capability.write == connector.settings.entities[0].write.size
            or connector.capability.write == 1
        )  # type: ignore[union-attr]
        with pytest.raises(CannotTell):
            connector.resolve("customers", [change])
        return
    (found,) = connector.resolve("customers", [change])
    if means == "find":
        assert found is not None
        assert found.number == "A-1"
    else:
        assert found is None
        assert connector.write("customers", [change])[0].outcome == "created"
    assert len([row for row in served.app.rows("customers") if row["name"] == "Ann"]) == 1


@contextmanager
def all_inside(served: Served, count: int) -> Iterator[None]:
    """The first calls are answered only when so many of them are under way together."""
    usual, gate, left = served.app.app.wsgi_app, threading.Barrier(count), iter(range(count))

    def wsgi(*call: Any) -> Any:
        if next(left, None) is not None:
            gate.wait(20)
        return usual(*call)

    served.app.app.wsgi_app = wsgi
    try:
        yield
    finally:
        served.app.app.wsgi_app = usual
    assert not gate.broken, "they were not sent together"


def test_several_calls_at_once(connect: Connect, served: Served) -> None:
    connector = connect(customers={"write": {"at_once": 6}})
    changes = [create("" if at == 7 else f"N {at}") for at in range(18)]
    with all_inside(served, 6):
        results = connector.write("customers", changes)
    assert [one.outcome for one in results] == ["failed" if at == 7 else "created" for at in range(18)]
    assert [served.app.row("customers", one.remote_id)["name"] for one in results if one.remote_id] == [
        change.data["name"] for change in changes if change.data["name"]
    ]
    served.app.active.clear()
    served.app.active["lost_answer"] = {"times": 1, "match": "Again 3"}
    again = [create(f"Again {at}") for at in range(10)]
    with pytest.raises(Partly) as partly:
        connector.write("customers", again)
    assert isinstance(partly.value.error, InDoubt)
    unanswered = {
        change.data["name"] for change, one in zip(again, partly.value.results, strict=True) if one is None
    }
    assert "Again 3" in unanswered
    answered = {str(row["name"]) for row in served.app.rows("customers")} & {
        change.data["name"] for change in again
    }
    assert answered - {"Again 3"} == {change.data["name"] for change in again} - unanswered
    assert {one.outcome for one in connector.write("customers", again)} == {"created"}
    names = [row["name"] for row in served.app.rows("customers")]
    assert all(names.count(f"Again {at}") == 1 for at in range(10))


def test_a_failure_while_writing_is_in_doubt_and_a_refusal_is_not(connect: Connect, served: Served) -> None:
    connector = connect()
    for vice, options, error in (
        ("server_error", {"times": 1}, InDoubt),
        ("rate_limit", {"times": 1, "retry_after": 7}, Unavailable),
        ("refuse", {"times": 1}, InDoubt),
    ):
        served.app.active[vice] = dict(options)
        with pytest.raises(error) as failed:
            connector.write("customers", [create("Ann")])
        if vice == "rate_limit":
            assert failed.value.retry_after == 7
    assert [row for row in served.app.rows("customers") if row["name"] == "Ann"] == []


def test_rules_say_what_an_answer_means(connect: Connect, served: Served) -> None:
    served.app.active["error_in_200"] = {}
    path = "$.error.code"
    errors = [
        {"path": path, "equals": "taken", "then": "retry"}, {"path": path, "equals": "unauthorized", "then": "access"},
        {"path": path, "then": "reject"},
    ]  # fmt: skip
    connector = connect(errors=errors)
    assert connector.write("customers", [create("")])[0].outcome == "failed"
    connector.write("customers", [create("A", number="1")])
    with pytest.raises(Unavailable):
        connector.write("customers", [create("B", number="1")])
    with pytest.raises(AccessError):
        connect(errors=errors, auth={"kind": "none"}).read(Query(entity="customers"), None, 5)
    busy = connect(errors=[{"status": "5xx", "then": "retry"}])
    served.app.active["server_error"] = {"times": 1}
    with pytest.raises(Unavailable):
        busy.write("customers", [create("C")])
    success = connect(customers={"write": {"success": {"path": "$.name", "equals": "Right"}}})
    results = success.write("customers", [create("Right"), create("Wrong")])
    assert [one.outcome for one in results] == ["created", "failed"]


def test_several_are_found_in_one_call(connect: Connect, served: Served) -> None:
    ids = [row["id"] for row in served.app.rows("customers")]
    connector = connect(
        customers={
            "find": {"by": ["id"], "path": "/whole/customers?ids={id}", "together": 20},
            "read": {"one": ""},
        }
    )
    found = connector.find("customers", [{"id": one} for one in [*ids, "gone"]])
    assert [[one.id for one in some] for some in found] == [[one] for one in ids] + [[]]
    assert len(served.app.journal) == 2
    with pytest.raises(CannotTell):
        connector.find("customers", [{"city": "Basel"}])


def test_values_in_an_address_are_only_values(connect: Connect, served: Served) -> None:
    nasty = "a/../b?x=1&y=é #%"
    connector = connect()
    connector.write("customers", [create("Ann", number=nasty)])
    assert connector.find("customers", [{"number": nasty}])[0][0].data["name"] == "Ann"
    assert connector.find("customers", [{"id": "../invoices"}]) == [[]]
