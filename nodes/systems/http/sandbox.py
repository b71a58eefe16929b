"""An imitation of a small sales service with a JSON API, in every style in which such services are built.

Sign in with any of: basic ``heddle`` / ``heddle-password``, bearer ``heddle-token``, the key ``heddle-key`` in the
header ``X-API-Key`` or the parameter ``api_key``, or OAuth client credentials ``heddle`` / ``heddle-secret`` at
``/oauth/token``. The setting ``auth`` (basic, bearer, header, query, oauth) narrows it down to one.

``GET  /v1/<style>/<objects>``   a list, cut as ``style`` says: whole, page, offset, cursor, link, path or header;
                                 parameters ``number``, ``ids``, ``updated_since``, ``updated_until``, ``limit``
``GET  /v1/<objects>/<id>``      one                     ``POST /v1/<objects>``       a new one (201)
``PATCH /v1/<objects>/<id>``     changes it (200)        ``POST /v1/<objects>/bulk``  up to 500 new ones, an answer each
``DELETE /v1/<objects>/<id>``    removes it (204)

``objects`` is ``customers`` or ``invoices``. A create under an ``Idempotency-Key`` seen before answers as it did then.
"""

from __future__ import annotations

import base64
import random
import secrets
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlencode

from flask import Response, g, request
from msgspec import DecodeError

from engine.record import from_json, to_json
from nodes.systems.sandbox import COMMON_VICES, Sandbox, Vice

USER, PASSWORD, TOKEN, KEY = "heddle", "heddle-password", "heddle-token", "heddle-key"
CLIENT, SECRET = "heddle", "heddle-secret"
KINDS = {"customers": ("name", "C"), "invoices": ("customer", "INV")}
"""Objects: the field that must be filled, and how their numbers begin."""
STYLES = ("whole", "page", "offset", "cursor", "link", "path", "header")
LONGEST = 20_000
Row = dict[str, Any]


