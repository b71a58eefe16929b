"""An imitation of a small OData 4 service: customers, and orders with lines whose key has two parts.

Sign in with bearer ``heddle-token``, or basic ``heddle`` / ``heddle-password``. It cuts pages by itself
(``Prefer: odata.maxpagesize``, ``$skiptoken``), speaks ``$filter``, ``$orderby``, ``$select``, ``$expand``, ``$top``,
``$skip``, ``$count``, JSON batches, and knows ETags.
"""

from __future__ import annotations

import base64
import random
import re
import uuid
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qsl, unquote, urlencode

from flask import Response, g, request
from msgspec import DecodeError

from engine.record import from_json, to_json
from nodes.systems.odata.sandbox_query import BadQuery, Parser, Row, ordered
from nodes.systems.sandbox import COMMON_VICES, Sandbox, Vice

USER, PASSWORD, TOKEN = "heddle", "heddle-password", "heddle-token"
SPACE = "Trade"
STAMP = "ModifiedOn"
SETS: dict[str, dict[str, str]] = {
    "Customers": {
        "Id": "Edm.Guid", "Number": "Edm.String", "Name": "Edm.String", "City": "Edm.String", "Limit": "Edm.Decimal",
        "Rank": "Edm.Int32", "Active": "Edm.Boolean", "Since": "Edm.Date", STAMP: "Edm.DateTimeOffset",
    },
    "Orders": {
        "Company": "Edm.String", "Number": "Edm.String", "CustomerId": "Edm.Guid", "Total": "Edm.Decimal",
        "Due": "Edm.DateTimeOffset", "Lines": f"Collection({SPACE}.Line)", STAMP: "Edm.DateTimeOffset",
    },
}  # fmt: skip
LINE = {"Product": "Edm.String", "Quantity": "Edm.Decimal"}
KEYS = {"Customers": ("Id",), "Orders": ("Company", "Number")}
REQUIRED = {"Customers": "Name", "Orders": "Company"}
_PATH = re.compile(r"^(\w+)(?:\((.*)\))?$")
_KEY = re.compile(r"(?:(\w+)=)?('(?:[^']|'')*'|[^,']+)(?:,|$)")


class Fault(Exception):
    def __init__(self, status: int, message: str, target: str | None = None) -> None:
        super().__init__(message)
        self.status, self.message, self.target = status, message, target


