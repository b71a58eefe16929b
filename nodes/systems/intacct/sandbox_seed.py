"""What a fresh company has, and believable customers, items and invoices on demand."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from lxml import etree

from nodes.systems.intacct.sandbox_books import Context
from nodes.systems.intacct.sandbox_store import Store, stamp
from nodes.systems.intacct.sandbox_trade import Trade
from nodes.systems.intacct.sandbox_xml import Element, add

_ACCOUNTS = (
    ("1010", "Checking account", "balancesheet", "debit"),
    ("1070", "Undeposited funds", "balancesheet", "debit"),
    ("1200", "Accounts receivable", "balancesheet", "debit"),
    ("1400", "Inventory", "balancesheet", "debit"),
    ("2000", "Accounts payable", "balancesheet", "credit"),
    ("2200", "Sales tax payable", "balancesheet", "credit"),
    ("2400", "Deferred revenue", "balancesheet", "credit"),
    ("3900", "Retained earnings", "balancesheet", "credit"),
    ("4000", "Product sales", "incomestatement", "credit"),
    ("4100", "Service revenue", "incomestatement", "credit"),
    ("4200", "Consulting revenue", "incomestatement", "credit"),
    ("4300", "Subscription revenue", "incomestatement", "credit"),
    ("4400", "Freight income", "incomestatement", "credit"),
    ("5000", "Cost of goods sold", "incomestatement", "debit"),
    ("6100", "Office expense", "incomestatement", "debit"),
    ("6200", "Travel expense", "incomestatement", "debit"),
)
_TERMS = (("N15", 15), ("N30", 30), ("N45", 45), ("N60", 60), ("Due on receipt", 0))
_PLACES = (("US", "United States", "USD", "true"), ("EU", "Europe", "EUR", "true"),
           ("US-CHI", "Chicago", "USD", ""), ("US-DEN", "Denver", "USD", ""), ("EU-BER", "Berlin", "EUR", ""))  # fmt: skip
_DEPARTMENTS = (("100", "Sales"), ("200", "Services"), ("300", "Operations"))
_ITEMS = (
    ("CONSULT", "Consulting hour", "Non-Inventory", "180.00"),
    ("TRAIN", "Training day", "Non-Inventory", "1450.00"),
    ("LICENCE", "Annual licence", "Non-Inventory", "2400.00"),
    ("SUPPORT", "Support plan", "Non-Inventory", "600.00"),
    ("VALVE-20", "Valve DN 20", "Inventory", "42.50"),
    ("PUMP-7", "Feed pump 7 l", "Inventory", "389.00"),
    ("FREIGHT", "Freight", "Non-Inventory", "75.00"),
)
_NAMES = (
    "Alpine Dairy Group", "Harbor Street Bakery", "Northwind Timber", "Lindqvist & Sons", "Ostrava Machine Works",
    "Blue Ridge Outfitters", "Marlow Print Studio", "Cedar Valley Clinic", "Pilar Foods", "Kestrel Logistics",
    "Brightwater Brewing", "Sato Precision", "Fernhill School Trust", "Aurelia Textiles", "Granite Peak Solar",
    "Delgado Electric", "Juniper Hotels", "Morrow Engineering", "Ivory Coast Traders", "Quayside Marine",
)  # fmt: skip
_CITIES = (
    ("Denver", "CO", "80202"),
    ("Chicago", "IL", "60601"),
    ("Portland", "OR", "97201"),
    ("Austin", "TX", "78701"),
)


def furnish(store: Store, now: float, user: str) -> None:
    """The users, the chart of accounts, terms, entities, departments and items that every company has."""
    stamps = {"WHENCREATED": stamp(now), "WHENMODIFIED": stamp(now), "STATUS": "active", "MEGAENTITYID": ""}
    for number, title, kind, balance in _ACCOUNTS:
        closing = "non-closing account" if kind == "balancesheet" else "closed to account"
        store.insert(
            "GLACCOUNT",
            {"ACCOUNTNO": number, "TITLE": title, "ACCOUNTTYPE": kind, "NORMALBALANCE": balance,
             "CLOSINGTYPE": closing, **stamps},
        )  # fmt: skip
    for table in ("ARTERM", "APTERM"):
        for name, days in _TERMS:
            values = {"NAME": name, "DESCRIPTION": f"Net {days}" if days else name, "DUEDAY": str(days)}
            store.insert(table, {**values, "DUEFROM": "from invoice/bill date", **stamps})
    for key, name, currency, entity in _PLACES:
        values = {"LOCATIONID": key, "NAME": name, "CURRENCY": currency, "ENTITY": entity}
        store.insert("LOCATION", {**values, "PARENTID": "" if entity else key[:2], **stamps})
    for key, title in _DEPARTMENTS:
        store.insert("DEPARTMENT", {"DEPARTMENTID": key, "TITLE": title, **stamps})
    for key, name, kind, price in _ITEMS:
        store.insert("ITEM", {"ITEMID": key, "NAME": name, "ITEMTYPE": kind, "BASEPRICE": price, **stamps})
    store.insert("ARACCOUNTLABEL", {"ACCOUNTLABEL": "Consulting", "GLACCOUNTNO": "4200", **stamps})
    store.insert("CLASS", {"CLASSID": "STD", "NAME": "Standard", **stamps})
    for key, name in (("EAST", "East"), ("WEST", "West")):
        store.insert("TERRITORY", {"TERRITORYID": key, "NAME": name, **stamps})
    for login, name in ((user, "Web services"), ("mlopez", "Maria Lopez")):
        store.insert("USERINFO", {"LOGINID": login, "DESCRIPTION": name, **stamps})
    store.commit()


def seed(store: Store, books: Trade, n: int, number: int, now: float) -> dict[str, int]:
    """About ``n`` invoices for a few customers; the same for the same ``number``. Answers counts."""
    draw = random.Random(number)  # noqa: S311 - believable data, not secrets
    context = Context("", now, "")
    customers = []
    for position in range(min(-(-n // 4), 400)):
        name = _NAMES[position % len(_NAMES)]
        name = name if position < len(_NAMES) else f"{name} {position // len(_NAMES) + 1}"
        taken = store.one("CUSTOMER", "NAME", name)
        customers.append(taken["CUSTOMERID"] if taken else _customer(books, name, draw, context))
    today = datetime.fromtimestamp(now, UTC).date()
    for _ in range(n):
        books.create_document(_invoice(draw, draw.choice(customers), today), context)
    store.commit()
    return {"CUSTOMER": len(customers), "ARINVOICE": n}


def _customer(books: Trade, name: str, draw: random.Random, context: Context) -> str:
    element = etree.Element("CUSTOMER")
    add(element, "NAME", name)
    contact = add(element, "DISPLAYCONTACT")
    add(contact, "PRINTAS", name)
    add(contact, "EMAIL1", f"accounts@{name.split(maxsplit=1)[0].lower()}.example")
    city, state, postal = draw.choice(_CITIES)
    address = add(contact, "MAILADDRESS")
    for field, value in (("ADDRESS1", f"{draw.randint(1, 900)} Main Street"), ("CITY", city), ("STATE", state),
                         ("ZIP", postal), ("COUNTRY", "United States")):  # fmt: skip
        add(address, field, value)
    add(element, "TERMNAME", draw.choice(_TERMS)[0])
    return books.create("CUSTOMER", element, context)["CUSTOMERID"]


def _invoice(draw: random.Random, customer: str, today: date) -> Element:
    element = etree.Element("create_invoice")
    add(element, "customerid", customer)
    day = today - timedelta(days=draw.randint(0, 120))
    created = add(element, "datecreated")
    for name, part in (("year", day.year), ("month", day.month), ("day", day.day)):
        add(created, name, str(part))
    add(element, "termname", "N30")
    items = add(element, "invoiceitems")
    for _ in range(draw.randint(1, 4)):
        key, name, _, price = draw.choice(_ITEMS)
        line = add(items, "lineitem")
        add(line, "glaccountno", draw.choice(("4000", "4100", "4200")))
        add(line, "amount", str(Decimal(price) * draw.randint(1, 6)))
        add(line, "memo", name)
        add(line, "locationid", draw.choice(("US-CHI", "US-DEN")))
        add(line, "departmentid", draw.choice(_DEPARTMENTS)[0])
        add(line, "itemid", key)
    return element
