"""The comparison's flow for n8n, drawn with its own nodes and expressions, as n8n exports a workflow."""

from __future__ import annotations

import json
from typing import Any

from tests.bench.workload import AMERICA, COUNTRIES, STATUS, UNION

NAMES = ("in-bulk", "single", "called")
WAYS = ("pipeline", "approval", "eu-large", "eu", "na", "row")


class Drawing:
    """Nodes in a row and the wires between them, as n8n exports them."""

    def __init__(self) -> None:
        self.nodes: list[dict[str, Any]] = []
        self.wires: dict[str, dict[str, list[list[dict[str, Any]]]]] = {}

    def node(self, name: str, kind: str, version: float, **parameters: Any) -> str:
        self.nodes.append(
            {
                "id": name, "name": name, "type": f"n8n-nodes-base.{kind}", "typeVersion": version,
                "position": [200 * len(self.nodes), 300], "parameters": parameters,
            }
        )  # fmt: skip
        return name

    def wire(self, source: str, target: str, port: int = 0, at: int = 0) -> None:
        ports = self.wires.setdefault(source, {"main": []})["main"]
        while len(ports) <= port:
            ports.append([])
        ports[port].append({"node": target, "type": "main", "index": at})


def flow(name: str, url: str) -> dict[str, Any]:
    """The workflow of this name, called at ``/webhook/`` and its name; ``url`` is the played service.

    in-bulk  pages are read and written in arrays of 500      single  the same drawing, a call for each record
    called  a call brings the record itself, and is answered before anything is done with it
    """
    drawing = Drawing()
    drawing.node(
        "Call", "webhook", 2, httpMethod="POST", path=name, responseMode="onReceived",
        options={"responseCode": {"values": {"responseCode": "customCode", "customCode": 202}}},
    )  # fmt: skip
    drawing.nodes[-1]["webhookId"] = name
    rows = "Call" if name == "called" else _read(drawing, url)
    record = "$json.body" if name == "called" else "$json"
    drawing.node("Fields", "set", 3.4, **_assign(_fields(record)), includeOtherFields=False)
    drawing.node("Routes", "switch", 3.2, rules={"values": _rules()}, options={"fallbackOutput": "extra"})
    drawing.wire(rows, "Fields")
    drawing.wire("Fields", "Routes")
    for place, way in enumerate(WAYS):
        drawing.node(way, "set", 3.4, **_assign([("route", "string", way)]), includeOtherFields=True)
        drawing.wire("Routes", way, port=place)
    if name == "in-bulk":
        _write_together(drawing, url)
    else:
        _write(drawing, f"{url}/sink/one", "$json")
        for way in WAYS:
            drawing.wire(way, "Write")
    settings = {"executionOrder": "v1"}
    return {"name": name, "nodes": drawing.nodes, "connections": drawing.wires, "settings": settings}


def _read(drawing: Drawing, url: str) -> str:
    """All pages, then a list of their rows. Answers the last node."""
    following = "$response.body['@odata.nextLink']"
    pages = {
        "paginationMode": "responseContainsNextURL",
        "nextURL": f"={_formula(following)}",
        "paginationCompleteWhen": "other",
        "completeExpression": f"={_formula(f'!{following}')}",
    }
    drawing.node("Read", "httpRequest", 4.2, url=f"{url}/odata/Opportunity",
                 options={"pagination": {"pagination": pages}})  # fmt: skip
    drawing.node("Rows", "splitOut", 1, fieldToSplitOut="value", options={})
    drawing.wire("Call", "Read")
    drawing.wire("Read", "Rows")
    return "Rows"


def _write_together(drawing: Drawing, url: str) -> None:
    """The ways come together again and leave in arrays of 500."""
    drawing.node("Together", "merge", 3.1, mode="append", numberInputs=len(WAYS))
    for place, way in enumerate(WAYS):
        drawing.wire(way, "Together", at=place)
    drawing.node("By 500", "splitInBatches", 3, batchSize=500, options={})
    drawing.node(
        "One list", "aggregate", 1, aggregate="aggregateAllItemData", destinationFieldName="data", options={}
    )
    _write(drawing, f"{url}/sink/batch", "$json.data")
    drawing.wire("Together", "By 500")
    drawing.wire("By 500", "One list", port=1)
    drawing.wire("One list", "Write")
    drawing.wire("Write", "By 500")