class ODataSandbox(Sandbox):
    """Customers and orders over OData 4."""

    system: ClassVar[str] = "odata"
    title: ClassVar[str] = "OData service"
    vices: ClassVar[tuple[Vice, ...]] = (
        *COMMON_VICES,
        Vice("no_batch", "Does not know batches", {}),
        Vice("batch_stops", "Stops a batch at its first error", {}),
        Vice("no_content", "Answers changes without a body (204)", {}),
        Vice("page_cap", "Cuts pages shorter than asked for", {"rows": 7}),
        Vice("no_next", "Never cuts pages by itself", {}),
        Vice("no_count", "Refuses to count", {"status": 501}),
        Vice("count_cap", "Counts no further, and does not say so", {"rows": 5000}),
    )

    def __init__(self, path: Path | None = None) -> None:
        super().__init__(path)

    @classmethod
    def connection(cls, url: str) -> dict[str, Any]:
        return {"url": f"{url}/odata", "auth": {"kind": "bearer", "token": TOKEN}}

    def seed(self, n: int, seed: int) -> dict[str, Any]:
        dice = random.Random(seed)  # noqa: S311 - believable, not secret
        for at in range(n):
            name = f"{dice.choice(('Alpine', 'Nordic', 'Oak'))} {dice.choice(('Dairy', 'Tools', 'Foods'))} {at + 1}"
            body: Row = {
                "Number": f"C-{at + 1:05d}",
                "Name": name,
                "Limit": Decimal(at).scaleb(-1),
                "Rank": at,
            }
            customer = self.store("Customers", body)
            lines = [{"Product": f"P-{dice.randint(1, 99)}", "Quantity": Decimal(dice.randint(1, 9))}]
            order = {
                "Company": "us",
                "Number": f"O-{at + 1:05d}",
                "CustomerId": customer["Id"],
                "Lines": lines,
            }
            self.store("Orders", order)
        return {"Customers": n, "Orders": n}

    def routes(self) -> None:
        rule = self.app.add_url_rule
        rule("/", "home", lambda: reply(200, {"service": self.title, "sets": list(SETS)}))
        rule("/odata/", "service", lambda: self.guarded(self.service))
        rule("/odata/$metadata", "metadata", lambda: self.guarded(self.metadata))
        rule("/odata/$batch", "batch", lambda: self.guarded(self.batch), methods=["POST"])
        rule(
            "/odata/<path:path>",
            "any",
            lambda path: self.guarded(lambda: self.direct(path)),
            methods=["GET", "POST", "PATCH", "DELETE"],
        )

    def guarded(self, work: Any) -> Response:
        sent = request.headers.get("Authorization", "")
        basic = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if sent not in {f"Bearer {TOKEN}", basic} or self.use("token_expiry"):
            g.mutating = False
            return reply(401, {"error": {"code": "Unauthorized", "message": "Sign in first."}})
        made: Response = work()
        return made

    # describing --------------------------------------------------------------------------------------

    def service(self) -> Response:
        sets = [{"name": name, "kind": "EntitySet", "url": name} for name in SETS]
        return reply(200, {"@odata.context": f"{request.base_url}$metadata", "value": sets})

    def metadata(self) -> Response:
        def properties(fields: dict[str, str], keys: tuple[str, ...] = (), needed: str = "") -> str:
            made = []
            for name, kind in fields.items():
                notes = ' Nullable="false"' if name in keys or name == needed else ""
                notes += ' MaxLength="20000"' if name == "Name" else ""
                computed = (
                    '<Annotation Term="Org.OData.Core.V1.Computed" Bool="true"/>'
                    if name in {STAMP, "Id"}
                    else ""
                )
                made.append(f'<Property Name="{name}" Type="{kind}"{notes}>{computed}</Property>')
            return "".join(made)

        types = "".join(
            f'<EntityType Name="{name[:-1]}"><Key>{"".join(f"<PropertyRef Name={chr(34)}{key}{chr(34)}/>" for key in KEYS[name])}</Key>'
            + properties(fields, KEYS[name], REQUIRED[name])
            + (f'<NavigationProperty Name="Customer" Type="{SPACE}.Customer"/>' if name == "Orders" else "")
            + "</EntityType>"
            for name, fields in SETS.items()
        )
        sets = "".join(f'<EntitySet Name="{name}" EntityType="{SPACE}.{name[:-1]}"/>' for name in SETS)
        xml = (
            '<?xml version="1.0" encoding="utf-8"?><edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx">'
            f'<edmx:DataServices><Schema Namespace="{SPACE}" xmlns="http://docs.oasis-open.org/odata/ns/edm">{types}'
            f'<ComplexType Name="Line">{properties(LINE)}</ComplexType>'
            f'<EntityContainer Name="Container">{sets}</EntityContainer></Schema></edmx:DataServices></edmx:Edmx>'
        )
        return Response(xml, mimetype="application/xml")

    # calls -------------------------------------------------------------------------------------------

    def direct(self, path: str) -> Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        status, body, more = self.answer(
            request.method, path, request.query_string.decode(), request.get_data(), headers
        )
        made = reply(status, body)
        made.headers.update(more)
        return made

    def answer(
        self, method: str, path: str, query: str, raw: bytes, headers: dict[str, str]
    ) -> tuple[int, Any, dict[str, str]]:
        """One call; a Fault becomes an error body."""
        try:
            match = _PATH.match(unquote(path))
            if match is None or match[1] not in SETS:
                raise Fault(404, f"Resource not found for the segment '{path}'.")  # noqa: TRY301
            entity, key = match[1], match[2]
            if method == "GET":
                return (
                    (200, self.page(entity, query, headers), {}) if key is None else self.single(entity, key)
                )
            if method == "DELETE":
                return self.drop(entity, key or "", headers)
            body = content(raw)
            return (
                self.create(entity, body)
                if method == "POST"
                else self.change(entity, key or "", body, headers)
            )
        except BadQuery as error:
            return 400, {"error": {"code": "BadRequest", "message": str(error)}}, {}
        except Fault as fault:
            said = {
                "code": "Fault",
                "message": fault.message,
                **({"target": fault.target} if fault.target else {}),
            }
            return fault.status, {"error": said}, {}

    def page(self, entity: str, query: str, headers: dict[str, str]) -> Row:
        given = dict(parse_qsl(query, keep_blank_values=True))
        knows = lambda path: path.split("/")[0] in SETS[entity] or path.startswith("Customer/")  # noqa: E731
        rows = [self.joined(row) for row in self.rows(entity)]
        if given.get("$filter"):
            test = Parser(given["$filter"], knows).parse()
            rows = [row for row in rows if test(row)]
        if given.get("$orderby"):
            rows = ordered(rows, given["$orderby"], knows)
        body: Row = {"@odata.context": f"{request.host_url}odata/$metadata#{entity}"}
        if given.get("$count") == "true":
            if "no_count" in self.active:
                raise Fault(int(self.active["no_count"]["status"]), f"The set '{entity}' is not countable.")
            cap = self.active.get("count_cap")
            body["@odata.count"] = min(len(rows), int(cap["rows"])) if cap else len(rows)
        start = int(given.get("$skiptoken", 0))
        if not start:
            rows = rows[int(given.get("$skip", 0)) :]
            rows = rows[: int(given["$top"])] if "$top" in given else rows
        elif "$top" in given:
            rows = rows[: int(given["$top"])]
        wanted = re.search(r"maxpagesize=(\d+)", headers.get("prefer", ""))
        size = min(int(wanted[1]) if wanted else 500, 500)
        cap = self.active.get("page_cap")
        size = min(size, int(cap["rows"])) if cap else size
        size = len(rows) if "no_next" in self.active else size
        first = start - 1 if start and self.use("duplicate_rows") else start
        chosen = rows[first : start + size]
        body["value"] = [self.shown(entity, row, given) for row in chosen]
        if start + size < len(rows):
            kept = {name: value for name, value in given.items() if name not in {"$skiptoken", "$skip"}}
            token = urlencode({**kept, "$skiptoken": start + size})
            body["@odata.nextLink"] = f"{request.host_url}odata/{entity}?{token}"
        return body

    def single(self, entity: str, key: str) -> tuple[int, Any, dict[str, str]]:
        row = self.row(entity, key)
        return 200, self.shown(entity, self.joined(row), {}), {"ETag": row["@odata.etag"]}

    def create(self, entity: str, body: Row) -> tuple[int, Any, dict[str, str]]:
        self.refuse(entity, body)
        with self.committing():
            row = self.store(entity, body)
        address = f"{request.host_url}odata/{entity}({key_text(entity, row)})"
        if "no_content" in self.active:
            return 204, None, {"OData-EntityId": address, "Location": address}
        return 201, self.shown(entity, row, {}), {"Location": address}

    def change(
        self, entity: str, key: str, body: Row, headers: dict[str, str]
    ) -> tuple[int, Any, dict[str, str]]:
        row = self.row(entity, key)
        if headers.get("if-match", "*") not in {"*", row["@odata.etag"]}:
            raise Fault(412, "The object has been changed.")
        self.refuse(entity, {**row, **body}, changing=True)
        with self.committing():
            row = self.store(entity, {**row, **body})
        return (204, None, {}) if "no_content" in self.active else (200, self.shown(entity, row, {}), {})

    def drop(self, entity: str, key: str, headers: dict[str, str]) -> tuple[int, Any, dict[str, str]]:
        row = self.row(entity, key)
        if headers.get("if-match", "*") not in {"*", row["@odata.etag"]}:
            raise Fault(412, "The object has been changed.")
        with self.committing():
            self.remove(entity, key_text(entity, row))
        return 204, None, {}

    def batch(self) -> Response:
        body = from_json(request.get_data())
        calls = body.get("requests") or []
        g.mutating = any(call["method"].upper() != "GET" for call in calls)
        if "no_batch" in self.active:
            g.mutating = False
            return reply(404, {"error": {"code": "NotFound", "message": "No batches here."}})
        goes_on = (
            "continue-on-error" in request.headers.get("Prefer", "") and "batch_stops" not in self.active
        )
        responses = []
        for call in calls:
            path, _, query = call["url"].partition("?")
            headers = {name.lower(): value for name, value in (call.get("headers") or {}).items()}
            status, answered, more = self.answer(
                call["method"].upper(), path, query, to_json(call.get("body")), headers
            )
            responses.append({"id": call["id"], "status": status, "headers": more, "body": answered})
            if status >= 400 and not goes_on:
                break
        return reply(200, {"responses": responses})

    # rows --------------------------------------------------------------------------------------------

    def refuse(self, entity: str, body: Row, *, changing: bool = False) -> None:
        for name in body:
            if name not in SETS[entity] and "@" not in name:
                raise Fault(
                    400, f"The property '{name}' does not exist on type '{SPACE}.{entity[:-1]}'.", name
                )
        needed = REQUIRED[entity]
        if not body.get(needed):
            raise Fault(400, f"{needed} must be filled.", needed)
        if not changing and entity == "Orders" and self.get(entity, key_text(entity, body)):
            raise Fault(409, "An order with this key exists already.")

    def store(self, entity: str, body: Row) -> Row:
        with self.lock:
            edition = int(self.setting("edition", "0")) + 1
            self.set_setting("edition", str(edition))
            row = {name: body.get(name) for name in SETS[entity]}
            if entity == "Customers":
                row["Id"] = body.get("Id") or str(uuid.uuid4())
            row[STAMP] = datetime.fromtimestamp(self.now(), UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
            row["@odata.etag"] = f'W/"{edition}"'
            self.put(entity, key_text(entity, row), {"json": to_json(row).decode()})
        return row

    def rows(self, entity: str) -> list[Row]:
        return [from_json(one["json"]) for one in self.all(entity)]

    def row(self, entity: str, key: str) -> Row:
        parts = {name or KEYS[entity][0]: value for name, value in _KEY.findall(key)}
        plain = {
            name: value[1:-1].replace("''", "'") if value.startswith("'") else value
            for name, value in parts.items()
        }
        found = self.get(entity, key_text(entity, plain)) if set(plain) == set(KEYS[entity]) else None
        if found is None:
            raise Fault(404, f"There is no {entity}({key}).")
        row: Row = from_json(found["json"])
        return row

    def joined(self, row: Row) -> Row:
        found = self.get("Customers", str(row["CustomerId"])) if row.get("CustomerId") else None
        return (
            {**row, "Customer": from_json(found["json"]) if found else None} if "CustomerId" in row else row
        )

    def shown(self, entity: str, row: Row, given: Row) -> Row:
        names = given["$select"].split(",") if given.get("$select") else list(SETS[entity])
        body = {"@odata.etag": row["@odata.etag"], **{name: row[name] for name in names if name in row}}
        if given.get("$expand", "").startswith("Customer"):
            inner = re.search(r"\$select=([\w,]+)", given["$expand"])
            other = row.get("Customer")
            chosen = inner[1].split(",") if inner else list(SETS["Customers"])
            body["Customer"] = {name: other[name] for name in chosen} if other else None
        return body


def key_text(entity: str, row: Row) -> str:
    names = KEYS[entity]
    if len(names) == 1:
        return str(row[names[0]]).lower()
    return ",".join(f"{name}='{str(row.get(name) or '').replace(chr(39), chr(39) * 2)}'" for name in names)


def content(raw: bytes) -> Row:
    try:
        body = from_json(raw)
    except DecodeError:
        raise Fault(400, "The request is no JSON.") from None
    if not isinstance(body, dict):
        raise Fault(400, "An object is wanted.")
    return body


def reply(status: int, body: Any) -> Response:
    return Response(b"" if body is None else to_json(body), status=status, mimetype="application/json")
