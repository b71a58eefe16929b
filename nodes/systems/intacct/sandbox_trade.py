"""Sales documents and customers' payments of the imitated company."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from nodes.systems.intacct.sandbox_books import Context
from nodes.systems.intacct.sandbox_documents import BASE, Documents, money
from nodes.systems.intacct.sandbox_objects import KINDS
from nodes.systems.intacct.sandbox_store import Row, stamp
from nodes.systems.intacct.sandbox_xml import CORRECTION, Element, Fault, text


class Trade(Documents):
    """All the books: generic objects, invoices and bills, sales documents, payments."""

    # sales documents ---------------------------------------------------------------------------------

    def create_sales(self, function: Element, context: Context) -> str:
        kind = KINDS["SODOCUMENT"]
        also = "Could not create Document record!"
        created = self.date(function, "datecreated", also)
        self.check_period(self.date(function, "dateposted", also) or created, context, kind)
        customer = self.owner("customerid", text(function, "customerid"), also)
        definition = text(function, "transactiontype")
        number = text(function, "documentno") or f"{kind.number}{self.serial('SODOCUMENT'):05d}"
        if self.store.by("SODOCUMENT", "DOCNO", number):
            raise Fault(
                "BL03002185", f"A transaction with number '{number}' already exists.", CORRECTION, also
            )
        lines = []
        for line in function.iterfind("sotransitems/sotransitem"):
            values = {
                field: text(line, field.lower())
                for field in ("ITEMID", "ITEMDESC", "TAXABLE", "UNIT", "LOCATIONID", "DEPARTMENTID", "MEMO",
                              "PROJECTID", "CUSTOMERID", "CLASSID", "DISCOUNTPERCENT")
                if text(line, field.lower())
            }  # fmt: skip
            self.check_references(KINDS["SODOCUMENTENTRY"], values, also)
            quantity = self.amount(text(line, "quantity"), "quantity", also)
            item = self.store.one("ITEM", "ITEMID", values.get("ITEMID", "")) or {}
            price = self.amount(text(line, "price") or item.get("BASEPRICE") or "0", "price", also)
            values |= {"QUANTITY": str(quantity), "PRICE": str(price), "TOTAL": money(quantity * price)}
            lines.append(values)
        row: Row = {
            "DOCPARID": definition,
            "DOCNO": number,
            "DOCID": f"{definition}-{number}",
            "CUSTVENDID": customer["CUSTOMERID"],
            "CUSTVENDNAME": customer["NAME"],
            "WHENCREATED": created,
            "WHENDUE": self.date(function, "datedue", also),
            "PONUMBER": text(function, "referenceno"),
            "MESSAGE": text(function, "message"),
            "EXTERNALID": text(function, "externalid"),
            "CREATEDFROM": text(function, "createdfrom"),
            "TERM.NAME": text(function, "termname"),
            "BASECURR": text(function, "basecurr") or BASE,
            "CURRENCY": text(function, "currency") or BASE,
            "STATE": text(function, "state") or "Pending",
            "TOTAL": money(sum((Decimal(line["TOTAL"]) for line in lines), Decimal(0))),
            "MEGAENTITYID": context.entity,
            "AUWHENCREATED": stamp(context.now),
            "WHENMODIFIED": stamp(context.now),
        }
        record = self.store.insert("SODOCUMENT", row)
        for position, values in enumerate(lines, 1):
            values.update(DOCHDRNO=record, LINE_NO=str(position), WHENMODIFIED=stamp(context.now))
            self.store.insert("SODOCUMENTENTRY", values)
        return record

    # payments ----------------------------------------------------------------------------------------

    def create_payment(self, values: Row, details: list[Mapping[str, str]], context: Context) -> Row:
        """A customer's payment and what it pays, ``details`` with RECORDKEY and TRX_PAYMENTAMOUNT."""
        kind = KINDS["ARPYMT"]
        also = "Could not create Payment record!"
        values = self.valid("ARPYMT", kind, values, also)
        missing = [field for field in kind.required if not values.get(field)]
        if missing:
            raise self.no(f"Required field {missing[0]} is missing.", kind, "create")
        places = [name for name in ("FINANCIALENTITY", "UNDEPOSITEDACCOUNTNO", "PRBATCH") if values.get(name)]
        if len(places) != 1:
            raise self.no(
                "Exactly one of FINANCIALENTITY, UNDEPOSITEDACCOUNTNO and PRBATCH is required.",
                kind,
                "create",
            )
        self.check_period(values["RECEIPTDATE"], context, kind)
        parts = []
        total = Decimal(0)
        for detail in details:
            invoice = self.store.get("ARINVOICE", detail.get("RECORDKEY", ""))
            if invoice is None:
                raise self.no(f"Invalid Invoice '{detail.get('RECORDKEY', '')}' specified.", kind, "create")
            amount = self.amount(detail.get("TRX_PAYMENTAMOUNT") or invoice["TOTALDUE"], "amount", also)
            if amount <= 0 or amount > Decimal(invoice["TOTALDUE"]):
                raise self.no(
                    f"The amount {amount} is not between 0 and the {invoice['TOTALDUE']} that are due on invoice "
                    f"{invoice['RECORDID']}.",
                    kind,
                    "create",
                )
            total += amount
            parts.append((invoice, amount))
        customer = values.get("CUSTOMERID") or (parts[0][0]["CUSTOMERID"] if parts else "")
        values.update(
            CUSTOMERID=customer,
            TOTALENTERED=money(total),
            TRX_TOTALENTERED=money(total),
            STATE="Posted",
            MEGAENTITYID=context.entity,
            AUWHENCREATED=stamp(context.now),
            WHENMODIFIED=stamp(context.now),
        )
        values["RECORDID"] = f"{kind.number}{self.store.counter('serial-ARPYMT'):05d}"
        number = self.store.insert("ARPYMT", values)
        for invoice, amount in parts:
            self.pay(invoice, amount, values["RECEIPTDATE"], context)
            self.store.insert(
                "ARPYMTDETAIL",
                {"PAYMENTKEY": number, "RECORDKEY": invoice["RECORDNO"], "TRX_PAYMENTAMOUNT": money(amount),
                 "PAYMENTAMOUNT": money(amount), "WHENMODIFIED": stamp(context.now)},
            )  # fmt: skip
        row = self.store.get("ARPYMT", number)
        assert row is not None
        return row

    def create_arpayment(self, function: Element, context: Context) -> str:
        """The legacy form of a payment, as the official SDKs send it."""
        values = {
            "CUSTOMERID": text(function, "customerid"),
            "PAYMENTMETHOD": text(function, "paymentmethod"),
            "RECEIPTDATE": self.date(function, "datereceived", "Could not create Payment record!"),
            "DOCNUMBER": text(function, "refid"),
            "FINANCIALENTITY": text(function, "bankaccountid"),
            "UNDEPOSITEDACCOUNTNO": text(function, "undepfundsacct"),
            "PRBATCH": text(function, "batchkey"),
            "CURRENCY": text(function, "currency") or BASE,
        }
        details = [
            {"RECORDKEY": text(item, "invoicekey"), "TRX_PAYMENTAMOUNT": text(item, "amount")}
            for item in function.iterfind("arpaymentitem")
        ]
        row = self.create_payment(values, list(details), context)
        return row["RECORDNO"]
