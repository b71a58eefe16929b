"""The fixed order of the legacy functions' children, enforced by a DTD as the real gateway does.

The orders are those that the official SDKs write (create_invoice, create_bill, create_sotransaction,
create_arpayment, …); where the reference's examples differ (batchkey before action) both are allowed.
"""

from __future__ import annotations

from io import StringIO
from typing import Any

from lxml import etree

from nodes.systems.intacct.sandbox_xml import Element, Invalid

_DATES = "(year, month, day)"
_RATE = "(basecurr?, currency?, exchratedate?, (exchratetype | exchrate)?)"
_BATCH = "((action, batchkey?) | (batchkey, action?))?"
_TERM = "((datedue, termname?) | termname)"
_REV = "revrectemplate?, defrevaccount?, revrecstartdate?, revrecenddate?"
_ACCOUNT = "(accountlabel | glaccountno)"
_DIMENSIONS = (
    "projectid?, taskid?, costtypeid?, customerid?, vendorid?, employeeid?, itemid?, classid?, contractid?, "
    "warehouseid?"
)
_LINE = (
    "offsetglaccountno?, amount?, allocationid?, memo?, locationid?, departmentid?, item1099?, key?, totalpaid?, "
    f"totaldue?, customfields?, {_REV}, {_DIMENSIONS}, billable?, taxentries?"
)
_MODELS = {
    "create_invoice": f"(customerid, datecreated, dateposted?, {_TERM}, {_BATCH}, invoiceno?, ponumber?, "
    f"onhold?, description?, externalid?, billto?, shipto?, {_RATE}, nogl?, supdocid?, taxsolutionid?, "
    "customfields?, invoiceitems)",
    "update_invoice": "(customerid?, datecreated?, dateposted?, datedue?, termname?, action?, invoiceno?, "
    f"ponumber?, description?, payto?, returnto?, {_RATE}, supdocid?, customfields?, updateinvoiceitems?)",
    "create_bill": f"(vendorid, datecreated, dateposted?, {_TERM}, {_BATCH}, billno?, ponumber?, onhold?, "
    f"description?, externalid?, payto?, returnto?, {_RATE}, nogl?, supdocid?, taxsolutionid?, customfields?, "
    "billitems)",
    "create_sotransaction": "(transactiontype, datecreated, dateposted?, createdfrom?, customerid, documentno?, "
    "origdocdate?, referenceno?, termname?, datedue?, message?, shippingmethod?, shipto?, billto?, supdocid?, "
    f"externalid?, {_RATE}, vsoepricelist?, customfields?, state?, projectid?, sotransitems, subtotals?)",
    "create_arpayment": "(customerid, paymentamount, ((batchkey, translatedamount?) | (translatedamount, "
    "(undepfundsacct | batchkey | bankaccountid)?) | undepfundsacct | bankaccountid)?, refid?, overpaylocid?, "
    f"overpaydeptid?, datereceived, paymentmethod, {_RATE}, cctype?, authcode?, arpaymentitem*)",
    "reverse_invoice": "(datereversed, description?)",
    "reverse_arpayment": "(datereversed, description?)",
    "delete_invoice": "EMPTY",
    "delete_customer": "EMPTY",
    "invoiceitems": "(lineitem+)",
    "billitems": "(lineitem+)",
    "updateinvoiceitems": "(updatelineitem | lineitem)+",
    "lineitem": f"({_ACCOUNT}, {_LINE})",
    "updatelineitem": f"({_ACCOUNT}?, {_LINE})",
    "sotransitems": "(sotransitem+)",
    "sotransitem": "(bundlenumber?, itemid, itemdesc?, taxable?, warehouseid?, quantity, unit?, discountpercent?, "
    "price?, discsurchargememo?, locationid?, departmentid?, memo?, itemdetails?, customfields?, revrectemplate?, "
    "revrecstartdate?, revrecenddate?, renewalmacro?, projectid?, customerid?, vendorid?, employeeid?, classid?, "
    "contractid?, fulfillmentstatus?, taskno?, billingtemplate?)",
    "itemdetails": "ANY",
    "subtotals": "(subtotal+)",
    "subtotal": "(description, total, absval?, percentval?, locationid?, departmentid?)",
    "arpaymentitem": "(invoicekey, amount)",
    "billto": "(contactname)",
    "shipto": "(contactname)",
    "payto": "(contactname)",
    "returnto": "(contactname)",
    "customfields": "(customfield*)",
    "customfield": "(customfieldname, customfieldvalue)",
    "taxentries": "(taxentry+)",
    "taxentry": "(detailid, trx_tax?)",
    **dict.fromkeys(
        ("datecreated", "dateposted", "datedue", "exchratedate", "revrecstartdate", "revrecenddate", "origdocdate",
         "datereceived", "datereversed"),
        _DATES,
    ),
}  # fmt: skip
_ATTRIBUTES = """
<!ATTLIST update_invoice key CDATA #REQUIRED externalkey (true|false) "false">
<!ATTLIST reverse_invoice key CDATA #REQUIRED>
<!ATTLIST reverse_arpayment key CDATA #REQUIRED>
<!ATTLIST delete_invoice key CDATA #REQUIRED externalkey (true|false) "false">
<!ATTLIST delete_customer customerid CDATA #REQUIRED>
<!ATTLIST updatelineitem line_num CDATA #REQUIRED>
"""
FUNCTIONS = ("create_invoice", "update_invoice", "reverse_invoice", "delete_invoice", "create_bill",
             "create_sotransaction", "create_arpayment", "reverse_arpayment", "delete_customer")  # fmt: skip


def _build() -> etree.DTD:
    words = {
        word.strip("?*+")
        for model in _MODELS.values()
        for word in model.replace("(", " ").replace(")", " ").replace(",", " ").replace("|", " ").split()
    }
    leaves = sorted(words - set(_MODELS) - {"EMPTY", "ANY", ""})
    lines = [f"<!ELEMENT {name} {model}>" for name, model in _MODELS.items()]
    lines += [f"<!ELEMENT {name} (#PCDATA)>" for name in leaves]
    return etree.DTD(StringIO("\n".join(lines) + _ATTRIBUTES))


DTD = _build()


def check(function: Element) -> None:
    """Raises Invalid with the parser's own words when the children are wrong or out of order."""
    if DTD.validate(function):
        return
    log: Any = DTD.error_log
    raise Invalid("; ".join(str(entry.message) for entry in log)[:1000])
