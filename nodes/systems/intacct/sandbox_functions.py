"""The functions of the imitated gateway, by name. Each answers the children of its ``<result>``."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from lxml import etree

from nodes.systems.intacct.sandbox_books import Context, keys_of
from nodes.systems.intacct.sandbox_objects import CUSTOM, KINDS, READ_ONLY
from nodes.systems.intacct.sandbox_query import (
    MAX_PAGE,
    MAX_READ_PAGE,
    SUMS,
    Search,
    page_size,
)
from nodes.systems.intacct.sandbox_store import Row, Store
from nodes.systems.intacct.sandbox_trade import Trade
from nodes.systems.intacct.sandbox_xml import Element, Fault, add, flat, grow, mark, text

_LISTS = {"customer": "CUSTOMER", "vendor": "VENDOR", "invoice": "ARINVOICE", "bill": "APBILL",
          "glaccount": "GLACCOUNT", "item": "ITEM", "department": "DEPARTMENT", "location": "LOCATION",
          "project": "PROJECT", "class": "CLASS", "arterm": "ARTERM", "contact": "CONTACT"}  # fmt: skip
_LABELS = {"RECORDNO": "Record number", "RECORD_URL": "Record URL", "WHENMODIFIED": "When Modified"}


@dataclass(frozen=True, slots=True)
class Caller:
    """On whose behalf a function runs.

    start      opens a session for an entity (None: the same), answers its id and the entity
    root       the address under which people open the sandbox
    slip       how many rows later pages by offset are off
    """

    context: Context
    start: Callable[[str | None], tuple[str, str]]
    root: str
    slip: int = 0


@dataclass(slots=True)
class Held:
    """The rest of a readByQuery, waiting for readMore."""

    name: str
    fields: list[str]
    rows: list[Row]
    total: int
    size: int


class Functions:
    def __init__(self, store: Store, books: Trade, hidden: Callable[[], set[str]]) -> None:
        self.store = store
        self.books = books
        self.hidden = hidden
        self._held: dict[str, Held] = {}
        documents = {
            "create_invoice": books.create_document,
            "create_bill": books.create_document,
            "update_invoice": books.update_invoice,
            "reverse_invoice": books.reverse_invoice,
            "create_sotransaction": books.create_sales,
            "create_arpayment": books.create_arpayment,
        }
        self._by_name: dict[str, Callable[[Element, Element, Caller], None]] = {
            **{name: self._keyed(write) for name, write in documents.items()},
            "getAPISession": self._session,
            "query": self._query,
            "readByQuery": self._read_by_query,
            "readMore": self._read_more,
            "read": self._read,
            "readByName": self._read,
            "lookup": self._lookup,
            "inspect": self._inspect,
            "get_list": self._get_list,
            "create": self._create,
            "update": self._update,
            "delete": self._delete,
            "delete_invoice": self._delete_legacy,
            "delete_customer": self._delete_legacy,
        }

    def run(self, function: Element, caller: Caller) -> Element:
        """An element whose children go into the result. Raises Fault."""
        name = str(function.tag)
        if name not in self._by_name:
            raise Fault("XL03000003", f"Function '{name}' is not known.")
        answer = etree.Element("result")
        self._by_name[name](function, answer, caller)
        return answer

    # sessions ----------------------------------------------------------------------------------------

    def _session(self, function: Element, answer: Element, caller: Caller) -> None:
        location = function.find("locationid")
        key, entity = caller.start(None if location is None else (location.text or ""))
        api = add(add(answer, "data"), "api")
        add(api, "sessionid", key)
        add(api, "endpoint", f"{caller.root}ia/xml/xmlgw.phtml")
        add(api, "locationid", entity)

    # reading -----------------------------------------------------------------------------------------

    def _search(self, name: str, caller: Caller) -> Search:
        self.books.kind(name)
        return Search(
            self.store, name, lambda kind, row, field: self._value(kind, row, field, caller), self.hidden()
        )

    def _value(self, name: str, row: Row, field: str, caller: Caller) -> str:
        if field == "RECORD_URL":
            return f"{caller.root}books/{name}/{row['RECORDNO']}"
        if field in row or "." not in field:
            return row.get(field, "")
        head, rest = field.split(".", 1)
        refers = KINDS[name].refers.get(f"{head}ID")
        if refers is None:
            return ""
        related = self.store.one(refers[0], refers[1], row.get(f"{head}ID", ""))
        return "" if related is None else self._value(refers[0], related, rest, caller)

    def _visible(self, name: str, rows: Iterable[Row], caller: Caller, private: bool) -> Iterable[Row]:
        entity = caller.context.entity
        for row in rows:
            owner = row.get("MEGAENTITYID", "")
            if (not owner or owner == entity or (private and not entity)) and not self.store.hidden(
                name, row
            ):
                yield row

    def _query(self, function: Element, answer: Element, caller: Caller) -> None:
        name = text(function, "object")
        search = self._search(name, caller)
        if not KINDS[name].queryable:
            raise Fault("GW-0011", f"Object '{name}' is not supported by query; use readByQuery.")
        select = function.find("select")
        fields = [part.text or "" for part in select.findall("field")] if select is not None else []
        sums = (
            [(str(part.tag), part.text or "") for part in select if part.tag in SUMS]
            if select is not None
            else []
        )
        if not fields and not sums:
            raise Fault("GW-0011", "A query needs at least one field to select.")
        caseless = text(function, "options/caseinsensitive") == "true"
        size = page_size(text(function, "pagesize"), MAX_PAGE)
        offset = int(text(function, "offset") or 0)
        block = function.find("filter")
        condition = block[0] if block is not None and len(block) else None
        test = search.compile(condition, caseless=caseless) if condition is not None else None
        for field in [*fields, *(field for _, field in sums)]:
            search.known(field)
        rows: list[Row] = [
            row
            for row in self._visible(
                name,
                search.candidates(condition, caseless=caseless),
                caller,
                text(function, "options/showprivate") == "true",
            )
            if test is None or test(row)
        ]
        if sums:
            found = search.sums(rows, fields, sums)
            shown = [*fields, *(f"{word.upper()}.{field}" for word, field in sums)]
        else:
            orders = [
                (text(order, "field"), order.find("descending") is not None)
                for order in function.iterfind("orderby/order")
            ]
            for field, _ in orders:
                search.known(field)
            found, shown = search.sorted(rows, orders), fields
        start = max(0, offset - caller.slip) if offset else 0
        page = found[start : start + size]
        data = add(answer, "data")
        mark(
            data,
            listtype=name,
            totalcount=str(len(found)),
            offset=str(offset),
            count=str(len(page)),
            numremaining=str(max(0, len(found) - start - len(page))),
        )
        self._write_rows(data, name, page, shown, caller, computed=not sums)

    def _write_rows(
        self,
        data: Element,
        name: str,
        rows: Sequence[Row],
        fields: Sequence[str],
        caller: Caller,
        *,
        computed: bool = True,
    ) -> None:
        for row in rows:
            element = add(data, name)
            for field in fields:
                add(element, field, self._value(name, row, field, caller) if computed else row.get(field, ""))

    def _read_by_query(self, function: Element, answer: Element, caller: Caller) -> None:
        name = text(function, "object")
        search = self._search(name, caller)
        test = search.compile_text(text(function, "query"))
        size = page_size(text(function, "pagesize"), MAX_READ_PAGE)
        rows = [row for row in self._visible(name, self.store.rows(name), caller, False) if test(row)]
        held = Held(name, self._fields(function, name, search), rows, len(rows), size)
        self._hand_out(answer, held, caller)

    def _read_more(self, function: Element, answer: Element, caller: Caller) -> None:
        held = self._held.pop(text(function, "resultId"), None)
        if held is None:
            raise Fault(
                "XL03000009", "The resultId is not known or has expired.", "Start with readByQuery again."
            )
        self._hand_out(answer, held, caller)

    def _hand_out(self, answer: Element, held: Held, caller: Caller) -> None:
        page, rest = held.rows[: held.size], held.rows[held.size :]
        result = secrets.token_hex(12)
        data = add(answer, "data")
        mark(
            data,
            listtype=held.name.lower(),
            count=str(len(page)),
            totalcount=str(held.total),
            numremaining=str(len(rest)),
            resultId=result if rest else "",
        )
        if rest:
            self._held[result] = Held(held.name, held.fields, rest, held.total, held.size)
        for row in page:
            element = add(data, held.name.lower())
            for field in held.fields:
                add(element, field, self._value(held.name, row, field, caller))

    def _fields(self, function: Element, name: str, search: Search) -> list[str]:
        wanted = text(function, "fields") or "*"
        if wanted == "*":
            return list(KINDS[name].fields)
        fields = [field.strip() for field in wanted.split(",") if field.strip()]
        for field in fields:
            search.known(field)
        return fields

    def _read(self, function: Element, answer: Element, caller: Caller) -> None:
        name = text(function, "object")
        search = self._search(name, caller)
        kind = KINDS[name]
        field = "RECORDNO" if function.tag == "read" else kind.key if kind.key != "RECORDNO" else "RECORDID"
        rows = [row for key in keys_of(function) for row in self.store.by(name, field, key)]
        fields = self._fields(function, name, search)
        data = add(answer, "data")
        mark(data, listtype=name, count=str(len(rows)))
        for row in rows:
            element = add(data, name)
            grow(element, [(field, self._value(name, row, field, caller)) for field in fields])
            for parts, (tag, part) in kind.parts.items():
                block = add(element, parts)
                for line in self.books.lines(part, row["RECORDNO"]):
                    grow(add(block, tag), [(field, line.get(field, "")) for field in KINDS[part].fields])

    def _get_list(self, function: Element, answer: Element, caller: Caller) -> None:
        listed = function.get("object", "")
        if listed not in _LISTS:
            raise Fault("XL03000003", f"Value '{listed}' for attribute object of get_list is not allowed.")
        name = _LISTS[listed]
        start, most = int(function.get("start", "0")), int(function.get("maxitems", "100"))
        rows = list(self._visible(name, self.store.rows(name), caller, False))
        page = rows[start : start + most]
        listtype = add(answer, "listtype", listed)
        mark(listtype, start=str(start), end=str(max(start, start + len(page) - 1)), total=str(len(rows)))
        data = add(answer, "data")
        for row in page:
            element = add(data, listed)
            add(element, "key", row["RECORDNO"])
            grow(
                element, [(field.lower(), row.get(field, "")) for field in KINDS[name].fields if field in row]
            )

    # descriptions ------------------------------------------------------------------------------------

    def _lookup(self, function: Element, answer: Element, caller: Caller) -> None:
        name = text(function, "object")
        if name not in KINDS:
            raise Fault("GW-0011", f"Object type {name} not found")
        data = add(answer, "data")
        mark(data, listtype="All", count="1")
        kind = KINDS[name]
        described = add(data, "Type")
        mark(described, Name=name, DocumentType="")
        fields = add(described, "Fields")
        for field, datatype in kind.fields.items():
            if field in self.hidden():
                continue
            block = add(fields, "Field")
            add(block, "ID", field)
            add(block, "LABEL", _LABELS.get(field, field.replace("_", " ").capitalize()))
            add(block, "DESCRIPTION")
            add(block, "REQUIRED", "true" if field in kind.required else "false")
            add(block, "READONLY", "true" if field in READ_ONLY else "false")
            add(block, "DATATYPE", datatype)
            if field in kind.choices:
                values = add(block, "VALIDVALUES")
                for value in kind.choices[field]:
                    add(values, "VALIDVALUE", value)
            add(block, "ISCUSTOM", "true" if field in CUSTOM.get(name, ()) else "false")
        relations = add(described, "Relationships")
        for field, (target, _, noun) in kind.refers.items():
            relation = add(relations, "Relationship")
            add(relation, "OBJECTPATH", field.removesuffix("ID"))
            add(relation, "OBJECTNAME", target)
            add(relation, "LABEL", noun)
            add(relation, "RELATIONSHIPTYPE", "MANY2ONE")
            add(relation, "RELATEDBY", field)

    def _inspect(self, function: Element, answer: Element, caller: Caller) -> None:
        name = text(function, "object")
        data = add(answer, "data")
        if name not in {"", "*"}:
            kind = self.books.kind(name)
            mark(data, listtype="All", count="1")
            described = add(data, "Type")
            described.set("Name", name)
            fields = add(described, "Fields")
            for field in kind.fields:
                add(fields, "Field", field)
            return
        mark(data, listtype="All", count=str(len(KINDS)))
        for name, kind in KINDS.items():
            add(data, "type", kind.noun).set("typename", name)

    # writing -----------------------------------------------------------------------------------------

    def _create(self, function: Element, answer: Element, caller: Caller) -> None:
        self._generic(function, answer, caller, updating=False)

    def _update(self, function: Element, answer: Element, caller: Caller) -> None:
        self._generic(function, answer, caller, updating=True)

    def _generic(self, function: Element, answer: Element, caller: Caller, *, updating: bool) -> None:
        if not 1 <= len(function) <= 100:
            raise Fault("GW-0011", "Between 1 and 100 objects may be given.")
        data = add(answer, "data")
        mark(data, listtype="objects", count=str(len(function)))
        for element in function:
            name = str(element.tag)
            kind = self.books.kind(name)
            if updating:
                row = self.books.update(name, element, caller.context)
            elif name == "ARPYMT":
                details = [flat(part, {}) for part in element.iterfind("ARPYMTDETAILS/ARPYMTDETAIL")]
                row = self.books.create_payment(flat(element, kind.parts), list(details), caller.context)
            elif kind.parts or kind.noun.endswith(("line", "detail")):
                raise Fault("XL03000009", f"Object {name} does not support create.")
            else:
                row = self.books.create(name, element, caller.context)
            made = add(data, name.lower())
            for field in dict.fromkeys(["RECORDNO", kind.key]):
                add(made, field, row[field])

    def _delete(self, function: Element, answer: Element, caller: Caller) -> None:
        for number in keys_of(function):
            self.books.delete(text(function, "object"), number)

    def _delete_legacy(self, function: Element, answer: Element, caller: Caller) -> None:
        if function.tag == "delete_invoice":
            self.books.delete("ARINVOICE", function.get("key", ""))
            return
        row = self.store.one("CUSTOMER", "CUSTOMERID", function.get("customerid", ""))
        self.books.delete("CUSTOMER", row["RECORDNO"] if row else "")

    def _keyed(self, write: Callable[[Element, Context], str]) -> Callable[[Element, Element, Caller], None]:
        def run(function: Element, answer: Element, caller: Caller) -> None:
            add(answer, "key", write(function, caller.context))

        return run
