"""The Intacct connector writes: in bulk, one by one where it must, within rights and limits."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
import requests

from engine.connector import Query
from engine.errors import EngineError, Unavailable
from nodes.systems.intacct.connector import IntacctConnector
from tests.conftest import Served
from tests.nodes.systems.intacct.conftest import INVOICE, LINE, Connect, create, journal, update, vice


def test_an_invoice_gets_its_number_and_a_link_that_opens(intacct: IntacctConnector, served: Served) -> None:
    result = intacct.write("ARINVOICE", [create("i", {**INVOICE, "RENEWAL_NO": "R-7"})])[0]
    assert (result.outcome, result.number) == ("created", "INV-00001")
    assert result.answer["TOTALDUE"] == Decimal("150.00")
    assert result.link is not None
    page = requests.get(result.link, timeout=5)
    assert page.status_code == 200
    assert "Invoice INV-00001" in page.text
    assert "150.00 USD" in page.text
    stored = served.app.all("ARINVOICE")[0]
    assert stored["EXTERNALID"].startswith("HD-")
    assert stored["RENEWAL_NO"] == "R-7"
    assert intacct.link("ARINVOICE", str(result.remote_id)) == result.link


def test_writes_go_in_bulk_under_their_own_keys(intacct: IntacctConnector, served: Served) -> None:
    changes = [create(str(n), INVOICE) for n in range(120)]
    before = len(journal(served))
    results = intacct.write("ARINVOICE", changes)
    assert [result.outcome for result in results] == ["created"] * 120
    sent = [entry["body"] for entry in journal(served)[before:] if entry["mutating"]]
    assert len(sent) == 3
    assert all("<uniqueid>true</uniqueid>" in body for body in sent)
    assert f'controlid="{changes[0].key}"' in sent[0]


def test_one_bad_record_does_not_spoil_the_rest(intacct: IntacctConnector) -> None:
    results = intacct.write(
        "ARINVOICE",
        [
            create("1", INVOICE),
            create("2", {**INVOICE, "CUSTOMERID": "NOBODY"}),
            create("3", {**INVOICE, "ARINVOICEITEMS": [{**LINE, "ACCOUNTNO": "9999"}]}),
            create("4", {**INVOICE, "ARINVOICEITEMS": []}),
            create("5", {**INVOICE, "DESCRIPTION": "bell\x07"}),
            create("6", {**INVOICE, "TOTALDUE": Decimal("5")}),
            create("7", {**INVOICE, "ARINVOICEITEMS": [{**LINE, "TRX_AMOUNT": "a lot"}]}),
            create("8", {**INVOICE, "WHENCREATED": "tomorrow"}),
            create("9", {**INVOICE, "CURRENCY": "EUR", "EXCHANGE_RATE": "2", "EXCH_RATE_TYPE_ID": "T"}),
            create("10", INVOICE),
        ],
    )
    assert [result.outcome for result in results] == ["created", *["failed"] * 8, "created"]
    assert [(result.field, result.message) for result in results[1:3]] == [
        (
            "CUSTOMERID",
            "Invalid Customer 'NOBODY' specified. Could not create Invoice record! Enter a valid Customer.",
        ),
        (
            "ACCOUNTNO",
            "Invalid GL Account '9999' specified. Could not create Invoice record! Enter a valid GL Account.",
        ),
    ]
    assert "no lines" in results[3].message
    assert (results[4].field, "U+0007" in results[4].message) == ("DESCRIPTION", True)
    assert "worked out by Intacct" in results[5].message
    assert (results[6].field, results[7].field) == ("TRX_AMOUNT", "WHENCREATED")
    assert "either the rate or its type" in results[8].message


def test_a_request_that_intacct_cannot_validate_is_narrowed_down(
    intacct: IntacctConnector, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nodes.systems.intacct import sandbox_dtd
    from nodes.systems.intacct.sandbox_xml import Invalid, text

    def picky(function: Any) -> None:
        if text(function, "description") == "poison":
            raise Invalid("Element description content does not follow the DTD")

    monkeypatch.setattr(sandbox_dtd, "check", picky)
    changes = [create(str(n), {**INVOICE, "DESCRIPTION": "poison" if n == 5 else "fine"}) for n in range(9)]
    results = intacct.write("ARINVOICE", changes)
    assert [result.outcome for result in results] == ["created"] * 5 + ["failed"] + ["created"] * 3
    assert "does not follow the DTD" in results[5].message
    assert len(served.app.all("ARINVOICE")) == 8


def test_updates_touch_only_what_they_name(intacct: IntacctConnector, served: Served) -> None:
    changed = {"COMMENTS": "Good", "TERMNAME": None, "DISPLAYCONTACT": {"EMAIL1": "new@x.example"}}
    result = intacct.write("CUSTOMER", [update("u", "C1", changed)])[0]
    assert (result.outcome, result.remote_id, result.number) == ("updated", "C1", "C1")
    stored = served.app.all("CUSTOMER")[0]
    assert (stored["COMMENTS"], stored["TERMNAME"], stored["NAME"]) == ("Good", "", "Alpine Dairy Group")
    assert stored["DISPLAYCONTACT.EMAIL1"] == "new@x.example"
    missing = intacct.write("CUSTOMER", [update("u2", "NOPE", {"COMMENTS": "x"})])[0]
    assert (missing.outcome, "Cannot find Customer" in missing.message) == ("failed", True)


def test_an_invoice_s_lines_change_by_position(intacct: IntacctConnector, served: Served) -> None:
    made = intacct.write("ARINVOICE", [create("i", INVOICE)])[0]
    lines = [{**LINE, "TRX_AMOUNT": Decimal("100")}, {**LINE, "TRX_AMOUNT": Decimal("11.11")}]
    key = str(made.remote_id)
    done = intacct.write("ARINVOICE", [update("u", key, {"DESCRIPTION": "Two", "ARINVOICEITEMS": lines})])[0]
    assert done.outcome == "updated", done.message
    assert done.answer["TOTALDUE"] == Decimal("111.11")
    fewer = intacct.write("ARINVOICE", [update("u2", key, {"ARINVOICEITEMS": [LINE]})])[0]
    assert fewer.outcome == "failed"
    assert "cannot remove lines" in fewer.message
    assert len(served.app.all("ARINVOICEITEM")) == 2


def test_a_payment_settles_an_invoice(intacct: IntacctConnector) -> None:
    invoice = intacct.write("ARINVOICE", [create("i", INVOICE)])[0]
    payment = {
        "FINANCIALENTITY": "BOA", "PAYMENTMETHOD": "EFT", "CUSTOMERID": "C1", "DOCNUMBER": "CHK-1",
        "RECEIPTDATE": "2026-11-20", "CURRENCY": "USD",
        "ARPYMTDETAILS": [{"RECORDKEY": invoice.remote_id, "TRX_PAYMENTAMOUNT": Decimal("150.00")}],
    }  # fmt: skip
    assert intacct.write("ARPYMT", [create("p", payment)])[0].outcome == "created"
    paid = intacct.read(Query(entity="ARINVOICE"), None, 10).records[0].data
    assert (paid["STATE"], paid["TOTALDUE"], paid["WHENPAID"]) == ("Paid", Decimal("0.00"), "2026-11-20")
    page = intacct.read(Query(entity="ARPYMT", lines=("ARPYMTDETAILS",)), None, 10)
    assert page.records[0].data["ARPYMTDETAILS"][0]["RECORDKEY"] == invoice.remote_id
    refused = intacct.write("ARPYMT", [create("p2", {**payment, "DOCNUMBER": "CHK-2"})])[0]
    assert (refused.outcome, "are due on invoice" in refused.message) == ("failed", True)


def test_bills_and_sales_documents_are_written(intacct: IntacctConnector) -> None:
    assert intacct.write("VENDOR", [create("v", {"VENDORID": "V1", "NAME": "Pilar"})])[0].number == "V1"
    lines = [{"ACCOUNTNO": "6100", "TRX_AMOUNT": Decimal("9.99")}]
    bill = {"VENDORID": "V1", "WHENCREATED": "2026-11-14", "TERMNAME": "N30", "RECORDID": "B-1",
            "APBILLITEMS": lines}  # fmt: skip
    assert intacct.write("APBILL", [create("b", bill)])[0].number == "B-1"
    order = {"DOCPARID": "Sales Order", "CUSTVENDID": "C1", "WHENCREATED": "2026-11-14",
             "SODOCUMENTENTRIES": [{"ITEMID": "CONSULT", "QUANTITY": Decimal("2")}]}  # fmt: skip
    made = intacct.write("SODOCUMENT", [create("s", order)])[0]
    assert (made.outcome, made.number) == ("created", "SO-00001")
    read = intacct.read(Query(entity="SODOCUMENT", lines=("SODOCUMENTENTRIES",)), None, 5).records[0].data
    assert read["TOTAL"] == Decimal("360.00")
    assert read["SODOCUMENTENTRIES"][0]["PRICE"] == Decimal("180.00")
    cannot = intacct.write("APBILL", [update("bu", "1", {"DESCRIPTION": "x"})])[0]
    assert (cannot.outcome, cannot.code) == ("failed", "E-OPERATION")


def test_entities_of_one_company_see_their_own(connect: Connect, intacct: IntacctConnector) -> None:
    us, eu = connect(location_id="US"), connect(location_id="EU")
    us.write("CUSTOMER", [create("us", {"CUSTOMERID": "US1", "NAME": "Chicago only"})])
    assert [one.key for one in us.read(Query(entity="CUSTOMER"), None, 10).records] == ["C1", "US1"]
    assert [one.key for one in eu.read(Query(entity="CUSTOMER"), None, 10).records] == ["C1"]
    assert [one.key for one in intacct.read(Query(entity="CUSTOMER"), None, 10).records] == ["C1", "US1"]


def test_a_dry_run_finds_the_door_shut(connect: Connect, served: Served) -> None:
    connector = connect(http={"read_only": True})
    connector.read(Query(entity="ITEM"), None, 5)
    with pytest.raises(EngineError, match="dry run"):
        connector.write("CUSTOMER", [create("x", {"NAME": "X"})])
    assert not [entry for entry in journal(served) if entry["mutating"]]


def test_the_limit_of_requests_is_honoured(intacct: IntacctConnector, served: Served) -> None:
    vice(served, "rate_limit", {"times": 1, "retry_after": 7})
    with pytest.raises(Unavailable, match="limits our requests") as caught:
        intacct.write("CUSTOMER", [create("x", {"NAME": "X"})])
    assert caught.value.retry_after == 7
    assert len(served.app.all("CUSTOMER")) == 1
