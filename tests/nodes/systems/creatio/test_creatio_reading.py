"""Reading: whole, in pages, by condition, by key, by change; nothing lost, nothing bent."""

from __future__ import annotations

import time
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.connector import Filter, Query
from engine.errors import RecordRejected
from engine.http import Http
from engine.record import Page, to_json
from nodes.systems.creatio.connector import CreatioConnector
from nodes.systems.creatio.sandbox import CreatioSandbox
from nodes.systems.odata import reading
from tests.nodes.systems.creatio.conftest import LINES, Connect, journal

WON = "60d5310c-5be6-df11-971b-001d60e938c6"

NAMES = reading.Names(lambda row: str(row["Id"]), "ModifiedOn")


def pages(creatio: CreatioConnector, query: Query, limit: int) -> list[Page]:
    found = [creatio.read(query, None, limit)]
    while found[-1].cursor is not None:
        assert to_json(found[-1].cursor)
        found.append(creatio.read(query, found[-1].cursor, limit))
    return found


def keys(found: list[Page]) -> list[str]:
    return [record.key for page in found for record in page.records]


def one(creatio: CreatioConnector, key: str, entity: str = "Opportunity", **query: Any) -> dict[str, Any]:
    records = creatio.read(Query(entity=entity, keys=(key,), **query), None, 10).records
    assert len(records) == 1
    return dict(records[0].data)


def matching(creatio: CreatioConnector, entity: str, *filters: Filter) -> list[str]:
    return [record.title for record in creatio.read(Query(entity=entity, filters=filters), None, 500).records]


def first(sandbox: CreatioSandbox) -> dict[str, Any]:
    return sandbox.all("Opportunity")[0]


# values ----------------------------------------------------------------------------------------------


def test_a_record_as_read(creatio: CreatioConnector, sandbox: CreatioSandbox) -> None:
    page = creatio.read(Query(entity="Opportunity", keys=(first(sandbox)["Id"].upper(),)), None, 10)
    record = page.records[0]
    assert record.key == first(sandbox)["Id"]
    assert record.title == "Warehouse rollout, Northgate Instruments"
    assert record.version == record.data["ModifiedOn"] == "2026-01-05T08:00:00.001000Z"
    assert record.origin is None
    assert record.data["Amount"] == Decimal("8400.00")
    assert isinstance(record.data["Amount"], Decimal)
    assert record.data["CategoryId"] is None
    assert record.data["Description"] == ""
    assert record.data["DueDate"] == "2026-02-04"
    assert record.data["Probability"] == 100


def test_empty_dates_are_none(creatio: CreatioConnector, sandbox: CreatioSandbox) -> None:
    sandbox.put("Contact", "11111111-1111-4111-8111-111111111111", {"Name": "Nobody"})
    data = one(creatio, "11111111-1111-4111-8111-111111111111", "Contact")
    assert data["BirthDate"] is None
    assert data["AccountId"] is None
    assert data["Phone"] == ""


@pytest.mark.parametrize(
    "text", ["O'Hara's “naïve” 東京 🙂 \\ \" %27 & + # ?", "x" * 10_000, "line\nbreak\ttab"]
)
def test_text_arrives_as_it_left(creatio: CreatioConnector, sandbox: CreatioSandbox, text: str) -> None:
    sandbox.store.update("Opportunity", first(sandbox)["Id"], {"Description": text}, strict=True)
    assert one(creatio, first(sandbox)["Id"])["Description"] == text


def test_numbers_stay_exact(creatio: CreatioConnector, sandbox: CreatioSandbox) -> None:
    sandbox.store.update(
        "Opportunity", first(sandbox)["Id"], {"Amount": Decimal("12345678901234567.89")}, strict=True
    )
    assert one(creatio, first(sandbox)["Id"])["Amount"] == Decimal("12345678901234567.89")


def test_fields_behind_lookups(creatio: CreatioConnector, sandbox: CreatioSandbox) -> None:
    data = one(
        creatio,
        first(sandbox)["Id"],
        fields=("Title", "Account.Name", "AccountId.Country.Name", "Stage", "Category.Name"),
    )
    assert data["Account"]["Name"] == "Northgate Instruments"
    assert data["Account"]["Country"]["Name"]
    assert data["Stage"]["Name"] == "Closed won"
    assert data["Category"] is None
    assert set(data) == {"Id", "Title", "ModifiedOn", "Account", "Stage", "Category"}


