"""The bookkeeping rules of the imitated company: what may be written, and what it then looks like."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from nodes.systems.intacct.sandbox_objects import CUSTOM, KINDS, READ_ONLY, Kind
from nodes.systems.intacct.sandbox_store import Row, Store, stamp
from nodes.systems.intacct.sandbox_xml import CORRECTION, Element, Fault, flat, text

CENT = Decimal("0.01")
_DATE = re.compile(r"(0?[1-9]|1[0-2])/(0?[1-9]|[12]\d|3[01])/\d{4}\Z")


@dataclass(slots=True)
class Context:
    """Who writes, and what stands at the moment. ``closed``: the month (YYYY-MM) whose books are shut; ``user``: the
    record number of who is signed in."""

    entity: str
    now: float
    closed: str
    user: str = ""


class Books:
    """Generic creates and updates, with the checks that all objects share."""

    def __init__(self, store: Store) -> None:
        self.store = store

    # generic objects ---------------------------------------------------------------------------------

    def create(self, name: str, element: Element, context: Context) -> Row:
        """A new object from ``<create><NAME>…``. Raises Fault."""
        kind = self.kind(name)
        values = self.valid(name, kind, flat(element, kind.parts), f"Could not create {kind.noun} record!")
        missing = [field for field in kind.required if not values.get(field)]
        if missing:
            raise self.no(f"Required field {missing[0]} is missing.", kind, "create")
        if kind.key != "RECORDNO" and not values.get(kind.key):
            values[kind.key] = f"{kind.number}{self.serial(name):05d}"
        if kind.key != "RECORDNO" and self.store.by(name, kind.key, values[kind.key], caseless=True):
            taken = values[kind.key]
            raise Fault(
                "BL34000061",
                f"Another {kind.noun} with the given value(s) {taken} already exists",
                CORRECTION,
                f"Could not create {kind.noun} record!",
            )
        if "DISPLAYCONTACT.PRINTAS" in kind.fields:
            if not values.get("DISPLAYCONTACT.PRINTAS"):
                raise self.no("Required field DISPLAYCONTACT.PRINTAS is missing.", kind, "create")
            values["DISPLAYCONTACT.CONTACTNAME"] = f"{values['NAME']}({kind.number[:1]}{values[kind.key]})"
        values.setdefault("STATUS", "active")
        values = {**values, "MEGAENTITYID": context.entity, **self.stamps(context, first=True)}
        number = self.store.insert(name, values)
        row = self.store.get(name, number)
        assert row is not None
        return row

    def update(self, name: str, element: Element, context: Context) -> Row:
        """Changes the given fields of an object found by its key or RECORDNO. Raises Fault."""
        kind = self.kind(name)
        given = flat(element, kind.parts)
        row = self.find(name, kind, given)
        if row is None:
            shown = given.get(kind.key) or given.get("RECORDNO") or ""
            raise self.no(f"Cannot find {kind.noun} with key '{shown}' to update.", kind, "update")
        given.pop("RECORDNO", None)
        values = self.valid(name, kind, given, f"Could not update {kind.noun} record!")
        empty = [field for field in kind.required if field in values and not values[field]]
        if empty:
            raise self.no(f"Required field {empty[0]} is missing.", kind, "update")
        self.store.change(name, row["RECORDNO"], {**values, **self.stamps(context)})
        return row

    def find(self, name: str, kind: Kind, given: Mapping[str, str]) -> Row | None:
        if given.get("RECORDNO"):
            return self.store.get(name, given["RECORDNO"])
        if kind.key == "RECORDNO" or not given.get(kind.key):
            return None
        return self.store.one(name, kind.key, given[kind.key])

    def delete(self, name: str, number: str) -> None:
        kind = self.kind(name)
        row = self.store.get(name, number)
        if row is None:
            raise self.no(f"Cannot find {kind.noun} with key '{number}' to delete.", kind, "delete")
        if row.get("TOTALPAID") and Decimal(row["TOTALPAID"]):
            raise self.no(f"{kind.noun} {number} has payments and cannot be deleted.", kind, "delete")
        if name == "CUSTOMER" and self.store.by("ARINVOICE", "CUSTOMERID", row["CUSTOMERID"]):
            raise self.no(
                f"Customer {row['CUSTOMERID']} has transactions and cannot be deleted.", kind, "delete"
            )
        for _, (_, part) in kind.parts.items():
            for line in self.lines(part, number):
                self.store.delete(part, line["RECORDNO"])
        self.store.delete(name, number)

    def lines(self, part: str, number: str) -> list[Row]:
        field = {"ARPYMTDETAIL": "PAYMENTKEY", "SODOCUMENTENTRY": "DOCHDRNO"}.get(part, "RECORDKEY")
        return self.store.by(part, field, number)

    # checks ------------------------------------------------------------------------------------------

    def kind(self, name: str) -> Kind:
        try:
            return KINDS[name]
        except KeyError:
            raise Fault("XL03000009", f"Object type {name} not found") from None

    def valid(self, name: str, kind: Kind, given: Mapping[str, str], also: str) -> Row:
        """The values, checked and in their stored form. Raises Fault."""
        values: Row = {}
        for field, value in given.items():
            if field not in kind.fields and field not in CUSTOM.get(name, ()):
                empty_block = not value and any(known.startswith(f"{field}.") for known in kind.fields)
                if empty_block or field == "ACTION":
                    continue
                raise Fault("BL01001973", f"Invalid field {field} for object {kind.noun}.", "", also)
            if field in READ_ONLY:
                raise Fault("BL01001973", f"Field {field} is read-only.", "", also)
            values[field] = self.typed(field, kind.fields.get(field, "TEXT"), value, also)
            choices = kind.choices.get(field)
            if choices and value and value not in choices:
                raise Fault(
                    "BL01001973", f"Invalid value '{value}' for field {field}.", "Use a valid value.", also
                )
        self.check_references(kind, values, also)
        return values

    def check_references(self, kind: Kind, values: Mapping[str, str], also: str) -> None:
        for field, (target, key, noun) in kind.refers.items():
            value = values.get(field)
            if not value:
                continue
            found = self.store.one(target, key, value)
            if found is None:
                raise Fault(
                    "BL01001973", f"Invalid {noun} '{value}' specified.", f"Enter a valid {noun}.", also
                )
            if found.get("STATUS") == "inactive":
                raise Fault("BL01001973", f"{noun} '{value}' is inactive.", f"Enter an active {noun}.", also)

    def typed(self, field: str, kind: str, value: str, also: str) -> str:
        """The text as it is kept: amounts with two decimals, dates with two digits."""
        if not value:
            return ""
        if kind in {"CURRENCY", "DECIMAL", "INTEGER"}:
            try:
                number = Decimal(value)
            except InvalidOperation:
                raise Fault("BL01001973", f"Invalid number '{value}' for field {field}.", "", also) from None
            return format(number.quantize(CENT, ROUND_HALF_UP) if kind == "CURRENCY" else number, "f")
        if kind == "DATE":
            if not _DATE.match(value):
                raise Fault(
                    "BL01001973", f"Illegal date format '{value}' for field {field}.", "Use mm/dd/yyyy.", also
                )
            month, day, year = value.split("/")
            return f"{int(month):02d}/{int(day):02d}/{year}"
        if kind == "BOOLEAN":
            return {"t": "true", "f": "false", "yes": "true", "no": "false"}.get(value.lower(), value.lower())
        return value

    def check_period(self, date: str, context: Context, kind: Kind) -> None:
        """Raises Fault for a date in a month whose books are closed."""
        month, _, year = date.split("/")
        if context.closed and f"{year}-{month}" == context.closed:
            raise Fault(
                "BL01001973",
                f"The date {date} falls in a period that is closed for Accounts Receivable.",
                "Reopen the period, or enter a date in an open period.",
                f"Could not create {kind.noun} record!",
            )

    def stamps(self, context: Context, *, first: bool = False) -> Row:
        now = stamp(context.now)
        changed = {"WHENMODIFIED": now, "MODIFIEDBY": context.user}
        return {"WHENCREATED": now, "CREATEDBY": context.user, **changed} if first else changed

    def no(self, reason: str, kind: Kind, verb: str) -> Fault:
        return Fault("BL01001973", reason, "", f"Could not {verb} {kind.noun} record!")

    def serial(self, name: str) -> int:
        """The next automatic number of an object, skipping what people have used."""
        counter = f"serial-{name}"
        prefix, key = KINDS[name].number, _numbered(name)
        number = self.store.counter(counter)
        while self.store.by(name, key, f"{prefix}{number:05d}"):
            number = self.store.counter(counter)
        return number


def _numbered(name: str) -> str:
    kind = KINDS[name]
    if kind.key != "RECORDNO":
        return kind.key
    return {"SODOCUMENT": "DOCNO", "ARPYMT": "DOCNUMBER"}.get(name, "RECORDID")


def keys_of(element: Element) -> list[str]:
    """``<keys>1,2</keys>`` as a list."""
    return [part.strip() for part in text(element, "keys").split(",") if part.strip()]