def _write(drawing: Drawing, url: str, body: str) -> None:
    drawing.node("Write", "httpRequest", 4.2, method="POST", url=url, sendBody=True, specifyBody="json",
                 jsonBody=f"={_formula(f'JSON.stringify({body})')}", options={})  # fmt: skip


def _fields(record: str) -> list[tuple[str, str, str]]:
    """(target, type, expression) of the twelve fields; ``record`` is where the source record stands."""
    country = f"{record}.account.country"
    tables = [{code: row[place] for code, row in COUNTRIES.items()} for place in (0, 1)]
    rates = {code: float(row[2]) for code, row in COUNTRIES.items()}
    line = (
        "({ sku: line.product, quantity: line.qty, unitPrice: line.price.round(2), "
        "lineTotal: (line.price * line.qty).round(2) })"
    )
    day = f"DateTime.fromISO({record}.closeDate, {{ zone: 'utc' }}).toFormat('dd.MM.yyyy')"
    fields = [
        ("externalId", "string", _formula(f"{record}.id")),
        ("reference", "string", f"{_formula(f'{record}.id')} {_formula(f'{record}.title')}"),
        ("customerName", "string", _formula(f"{record}.account.name")),
        ("customerEmail", "string", _formula(f"{record}.account.email.toLowerCase()")),
        ("country", "string", _formula(country)),
        ("countryName", "string", _formula(f"({_object(tables[0])})[{country}]")),
        ("currency", "string", _formula(f"({_object(tables[1])})[{country}]")),
        ("invoiceDate", "string", _formula(day)),
        ("total", "number", _formula(f"{record}.amount.round(2)")),
        ("tax", "number", _formula(f"({record}.amount * ({_object(rates)})[{country}]).round(2)")),
        ("status", "string", _formula(f"({_object(STATUS)})[{record}.stage] || 'OPEN'")),
        ("items", "array", _formula(f"{record}.lines.map((line) => {line})")),
    ]
    return [(name, kind, f"={value}") for name, kind, value in fields]


def _formula(text: str) -> str:
    return f"{{{{ {text} }}}}"


def _object(table: dict[str, Any]) -> str:
    """A table as it stands in an expression, where double quotes and closing braces in a row would end it."""
    return json.dumps(table).replace('"', "'")


def _assign(values: list[tuple[str, str, str]]) -> dict[str, Any]:
    listed = [{"id": name, "name": name, "type": kind, "value": value} for name, kind, value in values]
    return {"mode": "manual", "assignments": {"assignments": listed}, "options": {}}


def _rules() -> list[dict[str, Any]]:
    """The five conditions in their order; what meets none leaves by the fallback."""
    not_won = _condition("={{ $json.status }}", "string", "notEquals", "WON")
    large = _condition("={{ $json.total }}", "number", "gte", 100_000)
    union = _condition(f"={_formula(_list(UNION))}", "array", "contains", "={{ $json.country }}")
    larger = _condition("={{ $json.total }}", "number", "gte", 10_000)
    america = _condition(f"={_formula(_list(AMERICA))}", "array", "contains", "={{ $json.country }}")
    options = {"caseSensitive": True, "leftValue": "", "typeValidation": "strict", "version": 2}
    return [
        {
            "conditions": {"options": options, "conditions": conditions, "combinator": "and"},
            "renameOutput": True,
            "outputKey": str(place),
        }
        for place, conditions in enumerate(([not_won], [large], [union, larger], [union], [america]))
    ]


def _list(values: tuple[str, ...]) -> str:
    return json.dumps(values).replace('"', "'")


def _condition(left: str, kind: str, operation: str, right: Any) -> dict[str, Any]:
    operator = {"type": kind, "operation": operation, **({"rightType": "any"} if kind == "array" else {})}
    return {"id": f"{left} {operation} {right}", "leftValue": left, "rightValue": right, "operator": operator}
