"""The OData connector against its sandbox: pages, keys of several parts, conditions, bundles, ETags, lost answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.connector import CannotTell, Filter, Query
from engine.errors import AccessError, InDoubt, RecordRejected, Unavailable
from engine.http import Http
from engine.record import Change, idempotency_key
from nodes.systems.odata.connector import ODataConnector
from nodes.systems.odata.csdl import parse
from nodes.systems.odata.metadata import KEY
from nodes.systems.odata.sandbox import ODataSandbox
from nodes.systems.odata.settings import ODataSettings
from nodes.systems.odata.values import literal
from tests.conftest import Served

Connect = Callable[..., ODataConnector]


@pytest.fixture
def served(sandbox: Callable[..., Served]) -> Served:
    return sandbox("odata", seed=33)


@pytest.fixture
def connect(served: Served) -> Iterator[Connect]:
    clients: list[Http] = []

    def make(**more: Any) -> ODataConnector:
        clients.append(Http(timeout=5))
        given = {**ODataSandbox.connection(served.url), **more}
        return ODataConnector(ODataSettings.model_validate(given), clients[-1])

    yield make
    for client in clients:
        client.session.close()


@pytest.fixture
def odata(connect: Connect) -> ODataConnector:
    return connect()


def read_all(
    connector: ODataConnector, entity: str = "Customers", limit: int = 10, **query: Any
) -> list[Any]:
    records, cursor = [], None
    for _ in range(60):
        page = connector.read(Query(entity=entity, **query), cursor, limit)
        records += page.records
        cursor = page.cursor
        if cursor is None:
            return records
    pytest.fail("The read never ends.")


def create(name: str, **data: Any) -> Change:
    match = {"Number": data["Number"]} if "Number" in data else {}
    return Change(idempotency_key("test", name), "create", {"Name": name, **data}, match=match)


def test_shapes_come_from_the_metadata(odata: ODataConnector) -> None:
    customers, orders = odata.entity("Customers"), odata.entity("Orders")
    kinds = {one.name: one.type for one in customers.fields}
    assert kinds == {
        "Id": "id", "Number": "text", "Name": "text", "City": "text", "Limit": "number", "Rank": "integer",
        "Active": "boolean", "Since": "date", "ModifiedOn": "datetime",
    }  # fmt: skip
    assert (customers.key, customers.modified, customers.title_field) == ("Id", "ModifiedOn", "Name")
    name = customers.field("Name")
    assert name is not None
    assert (name.required, name.max_length) == (True, 20000)
    assert customers.field("ModifiedOn").read_only  # type: ignore[union-attr]
    assert orders.key == KEY
    assert {one.name: one.type for one in orders.fields} | {"Lines": "lines", "Customer": "object"} == {
        one.name: one.type for one in orders.fields
    }


@pytest.mark.parametrize("paging", ["server", "skip"])
def test_both_ways_to_cut_pages(connect: Connect, served: Served, paging: str) -> None:
    connector = connect(paging=paging)
    expected = sorted(row["Id"] for row in served.app.rows("Customers"))
    if paging == "skip":
        served.app.active["no_next"] = {}
    else:
        served.app.active["page_cap"] = {"rows": 4}
    assert [one.key for one in read_all(connector)] == expected
    orders = [one.key for one in read_all(connector, "Orders", limit=7)]
    assert orders[0] == "Company='us',Number='O-00001'"
    assert len(orders) == len(set(orders)) == 33


@pytest.mark.parametrize(("paging", "status"), [("server", 400), ("skip", 501)])
def test_the_first_page_tells_how_many_there_are_where_the_service_counts(
    connect: Connect, served: Served, paging: str, status: int
) -> None:
    def read(connector: ODataConnector) -> list[int | None]:
        first = connector.read(Query(entity="Customers"), None, 10)
        second = connector.read(Query(entity="Customers"), first.cursor, 10)
        return [first.total, second.total]

    assert read(connect(paging=paging)) == [33, None]
    calls = len(served.app.journal)
    served.app.active["no_count"] = {"status": status}
    proud = connect(paging=paging)
    assert read(proud) == [None, None]
    once = len(served.app.journal) - calls
    assert read(proud) == [None, None]
    again = len(served.app.journal) - calls - once
    assert once - again == 2, "metadata, and one refusal; it is not asked a second time"
    assert len(read_all(proud)) == 33


@pytest.mark.parametrize("paging", ["server", "skip"])
@pytest.mark.parametrize(("cap", "told"), [(20, (20, True)), (34, (33, False))], ids=["at-least", "exact"])
def test_a_count_that_stops_at_its_limit_says_at_least_and_ends_no_read(
    connect: Connect,
    served: Served,
    monkeypatch: pytest.MonkeyPatch,
    paging: str,
    cap: int,
    told: tuple[int, bool],
) -> None:
    monkeypatch.setattr("nodes.systems.odata.connector.COUNTED_TO", cap)
    served.app.active["count_cap"] = {"rows": cap}
    connector = connect(paging=paging)
    first = connector.read(Query(entity="Customers"), None, 10)
    assert (first.total, first.at_least) == told
    second = connector.read(Query(entity="Customers"), first.cursor, 10)
    assert (second.total, second.at_least) == (None, False)
    assert len(read_all(connector)) == 33


@pytest.mark.parametrize("paging", ["server", "skip"])
def test_only_what_changed(connect: Connect, served: Served, paging: str) -> None:
    stamps = [row["ModifiedOn"] for row in served.app.rows("Customers")]
    connector = connect(paging=paging)
    assert len(read_all(connector, since=stamps[20])) == 13
    assert len(read_all(connector, until=stamps[20])) == 21
    page = connector.read(Query(entity="Customers", since=stamps[20]), None, 500)
    assert page.watermark == stamps[-1]
    with pytest.raises(RecordRejected) as refused:
        connect(stamp="NoSuchField").read(Query(entity="Customers", since=stamps[0]), None, 5)
    assert refused.value.code == "E-NO-STAMP"


def test_rows_that_go_while_they_are_read_hide_none(connect: Connect, served: Served) -> None:
    served.app.active["no_next"] = {}
    connector = connect(paging="skip")
    first = connector.read(Query(entity="Customers"), None, 10)
    for record in first.records[:5]:
        served.app.remove("Customers", record.key)
    left = [record.key for record in first.records]
    cursor = first.cursor
    while cursor is not None:
        page = connector.read(Query(entity="Customers"), cursor, 10)
        left += [record.key for record in page.records]
        cursor = page.cursor
    assert {row["Id"] for row in served.app.rows("Customers")} <= set(left)
    assert len(left) == len(set(left)) == 33


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ([("Rank", "ge", 10), ("Rank", "lt", 12)], 2), ([("Limit", "eq", Decimal("0.1"))], 1),
        ([("Name", "contains", " ")], 33), ([("Number", "starts", "C-0000")], 9), ([("City", "empty", None)], 33),
        ([("City", "ne", "Basel")], 33), ([("City", "eq", "")], 33), ([("City", "not_empty", None)], 0),
        ([("Number", "in", ["C-00001", "C-00002", "X"])], 2), ([("Number", "in", [])], 0),
        ([("ModifiedOn", "gt", "2000-01-01")], 33), ([("Number", "eq", "' or 1 eq 1 or '")], 0),
    ],
)  # fmt: skip
def test_conditions(odata: ODataConnector, filters: list[tuple[str, Any, Any]], count: int) -> None:
    given = tuple(Filter(field=field, op=op, value=value) for field, op, value in filters)
    assert len(read_all(odata, filters=given)) == count


@pytest.mark.parametrize(
    ("field", "op", "value"),
    [
        ("Nothing", "eq", 1), ("Rank", "eq", "x"), ("Rank", "contains", 1), ("Rank", "gt", None),
        ("Id", "eq", "x' or true"), ("Since", "eq", "soon"), ("Active", "eq", "yes"),
    ],
)  # fmt: skip
def test_conditions_that_cannot_be_meant(odata: ODataConnector, field: str, op: Any, value: Any) -> None:
    with pytest.raises(RecordRejected) as refused:
        odata.read(Query(entity="Customers", filters=(Filter(field=field, op=op, value=value),)), None, 5)
    assert refused.value.field == field


def test_fields_along_references(odata: ODataConnector, served: Served) -> None:
    query = Query(entity="Orders", fields=("Total", "Customer.Name"), lines=("Lines",))
    (record, *_) = odata.read(query, None, 3).records
    assert set(record.data) == {"Company", "Number", "ModifiedOn", "Total", "Customer"}
    assert list(record.data["Customer"]) == ["Name"]
    whole = odata.read(Query(entity="Orders", lines=("Customer",)), None, 1).records[0]
    assert isinstance(whole.data["Lines"][0]["Quantity"], Decimal)


def test_named_records_and_finding_by_key(odata: ODataConnector, served: Served) -> None:
    keys = tuple(one.key for one in read_all(odata, "Orders"))[:9]
    assert [
        one.key for one in read_all(odata, "Orders", limit=4, keys=(*keys, "Company='us',Number='no'"))
    ] == list(keys)
    ids = [row["Id"] for row in served.app.rows("Customers")]
    found = odata.find("Customers", [{"Id": one} for one in ids])
    assert [[one.id for one in some] for some in found] == [[one] for one in ids]
    found = odata.find("Orders", [{KEY: keys[0]}, {"Number": "O-00002"}, {"Number": "none"}])
    assert [[one.id for one in some] for some in found] == [[keys[0]], ["Company='us',Number='O-00002'"], []]
    calls = [call for call in served.app.journal if call["method"] == "GET" and "filter" in call["query"]]
    assert len(calls) < 10  # in bulk: not one call each


@pytest.mark.parametrize("vice", ["", "no_batch", "batch_stops", "no_content"])
def test_changes_in_bundles_or_singly(connect: Connect, served: Served, vice: str) -> None:
    connector = connect()
    if vice:
        served.app.active[vice] = {}
    changes = [create("" if at % 5 == 3 else f"N {at}", Number=f"T-{at}") for at in range(12)]
    results = connector.write("Customers", changes)
    assert [one.outcome for one in results] == ["failed" if at % 5 == 3 else "created" for at in range(12)]
    assert "Name must be filled" in results[3].message
    by_number = {row["Number"]: row["Id"] for row in served.app.rows("Customers")}
    assert [one.remote_id for one in results if one.remote_id] == [
        by_number[f"T-{at}"] for at in range(12) if at % 5 != 3
    ]
    posts = len([call for call in served.app.journal if call["method"] == "POST"])
    assert posts == {"": 1, "no_content": 1, "no_batch": 13}.get(vice, posts)
    updates = [Change(f"{at:040d}", "update", {"Rank": at}, results[at].remote_id) for at in (0, 1)]
    assert [one.outcome for one in connector.write("Customers", updates)] == ["updated", "updated"]


def test_keys_of_several_parts(odata: ODataConnector, served: Served) -> None:
    lines = [{"Product": "P", "Quantity": Decimal("1.50")}]
    data = {"Company": "d'e", "Number": "7", "Total": Decimal("0.10"), "Lines": lines}
    (made,) = odata.write("Orders", [Change("a" * 40, "create", data)])
    assert (made.outcome, made.remote_id) == ("created", "Company='d''e',Number='7'")
    (changed,) = odata.write(
        "Orders", [Change("b" * 40, "update", {"Total": Decimal("0.2")}, made.remote_id)]
    )
    assert changed.outcome == "updated", changed.message
    (remote,) = odata.find("Orders", [{KEY: made.remote_id}])[0]
    assert (remote.data["Total"], remote.data["Lines"]) == (Decimal("0.2"), lines)
    (again,) = odata.write("Orders", [Change("c" * 40, "create", data)])
    assert (again.outcome, "exists already" in again.message) == ("failed", True)
    (gone,) = odata.write("Orders", [Change("d" * 40, "update", {"Total": 1}, "Company='x',Number='7'")])
    assert gone.code == "E-GONE"


def test_what_somebody_changed_meanwhile_is_not_written_over(odata: ODataConnector, served: Served) -> None:
    (made,) = odata.write("Customers", [create("Ann", Number="A")])
    assert made.remote_id is not None
    odata.find("Customers", [{"Number": "A"}])
    served.app.store("Customers", {**served.app.row("Customers", made.remote_id), "City": "Graz"})
    update = Change("u" * 40, "update", {"City": "Lyon"}, made.remote_id)
    (refused,) = odata.write("Customers", [update])
    assert refused.code == "E-CHANGED"
    assert odata.write("Customers", [update])[0].outcome == "updated"


def test_a_lost_answer(connect: Connect, served: Served) -> None:
    for changes in ([create("A", Number="A")], [create("B", Number="B"), create("C", Number="C")]):
        connector = connect()
        served.app.active["lost_answer"] = {"times": 1}
        with pytest.raises(InDoubt):
            connector.write("Customers", changes)
        found = connector.resolve("Customers", changes)
        assert found[0] is not None
        assert found[0].number == changes[0].data["Number"]
    with pytest.raises(CannotTell):
        connect().resolve("Customers", [create("D")])


def test_an_interruption_half_way_reports_what_was_answered(connect: Connect, served: Served) -> None:
    connector = connect(batch="never")
    changes = [create(f"N {at}", Number=f"H-{at}") for at in range(6)]
    served.app.active["lost_answer"] = {"times": 1, "match": "H-3"}
    results = connector.write("Customers", changes)
    assert [one.outcome for one in results] == ["created"] * 4 + ["failed"] * 2  # the fourth was found again
    assert "was not sent" in results[4].message
    assert len([row for row in served.app.rows("Customers") if str(row["Number"]).startswith("H-")]) == 4
    served.app.active["rate_limit"] = {"times": 1, "match": "H-9", "retry_after": 1}
    with pytest.raises(Unavailable):
        connector.write("Customers", [create("N", Number="H-9")])


def test_values_that_do_not_fit_are_refused_here(odata: ODataConnector, served: Served) -> None:
    for data, field in (
        ({"Rank": Decimal("1.5")}, "Rank"), ({"Limit": "much"}, "Limit"), ({"Active": "yes"}, "Active"),
        ({"Since": "soon"}, "Since"), ({"Odd": 1}, "Odd"), ({"Name": "x" * 20001}, "Name"), ({"City": ["x"]}, "City"),
    ):  # fmt: skip
        (result,) = odata.write(
            "Customers", [create("Ann", **data) if field != "Name" else Change("n" * 40, "create", data)]
        )
        assert (result.outcome, result.field) == ("failed", field)
    assert [call for call in served.app.journal if call["mutating"]] == []


def test_a_service_that_does_not_describe_itself(connect: Connect, served: Served) -> None:
    connector = connect(entities=[{"name": "Customers", "key": "Id"}])
    assert connector.check().ok
    kinds = {one.name: one.type for one in connector.entity("Customers").fields}
    assert (kinds["Id"], kinds["Limit"], kinds["Rank"]) == ("id", "number", "integer")
    assert len(read_all(connector)) == 33
    assert not [call for call in served.app.journal if "metadata" in call["path"]]


def test_who_is_not_let_in(connect: Connect, served: Served) -> None:
    with pytest.raises(AccessError):
        connect(auth={"kind": "basic", "user": "heddle", "password": "wrong"}).check()
    assert (
        connect(auth={"kind": "basic", "user": "heddle", "password": "heddle-password"}).check().identity
        == "heddle"
    )
    with pytest.raises(RecordRejected):
        connect(url=f"{served.url}/nowhere").check()


def test_metadata_with_inheritance_and_enumerations() -> None:
    xml = b"""<edmx:Edmx xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx" Version="4.0"><edmx:DataServices>
    <Schema xmlns="http://docs.oasis-open.org/odata/ns/edm" Namespace="Very.Long" Alias="S">
      <EnumType Name="Kind"><Member Name="OpenOrder"/><Member Name="Closed"/></EnumType>
      <EntityType Name="Base" Abstract="true"><Key><PropertyRef Name="No"/></Key><Property Name="No" Type="Edm.Int64" Nullable="false"/></EntityType>
      <EntityType Name="Order" BaseType="S.Base"><Property Name="State" Type="S.Kind"/>
        <NavigationProperty Name="Parent" Type="S.Order"/><NavigationProperty Name="Children" Type="Collection(S.Order)"/></EntityType>
      <EntityContainer Name="C"><EntitySet Name="Orders" EntityType="Very.Long.Order"/></EntityContainer>
    </Schema></edmx:DataServices></edmx:Edmx>"""
    model = parse(xml)
    entity = model.entity("Orders")
    assert {one.name: one.type for one in entity.fields} == {
        "No": "id", "State": "choice", "Parent": "object", "Children": "lines",
    }  # fmt: skip
    assert [one.value for one in entity.field("State").choices] == ["OpenOrder", "Closed"]  # type: ignore[union-attr]
    assert model.address("Orders", "9007199254740993") == "Orders(9007199254740993)"
    for broken in (
        b"",
        b"<html/>",
        b"<!DOCTYPE x [<!ENTITY y SYSTEM 'file:///etc/passwd'>]><x>&y;</x>",
        b"{}",
    ):
        with pytest.raises(ValueError, match=r".+"):
            parse(broken)


@given(st.text())
def test_a_text_in_a_condition_stays_a_text(text: str) -> None:
    made = literal(text, "Edm.String", "Name")
    assert made[0] == made[-1] == "'"
    assert made[1:-1].replace("''", "") == text.replace("'", "")
    assert made[1:-1].replace("''", "'") == text