def test_lines_come_with_what_they_are(creatio: CreatioConnector, sandbox: CreatioSandbox) -> None:
    data = one(creatio, first(sandbox)["Id"], fields=("Title",), lines=(LINES,))
    found = [
        (line["Product"]["Name"], line["Product"]["Category"]["Name"], line["Amount"]) for line in data[LINES]
    ]
    assert found == [
        ("Handheld scanner", "Hardware", Decimal("5040.00")),
        ("Warehouse suite, 10 users, year", "Software", Decimal("1800.00")),
        ("On-site installation, day", "Services", Decimal("1560.00")),
    ]
    assert isinstance(data[LINES][0]["Quantity"], Decimal)
    narrow = one(
        creatio, first(sandbox)["Id"], fields=(f"{LINES}.Price", f"{LINES}.Product.Code"), lines=(LINES,)
    )
    assert [line["Product"]["Code"] for line in narrow[LINES]] == ["HW-100", "SW-200", "SV-300"]
    assert "Comment" not in narrow[LINES][0]


@pytest.mark.parametrize("name", ["Nope", "Account.Nope", "Nope.Name", "Title.Name", f"{LINES}.Nope"])
def test_an_unknown_field_is_named_before_anything_is_sent(
    creatio: CreatioConnector, sandbox: CreatioSandbox, name: str
) -> None:
    creatio.model()
    sandbox.journal.clear()
    with pytest.raises(RecordRejected) as caught:
        creatio.read(Query(entity="Opportunity", fields=(name,)), None, 10)
    assert caught.value.code == "E-UNKNOWN-FIELD"
    assert sandbox.journal == []


# conditions ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ([Filter(field="Name", value="o'hara & sons")], 1),
        ([Filter(field="Name", op="contains", value="'Hara")], 1),
        ([Filter(field="Name", op="starts", value="northgate i")], 1),
        ([Filter(field="Name", op="ne", value="Our company")], 10),
        ([Filter(field="Code", op="in", value=["C10001", "C10003", "none"])], 2),
        ([Filter(field="Code", op="in", value=[])], 0),
        ([Filter(field="Code", op="empty")], 1),
        ([Filter(field="Code", op="not_empty")], 10),
        ([Filter(field="Code", value=None)], 1),
        ([Filter(field="Code", op="ne", value="")], 10),
        ([Filter(field="PrimaryContactId", op="empty")], 1),
        ([Filter(field="PrimaryContact", op="not_empty")], 10),
        ([Filter(field="PrimaryContact.Name", value="Nora Hughes")], 1),
        ([Filter(field="CreatedOn", op="lt", value="2026-01-01")], 1),
        ([Filter(field="CreatedOn", op="ge", value="2026-01-05T09:00:00+01:00")], 10),
        ([Filter(field="CreatedOn", op="ge", value="2026-01-05"), Filter(field="Code", value="C10002")], 1),
    ],
)
def test_conditions(creatio: CreatioConnector, filters: list[Filter], count: int) -> None:
    assert len(matching(creatio, "Account", *filters)) == count


def test_a_lookup_is_filtered_through_its_navigation(
    creatio: CreatioConnector, sandbox: CreatioSandbox
) -> None:
    won = sum(row["StageId"] == WON for row in sandbox.all("Opportunity"))
    assert len(matching(creatio, "Opportunity", Filter(field="StageId", value=WON))) == won
    assert len(matching(creatio, "Opportunity", Filter(field="StageId", op="ne", value=WON))) == 40 - won
    assert len(matching(creatio, "Opportunity", Filter(field="Stage.Name", value="Closed won"))) == won
    assert "Stage/Id" in journal(sandbox, "Opportunity")[1]["query"]


def test_not_equal_does_not_leave_out_what_is_empty(
    creatio: CreatioConnector, sandbox: CreatioSandbox
) -> None:
    assert len(matching(creatio, "Opportunity", Filter(field="CategoryId", op="ne", value=WON))) == 40


def test_dates_numbers_and_truth(creatio: CreatioConnector) -> None:
    assert len(matching(creatio, "Product", Filter(field="Price", op="gt", value=Decimal("1249.99")))) == 3
    assert len(matching(creatio, "Product", Filter(field="Active", value=True))) == 18
    assert matching(creatio, "Opportunity", Filter(field="DueDate", value="2026-02-04")) == [
        "Warehouse rollout, Northgate Instruments"
    ]


