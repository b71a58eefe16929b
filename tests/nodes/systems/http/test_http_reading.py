"""What the HTTP connector reads from its sandbox: every way to cut pages, changes, shapes, answers that are none."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from requests.structures import CaseInsensitiveDict

from engine.connector import Filter, Query
from engine.errors import AccessError, RecordRejected, Unavailable
from engine.record import Change
from nodes.systems.http import totals
from nodes.systems.http.settings import ReadForm
from tests.conftest import Served
from tests.nodes.systems.http.conftest import Connect, read_all

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


def test_the_answer_says_how_many_there_are_unless_some_are_left_out_here(connect: Connect) -> None:
    paging, records, _ = PAGINGS["offset"]
    reading = {"path": "/offset/customers", "records": records, "paging": paging, "total": "$.total"}
    connector = connect(customers={"read": reading})
    first = connector.read(Query(entity="customers"), None, 10)
    assert first.total == 33
    assert connector.read(Query(entity="customers"), first.cursor, 10).total is None
    some = Query(entity="customers", filters=(Filter(field="name", op="contains", value="a"),))
    assert connector.read(some, None, 10).total is None
    astray = connect(customers={"read": {**reading, "total": "$.items"}})
    assert astray.read(Query(entity="customers"), None, 10).total is None


@pytest.mark.parametrize(
    ("headers", "form", "wanted"),
    [
        ({}, {}, None),
        ({"x-total-count": "1234"}, {}, 1234),
        ({"X-WP-Total": "7"}, {}, 7),
        ({"Content-Range": "items 0-99/1234"}, {}, 1234),
        ({"Content-Range": "0-24/3573"}, {}, 3573),
        ({"Content-Range": "*/0"}, {}, 0),
        ({"Content-Range": "0-24/*"}, {}, None),
        ({"Content-Range": "bytes 0-99/1234"}, {}, None),
        ({"X-Total-Count": "many"}, {}, None),
        ({"X-Total-Count": "-1", "X-Total": "9"}, {}, 9),
        ({"X-Rows": "8", "X-Total-Count": "9"}, {"total_header": "X-Rows"}, 8),
        ({"X-Rows": "rows 0-9/8"}, {"total_header": "x-rows"}, 8),
        ({"X-Total-Count": "9"}, {"total_header": "X-Rows"}, 9),
        ({"X-Total-Count": "9"}, {"total": "$.total"}, 5),
        ({"X-Total-Count": "9"}, {"total": "$.nothing"}, 9),
        ({}, {"total": "$.yes"}, None),
    ],
)
def test_how_many_there_are_is_told_by_the_form_or_by_a_usual_header(
    headers: dict[str, str], form: dict[str, str], wanted: int | None
) -> None:
    read = ReadForm.model_validate({"path": "/customers", **form})
    assert totals.told(read, {"total": 5, "yes": True}, CaseInsensitiveDict(headers)) == wanted


def test_a_header_says_how_many_there_are(connect: Connect) -> None:
    paging, records, _ = PAGINGS["header"]
    connector = connect(
        customers={"read": {"path": "/header/customers", "records": records, "paging": paging}}
    )
    first = connector.read(Query(entity="customers"), None, 10)
    assert (first.total, len(first.records)) == (33, 10)
    assert connector.read(Query(entity="customers"), first.cursor, 10).total is None
    middle = first.records[5].data["updated"]
    assert connector.read(Query(entity="customers", since=middle), None, 10).total == 28
    unable = connect(
        customers={"read": {"path": "/header/customers", "records": records, "paging": paging, "since": None}}
    )
    assert unable.read(Query(entity="customers", since=middle), None, 10).total is None


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
