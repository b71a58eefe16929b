"""The XML of every function that only reads: query, readByQuery, readMore, lookup, inspect.

Source: developer.intacct.com, web services, queries; order of elements as the official SDKs write it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from lxml import etree

from engine.connector import Filter
from engine.errors import RecordRejected
from nodes.systems.intacct.envelope import Element, child
from nodes.systems.intacct.values import to_wire

MAX_PAGE = 2000
MAX_READ_PAGE = 1000

_OPERATORS = {
    "eq": "equalto",
    "ne": "notequalto",
    "lt": "lessthan",
    "le": "lessthanorequalto",
    "gt": "greaterthan",
    "ge": "greaterthanorequalto",
    "in": "in",
    "contains": "like",
    "starts": "like",
    "empty": "isnull",
    "not_empty": "isnotnull",
}
_SYMBOLS = {"eq": "=", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}


def query(
    name: str,
    fields: Sequence[str],
    condition: Element | None,
    *,
    pagesize: int,
    order: str = "RECORDNO",
    private: bool = False,
    caseless: bool = False,
) -> Element:
    """One page of rows, ascending by ``order``. ``private`` shows entities' own rows at the top level."""
    root = etree.Element("query")
    select = child(root, "select")
    for field in fields:
        child(select, "field", field)
    child(root, "object", name)
    if condition is not None:
        child(root, "filter").append(condition)
    by = child(child(root, "orderby"), "order")
    child(by, "field", order)
    child(by, "ascending")
    options = child(root, "options")
    child(options, "caseinsensitive", "true" if caseless else "false")
    child(options, "showprivate", "true" if private else "false")
    child(root, "pagesize", str(min(pagesize, MAX_PAGE)))
    return root


def compare(field: str, operator: str, values: Iterable[str] = ()) -> Element:
    """``<equalto><field>A</field><value>1</value></equalto>`` and its like, by Intacct's operator name."""
    element = etree.Element(operator)
    child(element, "field", field)
    for value in values:
        child(element, "value", value)
    return element


def join(word: str, conditions: Sequence[Element]) -> Element | None:
    """``<and>`` or ``<or>`` round two conditions and more; one stands alone."""
    if len(conditions) < 2:
        return conditions[0] if conditions else None
    element = etree.Element(word)
    element.extend(conditions)
    return element


def condition(given: Filter, kinds: Mapping[str, str]) -> Element:
    """One canonical condition. Raises RecordRejected for values that cannot be compared."""
    kind = kinds.get(given.field, "any")
    operator = _OPERATORS[given.op]
    if given.op in {"empty", "not_empty"}:
        return compare(given.field, operator)
    if given.op == "in":
        return compare(given.field, operator, [to_wire(value, given.field, kind) for value in _list(given)])
    if given.op in {"contains", "starts"}:
        text = to_wire(given.value, given.field, "text")
        return compare(given.field, operator, [f"%{text}%" if given.op == "contains" else f"{text}%"])
    return compare(given.field, operator, [to_wire(given.value, given.field, kind)])


def read_by_query(name: str, fields: Sequence[str], text: str, pagesize: int) -> Element:
    """The older way to read, for objects that know no ``query``."""
    root = etree.Element("readByQuery")
    child(root, "object", name)
    child(root, "query", text)
    child(root, "fields", ",".join(fields) if fields else "*")
    child(root, "pagesize", str(min(pagesize, MAX_READ_PAGE)))
    child(root, "returnFormat", "xml")
    return root


def read_more(result: str) -> Element:
    root = etree.Element("readMore")
    child(root, "resultId", result)
    return root


def sentence(filters: Iterable[Filter], kinds: Mapping[str, str]) -> str:
    """The conditions as readByQuery's text: ``A = 'b' and B in ('c','d')``."""
    return " and ".join(_clause(given, kinds.get(given.field, "any")) for given in filters)


def lookup(name: str) -> Element:
    root = etree.Element("lookup")
    child(root, "object", name)
    return root


def inspect(name: str = "*") -> Element:
    root = etree.Element("inspect")
    child(root, "object", name)
    return root


def whole_second(moment: str) -> str:
    """The time without fractions, since change stamps have none."""
    return datetime.fromisoformat(moment).replace(microsecond=0).isoformat()


def _clause(given: Filter, kind: str) -> str:
    if given.op == "empty":
        return f"{given.field} IS NULL"
    if given.op == "not_empty":
        return f"{given.field} IS NOT NULL"
    if given.op == "in":
        values = ",".join(_quoted(to_wire(value, given.field, kind)) for value in _list(given))
        return f"{given.field} in ({values})"
    if given.op in {"contains", "starts"}:
        text = to_wire(given.value, given.field, "text")
        return f"{given.field} like {_quoted(f'%{text}%' if given.op == 'contains' else f'{text}%')}"
    return f"{given.field} {_SYMBOLS[given.op]} {_quoted(to_wire(given.value, given.field, kind))}"


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _list(given: Filter) -> list[Any]:
    if not isinstance(given.value, list | tuple) or not given.value:
        raise RecordRejected(f"{given.field}: “is one of” needs at least one value.", field=given.field)
    return list(given.value)
