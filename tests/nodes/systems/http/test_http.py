"""The HTTP connector against its sandbox: every way to cut pages, to sign in, to write and to fail."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from engine.connector import CannotTell, Filter, Partly, Query
from engine.errors import AccessError, InDoubt, RecordRejected, Unavailable
from engine.http import Http
from engine.record import Change, idempotency_key
from nodes.systems.http import auth as ways
from nodes.systems.http.connector import HttpConnector
from nodes.systems.http.filtering import passes
from nodes.systems.http.sandbox import HttpSandbox
from nodes.systems.http.settings import HttpSettings
from tests.conftest import Served

Connect = Callable[..., HttpConnector]
PAGINGS: dict[str, tuple[dict[str, Any], str, dict[str, Any]]] = {
    "whole": ({"kind": "none"}, "$", {}),
    "page": ({"kind": "page", "size_parameter": "limit", "size": 10}, "$.items", {}),
    "offset": ({"kind": "offset", "size": 10}, "$.items", {}),
    "cursor": (
        {"kind": "cursor", "path": "$.meta.next_cursor", "parameter": "after", "size": 10}, "$.data.items", {},
    ),
    "link": ({"kind": "link", "size_parameter": "limit", "size": 10}, "$.items", {}),
    "path": ({"kind": "link", "size_parameter": "limit", "size": 10}, "$.items[*]", {}),
    "header": ({"kind": "header", "size_parameter": "limit", "size": 10}, "$", {}),
}  # fmt: skip
AUTHS: dict[str, dict[str, Any]] = {
    "basic": {"kind": "basic", "user": "heddle", "password": "heddle-password"},
    "bearer": {"kind": "bearer", "token": "heddle-token"},
    "header": {"kind": "key", "name": "X-API-Key", "value": "heddle-key"},
    "query": {"kind": "key", "place": "query", "name": "api_key", "value": "heddle-key"},
    "oauth": {"kind": "oauth", "client_id": "heddle", "client_secret": "heddle-secret"},
}


@pytest.fixture
def served(sandbox: Callable[..., Served]) -> Served:
    return sandbox("http", seed=33)


@pytest.fixture
def connect(served: Served, monkeypatch: pytest.MonkeyPatch) -> Iterator[Connect]:
    """``connect(auth=…, customers={…changes of the form…}, http={…})``"""
    clients: list[Http] = []
    monkeypatch.setattr(ways, "_tokens", {})

    def make(*, http: dict[str, Any] | None = None, customers: Any = None, **more: Any) -> HttpConnector:
        given = {**HttpSandbox.connection(served.url), **more}
        entity = given["entities"][0]
        for name, value in (customers or {}).items():
            entity[name] = (
                {**entity[name], **value} if isinstance(value, dict) and entity.get(name) else value
            )
        if given["auth"]["kind"] == "oauth":
            given["auth"] = {"token_url": f"{served.url}/oauth/token", **given["auth"]}
        clients.append(Http(timeout=5, **(http or {})))
        return HttpConnector(HttpSettings.model_validate(given), clients[-1])

    yield make
    for client in clients:
        client.session.close()


def read_all(connector: HttpConnector, limit: int = 10, **query: Any) -> list[Any]:
    records, cursor, turns = [], None, 0
    while True:
        page = connector.read(Query(entity="customers", **query), cursor, limit)
        records += page.records
        cursor, turns = page.cursor, turns + 1
        assert turns < 50
        if cursor is None:
            return records


def create(name: str, **data: Any) -> Change:
    match = {"number": data["number"]} if "number" in data else {}
    return Change(idempotency_key("test", name), "create", {"name": name, **data}, match=match)


# reading ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("style", PAGINGS)
def test_every_way_to_cut_pages(connect: Connect, served: Served, style: str) -> None:
    paging, records, more = PAGINGS[style]
    connector = connect(
        customers={"read": {"path": f"/{style}/customers", "records": records, "paging": paging, **more}}
    )
    expected = [row["id"] for row in served.app.rows("customers")]
    assert [one.key for one in read_all(connector)] == expected
    served.app.active["page_cap"] = {"rows": 3}
    if style != "page":  # numbered pages cannot be told from the last one when they come short
        assert [one.key for one in read_all(connector)] == expected


@pytest.mark.parametrize("kind", AUTHS)
def test_every_way_in(connect: Connect, served: Served, kind: str) -> None:
    served.app.set_setting("auth", kind)
    notes: list[dict[str, Any]] = []
    secrets = tuple(
        str(value) for name, value in AUTHS[kind].items() if name in {"value", "token", "client_secret"}
    )
    connector = connect(auth=AUTHS[kind], http={"journal": notes.append, "secrets": secrets})
    assert connector.check().ok
    paging = {"kind": "link", "size_parameter": "limit", "size": 10}
    linked = connect(
        auth=AUTHS[kind],
        customers={"read": {"path": "/link/customers", "records": "$.items", "paging": paging}},
    )
    assert len(read_all(linked)) == 33
    cursor = linked.read(Query(entity="customers"), None, 10).cursor
    text = f"{notes} {cursor}"
    assert not [secret for secret in secrets if secret in text]
    wrong = {
        name: "wrong" if name in {"password", "value", "token", "client_secret"} else value
        for name, value in AUTHS[kind].items()
    }
    with pytest.raises(AccessError) as refused:
        connect(auth=wrong).check()
    assert refused.value.code == "E-CREDENTIALS"


def test_only_what_changed(connect: Connect, served: Served) -> None:
    connector = connect()
    middle = served.app.rows("customers")[20]["updated"]
    assert len(read_all(connector, since=middle)) == 13
    assert len(read_all(connector, until=middle)) == 21
    assert len(read_all(connector, since=middle, until=middle)) == 1
    unable = connect(customers={"read": {"since": None}})
    assert len(read_all(unable, since=middle)) == 13  # the service sends all, Heddle leaves out the rest
    page = connector.read(Query(entity="customers", since=middle), None, 100)
    assert page.watermark == served.app.rows("customers")[-1]["updated"]
    with pytest.raises(RecordRejected) as refused:
        connect(customers={"modified": ""}).read(Query(entity="customers", since=middle), None, 10)
    assert refused.value.code == "E-NO-STAMP"


def test_named_records_and_conditions(connect: Connect, served: Served) -> None:
    rows = served.app.rows("customers")
    keys = (*(row["id"] for row in rows[:12]), "gone")
    assert [one.key for one in read_all(connect(), limit=5, keys=keys)] == list(keys[:-1])
    basel = read_all(connect(), filters=(Filter(field="city", value="basel"),))
    assert [one.key for one in basel] == [row["id"] for row in rows if row["city"] == "Basel"]


def test_deleted_records_are_told_and_no_longer_found(connect: Connect, served: Served) -> None:
    connector = connect(customers={"read": {"deleted": "$.deleted_at"}})
    assert connector.capability.tombstones
    assert not connect().capability.tombstones
    gone, kept = read_all(connector)[:2]
    stamp = gone.data["updated"]
    marks = [Change("a", "update", {"deleted_at": "2026-03-01"}, gone.key)]
    marks.append(Change("b", "update", {"deleted_at": None}, kept.key))
    assert all(not result.message for result in connector.write("customers", marks))
    city = [Filter(field="city", op="eq", value="nowhere")]
    told = read_all(connector, since=stamp, filters=city)
    assert [(record.key, record.deleted) for record in told] == [(gone.key, True)]
    (named,) = read_all(connector, keys=(gone.key,))
    assert named.deleted
    found = connector.find("customers", [{"number": one.data["number"]} for one in (gone, kept)])
    assert [[remote.id for remote in remotes] for remotes in found] == [[], [kept.key]]


def test_shapes_are_given_or_learned(connect: Connect, served: Served) -> None:
    served.app.store(
        "invoices",
        {
            "customer": "X",
            "date": "2026-01-01",
            "total": Decimal("0.10"),
            "paid": True,
            "lines": [{"product": "P", "quantity": 1}],
            "at": {"city": "Basel"},
            "nothing": None,
        },
    )
    learned = {one.name: one for one in connect().entity("invoices").fields}
    assert {name: one.type for name, one in learned.items()} == {
        "customer": "text", "date": "date", "lines": "lines", "id": "id", "number": "text", "updated": "datetime",
        "total": "number", "paid": "boolean", "at": "object", "nothing": "any",
    }  # fmt: skip
    assert [one.name for one in learned["lines"].fields] == ["product", "quantity"]
    given = connect(
        customers={"fields": [{"name": "name", "required": True}, {"name": "limit", "type": "money"}]}
    )
    assert [(one.name, one.type) for one in given.entity("customers").fields] == [
        ("name", "text"),
        ("limit", "money"),
    ]


@pytest.mark.parametrize(
    ("vice", "error", "code"),
    [("redirect", AccessError, "E-REDIRECT"), ("login_page", Unavailable, "E-ANSWER")],
)
def test_what_is_no_answer(
    connect: Connect, served: Served, vice: str, error: type[Exception], code: str
) -> None:
    served.app.active[vice] = {"to": "https://example.com/", "times": 1}
    with pytest.raises(error) as refused:
        connect().read(Query(entity="customers"), None, 10)
    assert refused.value.code == code  # type: ignore[attr-defined]


def test_credentials_do_not_follow_a_link_elsewhere(connect: Connect, served: Served) -> None:
    served.app.active["link_elsewhere"] = {"host": "https://example.com"}
    paging = {"kind": "link", "size_parameter": "limit", "size": 10}
    connector = connect(
        customers={"read": {"path": "/link/customers", "records": "$.items", "paging": paging}}
    )
    with pytest.raises(AccessError) as refused:
        connector.read(Query(entity="customers"), None, 10)
    assert refused.value.code == "E-ELSEWHERE"


def test_a_wrong_place_of_records_is_named(connect: Connect) -> None:
    for records in ("$.nothing", "$.total"):
        with pytest.raises(RecordRejected) as refused:
            connect(customers={"read": {"records": records}}).read(Query(entity="customers"), None, 10)
        assert "Where the records are" in refused.value.cure
    with pytest.raises(RecordRejected) as refused:
        connect(customers={"key": "$.uid"}).read(Query(entity="customers"), None, 10)
    assert refused.value.code == "E-NO-KEY"


# tokens -------------------------------------------------------------------------------------------------


def test_of_many_that_need_a_token_one_fetches_it(connect: Connect, served: Served) -> None:
    served.app.active["latency"] = {"ms": 50}
    connectors = [connect(auth=AUTHS["oauth"]) for _ in range(6)]
    start = threading.Barrier(6)

    def check(connector: HttpConnector) -> bool:
        start.wait()
        return connector.check().ok

    with ThreadPoolExecutor(6) as pool:
        assert all(pool.map(check, connectors))
    assert served.app.handed_out == 1


def test_a_token_is_renewed_before_it_ends_and_when_it_is_refused(
    connect: Connect, served: Served, clock: Any
) -> None:
    connector = connect(auth=AUTHS["oauth"])
    connector.check()
    clock.advance(3600 - 61)
    connector.check()
    assert served.app.handed_out == 1
    clock.advance(2)
    connector.check()
    assert served.app.handed_out == 2
    served.app.tokens.clear()  # the service forgets it early
    connector.check()
    assert served.app.handed_out == 3


def test_a_refusal_of_a_token_that_says_200(connect: Connect, served: Served) -> None:
    served.app.active["error_in_200"] = {}
    with pytest.raises(AccessError) as refused:
        connect(auth={**AUTHS["oauth"], "client_secret": "wrong"}).check()
    assert "Unknown client" in refused.value.message


# writing ------------------------------------------------------------------------------------------------


def test_one_a_call(connect: Connect, served: Served) -> None:
    connector = connect()
    made = connector.write("customers", [create("Ann", number="A-1", limit=Decimal("0.10")), create("")])
    assert [one.outcome for one in made] == ["created", "failed"]
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
    assert results[3].message.endswith("name must be filled")
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


def test_several_calls_at_once(connect: Connect, served: Served) -> None:
    connector = connect(customers={"write": {"at_once": 6}})
    served.app.active["latency"] = {"ms": 60}
    changes = [create("" if at == 7 else f"N {at}") for at in range(18)]
    began = time.monotonic()
    results = connector.write("customers", changes)
    assert time.monotonic() - began < 18 * 0.06
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


# forms --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        {"url": "ftp://x"}, {"url": "https://user:pass@x"}, {"test": "https://elsewhere.example.org/x"},
        {"test": "//elsewhere.example.org"}, {"auth": {"kind": "key", "name": "a b", "value": "x"}},
        {"entities": [{"name": "a"}, {"name": "a"}]}, {"entities": [{"name": "a", "key": "$..x"}]},
        {"entities": [{"name": "a", "key": "not a path("}]}, {"entities": [{"name": "a", "read": {"path": "/x/{"}}]},
        {"entities": [{"name": "a", "find": {"by": ["x"], "path": "/a/{y}"}}]},
        {"entities": [{"name": "a", "find": {"by": ["x"], "path": "/a", "together": 5}}]},
        {"entities": [{"name": "a", "write": {}}]},
        {"entities": [{"name": "a", "write": {"update": {"path": "/a"}}}]},
        {"errors": [{"then": "retry"}]}, {"errors": [{"status": "9xx"}]}, {"headers": [{"name": "A", "value": "x\r\ny"}]},
    ],
)  # fmt: skip
def test_forms_that_cannot_be_meant(change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        HttpSettings.model_validate({"url": "https://api.example.org", **change})


VALUES = st.one_of(
    st.none(), st.text("aB 1", max_size=3), st.integers(-3, 3), st.decimals(-2, 2, places=1), st.booleans()
)


@given(VALUES, VALUES, st.sampled_from(["eq", "ne", "lt", "le", "gt", "ge", "in", "contains", "starts"]))
def test_conditions_never_raise_and_agree_with_their_opposites(value: Any, right: Any, op: Any) -> None:
    met = passes({"x": value}, [Filter(field="x", op=op, value=right)])
    if op in {"eq", "ne"}:
        other = "ne" if op == "eq" else "eq"
        assert met != passes({"x": value}, [Filter(field="x", op=other, value=right)])
    if op == "lt" and met:
        assert not passes({"x": value}, [Filter(field="x", op="ge", value=right)])
