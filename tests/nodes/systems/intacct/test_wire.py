"""What we send, element for element, against the documents that the official JavaScript SDK writes.

expected.xml holds what version 2.2.1 of the SDK wrote for the same values.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from engine.connector import Filter
from nodes.systems.intacct import envelope, functions, queries, shapes
from nodes.systems.intacct.envelope import Element, Function
from nodes.systems.intacct.objects import BILL, INVOICE, SALES

EXPECTED = {
    case.get("name"): case[0]
    for case in etree.parse(
        Path(__file__).with_name("expected.xml"), etree.XMLParser(remove_blank_text=True)
    ).getroot()
}
SHAPES = shapes.known()
LINE = {"ACCOUNTNO": "4000", "TRX_AMOUNT": Decimal("1")}


def written(element: Element, indent: str = "") -> list[str]:
    """One text a node: name, attributes and text, in the order of the document."""
    text = (element.text or "").strip() if not len(element) else ""
    attributes = "".join(f" {name}={value!r}" for name, value in sorted(element.attrib.items()))
    below = [line for child in element for line in written(child, f"{indent} ")]
    return [f"{indent}{element.tag}{attributes} {text}".rstrip(), *below]


INVOICE_FULL = {
    "ARINVOICEITEMS": [
        {
            "ITEMID": "I", "ACCOUNTLABEL": "Consulting", "ACCOUNTNO": "4000", "TRX_AMOUNT": Decimal("76.5"),
            "OFFSETGLACCOUNTNO": "1200", "ALLOCATION": "AL", "ENTRYDESCRIPTION": "m", "LOCATIONID": "US",
            "DEPARTMENTID": "100", "X1": "v", "REVRECTEMPLATE": "RT", "DEFERREDREVACCTNO": "2400",
            "REVRECSTARTDATE": "2026-01-01", "REVRECENDDATE": "2026-12-31", "PROJECTID": "P", "CUSTOMERID": "C1",
            "VENDORID": "V", "EMPLOYEEID": "E", "CLASSID": "K", "CONTRACTID": "CT", "WAREHOUSEID": "W",
        },
        LINE,
    ],
    "RENEWAL_NO": "R-1", "CUSTOMERID": "C1", "WHENCREATED": "2026-11-14", "WHENPOSTED": "2026-11-15",
    "WHENDUE": "2026-12-14", "TERMNAME": "N30", "ACTION": "Submit", "PRBATCHKEY": "20323", "RECORDID": "INV-9",
    "DOCNUMBER": "PO-1", "ONHOLD": False, "DESCRIPTION": "Müller & Söhne", "EXTERNALID": "E-1",
    "BILLTOPAYTOCONTACTNAME": "B", "SHIPTORETURNTOCONTACTNAME": "S", "BASECURR": "USD", "CURRENCY": "EUR",
    "EXCH_RATE_DATE": "2026-11-14", "EXCH_RATE_TYPE_ID": "Intacct Daily Rate", "NOGL": False, "SUPDOCID": "A1",
}  # fmt: skip
BARE = {"CUSTOMERID": "C1", "WHENCREATED": "2026-11-14", "EXTERNALID": "E-2", "CURRENCY": "EUR",
        "WHENDUE": None, "ARINVOICEITEMS": [LINE]}  # fmt: skip
INVOICE_UPDATE = {
    "CUSTOMERID": "C1", "WHENCREATED": "2026-11-14", "WHENDUE": "2026-12-14", "TERMNAME": "N30",
    "ACTION": "Submit", "RECORDID": "N", "DOCNUMBER": "P", "DESCRIPTION": "d", "BILLTOPAYTOCONTACTNAME": "B",
    "SHIPTORETURNTOCONTACTNAME": "S", "CURRENCY": "EUR", "EXCHANGE_RATE": Decimal("1.1"), "SUPDOCID": "A1",
    "RENEWAL_NO": "R-1",
    "ARINVOICEITEMS": [
        {"ACCOUNTNO": "4000", "TRX_AMOUNT": Decimal("2"), "ENTRYDESCRIPTION": "m", "LOCATIONID": "US"}
    ],
}  # fmt: skip
CUSTOMER_FULL = {
    "INDUSTRY": "Food", "NAME": "Co", "CUSTOMERID": "C1",
    "DISPLAYCONTACT": {
        "COMPANYNAME": "Co Ltd", "TAXABLE": True, "TAXGROUP": "TG", "PREFIX": "Mr", "FIRSTNAME": "F",
        "LASTNAME": "L", "INITIAL": "M", "PHONE1": "1", "PHONE2": "2", "CELLPHONE": "3", "PAGER": "4", "FAX": "5",
        "EMAIL1": "a@b.c", "EMAIL2": "d@e.f", "URL1": "http://a", "URL2": "http://b",
        "MAILADDRESS": {"ADDRESS1": "A1", "ADDRESS2": "A2", "CITY": "Graz", "STATE": "ST", "ZIP": "8010",
                        "COUNTRY": "Austria", "COUNTRYCODE": "AT"},
    },
    "ONETIME": False, "STATUS": "active", "HIDEDISPLAYCONTACT": False, "CUSTTYPE": "T", "CUSTREPID": "R",
    "PARENTID": "P", "GLGROUP": "G", "TERRITORYID": "TE", "SUPDOCID": "AT1", "TERMNAME": "N30",
    "OFFSETGLACCOUNTNO": "1200", "ARACCOUNT": "4000", "SHIPPINGMETHOD": "SM", "RESALENO": "RN", "TAXID": "TX",
    "CREDITLIMIT": Decimal("1234.56"), "ONHOLD": False, "DELIVERYOPTIONS": "Print", "CUSTMESSAGEID": "IM",
    "COMMENTS": "cm", "CURRENCY": "USD", "CONTACTINFO": {"CONTACTNAME": "PC"}, "BILLTO": {"CONTACTNAME": "BC"},
    "SHIPTO": {"CONTACTNAME": "SC"}, "OBJECTRESTRICTION": "Unrestricted",
}  # fmt: skip
VENDOR = {
    "VENDORID": "V1", "NAME": "Ven", "STATUS": "active", "VENDTYPE": "T", "TAXID": "TX", "APACCOUNT": "6100",
    "CREDITLIMIT": Decimal("5"), "ONHOLD": False, "DONOTCUTCHECK": False, "COMMENTS": "c", "CURRENCY": "USD",
    "CONTACTINFO": {"CONTACTNAME": "PC"}, "PAYTO": {"CONTACTNAME": "PT"}, "RETURNTO": {"CONTACTNAME": "RT"},
    "PAYMETHODKEY": "Check", "PAYMENTPRIORITY": "normal", "TERMNAME": "N30", "VENDORACCOUNTNO": "VA",
    "OBJECTRESTRICTION": "Unrestricted",
}  # fmt: skip
ITEM = {
    "ITEMID": "I", "NAME": "It", "ITEMTYPE": "Non-Inventory", "STATUS": "active", "PRODUCTLINEID": "PL",
    "COST_METHOD": "Standard", "EXTENDED_DESCRIPTION": "ed", "PODESCRIPTION": "pd", "SODESCRIPTION": "sd",
    "UOMGRP": "Each", "NOTE": "n", "SHIP_WEIGHT": Decimal("1.5"), "GLGROUP": "g", "STANDARD_COST": Decimal("1"),
    "BASEPRICE": Decimal("9.999"), "TAXABLE": True, "TAXGROUP": "tg", "INCOMEACCTKEY": "1", "INVACCTKEY": "2",
    "EXPENSEACCTKEY": "3", "COGSACCTKEY": "4", "UPC": "u",
}  # fmt: skip
ACCOUNT = {
    "ACCOUNTNO": "7000", "TITLE": "T", "ACCOUNTTYPE": "incomestatement", "NORMALBALANCE": "debit",
    "CLOSINGTYPE": "closed to account", "CLOSINGACCOUNTNO": "3900", "CATEGORY": "cat", "TAXCODE": "tc",
    "MRCCODE": "mc", "STATUS": "active", "TAXABLE": False, "REQUIREDEPT": True, "REQUIRELOC": True,
    "REQUIREPROJECT": False, "REQUIRECUSTOMER": False, "REQUIREVENDOR": False, "REQUIREEMPLOYEE": False,
    "REQUIREITEM": False, "REQUIRECLASS": False,
}  # fmt: skip
PROJECT = {
    "PROJECTID": "P", "NAME": "Pr", "PROJECTCATEGORY": "Contract", "DESCRIPTION": "d", "PARENTID": "PP",
    "INVOICEWITHPARENT": True, "PROJECTTYPE": "pt", "PROJECTSTATUS": "ps", "CUSTOMERID": "C1", "MANAGERID": "m",
    "SALESCONTACTID": "sc", "DOCNUMBER": "rn", "STATUS": "active", "TERMNAME": "N30", "BILLINGTYPE": "bt",
    "BEGINDATE": "2026-01-02", "ENDDATE": "2026-12-03", "DEPARTMENTID": "100", "LOCATIONID": "US",
    "CLASSID": "STD", "SUPDOCID": "A", "CURRENCY": "USD", "SONUMBER": "so", "PONUMBER": "po",
    "POAMOUNT": Decimal("10"), "CONTRACTAMOUNT": Decimal("20"), "BUDGETAMOUNT": Decimal("30"),
    "BUDGETEDCOST": Decimal("40"), "BUDGETQTY": Decimal("50"), "INVOICEMESSAGE": "im", "INVOICECURRENCY": "USD",
}  # fmt: skip
BILL_FULL = {
    "VENDORID": "V", "WHENCREATED": "2026-11-14", "WHENPOSTED": "2026-11-15", "WHENDUE": "2026-12-14",
    "TERMNAME": "N30", "ACTION": "Submit", "PRBATCHKEY": "2", "RECORDID": "B", "DOCNUMBER": "P", "ONHOLD": False,
    "DESCRIPTION": "d", "EXTERNALID": "E", "BILLTOPAYTOCONTACTNAME": "PT", "SHIPTORETURNTOCONTACTNAME": "RT",
    "BASECURR": "USD", "CURRENCY": "USD", "EXCHANGE_RATE": Decimal("1"), "NOGL": False, "SUPDOCID": "A", "X": "1",
    "APBILLITEMS": [
        {"ACCOUNTNO": "6100", "TRX_AMOUNT": Decimal("10"), "ENTRYDESCRIPTION": "m", "LOCATIONID": "US",
         "DEPARTMENTID": "1", "PROJECTID": "P", "CUSTOMERID": "C", "VENDORID": "V", "EMPLOYEEID": "E",
         "ITEMID": "I", "CLASSID": "K", "CONTRACTID": "CT", "WAREHOUSEID": "W", "BILLABLE": True}
    ],
}  # fmt: skip
SALES_FULL = {
    "DOCPARID": "Sales Order", "WHENCREATED": "2026-11-14", "WHENPOSTED": "2026-11-15", "CREATEDFROM": "Q-1",
    "CUSTVENDID": "C1", "DOCNO": "SO-1", "ORIGDOCDATE": "2026-11-01", "PONUMBER": "R", "TERM": {"NAME": "N30"},
    "WHENDUE": "2026-12-14", "MESSAGE": "m", "SHIPVIA": "s", "SHIPTO": {"CONTACTNAME": "S"},
    "BILLTO": {"CONTACTNAME": "B"}, "SUPDOCID": "A", "EXTERNALID": "E", "BASECURR": "USD", "CURRENCY": "USD",
    "EXCHRATEDATE": "2026-11-14", "EXCHRATETYPES": {"NAME": "T"}, "X": "1", "STATE": "Pending", "PROJECT": "P",
    "SODOCUMENTENTRIES": [
        {"ITEMID": "I", "ITEMDESC": "d", "TAXABLE": True, "WAREHOUSE": {"LOCATION_NO": "W"},
         "QUANTITY": Decimal("2"), "UNIT": "Each", "DISCOUNTPERCENT": Decimal("5"), "PRICE": Decimal("10.5"),
         "DISCOUNT_MEMO": "dm", "LOCATIONID": "US", "DEPARTMENTID": "1", "MEMO": "m", "X": "1", "PROJECTID": "P",
         "CUSTOMERID": "C1", "VENDORID": "V", "EMPLOYEEID": "E", "CLASSID": "K", "CONTRACTID": "CT"}
    ],
}  # fmt: skip
CUSTOMER_UPDATE = {
    "NAME": "Co", "DISPLAYCONTACT": {"PRINTAS": "PA"}, "STATUS": "inactive", "INDUSTRY": "Food",
}  # fmt: skip
CONTACT = {"CONTACTNAME": "N", "PRINTAS": "P", "COMPANYNAME": "c", "TAXABLE": True, "TAXID": "t",
           "FIRSTNAME": "f", "STATUS": "active", "MAILADDRESS": {"ADDRESS1": "a", "CITY": "g"}}  # fmt: skip
DEPARTMENT = {"DEPARTMENTID": "D", "TITLE": "n", "PARENTID": "p", "SUPERVISORID": "m", "CUSTTITLE": "t",
              "STATUS": "active"}  # fmt: skip
LOCATION = {"LOCATIONID": "L", "NAME": "n", "PARENTID": "p", "SUPERVISORID": "m", "STARTDATE": "2026-01-02",
            "ENDDATE": "2026-01-03", "CUSTTITLE": "t", "STATUS": "active"}  # fmt: skip
CLASS = {"CLASSID": "K", "NAME": "n", "DESCRIPTION": "d", "PARENTID": "p", "STATUS": "active"}


def generic(name: str, data: dict[str, Any]) -> Element:
    return functions.create(SHAPES[name], data)


def a_query() -> Element:
    kinds = {"WHENMODIFIED": "datetime"}
    parts = [
        queries.condition(Filter(field="WHENMODIFIED", op="ge", value="2026-11-20T13:00:00Z"), kinds),
        queries.condition(Filter(field="CUSTOMERID", op="in", value=["A", "B"]), kinds),
        queries.compare("RECORDNO", "greaterthan", ["5"]),
    ]
    return queries.query(
        "CUSTOMER", ["RECORDNO", "NAME"], queries.join("and", parts), pagesize=100, private=True
    )


def a_read_by_query() -> Element:
    filters = [Filter(field="NAME", value="Jo's"), Filter(field="STATUS", op="in", value=["active", "x"])]
    return queries.read_by_query("TERRITORY", ["RECORDNO", "NAME"], queries.sentence(filters, {}), 50)


CASES = {
    "invoice_full": lambda: functions.create_legacy(INVOICE, SHAPES["ARINVOICE"], INVOICE_FULL),
    "invoice_bare": lambda: functions.create_legacy(INVOICE, SHAPES["ARINVOICE"], BARE),
    "invoice_rate": lambda: functions.create_legacy(
        INVOICE, SHAPES["ARINVOICE"], {**BARE, "EXCHANGE_RATE": Decimal("1.1")}
    ),
    "invoice_update": lambda: functions.update_legacy(
        INVOICE, SHAPES["ARINVOICE"], "112", INVOICE_UPDATE, present=1
    ),
    "customer_full": lambda: generic("CUSTOMER", CUSTOMER_FULL),
    "customer_update": lambda: functions.update(SHAPES["CUSTOMER"], "C1", CUSTOMER_UPDATE),
    "vendor": lambda: generic("VENDOR", VENDOR),
    "item": lambda: generic("ITEM", ITEM),
    "account": lambda: generic("GLACCOUNT", ACCOUNT),
    "project": lambda: generic("PROJECT", PROJECT),
    "contact": lambda: generic("CONTACT", CONTACT),
    "department": lambda: generic("DEPARTMENT", DEPARTMENT),
    "location": lambda: generic("LOCATION", LOCATION),
    "class": lambda: generic("CLASS", CLASS),
    "bill": lambda: functions.create_legacy(BILL, SHAPES["APBILL"], BILL_FULL),
    "sales": lambda: functions.create_legacy(SALES, SHAPES["SODOCUMENT"], SALES_FULL),
    "query": a_query,
    "readByQuery": a_read_by_query,
    "readMore": lambda: queries.read_more("r1"),
    "lookup": lambda: queries.lookup("CUSTOMER"),
    "inspect": queries.inspect,
    "session": envelope.get_session,
}


@pytest.mark.parametrize("name", sorted(CASES))
def test_a_function_is_written_as_the_sdk_writes_it(name: str) -> None:
    assert written(CASES[name]()) == written(EXPECTED[name][0])


def test_every_document_of_the_sdk_is_compared() -> None:
    assert set(EXPECTED) == {*CASES, "envelope_login", "envelope_session"}


def test_the_envelope_with_a_login_is_as_the_sdk_writes_it() -> None:
    raw = envelope.request(
        ("s&1", "p<w"),
        "c1",
        envelope.login("us", "co", "pw", "US"),
        [Function("k19", queries.lookup("CUSTOMER"))],
        unique=True,
    )
    assert raw.startswith(b"<?xml version='1.0' encoding='utf-8'?>")
    assert written(etree.fromstring(raw)) == written(EXPECTED["envelope_login"])


def test_the_envelope_with_a_session_is_as_the_sdk_writes_it() -> None:
    raw = envelope.request(
        ("s", "p"),
        "c2",
        envelope.session("sess.."),
        [Function("k19", queries.lookup("CUSTOMER")), Function("k18", queries.read_more("r1"))],
    )
    assert written(etree.fromstring(raw)) == written(EXPECTED["envelope_session"])


def test_a_customer_payment_follows_the_reference() -> None:
    body = generic(
        "ARPYMT",
        {
            "FINANCIALENTITY": "BOA", "PAYMENTMETHOD": "Cash", "CUSTOMERID": "JHC", "DOCNUMBER": "INV-007",
            "RECEIPTDATE": "2019-05-15", "PAYMENTDATE": "2019-05-16", "CURRENCY": "USD",
            "ARPYMTDETAILS": [{"RECORDKEY": "101", "TRX_PAYMENTAMOUNT": Decimal("125")}],
        },
    )  # fmt: skip
    expected = etree.fromstring(
        "<create><ARPYMT><FINANCIALENTITY>BOA</FINANCIALENTITY><PAYMENTMETHOD>Cash</PAYMENTMETHOD>"
        "<CUSTOMERID>JHC</CUSTOMERID><DOCNUMBER>INV-007</DOCNUMBER><RECEIPTDATE>05/15/2019</RECEIPTDATE>"
        "<PAYMENTDATE>05/16/2019</PAYMENTDATE><CURRENCY>USD</CURRENCY><ARPYMTDETAILS><ARPYMTDETAIL>"
        "<RECORDKEY>101</RECORDKEY><TRX_PAYMENTAMOUNT>125</TRX_PAYMENTAMOUNT></ARPYMTDETAIL></ARPYMTDETAILS>"
        "</ARPYMT></create>"
    )
    assert written(body) == written(expected)