class Refusal(Exception):
    """An answer that is an error: its status, code and message."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


class HttpSandbox(Sandbox):
    """Customers and invoices behind a JSON API."""

    system: ClassVar[str] = "http"
    title: ClassVar[str] = "Sales API"
    vices: ClassVar[tuple[Vice, ...]] = (
        *COMMON_VICES,
        Vice("insert_only", "Cannot be searched: what was written is not seen again", {}),
        Vice("no_keys", "Does not know idempotency keys", {}),
        Vice("error_in_200", "Says 200 to everything, errors included", {}),
        Vice("page_cap", "Cuts pages shorter than asked for", {"rows": 7}),
        Vice("redirect", "Sends calls on to another address", {"to": "https://example.com/"}),
        Vice("login_page", "Answers with a page to sign in on", {"times": 1}),
        Vice("link_elsewhere", "Names next pages on another host", {"host": "https://example.com"}),
    )

    def __init__(self, path: Path | None = None) -> None:
        self.tokens: dict[str, float] = {}
        self.token_seconds = 3600.0
        self.handed_out = 0
        super().__init__(path)

    @classmethod
    def connection(cls, url: str) -> dict[str, Any]:
        return {
            "url": f"{url}/v1",
            "auth": {"kind": "bearer", "token": TOKEN},
            "test": "/customers/me",
            "entities": [form(kind) for kind in KINDS],
        }

    def seed(self, n: int, seed: int) -> dict[str, Any]:
        dice = random.Random(seed)  # noqa: S311 - believable, not secret
        for at in range(n):
            name = f"{dice.choice(('Alpine', 'Nordic', 'Harbour', 'Summit', 'Oak'))} {dice.choice(('Dairy', 'Tools', 'Freight', 'Foods'))} {at + 1}"
            self.store(
                "customers", {"name": name, "city": dice.choice(("Basel", "Lyon", "Graz")), "limit": 100 * at}
            )
            lines = [{"product": f"P-{dice.randint(1, 99)}", "quantity": dice.randint(1, 9)}]
            self.store("invoices", {"customer": name, "date": "2026-11-20", "lines": lines})
        return {"customers": n, "invoices": n}

    def reset(self) -> None:
        super().reset()
        self.db.execute("DELETE FROM settings")
        self.tokens.clear()
        self.token_seconds, self.handed_out = 3600.0, 0

    def routes(self) -> None:
        rule = self.app.add_url_rule
        rule("/", "home", lambda: answer(200, {"service": self.title, "objects": list(KINDS)}))
        rule("/oauth/token", "token", self.token, methods=["POST"])
        rule("/v1/customers/me", "me", lambda: self.guarded(lambda: (200, {"user": USER})))
        rule(
            f"/v1/<any({','.join(STYLES)}):style>/<kind>",
            "list",
            lambda style, kind: self.guarded(lambda: self.listed(style, kind)),
        )
        rule("/v1/<kind>/<key>", "one", lambda kind, key: self.guarded(lambda: self.one(kind, key)))
        rule("/v1/<kind>", "create", lambda kind: self.guarded(lambda: self.create(kind)), methods=["POST"])
        rule("/v1/<kind>/bulk", "bulk", lambda kind: self.guarded(lambda: self.bulk(kind)), methods=["POST"])
        rule(
            "/v1/<kind>/<key>",
            "change",
            lambda kind, key: self.guarded(lambda: self.change(kind, key)),
            methods=["PATCH"],
        )
        rule(
            "/v1/<kind>/<key>",
            "drop",
            lambda kind, key: self.guarded(lambda: self.drop(kind, key)),
            methods=["DELETE"],
        )

    # signing in --------------------------------------------------------------------------------------

    def token(self) -> Response:
        g.mutating = False
        sent = request.authorization
        client = (sent.username, sent.password) if sent and sent.type == "basic" else None
        client = client or (request.form.get("client_id"), request.form.get("client_secret"))
        if request.form.get("grant_type") != "client_credentials" or client != (CLIENT, SECRET):
            status = 200 if "error_in_200" in self.active else 401
            return answer(status, {"error": "invalid_client", "error_description": "Unknown client"})
        text = secrets.token_urlsafe(24)
        with self.lock:
            self.tokens[text] = time.time() + self.token_seconds
            self.handed_out += 1
        return answer(
            200, {"access_token": text, "token_type": "Bearer", "expires_in": int(self.token_seconds)}
        )

    def is_known(self) -> bool:
        if self.use("token_expiry"):
            self.tokens.clear()
        sent = request.headers.get("Authorization", "")
        basic = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        ways = {
            "basic": sent == basic,
            "bearer": sent == f"Bearer {TOKEN}",
            "header": request.headers.get("X-API-Key") == KEY,
            "query": request.args.get("api_key") == KEY,
            "oauth": self.tokens.get(sent.removeprefix("Bearer "), 0.0) > time.time(),
        }
        wanted = self.setting("auth")
        return ways[wanted] if wanted else any(ways.values())

    def admit(self) -> None:
        if not self.is_known():
            g.mutating = False
            raise Refusal(401, "unauthorized", "Sign in first")

    def guarded(self, work: Any) -> Response:
        """One call of somebody who is known; a Refusal becomes an error body."""
        moved = self.use("redirect")
        if moved:
            g.mutating = False
            return Response("", 302, headers={"Location": moved["to"]})
        if self.use("login_page"):
            g.mutating = False
            return Response("<!DOCTYPE html><title>Sign in</title>", mimetype="text/html")
        try:
            self.admit()
            made = work()
        except Refusal as refusal:
            status = 200 if "error_in_200" in self.active else refusal.status
            return answer(status, {"error": {"code": refusal.code, "message": refusal.message}})
        return made if isinstance(made, Response) else answer(*made)

    # reading -----------------------------------------------------------------------------------------

    def listed(self, style: str, kind: str) -> Response | tuple[int, Any]:
        rows = self.rows(checked(kind))
        given = request.args
        if "number" in given:
            rows = [row for row in rows if str(row.get("number", "")).lower() == given["number"].lower()]
        if "ids" in given:
            wanted = given["ids"].split(",")
            rows = [row for row in rows if row["id"] in wanted]
        if "updated_since" in given:
            rows = [row for row in rows if row["updated"] >= given["updated_since"]]
        if "updated_until" in given:
            rows = [row for row in rows if row["updated"] <= given["updated_until"]]
        if "insert_only" in self.active:
            raise Refusal(404, "not_found", "There is no such list")
        if style == "whole":
            return 200, rows
        limit = min(int(given.get("limit", 50)), 500)
        cap = self.active.get("page_cap")
        limit = min(limit, int(cap["rows"])) if cap else limit
        if style == "page":
            start = (int(given.get("page", 1)) - 1) * limit
        elif style == "offset":
            start = int(given.get("offset", 0))
        else:
            mark = given.get("after", "")
            start = int(base64.urlsafe_b64decode(mark)) if mark else 0
        if start and self.use("duplicate_rows"):
            start -= 1
        page, end = rows[start : start + limit], start + limit
        mark = base64.urlsafe_b64encode(str(end).encode()).decode() if end < len(rows) else ""
        kept = {name: value for name, value in given.items() if name not in {"after", "api_key"}}
        path = f"/v1/{style}/{kind}?{urlencode({**kept, 'after': mark})}"
        elsewhere = self.active.get("link_elsewhere")
        whole = (elsewhere["host"] if elsewhere else request.host_url.rstrip("/")) + path
        if style == "cursor":
            return 200, {"data": {"items": page}, "meta": {"next_cursor": mark or None}}
        if style in {"link", "path"}:
            return 200, {"items": page, "next": (whole if style == "link" else path) if mark else None}
        if style == "header":
            made = answer(200, page)
            made.headers["X-Total-Count"] = str(len(rows))
            if mark:
                made.headers["Link"] = f'<{whole}>; rel="next", <{request.host_url}>; rel="first"'
            return made
        return 200, {"items": page, "total": len(rows)}

    def one(self, kind: str, key: str) -> tuple[int, Any]:
        row = self.row(checked(kind), key)
        if row is None or "insert_only" in self.active:
            raise Refusal(404, "not_found", "There is no such object")
        return 200, row

    # writing -----------------------------------------------------------------------------------------

    def create(self, kind: str) -> tuple[int, Any]:
        body, key = content(dict), request.headers.get("Idempotency-Key")
        if key and "no_keys" not in self.active and (before := self.get("_keys", key)):
            g.mutating = False
            return 201, from_json(before["json"])
        g.mutating = True
        self.refuse(checked(kind), body)
        with self.committing():
            row = self.store(kind, body)
            if key:
                self.put("_keys", key, {"json": to_json(row).decode()})
        return 201, row

    def bulk(self, kind: str) -> tuple[int, Any]:
        bodies = content(list)
        if len(bodies) > 500:
            raise Refusal(413, "too_many", "At most 500 at a time")
        answers: list[Any] = []
        with self.committing():
            for body in bodies:
                try:
                    self.refuse(checked(kind), body)
                    answers.append(self.store(kind, body))
                except Refusal as refusal:
                    answers.append({"error": {"code": refusal.code, "message": refusal.message}})
        return 200, {"results": answers}

    def change(self, kind: str, key: str) -> tuple[int, Any]:
        body, row = content(dict), self.row(checked(kind), key)
        if row is None:
            raise Refusal(404, "not_found", "There is no such object")
        merged = {**row, **body, "id": key}
        self.refuse(kind, merged, key)
        with self.committing():
            return 200, self.store(kind, merged, key)

    def drop(self, kind: str, key: str) -> tuple[int, Any]:
        if self.row(checked(kind), key) is None:
            raise Refusal(404, "not_found", "There is no such object")
        with self.committing():
            self.remove(kind, key)
        return 204, None

    def refuse(self, kind: str, body: Any, key: str = "") -> None:
        needed = KINDS[kind][0]
        if not isinstance(body, dict) or not body.get(needed):
            raise Refusal(422, "invalid", f"{needed} must be filled")
        if len(str(body[needed])) > LONGEST:
            raise Refusal(422, "invalid", f"{needed} is longer than {LONGEST} characters")
        number = body.get("number")
        if number and any(
            row["number"] == number and row["id"] != key for row in self.rows(kind, everything=True)
        ):
            raise Refusal(409, "taken", f"The number {number} is taken")

    def store(self, kind: str, body: Row, key: str = "") -> Row:
        """Keeps the body exactly as it came, with id, number and stamp."""
        with self.lock:
            serial = int(self.setting(f"serial-{kind}", "0")) + 1
            if not key:
                self.set_setting(f"serial-{kind}", str(serial))
            stamp = datetime.fromtimestamp(self.now(), UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
            number = body.get("number") or f"{KINDS[kind][1]}-{serial:05d}"
            row = {**body, "id": key or secrets.token_hex(8), "number": number, "updated": stamp}
            self.put(kind, row["id"], {"json": to_json(row).decode()})
        return row

    def rows(self, kind: str, *, everything: bool = False) -> list[Row]:
        if everything:
            with self.lock:
                found = self.db.execute("SELECT body FROM objects WHERE entity = ?", (kind,)).fetchall()
            return [from_json(from_json(one[0])["json"]) for one in found]
        return [from_json(one["json"]) for one in self.all(kind)]

    def row(self, kind: str, key: str) -> Row | None:
        found = self.get(kind, key)
        return from_json(found["json"]) if found else None


def checked(kind: str) -> str:
    if kind not in KINDS:
        raise Refusal(404, "not_found", f"There are no {kind}")
    return kind


def content(kind: type[Any]) -> Any:
    try:
        body = from_json(request.get_data())
    except DecodeError:
        raise Refusal(400, "bad_json", "That is no JSON") from None
    if not isinstance(body, kind):
        raise Refusal(400, "bad_json", f"A {'list' if kind is list else 'single object'} is wanted")
    return body


def answer(status: int, body: Any) -> Response:
    return Response(to_json(body), status=status, mimetype="application/json")


def form(kind: str) -> Row:
    """How a connection describes these objects."""
    needed = KINDS[kind][0]
    return {
        "name": kind,
        "title": kind.removesuffix("s").title(),
        "key": "$.id",
        "title_path": f"$.{needed}",
        "modified": "$.updated",
        "read": {
            "path": f"/offset/{kind}",
            "records": "$.items",
            "paging": {"kind": "offset", "size": 500},
            "since": {"parameter": "updated_since", "until": "updated_until"},
            "one": f"/{kind}/{{id}}",
        },
        "find": {"by": ["number"], "path": f"/whole/{kind}?number={{number}}"},
        "write": {
            "create": {"method": "POST", "path": f"/{kind}"},
            "update": {"method": "PATCH", "path": f"/{kind}/{{id}}"},
            "delete": {"method": "DELETE", "path": f"/{kind}/{{id}}"},
            "idempotency_header": "Idempotency-Key",
            "id": "$.id",
            "number": "$.number",
        },
    }
