"""n8n as its users start it, with the history of its runs kept, and the comparison's flow drawn with its own nodes.

It is looked for in ``$PEERS`` (``npm install --prefix $PEERS/n8n n8n``, 2.2 GB) and wants a Node of its own
(``npm install --prefix $PEERS/node24 node@24``); nothing is installed from here.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from tests.bench.peers import Peer
from tests.bench.workload import AMERICA, COUNTRIES, STATUS, UNION
from tests.durability.processes import family, free_ports

OWNER = {"email": "bench@example.com", "password": "Comparison1"}
PART = 10
QUIET = {
    f"N8N_{name}": "false"
    for name in (
        "DIAGNOSTICS_ENABLED", "VERSION_NOTIFICATIONS_ENABLED", "TEMPLATES_ENABLED", "PERSONALIZATION_ENABLED",
        "HIRING_BANNER_ENABLED", "COMMUNITY_PACKAGES_ENABLED", "LICENSE_AUTO_RENEW_ENABLED", "SECURE_COOKIE",
    )
}  # fmt: skip
"""It speaks to nobody but us."""


def find() -> tuple[Path, Path] | None:
    """(node, n8n) where they are installed."""
    base = Path(os.environ.get("PEERS", ""))
    node = base / "node24" / "node_modules" / ".bin" / "node"
    for home in (base / "n8n", base):
        program = home / "node_modules" / "n8n" / "bin" / "n8n"
        if base.name and node.exists() and program.exists():
            return node, program
    return None


@contextmanager
def n8n(service: str, folder: Path) -> Iterator[list[Peer]]:
    """The flow in an n8n of its own. Yields nothing where it is not installed."""
    found = find()
    if found is None:
        yield []
        return
    node, program = found
    home, port, broker = folder / "n8n", free_ports(1), free_ports(1)
    home.mkdir()
    environment = {
        **os.environ, **QUIET, "N8N_USER_FOLDER": str(home), "N8N_PORT": str(port), "N8N_HOST": "127.0.0.1",
        "N8N_LISTEN_ADDRESS": "127.0.0.1", "N8N_RUNNERS_BROKER_PORT": str(broker), "GENERIC_TIMEZONE": "UTC",
        "N8N_ENCRYPTION_KEY": "comparison", "N8N_DISABLED_MODULES": "mcp-registry", "PATH": f"{node.parent}{os.pathsep}{os.environ['PATH']}",
    }  # fmt: skip
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(
            [str(node), str(program), "start"], cwd=home, env=environment, stdin=subprocess.DEVNULL,
            stdout=log, stderr=log,
        )  # fmt: skip
    try:
        url = f"http://127.0.0.1:{port}"
        session = _signed_in(url, process)
        _activate(url, session, flow(service))

        def begin() -> None:
            requests.post(f"{url}/webhook/in-bulk", json={}, timeout=60).raise_for_status()

        yield [Peer("n8n, drawn, its history on", begin, lambda: family(process.pid), PART)]
    finally:
        process.terminate()
        process.wait(60)


def _signed_in(url: str, process: subprocess.Popen[bytes]) -> requests.Session:
    """Waits until it is up, and makes its first user."""
    session, until = requests.Session(), time.monotonic() + 300
    while True:
        assert process.poll() is None, "n8n has ended"
        assert time.monotonic() < until, "n8n does not answer"
        try:
            answer = session.get(f"{url}/rest/settings", timeout=5)
            if answer.ok and "json" in answer.headers.get("Content-Type", ""):
                break
        except requests.RequestException:
            pass
        time.sleep(0.3)
    session.post(f"{url}/rest/owner/setup", json={**OWNER, "firstName": "A", "lastName": "B"}, timeout=60)
    session.post(
        f"{url}/rest/login",
        json={"emailOrLdapLoginId": OWNER["email"], "password": OWNER["password"]},
        timeout=60,
    ).raise_for_status()
    return session


def _activate(url: str, session: requests.Session, document: dict[str, Any]) -> None:
    scopes = session.get(f"{url}/rest/api-keys/scopes", timeout=60).json()["data"]
    made = session.post(
        f"{url}/rest/api-keys", json={"label": "comparison", "scopes": scopes, "expiresAt": None}, timeout=60
    )
    made.raise_for_status()
    key = {"X-N8N-API-KEY": made.json()["data"]["rawApiKey"]}
    added = requests.post(f"{url}/api/v1/workflows", headers=key, json=document, timeout=60)
    added.raise_for_status()
    address = f"{url}/api/v1/workflows/{added.json()['id']}/activate"
    requests.post(address, headers=key, timeout=60).raise_for_status()
    time.sleep(1)


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


def flow(url: str) -> dict[str, Any]:
    """The workflow; ``url`` is the played service. It is called at ``/webhook/in-bulk``."""
    drawing = Drawing()
    drawing.node(
        "Call", "webhook", 2, httpMethod="POST", path="in-bulk", responseMode="onReceived", options={}
    )
    drawing.nodes[-1]["webhookId"] = "in-bulk"
    following = "$response.body['@odata.nextLink']"
    pages = {
        "paginationMode": "responseContainsNextURL",
        "nextURL": f"={{{{ {following} }}}}",
        "paginationCompleteWhen": "other",
        "completeExpression": f"={{{{ !{following} }}}}",
    }
    drawing.node("Read", "httpRequest", 4.2, url=f"{url}/odata/Opportunity",
                 options={"pagination": {"pagination": pages}})  # fmt: skip
    drawing.node("Rows", "splitOut", 1, fieldToSplitOut="value", options={})
    drawing.node("Fields", "set", 3.4, **_assign(_fields()), includeOtherFields=False)
    drawing.node("Routes", "switch", 3.2, rules={"values": _rules()}, options={"fallbackOutput": "extra"})
    for source, target in (("Call", "Read"), ("Read", "Rows"), ("Rows", "Fields"), ("Fields", "Routes")):
        drawing.wire(source, target)
    ways = ("pipeline", "approval", "eu-large", "eu", "na", "row")
    drawing.node("Together", "merge", 3.1, mode="append", numberInputs=len(ways))
    for place, way in enumerate(ways):
        drawing.node(way, "set", 3.4, **_assign([("route", "string", way)]), includeOtherFields=True)
        drawing.wire("Routes", way, port=place)
        drawing.wire(way, "Together", at=place)
    drawing.node("By 500", "splitInBatches", 3, batchSize=500, options={})
    drawing.node(
        "One list", "aggregate", 1, aggregate="aggregateAllItemData", destinationFieldName="data", options={}
    )
    drawing.node("Write", "httpRequest", 4.2, method="POST", url=f"{url}/sink/batch", sendBody=True,
                 specifyBody="json", jsonBody="={{ JSON.stringify($json.data) }}", options={})  # fmt: skip
    drawing.wire("Together", "By 500")
    drawing.wire("By 500", "One list", port=1)
    drawing.wire("One list", "Write")
    drawing.wire("Write", "By 500")
    return {
        "name": "in-bulk",
        "nodes": drawing.nodes,
        "connections": drawing.wires,
        "settings": {"executionOrder": "v1"},
    }


def _fields() -> list[tuple[str, str, str]]:
    """(target, type, expression) of the twelve fields."""
    country = "$json.account.country"
    tables = [{code: row[place] for code, row in COUNTRIES.items()} for place in (0, 1)]
    rates = {code: float(row[2]) for code, row in COUNTRIES.items()}
    line = (
        "({ sku: line.product, quantity: line.qty, unitPrice: line.price.round(2), "
        "lineTotal: (line.price * line.qty).round(2) })"
    )
    return [
        ("externalId", "string", "={{ $json.id }}"),
        ("reference", "string", "={{ $json.id }} {{ $json.title }}"),
        ("customerName", "string", "={{ $json.account.name }}"),
        ("customerEmail", "string", "={{ $json.account.email.toLowerCase() }}"),
        ("country", "string", f"={{{{ {country} }}}}"),
        ("countryName", "string", f"={{{{ ({_object(tables[0])})[{country}] }}}}"),
        ("currency", "string", f"={{{{ ({_object(tables[1])})[{country}] }}}}"),
        (
            "invoiceDate",
            "string",
            "={{ DateTime.fromISO($json.closeDate, { zone: 'utc' }).toFormat('dd.MM.yyyy') }}",
        ),
        ("total", "number", "={{ $json.amount.round(2) }}"),
        ("tax", "number", f"={{{{ ($json.amount * ({_object(rates)})[{country}]).round(2) }}}}"),
        ("status", "string", f"={{{{ ({_object(STATUS)})[$json.stage] || 'OPEN' }}}}"),
        ("items", "array", f"={{{{ $json.lines.map((line) => {line}) }}}}"),
    ]


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
    union = _condition(f"={{{{ {_list(UNION)} }}}}", "array", "contains", "={{ $json.country }}")
    larger = _condition("={{ $json.total }}", "number", "gte", 10_000)
    america = _condition(f"={{{{ {_list(AMERICA)} }}}}", "array", "contains", "={{ $json.country }}")
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
