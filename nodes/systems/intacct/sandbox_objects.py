"""What the imitated company knows of its objects: fields, types, keys, references.

Written from the API reference at developer.intacct.com and from field lists seen in public clients, without
looking at the connector's own shapes, so that a mistake on one side shows on the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Types = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of object.

    key        the field that names it (RECORDNO for documents)      noun  what error messages call it
    fields     name → data type of lookup                            required  needed on create
    refers     field → (object, its field, what messages call it)    choices  field → valid values
    parts      child collection → (element, object)                  number  prefix of automatic keys
    queryable  False: only readByQuery reads it
    """

    key: str
    noun: str
    fields: Types
    required: tuple[str, ...] = ()
    refers: Mapping[str, tuple[str, str, str]] = field(default_factory=dict)
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    parts: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    number: str = ""
    queryable: bool = True


def _fields(text: str, **typed: str) -> dict[str, str]:
    """Names are TEXT unless given with their type: ``_fields("A B", DATE="C D")``."""
    found = dict.fromkeys(text.split(), "TEXT")
    for kind, names in typed.items():
        found.update(dict.fromkeys(names.split(), kind))
    return found


_MAIL = "ADDRESS1 ADDRESS2 CITY STATE ZIP COUNTRY COUNTRYCODE"
_PERSON = (
    "COMPANYNAME TAXGROUP PREFIX FIRSTNAME LASTNAME INITIAL PHONE1 PHONE2 CELLPHONE PAGER FAX EMAIL1 EMAIL2 "
    "URL1 URL2"
)
_CONTACT = " ".join(
    [f"DISPLAYCONTACT.{name}" for name in ("CONTACTNAME", "PRINTAS", *_PERSON.split())]
    + [f"DISPLAYCONTACT.MAILADDRESS.{name}" for name in _MAIL.split()]
)
_STAMPS = {
    "RECORDNO": "INTEGER",
    "WHENCREATED": "TIMESTAMP",
    "WHENMODIFIED": "TIMESTAMP",
    "CREATEDBY": "INTEGER",
    "MODIFIEDBY": "INTEGER",
    "MEGAENTITYID": "TEXT",
    "RECORD_URL": "TEXT",
}
_ACTIVE = {"STATUS": ("active", "inactive")}
_ACCOUNT = ("GLACCOUNT", "ACCOUNTNO", "GL Account")
_LINE_REFERS = {
    "ACCOUNTNO": _ACCOUNT,
    "OFFSETGLACCOUNTNO": _ACCOUNT,
    "ACCOUNTLABEL": ("ARACCOUNTLABEL", "ACCOUNTLABEL", "Account Label"),
    "LOCATIONID": ("LOCATION", "LOCATIONID", "Location"),
    "DEPARTMENTID": ("DEPARTMENT", "DEPARTMENTID", "Department"),
    "PROJECTID": ("PROJECT", "PROJECTID", "Project"),
    "CUSTOMERID": ("CUSTOMER", "CUSTOMERID", "Customer"),
    "VENDORID": ("VENDOR", "VENDORID", "Vendor"),
    "ITEMID": ("ITEM", "ITEMID", "Item"),
    "CLASSID": ("CLASS", "CLASSID", "Class"),
}
_LINE = {
    **_fields(
        "ACCOUNTNO ACCOUNTTITLE ACCOUNTLABEL OFFSETGLACCOUNTNO ALLOCATION ENTRYDESCRIPTION LOCATIONID "
        "LOCATIONNAME DEPARTMENTID DEPARTMENTNAME PROJECTID TASKID COSTTYPEID CUSTOMERID VENDORID EMPLOYEEID "
        "ITEMID CLASSID CONTRACTID WAREHOUSEID REVRECTEMPLATE DEFERREDREVACCTNO CURRENCY BASECURR BILLABLE",
        INTEGER="RECORDNO RECORDKEY LINE_NO",
        CURRENCY="AMOUNT TRX_AMOUNT TOTALPAID TRX_TOTALPAID",
        DATE="REVRECSTARTDATE REVRECENDDATE",
        TIMESTAMP="WHENMODIFIED",
    )
}
_DOCUMENT = {
    **_fields(
        "RECORDID DOCNUMBER DESCRIPTION EXTERNALID STATE TERMNAME BILLTOPAYTOCONTACTNAME SUPDOCID MODULEKEY "
        "SHIPTORETURNTOCONTACTNAME BASECURR CURRENCY EXCH_RATE_TYPE_ID TAXSOLUTIONID MEGAENTITYID RECORD_URL",
        INTEGER="RECORDNO PRBATCHKEY",
        DATE="WHENCREATED WHENPOSTED WHENDUE WHENPAID EXCH_RATE_DATE",
        DECIMAL="EXCHANGE_RATE",
        CURRENCY="TOTALENTERED TOTALPAID TOTALDUE TRX_TOTALENTERED TRX_TOTALPAID TRX_TOTALDUE",
        BOOLEAN="ONHOLD SYSTEMGENERATED",
        TIMESTAMP="AUWHENCREATED WHENMODIFIED",
    )
}

