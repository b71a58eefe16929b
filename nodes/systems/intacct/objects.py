"""What is special about single objects: legacy functions, child collections, fields that only go in.

Most objects are written with the generic ``create`` and ``update``. Invoices, bills and sales documents are
written with older, lower-case functions whose children have a fixed order (the DTD's). The order here is
the one that the official SDKs write; meanings are from developer.intacct.com, API reference.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "date", "contact", "term", "rate-type", "rate", "custom"]


@dataclass(frozen=True, slots=True)
class Slot:
    """One child of a legacy function, in its place.

    names    canonical names that fill it, the first that has a value; none for the custom fields' place
    unless   left out when this canonical field has a value
    always   written empty when nothing fills it
    """

    element: str
    names: tuple[str, ...]
    kind: Kind = "text"
    unless: str = ""
    always: bool = False


@dataclass(frozen=True, slots=True)
class Legacy:
    """A pair of legacy functions: ``create`` and, if there is one, ``update``."""

    create: str
    header: tuple[Slot, ...]
    lines: tuple[str, str]
    line: tuple[Slot, ...]
    update: str = ""
    changes: tuple[Slot, ...] = ()
    changed_lines: tuple[str, str] = ("", "")
    noun: str = "document"

    def known(self) -> set[str]:
        """Canonical header fields with a place of their own; all others travel as custom fields."""
        return {name for slot in (*self.header, *self.changes) for name in slot.names}


CUSTOM = Slot("customfields", (), "custom")


def _same(*names: str) -> tuple[Slot, ...]:
    return tuple(Slot(name.lower(), (name,)) for name in names)


_RATES = (
    Slot("exchratedate", ("EXCH_RATE_DATE",), "date"),
    Slot("exchratetype", ("EXCH_RATE_TYPE_ID",), "rate-type"),
    Slot("exchrate", ("EXCHANGE_RATE",), "rate", unless="EXCH_RATE_TYPE_ID"),
)
_MONEY = (Slot("basecurr", ("BASECURR",)), Slot("currency", ("CURRENCY",)), *_RATES)
_DATES = (
    Slot("datecreated", ("WHENCREATED",), "date"),
    Slot("dateposted", ("WHENPOSTED",), "date"),
    Slot("datedue", ("WHENDUE",), "date"),
)
_ACCOUNT = (
    Slot("accountlabel", ("ACCOUNTLABEL",)),
    Slot("glaccountno", ("ACCOUNTNO",), unless="ACCOUNTLABEL", always=True),
    Slot("offsetglaccountno", ("OFFSETGLACCOUNTNO",)),
    Slot("amount", ("TRX_AMOUNT", "AMOUNT")),
    Slot("allocationid", ("ALLOCATION",)),
    Slot("memo", ("ENTRYDESCRIPTION",)),
    *_same("LOCATIONID", "DEPARTMENTID"),
)
_DIMENSIONS = _same("CUSTOMERID", "VENDORID", "EMPLOYEEID", "ITEMID", "CLASSID", "CONTRACTID", "WAREHOUSEID")

INVOICE = Legacy(
    noun="invoice",
    create="create_invoice",
    header=(
        Slot("customerid", ("CUSTOMERID",), always=True),
        *_DATES,
        Slot("termname", ("TERMNAME",), "term"),
        Slot("action", ("ACTION",)),
        Slot("batchkey", ("PRBATCHKEY",)),
        Slot("invoiceno", ("RECORDID",)),
        Slot("ponumber", ("DOCNUMBER",)),
        *_same("ONHOLD", "DESCRIPTION", "EXTERNALID"),
        Slot("billto", ("BILLTOPAYTOCONTACTNAME",), "contact"),
        Slot("shipto", ("SHIPTORETURNTOCONTACTNAME",), "contact"),
        *_MONEY,
        *_same("NOGL", "SUPDOCID", "TAXSOLUTIONID"),
        CUSTOM,
    ),
    lines=("invoiceitems", "lineitem"),
    line=(
        *_ACCOUNT,
        CUSTOM,
        Slot("revrectemplate", ("REVRECTEMPLATE",)),
        Slot("defrevaccount", ("DEFERREDREVACCTNO",)),
        Slot("revrecstartdate", ("REVRECSTARTDATE",), "date"),
        Slot("revrecenddate", ("REVRECENDDATE",), "date"),
        *_same("PROJECTID", "TASKID", "COSTTYPEID"),
        *_DIMENSIONS,
    ),
    update="update_invoice",
    changes=(
        Slot("customerid", ("CUSTOMERID",)),
        *_DATES,
        Slot("termname", ("TERMNAME",)),
        Slot("action", ("ACTION",)),
        Slot("invoiceno", ("RECORDID",)),
        Slot("ponumber", ("DOCNUMBER",)),
        Slot("description", ("DESCRIPTION",)),
        Slot("payto", ("BILLTOPAYTOCONTACTNAME",), "contact"),
        Slot("returnto", ("SHIPTORETURNTOCONTACTNAME",), "contact"),
        Slot("currency", ("CURRENCY",)),
        *_RATES,
        Slot("supdocid", ("SUPDOCID",)),
        CUSTOM,
    ),
    changed_lines=("updateinvoiceitems", "updatelineitem"),
)
BILL = Legacy(
    noun="bill",
    create="create_bill",
    header=(
        Slot("vendorid", ("VENDORID",), always=True),
        *_DATES,
        Slot("termname", ("TERMNAME",), "term"),
        Slot("action", ("ACTION",)),
        Slot("batchkey", ("PRBATCHKEY",)),
        Slot("billno", ("RECORDID",)),
        Slot("ponumber", ("DOCNUMBER",)),
        *_same("ONHOLD", "DESCRIPTION", "EXTERNALID"),
        Slot("payto", ("BILLTOPAYTOCONTACTNAME",), "contact"),
        Slot("returnto", ("SHIPTORETURNTOCONTACTNAME",), "contact"),
        *_MONEY,
        *_same("NOGL", "SUPDOCID"),
        CUSTOM,
    ),
    lines=("billitems", "lineitem"),
    line=(*_ACCOUNT, CUSTOM, *_same("PROJECTID"), *_DIMENSIONS, *_same("BILLABLE")),
)
SALES = Legacy(
    noun="sales document",
    create="create_sotransaction",
    header=(
        Slot("transactiontype", ("DOCPARID",), always=True),
        Slot("datecreated", ("WHENCREATED",), "date"),
        Slot("dateposted", ("WHENPOSTED",), "date"),
        Slot("createdfrom", ("CREATEDFROM",)),
        Slot("customerid", ("CUSTVENDID",), always=True),
        Slot("documentno", ("DOCNO",)),
        Slot("origdocdate", ("ORIGDOCDATE",), "date"),
        Slot("referenceno", ("PONUMBER",)),
        Slot("termname", ("TERM.NAME",)),
        Slot("datedue", ("WHENDUE",), "date"),
        Slot("message", ("MESSAGE",)),
        Slot("shippingmethod", ("SHIPVIA",)),
        Slot("shipto", ("SHIPTO.CONTACTNAME",), "contact"),
        Slot("billto", ("BILLTO.CONTACTNAME",), "contact"),
        *_same("SUPDOCID", "EXTERNALID", "BASECURR", "CURRENCY"),
        Slot("exchratedate", ("EXCHRATEDATE",), "date"),
        Slot("exchratetype", ("EXCHRATETYPES.NAME",), "rate-type"),
        Slot("exchrate", ("EXCHRATE",), "rate", unless="EXCHRATETYPES.NAME"),
        CUSTOM,
        Slot("state", ("STATE",)),
        Slot("projectid", ("PROJECT",)),
    ),
    lines=("sotransitems", "sotransitem"),
    line=(
        Slot("itemid", ("ITEMID",), always=True),
        *_same("ITEMDESC", "TAXABLE"),
        Slot("warehouseid", ("WAREHOUSE.LOCATION_NO",)),
        Slot("quantity", ("QUANTITY",), always=True),
        *_same("UNIT", "DISCOUNTPERCENT", "PRICE"),
        Slot("discsurchargememo", ("DISCOUNT_MEMO",)),
        *_same("LOCATIONID", "DEPARTMENTID", "MEMO"),
        CUSTOM,
        *_same("PROJECTID", "CUSTOMERID", "VENDORID", "EMPLOYEEID", "CLASSID", "CONTRACTID"),
    ),
)
LEGACY = {"ARINVOICE": INVOICE, "APBILL": BILL, "SODOCUMENT": SALES}

LINE_OBJECT = {
    "ARINVOICEITEMS": ("ARINVOICEITEM", "RECORDKEY"),
    "APBILLITEMS": ("APBILLITEM", "RECORDKEY"),
    "ARPYMTDETAILS": ("ARPYMTDETAIL", "PAYMENTKEY"),
    "SODOCUMENTENTRIES": ("SODOCUMENTENTRY", "DOCHDRNO"),
}
"""Lines field → the object that holds the lines, and its field with the parent's RECORDNO."""

LINE_ELEMENT = {"ARPYMTDETAILS": "ARPYMTDETAIL", "ENTRIES": "GLENTRY"}
"""Lines field → the element of one line in a generic create; else the name without its plural S."""

WRITE_ONLY = {
    "ARINVOICE": frozenset({"ACTION", "NOGL"}),
    "APBILL": frozenset({"ACTION", "NOGL"}),
    "ARPYMT": frozenset({"ACTION", "AMOUNTTOPAY", "TRX_AMOUNTTOPAY"}),
}
"""Fields that are sent but never selected in a query."""

NUMBER = {"ARINVOICE": "RECORDID", "APBILL": "RECORDID", "ARPYMT": "DOCNUMBER", "SODOCUMENT": "DOCNO"}
"""The number that people use, where it is not the key."""

REFERENCE_FIELD = "EXTERNALID"
REFERENCE_LENGTH = 20
"""The documentation states no limit for external ids; 20 characters fit every table seen."""


def reference(key: str) -> str:
    """The external id of a document: short, unique, the same for every attempt at the same intent."""
    return f"HD-{key}"[:REFERENCE_LENGTH]