@pytest.mark.parametrize(
    ("filter_", "text"),
    [
        (
            Filter(field="StageId", value="Closed won"),
            "Stage needs the id of an object in Creatio, not 'Closed won'",
        ),
        (Filter(field="Amount", op="gt", value="much"), "Amount needs an amount"),
        (Filter(field="DueDate", value="soon"), "Due date needs a date"),
        (Filter(field="CreatedOn", value="soon"), "Created on needs a date and time"),
        (Filter(field="IsPrimary", value="yes"), "Is primary needs yes or no"),
        (Filter(field="Amount", op="contains", value="1"), "Amount is not a text"),
        (Filter(field="Amount", op="gt", value=None), "cannot be compared with nothing"),
        (Filter(field="Nope", value=1), "Opportunity has no field 'Nope'"),
    ],
)
def test_conditions_that_cannot_be(creatio: CreatioConnector, filter_: Filter, text: str) -> None:
    with pytest.raises(RecordRejected, match=text.replace("'", ".")):
        matching(creatio, "Opportunity", filter_)


def test_a_very_long_condition_goes_in_a_batch(creatio: CreatioConnector, sandbox: CreatioSandbox) -> None:
    codes = [f"C{10000 + n}" for n in range(400)]
    assert len(matching(creatio, "Account", Filter(field="Code", op="in", value=codes))) == 10
    assert [call["mutating"] for call in journal(sandbox, "$batch")] == [False]
    assert max(len(call["query"]) for call in sandbox.journal) < 2048


def test_only_these_keys_in_their_order(creatio: CreatioConnector, sandbox: CreatioSandbox) -> None:
    ids = [row["Id"] for row in sandbox.all("Opportunity")][:25]
    wanted = (*reversed(ids), "not an id", ids[0], "22222222-2222-4222-8222-222222222222")
    assert keys(pages(creatio, Query(entity="Opportunity", keys=wanted), 10)) == list(reversed(ids))
    won = Filter(field="StageId", value=WON)
    narrowed = keys(pages(creatio, Query(entity="Opportunity", keys=wanted, filters=(won,)), 10))
    assert narrowed
    assert set(narrowed) < set(ids)
    assert creatio.read(Query(entity="Opportunity", keys=()), None, 10).records == []


# pages -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [1, 7, 40, 500])
@pytest.mark.parametrize("since", [None, "2026-01-01T00:00:00Z"])
def test_pages_bring_everything_once(
    creatio: CreatioConnector, sandbox: CreatioSandbox, limit: int, since: str | None
) -> None:
    found = pages(creatio, Query(entity="Opportunity", since=since), limit)
    assert sorted(keys(found)) == sorted(row["Id"] for row in sandbox.all("Opportunity"))
    assert all(len(page.records) <= limit for page in found)
    assert found[0].total == 40


@pytest.mark.parametrize("vice", ["row_cap", "duplicate_rows", "shifting_pages"])
@pytest.mark.parametrize("since", [None, "2026-01-01T00:00:00Z"])
def test_pages_of_a_difficult_server(
    creatio: CreatioConnector, sandbox: CreatioSandbox, vice: str, since: str | None
) -> None:
    sandbox.active[vice] = {"rows": 9} if vice == "row_cap" else {}
    found = keys(pages(creatio, Query(entity="Opportunity", since=since), 12))
    assert sorted(found) == sorted(row["Id"] for row in sandbox.all("Opportunity"))


def test_rows_of_one_moment_are_read_through(creatio: CreatioConnector, sandbox: CreatioSandbox) -> None:
    rows = [{**row, "ModifiedOn": "2026-06-01T00:00:00.000000Z"} for row in sandbox.all("Opportunity")]
    sandbox.store.save("Opportunity", rows)
    found = keys(pages(creatio, Query(entity="Opportunity", since="2026-06-01T00:00:00Z"), 6))
    assert sorted(found) == sorted(row["Id"] for row in rows)


def test_changes_are_bounded_on_both_sides(creatio: CreatioConnector, sandbox: CreatioSandbox) -> None:
    stamps = sorted(row["ModifiedOn"] for row in sandbox.all("Opportunity"))
    query = Query(entity="Opportunity", since=stamps[5], until=stamps[9])
    found = pages(creatio, query, 3)
    assert len(keys(found)) == 5  # both bounds are inclusive
    assert found[-1].watermark == stamps[9]


