"""The comparison's flow for Node-RED: drawn with its own nodes and expressions, or with one function by hand."""

from __future__ import annotations

import json
from typing import Any

from tests.bench.workload import AMERICA, COUNTRIES, STATUS, UNION

ROUTES = ("pipeline", "approval", "eu-large", "eu", "na", "row")
_TABLES = f"""
const countries = {json.dumps({code: [name, currency, float(rate)] for code, (name, currency, rate) in COUNTRIES.items()})};
const status = {json.dumps(STATUS)}, union = new Set({json.dumps(UNION)}), america = new Set({json.dumps(AMERICA)});
"""
FUNCTION = (
    _TABLES
    + """
const cents = (number) => Math.round(number * 100) / 100;
const from = msg.payload, country = from.account.country, [name, currency, rate] = countries[country];
const made = {
  externalId: from.id, reference: from.id + " " + from.title,
  customerName: from.account.name, customerEmail: from.account.email.toLowerCase(),
  country, countryName: name, currency,
  invoiceDate: from.closeDate.slice(8, 10) + "." + from.closeDate.slice(5, 7) + "." + from.closeDate.slice(0, 4),
  total: cents(from.amount), tax: cents(from.amount * rate), status: status[from.stage] || "OPEN",
  items: from.lines.map((line) => ({
    sku: line.product, quantity: line.qty, unitPrice: cents(line.price), lineTotal: cents(line.qty * line.price),
  })),
};
made.route = made.status !== "WON" ? "pipeline"
  : made.total >= 100000 ? "approval"
  : union.has(country) ? (made.total >= 10000 ? "eu-large" : "eu")
  : america.has(country) ? "na" : "row";
msg.payload = made;
return msg;
"""
)
_LOOKUPS = {
    at: json.dumps({code: float(row[2]) if at == 2 else row[at] for code, row in COUNTRIES.items()})
    for at in range(3)
}
EXPRESSION = f"""(
  $c := payload.account.country;
  $s := $lookup({json.dumps(STATUS)}, payload.stage);
  {{
    "externalId": payload.id, "reference": payload.id & " " & payload.title,
    "customerName": payload.account.name, "customerEmail": $lowercase(payload.account.email),
    "country": $c, "countryName": $lookup({_LOOKUPS[0]}, $c), "currency": $lookup({_LOOKUPS[1]}, $c),
    "invoiceDate": $substring(payload.closeDate, 8, 2) & "." & $substring(payload.closeDate, 5, 2) & "."
      & $substring(payload.closeDate, 0, 4),
    "total": $round(payload.amount, 2), "tax": $round(payload.amount * $lookup({_LOOKUPS[2]}, $c), 2),
    "status": $exists($s) ? $s : "OPEN",
    "items": payload.lines.{{"sku": product, "quantity": qty, "unitPrice": $round(price, 2),
      "lineTotal": $round(qty * price, 2)}}
  }}
)"""
CONDITIONS = (
    'payload.status != "WON"',
    "payload.total >= 100000",
    f"payload.country in {json.dumps(UNION)} and payload.total >= 10000",
    f"payload.country in {json.dumps(UNION)}",
    f"payload.country in {json.dumps(AMERICA)}",
)


def flows(url: str) -> list[dict[str, Any]]:
    """The flows, called at ``/`` and their name; ``url`` is the played service.

    drawn, function  pages are read and written in arrays of 500      single  the same drawing, a call for each record
    called  a call brings the record itself, and is answered before anything is done with it
    """
    return [*_flow("drawn", url), *_flow("function", url), *_flow("single", url), *_flow("called", url)]


def _flow(name: str, url: str) -> list[dict[str, Any]]:
    together = name in ("drawn", "function")
    made: list[dict[str, Any]] = [{"id": name, "type": "tab", "label": name}]

    def node(node_id: str, kind: str, *to: str | tuple[str, ...], **settings: Any) -> None:
        wires = [[f"{name}-{one}" for one in ([port] if isinstance(port, str) else port)] for port in to]
        place = {"x": 100 + 40 * len(made), "y": 100, "z": name}
        made.append(
            {"id": f"{name}-{node_id}", "type": kind, "name": node_id, **place, "wires": wires, **settings}
        )

    def put(target: str, value: str, kind: str = "msg") -> dict[str, str]:
        return {"t": "set", "p": target, "pt": "msg", "to": value, "tot": kind}

    gone = {"t": "delete", "p": "headers", "pt": "msg"}
    call = {
        "ret": "obj",
        "paytoqs": "ignore",
        "persist": True,
        "senderr": False,
        "headers": [],
        "tls": "",
        "proxy": "",
    }

    def pages() -> None:
        node("begin", "change", "read", rules=[put("url", f"{url}/odata/Opportunity", "str"), gone])
        node("read", "http request", ("rows", "more"), method="GET", url="", **call)
        node("more", "switch", "next", property='payload["@odata.nextLink"]', propertyType="msg",
             rules=[{"t": "nnull"}], checkall="true", repair=False, outputs=1)  # fmt: skip
        node("next", "change", "read", rules=[put("url", 'payload["@odata.nextLink"]'), gone])
        node(
            "rows",
            "change",
            "each",
            rules=[put("payload", "payload.value"), gone, {"t": "delete", "p": "url", "pt": "msg"}],
        )
        node("each", "split", "map", splt="\\n", spltType="str", arraySplt=1, arraySpltType="len", stream=False,
             addname="", property="payload")  # fmt: skip

    following = "map" if name == "called" else "begin"
    node("call", "http in", ("accepted", following), url=f"/{name}", method="post", upload=False)
    node("accepted", "http response", statusCode="202", headers={})
    if name != "called":
        pages()
    if name == "function":
        node(
            "map",
            "function",
            "together",
            func=FUNCTION,
            outputs=1,
            timeout=0,
            noerr=0,
            initialize="",
            finalize="",
            libs=[],
        )
    else:
        node("map", "change", "routes", rules=[put("payload", EXPRESSION, "jsonata")])
        node("routes", "switch", *ROUTES, property="payload", propertyType="msg", checkall="false", repair=False,
             rules=[*({"t": "jsonata_exp", "v": one, "vt": "jsonata"} for one in CONDITIONS), {"t": "else"}],
             outputs=len(ROUTES))  # fmt: skip
        for route in ROUTES:
            node(
                route,
                "change",
                "together" if together else "bare",
                rules=[put("payload.route", route, "str")],
            )
    if together:
        node("together", "join", "write", mode="custom", build="array", property="payload", propertyType="msg", key="topic",
             joiner="\\n", joinerType="str", useparts=False, accumulate=False, timeout="", count="500", reduceRight=False)  # fmt: skip
    else:
        node("bare", "change", "write", rules=[gone])
    node(
        "write", "http request", (), method="POST", url=f"{url}/sink/{'batch' if together else 'one'}", **call
    )
    return made


def settings(port: int) -> str:
    """The settings file: one port on this machine, nothing reported, nothing logged."""
    return (
        f'module.exports = {{ uiPort: {port}, uiHost: "127.0.0.1", flowFile: "flows.json", credentialSecret: "bench",\n'
        '  telemetry: { enabled: false, updateNotification: false }, apiMaxLength: "50mb",\n'
        '  logging: { console: { level: "warn" } }, editorTheme: { tours: false } };\n'
    )