KINDS: dict[str, Kind] = {
    "USERINFO": Kind(
        "LOGINID", "User", {**_fields("LOGINID DESCRIPTION STATUS"), **_STAMPS}, choices=_ACTIVE
    ),
    "CUSTOMER": Kind(
        "CUSTOMERID",
        "Customer",
        {
            **_fields(
                f"CUSTOMERID NAME {_CONTACT} STATUS CUSTTYPE CUSTREPID PARENTID GLGROUP TERRITORYID SUPDOCID "
                "TERMNAME OFFSETGLACCOUNTNO ARACCOUNT SHIPPINGMETHOD RESALENO TAXID DELIVERYOPTIONS "
                "CUSTMESSAGEID COMMENTS CURRENCY CONTACTINFO.CONTACTNAME BILLTO.CONTACTNAME "
                "SHIPTO.CONTACTNAME OBJECTRESTRICTION INDUSTRY",
                BOOLEAN="ONETIME HIDEDISPLAYCONTACT ONHOLD DISPLAYCONTACT.TAXABLE",
                CURRENCY="CREDITLIMIT TOTALDUE",
            ),
            **_STAMPS,
        },
        required=("NAME",),
        refers={
            "TERMNAME": ("ARTERM", "NAME", "Term"),
            "PARENTID": ("CUSTOMER", "CUSTOMERID", "Parent Customer"),
            "ARACCOUNT": _ACCOUNT,
            "OFFSETGLACCOUNTNO": _ACCOUNT,
        },
        choices={**_ACTIVE, "INDUSTRY": ("Food", "Machinery", "Retail", "Services")},
        number="C-",
    ),
    "VENDOR": Kind(
        "VENDORID",
        "Vendor",
        {
            **_fields(
                f"VENDORID NAME {_CONTACT} STATUS VENDTYPE PARENTID GLGROUP TAXID NAME1099 FORM1099TYPE "
                "FORM1099BOX SUPDOCID APACCOUNT COMMENTS CURRENCY CONTACTINFO.CONTACTNAME PAYTO.CONTACTNAME "
                "RETURNTO.CONTACTNAME PAYMETHODKEY BILLINGTYPE PAYMENTPRIORITY TERMNAME VENDORACCOUNTNO "
                "OBJECTRESTRICTION",
                BOOLEAN="ONETIME HIDEDISPLAYCONTACT ONHOLD DONOTCUTCHECK PAYMENTNOTIFY DISPLAYCONTACT.TAXABLE",
                CURRENCY="CREDITLIMIT TOTALDUE",
            ),
            **_STAMPS,
        },
        required=("NAME",),
        refers={"TERMNAME": ("APTERM", "NAME", "Term"), "APACCOUNT": _ACCOUNT},
        choices=_ACTIVE,
        number="V-",
    ),
    "ITEM": Kind(
        "ITEMID",
        "Item",
        {
            **_fields(
                "ITEMID NAME ITEMTYPE STATUS PRODUCTLINEID COST_METHOD EXTENDED_DESCRIPTION PODESCRIPTION "
                "SODESCRIPTION UOMGRP NOTE GLGROUP TAXGROUP INCOMEACCTKEY INVACCTKEY EXPENSEACCTKEY "
                "COGSACCTKEY UPC",
                BOOLEAN="TAXABLE",
                DECIMAL="SHIP_WEIGHT STANDARD_COST BASEPRICE",
            ),
            **_STAMPS,
        },
        required=("ITEMID", "NAME", "ITEMTYPE"),
        choices={
            **_ACTIVE,
            "ITEMTYPE": (
                "Inventory",
                "Non-Inventory",
                "Non-Inventory (Purchase only)",
                "Non-Inventory (Sales only)",
                "Kit",
                "Stockable Kit",
            ),
        },
    ),
    "GLACCOUNT": Kind(
        "ACCOUNTNO",
        "GL Account",
        {
            **_fields(
                "ACCOUNTNO TITLE ACCOUNTTYPE NORMALBALANCE CLOSINGTYPE CLOSINGACCOUNTNO CATEGORY TAXCODE "
                "MRCCODE STATUS",
                BOOLEAN="TAXABLE REQUIREDEPT REQUIRELOC REQUIREPROJECT REQUIRECUSTOMER REQUIREVENDOR "
                "REQUIREEMPLOYEE REQUIREITEM REQUIRECLASS",
            ),
            **_STAMPS,
        },
        required=("ACCOUNTNO", "TITLE", "NORMALBALANCE", "CLOSINGTYPE"),
        choices={
            **_ACTIVE,
            "NORMALBALANCE": ("debit", "credit"),
            "ACCOUNTTYPE": ("balancesheet", "incomestatement"),
        },
    ),
    "PROJECT": Kind(
        "PROJECTID",
        "Project",
        {
            **_fields(
                "PROJECTID NAME PROJECTCATEGORY DESCRIPTION PARENTID PROJECTTYPE PROJECTSTATUS CUSTOMERID "
                "CUSTOMERNAME MANAGERID SALESCONTACTID DOCNUMBER STATUS TERMNAME BILLINGTYPE DEPARTMENTID "
                "LOCATIONID CLASSID SUPDOCID CURRENCY SONUMBER PONUMBER INVOICEMESSAGE INVOICECURRENCY",
                BOOLEAN="INVOICEWITHPARENT",
                DATE="BEGINDATE ENDDATE",
                CURRENCY="POAMOUNT CONTRACTAMOUNT BUDGETAMOUNT BUDGETEDCOST",
                DECIMAL="BUDGETQTY",
            ),
            **_STAMPS,
        },
        required=("NAME", "PROJECTCATEGORY"),
        refers={
            "CUSTOMERID": ("CUSTOMER", "CUSTOMERID", "Customer"),
            "LOCATIONID": ("LOCATION", "LOCATIONID", "Location"),
            "DEPARTMENTID": ("DEPARTMENT", "DEPARTMENTID", "Department"),
        },
        choices={
            **_ACTIVE,
            "PROJECTCATEGORY": ("Contract", "Capitalized", "Internal Billable", "Internal Non-Billable"),
        },
        number="P-",
    ),
    "CONTACT": Kind(
        "CONTACTNAME",
        "Contact",
        {
            **_fields(
                f"CONTACTNAME PRINTAS {_PERSON} TAXID STATUS "
                + " ".join(f"MAILADDRESS.{name}" for name in _MAIL.split()),
                BOOLEAN="TAXABLE",
            ),
            **_STAMPS,
        },
        required=("CONTACTNAME", "PRINTAS"),
        choices=_ACTIVE,
    ),
    "DEPARTMENT": Kind(
        "DEPARTMENTID",
        "Department",
        {**_fields("DEPARTMENTID TITLE PARENTID SUPERVISORID CUSTTITLE STATUS"), **_STAMPS},
        required=("DEPARTMENTID", "TITLE"),
        choices=_ACTIVE,
    ),
    "LOCATION": Kind(
        "LOCATIONID",
        "Location",
        {
            **_fields(
                "LOCATIONID NAME PARENTID SUPERVISORID CUSTTITLE STATUS CURRENCY ENTITY",
                DATE="STARTDATE ENDDATE",
            ),
            **_STAMPS,
        },
        required=("LOCATIONID", "NAME"),
        choices=_ACTIVE,
    ),
    "CLASS": Kind(
        "CLASSID",
        "Class",
        {**_fields("CLASSID NAME DESCRIPTION PARENTID STATUS"), **_STAMPS},
        required=("CLASSID", "NAME"),
        choices=_ACTIVE,
    ),
    "ARTERM": Kind(
        "NAME",
        "AR Term",
        {**_fields("NAME DESCRIPTION STATUS DUEFROM", INTEGER="DUEDAY"), **_STAMPS},
        required=("NAME",),
    ),
    "APTERM": Kind(
        "NAME",
        "AP Term",
        {**_fields("NAME DESCRIPTION STATUS DUEFROM", INTEGER="DUEDAY"), **_STAMPS},
        required=("NAME",),
    ),
    "ARACCOUNTLABEL": Kind(
        "ACCOUNTLABEL",
        "AR Account Label",
        {**_fields("ACCOUNTLABEL DESCRIPTION GLACCOUNTNO STATUS"), **_STAMPS},
        required=("ACCOUNTLABEL", "GLACCOUNTNO"),
        refers={"GLACCOUNTNO": _ACCOUNT},
    ),
    "TERRITORY": Kind(
        "TERRITORYID",
        "Territory",
        {**_fields("TERRITORYID NAME STATUS"), **_STAMPS},
        required=("TERRITORYID", "NAME"),
        queryable=False,
    ),
    "ARINVOICE": Kind(
        "RECORDNO",
        "Invoice",
        {**_DOCUMENT, **_fields("CUSTOMERID CUSTOMERNAME CUSTMESSAGEID RENEWAL_NO")},
        refers={
            "CUSTOMERID": ("CUSTOMER", "CUSTOMERID", "Customer"),
            "TERMNAME": ("ARTERM", "NAME", "Term"),
        },
        parts={"ARINVOICEITEMS": ("ARINVOICEITEM", "ARINVOICEITEM")},
        number="INV-",
    ),
    "ARINVOICEITEM": Kind("RECORDNO", "Invoice line", _LINE, refers=_LINE_REFERS),
    "APBILL": Kind(
        "RECORDNO",
        "Bill",
        {**_DOCUMENT, **_fields("VENDORID VENDORNAME")},
        refers={"VENDORID": ("VENDOR", "VENDORID", "Vendor"), "TERMNAME": ("APTERM", "NAME", "Term")},
        parts={"APBILLITEMS": ("APBILLITEM", "APBILLITEM")},
        number="BILL-",
    ),
    "APBILLITEM": Kind("RECORDNO", "Bill line", _LINE, refers=_LINE_REFERS),
    "ARPYMT": Kind(
        "RECORDNO",
        "Payment",
        {
            **_fields(
                "RECORDID FINANCIALENTITY UNDEPOSITEDACCOUNTNO PAYMENTMETHOD CUSTOMERID CUSTOMERNAME "
                "DOCNUMBER DESCRIPTION EXCH_RATE_TYPE_ID CURRENCY BASECURR PRBATCH STATE MEGAENTITYID RECORD_URL "
                "OVERPAYMENTLOCATIONID OVERPAYMENTDEPARTMENTID",
                INTEGER="RECORDNO",
                DATE="RECEIPTDATE PAYMENTDATE WHENPAID",
                DECIMAL="EXCHANGE_RATE",
                CURRENCY="TOTALENTERED TRX_TOTALENTERED OVERPAYMENTAMOUNT",
                TIMESTAMP="AUWHENCREATED WHENMODIFIED",
            )
        },
        required=("PAYMENTMETHOD", "RECEIPTDATE"),
        refers={"CUSTOMERID": ("CUSTOMER", "CUSTOMERID", "Customer"), "UNDEPOSITEDACCOUNTNO": _ACCOUNT},
        parts={"ARPYMTDETAILS": ("ARPYMTDETAIL", "ARPYMTDETAIL")},
        number="PAY-",
    ),
    "ARPYMTDETAIL": Kind(
        "RECORDNO",
        "Payment detail",
        _fields(
            "",
            INTEGER="RECORDNO PAYMENTKEY RECORDKEY ENTRYKEY POSADJKEY ADJUSTMENTKEY",
            CURRENCY="TRX_PAYMENTAMOUNT PAYMENTAMOUNT TRX_ADJUSTMENTAMOUNT",
            DATE="DISCOUNTDATE",
            TIMESTAMP="WHENMODIFIED",
        ),
    ),
    "SODOCUMENT": Kind(
        "RECORDNO",
        "Document",
        {
            **_fields(
                "DOCPARID DOCID DOCNO CREATEDFROM CUSTVENDID CUSTVENDNAME PONUMBER TERM.NAME MESSAGE SHIPVIA "
                "SHIPTO.CONTACTNAME BILLTO.CONTACTNAME SUPDOCID EXTERNALID BASECURR CURRENCY EXCHRATETYPES.NAME "
                "STATE PROJECT MEGAENTITYID RECORD_URL",
                INTEGER="RECORDNO",
                DATE="WHENCREATED WHENPOSTED ORIGDOCDATE WHENDUE EXCHRATEDATE",
                DECIMAL="EXCHRATE",
                CURRENCY="TOTAL",
                TIMESTAMP="AUWHENCREATED WHENMODIFIED",
            )
        },
        refers={"CUSTVENDID": ("CUSTOMER", "CUSTOMERID", "Customer")},
        parts={"SODOCUMENTENTRIES": ("SODOCUMENTENTRY", "SODOCUMENTENTRY")},
        number="SO-",
    ),
    "SODOCUMENTENTRY": Kind(
        "RECORDNO",
        "Document line",
        _fields(
            "ITEMID ITEMDESC WAREHOUSE.LOCATION_NO UNIT DISCOUNT_MEMO LOCATIONID DEPARTMENTID MEMO PROJECTID "
            "CUSTOMERID VENDORID EMPLOYEEID CLASSID CONTRACTID",
            INTEGER="RECORDNO DOCHDRNO LINE_NO",
            DECIMAL="QUANTITY PRICE DISCOUNTPERCENT",
            CURRENCY="TOTAL",
            BOOLEAN="TAXABLE",
            TIMESTAMP="WHENMODIFIED",
        ),
        refers=_LINE_REFERS,
    ),
}
CUSTOM = {"CUSTOMER": ("INDUSTRY",), "ARINVOICE": ("RENEWAL_NO",)}
"""Fields that this company has added itself."""