def test_a_change_during_a_whole_read_is_behind_its_watermark(
    creatio: CreatioConnector, sandbox: CreatioSandbox
) -> None:
    """The mark of a read by Id must not pass a change that happened behind the reader's back."""
    query = Query(entity="Opportunity")
    page = creatio.read(query, None, 20)
    early = page.records[0].key
    sandbox.store.update("Opportunity", early, {"Title": "Changed meanwhile"}, strict=True)
    time.sleep(0.002)
    late = next(row["Id"] for row in sandbox.all("Opportunity") if row["Id"] > page.records[-1].key)
    sandbox.store.update("Opportunity", late, {"Title": "Changed too"}, strict=True)
    while page.cursor is not None:
        page = creatio.read(query, page.cursor, 20)
    again = keys(pages(creatio, Query(entity="Opportunity", since=page.watermark), 20))
    assert {early, late} <= set(again)


def test_an_entity_without_rows(creatio: CreatioConnector) -> None:
    page = creatio.read(Query(entity="SysImage"), None, 10)
    assert (page.records, page.cursor, page.total) == ([], None, 0)


def test_reading_never_changes_anything(connect: Connect, sandbox: CreatioSandbox) -> None:
    creatio = connect(http=Http(read_only=True))
    pages(creatio, Query(entity="Opportunity", lines=(LINES,)), 20)
    creatio.find("Account", [{"Name": f"N{n}"} for n in range(200)])
    assert not any(call["mutating"] for call in sandbox.journal)


def test_ten_thousand_deals_with_account_and_lines_in_a_call_a_page(
    creatio: CreatioConnector, sandbox: CreatioSandbox
) -> None:
    sandbox.seed(10_000, 3)
    query = Query(entity="Opportunity", fields=("Title", "Amount", "Account.Name"), lines=(LINES,))
    before = len(sandbox.journal)
    found = keys(pages(creatio, query, 500))
    calls = len(sandbox.journal) - before
    assert calls <= 21 + 5  # with account and lines; signing in and shapes come once
    # The first deal is the same in every seed.
    assert len(found) == len(set(found)) == 10_039


# the pager alone -------------------------------------------------------------------------------------

Row = dict[str, Any]


MOVES = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 600)), max_size=12)


@settings(max_examples=200, deadline=None)
@given(
    size=st.integers(0, 60),
    limit=st.integers(1, 12),
    cap=st.integers(1, 30),
    counted=st.booleans(),
    by_stamp=st.booleans(),
    deleted=MOVES,
    added=MOVES,
    touched=MOVES,
)
def test_no_row_that_stays_is_lost(
    size: int,
    limit: int,
    cap: int,
    counted: bool,
    by_stamp: bool,
    deleted: list[tuple[int, int]],
    added: list[tuple[int, int]],
    touched: list[tuple[int, int]],
) -> None:
    """Rows vanish, appear and change between pages. Whatever stays is read, a change in its last version;
    and while nothing vanishes or changes, nothing is read twice."""
    clock = iter(range(1000, 100_000))
    table = {n: {"Id": str(n), "ModifiedOn": f"2026-01-01T00:00:00.{n // 7:06d}Z"} for n in range(size)}
    here: reading.Position | None = reading.position(None, None)
    seen: list[tuple[str, str]] = []

    def fetch(at: str, skip: int, top: int) -> tuple[list[Row], int | None]:
        order = "ModifiedOn" if by_stamp else "Id"
        rows = sorted(table.values(), key=lambda row: (row[order], row["Id"]))
        rows = [row for row in rows if row["ModifiedOn"] >= at]
        return rows[skip : skip + min(top, cap)], len(rows) if counted else None

    for step in range(2000):
        assert here is not None
        fresh, here = reading.advance(here, fetch, limit, NAMES, by_stamp=by_stamp)
        seen += [(row["Id"], row["ModifiedOn"]) for row in fresh]
        if here is None:
            break
        stamp = f"2026-01-01T00:00:00.{next(clock):06d}Z"
        for when, n in deleted:
            if when == step:
                table.pop(n % 61, None)
        for when, n in added:
            if when == step:
                table[1000 + n] = {"Id": str(1000 + n), "ModifiedOn": stamp}
        for when, n in touched:
            if when == step and n % 61 in table:
                table[n % 61] = {"Id": str(n % 61), "ModifiedOn": stamp}
    else:
        pytest.fail("the read never ended")
    was_there = {str(n) for n in table if n < 1000}
    assert was_there <= {key for key, _ in seen}
    if by_stamp:
        assert {(row["Id"], row["ModifiedOn"]) for row in table.values()} <= set(seen)
    if not deleted and not touched and not added:
        assert len(seen) == len(set(seen))
