"""Invoices and bills of the imitated company."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from nodes.systems.intacct.sandbox_books import CENT, Books, Context
from nodes.systems.intacct.sandbox_objects import KINDS
from nodes.systems.intacct.sandbox_store import Row, stamp
from nodes.systems.intacct.sandbox_xml import CORRECTION, Element, Fault, date_of, text

BASE = "USD"
_HEADER = {
    "create_invoice": ("ARINVOICE", "ARINVOICEITEM", "customerid", "CUSTOMERID", "invoiceno", "invoiceitems"),
    "create_bill": ("APBILL", "APBILLITEM", "vendorid", "VENDORID", "billno", "billitems"),
}
_LINE = {
    "glaccountno": "ACCOUNTNO",
    "accountlabel": "ACCOUNTLABEL",
    "offsetglaccountno": "OFFSETGLACCOUNTNO",
    "allocationid": "ALLOCATION",
    "memo": "ENTRYDESCRIPTION",
    "defrevaccount": "DEFERREDREVACCTNO",
    **{
        name.lower(): name
        for name in ("LOCATIONID", "DEPARTMENTID", "PROJECTID", "TASKID", "COSTTYPEID", "CUSTOMERID", "VENDORID",
                     "EMPLOYEEID", "ITEMID", "CLASSID", "CONTRACTID", "WAREHOUSEID", "REVRECTEMPLATE", "BILLABLE")
    },
}  # fmt: skip


class Documents(Books):
    """Adds invoices and bills to the generic objects."""

    # invoices and bills ------------------------------------------------------------------------------

    def create_document(self, function: Element, context: Context) -> str:
        """``create_invoice`` or ``create_bill``: the new RECORDNO. Raises Fault."""
        name, part, owner_tag, owner_field, number_tag, items = _HEADER[str(function.tag)]
        kind = KINDS[name]
        also = f"Could not create {kind.noun} record!"
        created = self.date(function, "datecreated", also)
        posted = self.date(function, "dateposted", also) or created
        self.check_period(posted, context, kind)
        owner = self.owner(owner_tag, text(function, owner_tag), also)
        term = text(function, "termname") or owner.get("TERMNAME", "")
        due = self.date(function, "datedue", also)
        if not due and not term:
            raise self.no("Either a due date or a term is required.", kind, "create")
        number = text(function, number_tag)
        if number and self._taken(name, number, owner_field, owner):
            raise Fault(
                "BL03002185", f"A transaction with number '{number}' already exists.", CORRECTION, also
            )
        row: Row = {
            owner_field: owner[KINDS[kind.refers[owner_field][0]].key],
            owner_field.replace("ID", "NAME"): owner["NAME"],
            "WHENCREATED": created,
            "WHENPOSTED": posted,
            "TERMNAME": term,
            "DOCNUMBER": text(function, "ponumber"),
            "DESCRIPTION": text(function, "description"),
            "EXTERNALID": text(function, "externalid"),
            "ONHOLD": text(function, "onhold") or "false",
            "BILLTOPAYTOCONTACTNAME": text(function, "billto/contactname")
            or text(function, "payto/contactname"),
            "SHIPTORETURNTOCONTACTNAME": text(function, "shipto/contactname")
            or text(function, "returnto/contactname"),
            "SUPDOCID": text(function, "supdocid"),
            "MODULEKEY": "4.AR" if name == "ARINVOICE" else "3.AP",
            "SYSTEMGENERATED": "false",
            **self._currency(function, also),
            **self._custom(name, function, also),
        }
        self.check_references(kind, row, also)
        row["WHENDUE"] = due or self._due(created, term, kind.refers["TERMNAME"][0])
        lines = [self._line(line, row, also) for line in function.iterfind(f"{items}/lineitem")]
        draft = text(function, "action").lower() == "draft"
        row["STATE"] = "Draft" if draft else "Posted"
        row["RECORDID"] = number or f"{kind.number}{self.serial(name):05d}"
        row.update(self._totals(lines, row, Decimal(0)))
        row.update(
            MEGAENTITYID=context.entity, AUWHENCREATED=stamp(context.now), WHENMODIFIED=stamp(context.now)
        )
        record = self.store.insert(name, row)
        for position, line in enumerate(lines, 1):
            line.update(RECORDKEY=record, LINE_NO=str(position), WHENMODIFIED=stamp(context.now))
            self.store.insert(part, line)
        if name == "ARINVOICE" and not draft:
            self.owe(row["CUSTOMERID"], Decimal(row["TOTALDUE"]))
        return record

    def update_invoice(self, function: Element, context: Context) -> str:
        kind = KINDS["ARINVOICE"]
        also = "Could not update Invoice record!"
        row = self._addressed(function)
        if row["STATE"] not in {"Draft", "Posted"}:
            raise self.no(
                f"Invoice {row['RECORDID']} is {row['STATE'].lower()} and cannot be changed.", kind, "update"
            )
        changes: Row = {}
        for tag, field in (
            ("datecreated", "WHENCREATED"),
            ("dateposted", "WHENPOSTED"),
            ("datedue", "WHENDUE"),
        ):
            if function.find(tag) is not None:
                changes[field] = self.date(function, tag, also)
        for tag, field in (("customerid", "CUSTOMERID"), ("termname", "TERMNAME"), ("invoiceno", "RECORDID"),
                           ("ponumber", "DOCNUMBER"), ("description", "DESCRIPTION"), ("supdocid", "SUPDOCID"),
                           ("payto/contactname", "BILLTOPAYTOCONTACTNAME"),
                           ("returnto/contactname", "SHIPTORETURNTOCONTACTNAME")):  # fmt: skip
            if function.find(tag) is not None:
                changes[field] = text(function, tag)
        posted = changes.get("WHENPOSTED") or row["WHENPOSTED"]
        self.check_period(posted, context, kind)
        self.check_references(kind, changes, also)
        changes.update(self._custom("ARINVOICE", function, also))
        before = Decimal(row["TOTALDUE"])
        number = row["RECORDNO"]
        for line in function.iterfind("updateinvoiceitems/updatelineitem"):
            self._change_line(number, line, row, also)
        for position, line in enumerate(
            function.iterfind("updateinvoiceitems/lineitem"), len(self.lines("ARINVOICEITEM", number)) + 1
        ):
            values = self._line(line, row, also)
            values.update(RECORDKEY=number, LINE_NO=str(position))
            self.store.insert("ARINVOICEITEM", values)
        changes.update(self._totals(self.lines("ARINVOICEITEM", number), row, Decimal(row["TOTALPAID"])))
        changes["WHENMODIFIED"] = stamp(context.now)
        self.store.change("ARINVOICE", number, changes)
        if row["STATE"] != "Draft":
            self.owe(row["CUSTOMERID"], Decimal(row["TOTALDUE"]) - before)
        return number

    def reverse_invoice(self, function: Element, context: Context) -> str:
        row = self._addressed(function)
        self.check_period(self.date(function, "datereversed", ""), context, KINDS["ARINVOICE"])
        if Decimal(row["TOTALPAID"]):
            raise self.no("An invoice with payments cannot be reversed.", KINDS["ARINVOICE"], "reverse")
        self.owe(row["CUSTOMERID"], -Decimal(row["TOTALDUE"]))
        zero = dict.fromkeys(("TOTALDUE", "TRX_TOTALDUE"), "0.00")
        self.store.change(
            "ARINVOICE", row["RECORDNO"], {"STATE": "Reversed", "WHENMODIFIED": stamp(context.now), **zero}
        )
        return row["RECORDNO"]

    # parts -------------------------------------------------------------------------------------------

    def _addressed(self, function: Element) -> Row:
        key = function.get("key", "")
        if function.get("externalkey") == "true":
            row = self.store.one("ARINVOICE", "EXTERNALID", key)
        else:
            row = self.store.get("ARINVOICE", key)
        if row is None:
            raise self.no(f"Cannot find Invoice with key '{key}'.", KINDS["ARINVOICE"], "update")
        return row

    def owner(self, tag: str, value: str, also: str) -> Row:
        name = "CUSTOMER" if tag == "customerid" else "VENDOR"
        noun = KINDS[name].noun
        row = self.store.one(name, f"{name}ID", value)
        if row is None:
            raise Fault("BL01001973", f"Invalid {noun} '{value}' specified.", f"Enter a valid {noun}.", also)
        if row.get("STATUS") == "inactive":
            raise Fault("BL01001973", f"{noun} '{value}' is inactive.", f"Enter an active {noun}.", also)
        return row

    def _taken(self, name: str, number: str, owner_field: str, owner: Row) -> bool:
        """Invoice numbers are unique in the company, bill numbers for each vendor."""
        found = self.store.by(name, "RECORDID", number)
        return any(name == "ARINVOICE" or row[owner_field] == owner[owner_field] for row in found)

    def date(self, function: Element, tag: str, also: str) -> str:
        element = function.find(tag)
        date = date_of(element)
        if element is not None and not date:
            raise Fault("BL01001973", f"Invalid date in {tag}.", "Enter year, month and day.", also)
        return self.typed(tag, "DATE", date, also)

    def _due(self, created: str, term: str, terms: str) -> str:
        row = self.store.one(terms, "NAME", term)
        days = int(row.get("DUEDAY") or 30) if row else 30
        start = datetime.strptime(created, "%m/%d/%Y")  # noqa: DTZ007 - a calendar date
        return (start + timedelta(days=days)).strftime("%m/%d/%Y")

    def _currency(self, function: Element, also: str) -> Row:
        rate = text(function, "exchrate")
        return {
            "BASECURR": text(function, "basecurr") or BASE,
            "CURRENCY": text(function, "currency") or text(function, "basecurr") or BASE,
            "EXCH_RATE_DATE": self.date(function, "exchratedate", also),
            "EXCH_RATE_TYPE_ID": text(function, "exchratetype"),
            "EXCHANGE_RATE": str(self.amount(rate, "exchrate", also)) if rate else "1",
        }

    def _custom(self, name: str, function: Element, also: str) -> Row:
        values: Row = {}
        for field in function.iterfind("customfields/customfield"):
            custom = text(field, "customfieldname")
            if custom not in KINDS[name].fields:
                raise Fault("BL01001973", f"Invalid custom field '{custom}'.", "", also)
            values[custom] = text(field, "customfieldvalue")
        return values

    def _line(self, line: Element, header: Row, also: str) -> Row:
        values = {field: text(line, tag) for tag, field in _LINE.items() if text(line, tag)}
        self.check_references(KINDS["ARINVOICEITEM"], values, also)
        if values.get("ACCOUNTLABEL"):
            label = self.store.one("ARACCOUNTLABEL", "ACCOUNTLABEL", values["ACCOUNTLABEL"])
            values["ACCOUNTNO"] = label["GLACCOUNTNO"] if label else ""
        account = self.store.one("GLACCOUNT", "ACCOUNTNO", values.get("ACCOUNTNO", ""))
        if account is None:
            raise Fault(
                "BL01001973", "A GL Account is required on every line.", "Enter a valid GL Account.", also
            )
        for flag, field in (("REQUIREDEPT", "DEPARTMENTID"), ("REQUIRELOC", "LOCATIONID")):
            if account.get(flag) == "true" and not values.get(field):
                raise Fault("BL03000018", f"GL Account {account['ACCOUNTNO']} requires {field}.", "", also)
        values["ACCOUNTTITLE"] = account["TITLE"]
        for tag, field in (("revrecstartdate", "REVRECSTARTDATE"), ("revrecenddate", "REVRECENDDATE")):
            if line.find(tag) is not None:
                values[field] = self.date(line, tag, also)
        values.update(self._amounts(text(line, "amount"), header, also))
        return values

    def _amounts(self, given: str, header: Row, also: str) -> Row:
        amount = self.amount(given, "amount", also).quantize(CENT, ROUND_HALF_UP)
        rate = Decimal(header.get("EXCHANGE_RATE") or "1")
        return {"TRX_AMOUNT": money(amount), "AMOUNT": money(amount * rate),
                "CURRENCY": header.get("CURRENCY", BASE), "BASECURR": header.get("BASECURR", BASE)}  # fmt: skip

    def _change_line(self, number: str, line: Element, header: Row, also: str) -> None:
        wanted = line.get("line_num")
        row = next((row for row in self.lines("ARINVOICEITEM", number) if row["LINE_NO"] == wanted), None)
        if row is None:
            raise self.no(f"The invoice has no line {wanted}.", KINDS["ARINVOICE"], "update")
        values = {field: text(line, tag) for tag, field in _LINE.items() if line.find(tag) is not None}
        self.check_references(KINDS["ARINVOICEITEM"], values, also)
        if line.find("amount") is not None:
            values.update(self._amounts(text(line, "amount"), header, also))
        self.store.change("ARINVOICEITEM", row["RECORDNO"], values)

    def _totals(self, lines: list[Row], header: Row, paid: Decimal) -> Row:
        base = sum((Decimal(line["AMOUNT"]) for line in lines), Decimal(0))
        total = sum((Decimal(line["TRX_AMOUNT"]) for line in lines), Decimal(0))
        return {
            "TOTALENTERED": money(base),
            "TOTALPAID": money(paid),
            "TOTALDUE": money(base - paid),
            "TRX_TOTALENTERED": money(total),
            "TRX_TOTALPAID": money(paid),
            "TRX_TOTALDUE": money(total - paid),
        }

    def pay(self, invoice: Row, amount: Decimal, date: str, context: Context) -> None:
        paid, due = Decimal(invoice["TOTALPAID"]) + amount, Decimal(invoice["TOTALDUE"]) - amount
        changes = {
            "TOTALPAID": money(paid),
            "TRX_TOTALPAID": money(paid),
            "TOTALDUE": money(due),
            "TRX_TOTALDUE": money(due),
            "STATE": "Paid" if due == 0 else "Partially Paid",
            "WHENPAID": date if due == 0 else "",
            "WHENMODIFIED": stamp(context.now),
        }
        self.store.change("ARINVOICE", invoice["RECORDNO"], changes)
        self.owe(invoice["CUSTOMERID"], -amount)

    def owe(self, customerid: str, amount: Decimal) -> None:
        """Moves a customer's balance; its change stamp stays, as in the real system."""
        customer = self.store.one("CUSTOMER", "CUSTOMERID", customerid)
        if customer is not None and amount:
            due = Decimal(customer.get("TOTALDUE") or "0") + amount
            self.store.change("CUSTOMER", customer["RECORDNO"], {"TOTALDUE": money(due)})

    def amount(self, given: str, field: str, also: str) -> Decimal:
        if not given:
            raise Fault("BL01001973", f"Required field {field} is missing.", "", also)
        return Decimal(self.typed(field, "DECIMAL", given, also))


def money(amount: Decimal) -> str:
    return format(amount.quantize(CENT, ROUND_HALF_UP), "f")