READ_ONLY = {"RECORDNO", "CREATEDBY", "MODIFIEDBY", "WHENMODIFIED", "AUWHENCREATED", "MEGAENTITYID", "RECORD_URL", "TOTALDUE",
             "TOTALENTERED", "TOTALPAID", "TRX_TOTALDUE", "TRX_TOTALENTERED", "TRX_TOTALPAID"}  # fmt: skip
INDEXED = {
    *((name, kind.key) for name, kind in KINDS.items() if kind.key != "RECORDNO"),
    ("ARINVOICE", "RECORDID"), ("ARINVOICE", "EXTERNALID"), ("ARINVOICE", "CUSTOMERID"),
    ("APBILL", "RECORDID"), ("APBILL", "EXTERNALID"), ("SODOCUMENT", "DOCNO"), ("SODOCUMENT", "EXTERNALID"),
    ("ARINVOICEITEM", "RECORDKEY"), ("APBILLITEM", "RECORDKEY"), ("ARPYMTDETAIL", "PAYMENTKEY"),
    ("ARPYMTDETAIL", "RECORDKEY"), ("SODOCUMENTENTRY", "DOCHDRNO"), ("ARPYMT", "DOCNUMBER"),
    ("CUSTOMER", "NAME"),
}  # fmt: skip
"""(object, field) pairs that are looked up by value instead of by walking all rows."""
