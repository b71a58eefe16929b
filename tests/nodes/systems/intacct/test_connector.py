"""The connector against the sandbox, over real HTTP: signing in, shapes, reading, finding, writing."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from engine.connector import Filter, Query
from engine.errors import AccessError, RecordRejected
from engine.record import Record
from nodes.systems.intacct.connector import IntacctConnector
from tests.conftest import Served
from tests.nodes.systems.intacct.conftest import INVOICE, LINE, Connect, create, journal, update, vice


def everything(connector: IntacctConnector, query: Query, limit: int) -> list[Record]:
    records: list[Record] = []
    cursor: Any = None
    while True:
        page = connector.read(query, cursor, limit)
        records += page.records
        cursor = page.cursor
        if cursor is None:
            return records


# signing in ------------------------------------------------------------------------------------------------


def test_check_says_who_we_are(connect: Connect) -> None:
    health = connect().check()
    assert health.identity == "xmluser @ demo / top level"
    assert connect(location_id="EU").check().identity == "xmluser @ demo / EU"


@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [
        ("sender_password", "wrong-one", "Partner ID or password"),
        ("user_password", "wrong-one", "Sign-in information is incorrect"),
        ("company_id", "other", "Sign-in information is incorrect"),
        ("location_id", "US-CHI", "Invalid location 'US-CHI'"),
    ],
)
def test_a_refused_sign_in_names_the_reason_and_the_cure(
    connect: Connect, setting: str, value: str, said: str
) -> None:
    with pytest.raises(AccessError) as caught:
        connect(**{setting: value}).check()
    assert said in caught.value.message
    assert "Check" in caught.value.cure


def test_a_wrong_address_is_told_from_a_refusal(connect: Connect, served: Served) -> None:
    with pytest.raises(AccessError, match="does not answer as Intacct does"):
        connect(endpoint=f"{served.url}/customers").check()


def test_one_session_serves_many_calls(intacct: IntacctConnector, served: Served) -> None:
    intacct.read(Query(entity="CUSTOMER"), None, 10)
    intacct.read(Query(entity="ITEM"), None, 10)
    bodies = [entry["body"] for entry in journal(served)]
    assert sum("getAPISession" in body for body in bodies) == 1
    assert all("<sessionid>" in body for body in bodies[1:])


def test_without_reuse_every_call_signs_in(connect: Connect, served: Served) -> None:
    connect(reuse_session=False).read(Query(entity="ITEM"), None, 10)
    assert all("<login>" in entry["body"] for entry in journal(served))


def test_an_expired_session_is_renewed_once_in_the_middle_of_a_run(
    intacct: IntacctConnector, served: Served
) -> None:
    vice(served, "token_expiry", {"times": 1})
    result = intacct.write("ARINVOICE", [create("i1", INVOICE)])[0]
    assert result.outcome == "created"
    assert sum("getAPISession" in entry["body"] for entry in journal(served)) == 2
    assert len(served.app.all("ARINVOICE")) == 1


def test_a_session_that_never_holds_is_an_access_error(intacct: IntacctConnector, served: Served) -> None:
    vice(served, "token_expiry", {"times": None})
    with pytest.raises(AccessError, match="did not let xmluser into demo"):
        intacct.read(Query(entity="ITEM"), None, 10)


def test_secrets_stay_out_of_the_journal(connect: Connect) -> None:
    noted: list[dict[str, Any]] = []
    connector = connect(http={"journal": noted.append, "secrets": ("heddle-sender", "heddle-user")})
    connector.check()
    connector.read(Query(entity="ITEM"), None, 5)
    sessionid = connector._gateway.session().id
    assert len(noted) > 2
    assert not [note for note in noted for secret in ("heddle-sender", "heddle-user", sessionid)
                if secret in note["request"] or secret in note["response"]]  # fmt: skip


# shapes ----------------------------------------------------------------------------------------------------


def test_entities_come_with_the_common_ones_first(intacct: IntacctConnector) -> None:
    found = intacct.entities()
    assert [one.name for one in found][:2] == ["CUSTOMER", "ARINVOICE"]
    assert all(one.common for one in found[:2])
    assert any(one.name == "TERRITORY" and one.title == "Territory" for one in found)


def test_a_shape_is_live_and_has_the_company_s_own_fields(intacct: IntacctConnector) -> None:
    customer = intacct.entity("CUSTOMER")
    industry = customer.field("INDUSTRY")
    assert industry is not None
    assert [choice.value for choice in industry.choices] == ["Food", "Machinery", "Retail", "Services"]
    assert customer.key == "CUSTOMERID"
    assert intacct.entity("TERRITORY").key == "RECORDNO"


def test_an_unknown_object_is_refused_in_plain_words(intacct: IntacctConnector) -> None:
    with pytest.raises(RecordRejected, match="Intacct has no object NONSENSE"):
        intacct.entity("NONSENSE")


def test_options_offer_choices_and_references(intacct: IntacctConnector) -> None:
    assert intacct.options("CUSTOMER", "STATUS") == [("active", "Active"), ("inactive", "Inactive")]
    assert ("N30", "N30") in intacct.options("CUSTOMER", "TERMNAME")
    assert intacct.options("CUSTOMER", "COMMENTS") == []
    with pytest.raises(RecordRejected, match="CUSTOMER has no field NOPE"):
        intacct.options("CUSTOMER", "NOPE")


# reading ---------------------------------------------------------------------------------------------------


def test_values_are_canonical_and_nested(intacct: IntacctConnector) -> None:
    data = {
        "CUSTOMERID": "C2", "NAME": "Müller & Söhne <GmbH> 東京", "CREDITLIMIT": Decimal("1234.50"),
        "ONHOLD": True, "TERMNAME": "N45", "INDUSTRY": "Food",
        "DISPLAYCONTACT": {"EMAIL1": "a@b.example", "MAILADDRESS": {"CITY": "Graz"}},
    }  # fmt: skip
    assert intacct.write("CUSTOMER", [create("c2", data)])[0].outcome == "created"
    record = intacct.read(Query(entity="CUSTOMER", keys=("C2",)), None, 10).records[0]
    assert record.key == "C2"
    assert record.title == "Müller & Söhne <GmbH> 東京"
    assert record.data["CREDITLIMIT"] == Decimal("1234.50")
    assert record.data["ONHOLD"] is True
    assert record.data["PARENTID"] is None
    assert record.data["DISPLAYCONTACT"]["MAILADDRESS"]["CITY"] == "Graz"
    assert record.data["DISPLAYCONTACT"]["PRINTAS"] == "Müller & Söhne <GmbH> 東京"
    assert record.data["INDUSTRY"] == "Food"
    assert record.version is not None
    assert record.version.endswith("Z")


def test_lines_come_along_in_one_query_for_all(intacct: IntacctConnector, served: Served) -> None:
    second = {**LINE, "ENTRYDESCRIPTION": "Travel", "TRX_AMOUNT": Decimal("20.10")}
    many = [create(str(n), {**INVOICE, "ARINVOICEITEMS": [LINE, second]}) for n in range(12)]
    intacct.write("ARINVOICE", many)
    before = len(journal(served))
    page = intacct.read(Query(entity="ARINVOICE", lines=("ARINVOICEITEMS",)), None, 100)
    asked = [entry["body"] for entry in journal(served)[before:]]
    assert sum("<object>ARINVOICEITEM</object>" in body and "<query>" in body for body in asked) == 1
    for record in page.records:
        assert [(line["LINE_NO"], line["ENTRYDESCRIPTION"]) for line in record.data["ARINVOICEITEMS"]] == [
            (1, "Work"),
            (2, "Travel"),
        ]
        assert record.data["TOTALDUE"] == Decimal("170.10")
        assert record.data["WHENDUE"] == "2026-12-14"


def test_pages_hold_while_rows_come_and_go(intacct: IntacctConnector) -> None:
    intacct.write("ARINVOICE", [create(str(n), INVOICE) for n in range(30)])
    query = Query(entity="ARINVOICE", fields=("RECORDID", "DESCRIPTION"))
    first = intacct.read(query, None, 10)
    assert first.total == 30
    changed = first.records[0].key
    intacct.write("ARINVOICE", [update("u", changed, {"DESCRIPTION": "x"}), create("new", INVOICE)])
    rest: list[Record] = []
    cursor = first.cursor
    while cursor is not None:
        page = intacct.read(query, cursor, 10)
        rest += page.records
        cursor = page.cursor
    keys = [record.key for record in [*first.records, *rest]]
    assert len(keys) == len(set(keys)) == 31
    assert keys == sorted(keys, key=int)


def test_an_incremental_read_asks_by_change_stamp(intacct: IntacctConnector) -> None:
    intacct.write("ARINVOICE", [create(str(n), INVOICE) for n in range(5)])
    page = intacct.read(Query(entity="ARINVOICE"), None, 2)
    assert page.watermark is not None
    again = everything(intacct, Query(entity="ARINVOICE", since=page.watermark), 2)
    assert len(again) >= 5
    assert everything(intacct, Query(entity="ARINVOICE", since="2099-01-01T00:00:00Z"), 10) == []
    assert everything(intacct, Query(entity="ARINVOICE", until="2001-01-01T00:00:00.5Z"), 10) == []


@pytest.mark.parametrize(
    ("conditions", "found"),
    [
        ([("ACCOUNTNO", "eq", "4000")], ["4000"]),
        ([("ACCOUNTNO", "in", ["4000", "4100", "9999"])], ["4000", "4100"]),
        ([("TITLE", "contains", "revenue"), ("ACCOUNTNO", "ne", "2400")], ["4100", "4200", "4300"]),
        ([("TITLE", "starts", "Accounts")], ["1200", "2000"]),
        ([("ACCOUNTNO", "ge", "6100")], ["6100", "6200"]),
        ([("ACCOUNTNO", "lt", "1070"), ("CATEGORY", "empty", None)], ["1010"]),
        ([("ACCOUNTNO", "gt", "6100"), ("TITLE", "not_empty", None)], ["6200"]),
        ([("ACCOUNTNO", "le", "1010")], ["1010"]),
    ],
)
def test_filters(intacct: IntacctConnector, conditions: list[Any], found: list[str]) -> None:
    filters = tuple(Filter(field=field, op=op, value=value) for field, op, value in conditions)
    records = everything(intacct, Query(entity="GLACCOUNT", filters=filters), 100)
    assert [record.key for record in records] == found


def test_a_reference_is_followed(intacct: IntacctConnector) -> None:
    intacct.write("ARINVOICE", [create("i", INVOICE)])
    page = intacct.read(Query(entity="ARINVOICE", fields=("RECORDID", "CUSTOMER.NAME")), None, 10)
    assert page.records[0].data["CUSTOMER"] == {"NAME": "Alpine Dairy Group"}


def test_an_object_without_query_is_read_the_older_way(intacct: IntacctConnector, served: Served) -> None:
    query = Query(entity="TERRITORY", filters=(Filter(field="STATUS", value="active"),))
    found = everything(intacct, query, 1)
    assert [record.data["TERRITORYID"] for record in found] == ["EAST", "WEST"]
    bodies = " ".join(entry["body"] for entry in journal(served))
    assert "readByQuery" in bodies
    assert "readMore" in bodies


def test_a_field_that_is_not_there_is_named(intacct: IntacctConnector) -> None:
    with pytest.raises(RecordRejected, match="Field 'NOPE' is not found in object 'CUSTOMER'"):
        intacct.read(Query(entity="CUSTOMER", fields=("NOPE",)), None, 10)


def test_no_keys_means_no_call(intacct: IntacctConnector) -> None:
    assert intacct.read(Query(entity="CUSTOMER", keys=()), None, 10).records == []


# finding ---------------------------------------------------------------------------------------------------


def test_find_answers_in_order_with_few_calls(intacct: IntacctConnector, served: Served) -> None:
    names = [{"CUSTOMERID": f"F{n}", "NAME": f"Firm {n}"} for n in range(150)]
    results = intacct.write("CUSTOMER", [create(one["CUSTOMERID"], dict(one)) for one in names])
    assert {result.outcome for result in results} == {"created"}
    before = len(journal(served))
    found = intacct.find("CUSTOMER", [{"NAME": f" firm {n} "} for n in range(149, -2, -1)])
    assert len(journal(served)) - before <= 2
    assert [[one.id for one in group] for group in found] == [
        *([f"F{n}"] for n in range(149, -1, -1)),
        [],
    ]


def test_find_by_several_fields_nested_ones_too(intacct: IntacctConnector) -> None:
    for n, mail in enumerate(["a@x.example", "b@x.example"]):
        data = {"CUSTOMERID": f"M{n}", "NAME": "Same", "DISPLAYCONTACT": {"EMAIL1": mail}}
        intacct.write("CUSTOMER", [create(f"m{n}", data)])
    asked = [
        {"NAME": "Same", "DISPLAYCONTACT": {"EMAIL1": "b@x.example"}},
        {"NAME": "Same", "DISPLAYCONTACT.EMAIL1": "a@x.example"},
        {"NAME": "Same", "DISPLAYCONTACT.EMAIL1": ""},
        {"NAME": "Same"},
    ]
    found = intacct.find("CUSTOMER", asked)
    assert [[one.id for one in group] for group in found] == [["M1"], ["M0"], [], ["M0", "M1"]]


def test_find_brings_the_fields_that_a_comparison_needs(intacct: IntacctConnector) -> None:
    made = intacct.write("ARINVOICE", [create("i", {**INVOICE, "RECORDID": "A-1", "ACTION": "Draft"})])[0]
    fields = ("DESCRIPTION", "ARINVOICEITEMS", "ACTION", "NO_SUCH")
    remote = intacct.find("ARINVOICE", [{"RECORDID": "A-1"}], fields)[0][0]
    assert (remote.id, remote.number) == (made.remote_id, "A-1")
    assert remote.link == made.link
    assert remote.data["ACTION"] == "Draft"
    assert remote.data["ARINVOICEITEMS"][0]["TRX_AMOUNT"] == Decimal("150.00")
