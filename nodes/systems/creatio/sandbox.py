"""An imitation of Creatio's OData 4 service with its sign-in, its peculiarities and its ways to fail.

Sign in as ``Supervisor`` / ``Supervisor`` or with the OAuth client ``heddle`` / ``heddle-secret``. Settings
(``set_setting``): ``host`` framework or core (is there a ``/0`` in addresses), ``row_cap`` (default 20000),
``button_url`` (where the page's button posts to; also ``POST /_sandbox/button {"url": …}``).
"""

from __future__ import annotations

import re
import secrets
import time
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qsl, unquote

from flask import Response, g, redirect, request
from msgspec import DecodeError
from werkzeug.wrappers import Response as AnyResponse

from engine.record import from_json, to_json
from nodes.systems.creatio import sandbox_data, sandbox_pages, sandbox_services
from nodes.systems.creatio.sandbox_query import Fault, Options, Row, moment, options
from nodes.systems.creatio.sandbox_rows import Store, checked, property_of
from nodes.systems.creatio.sandbox_schema import entity_names, metadata
from nodes.systems.creatio.sandbox_services import reply
from nodes.systems.sandbox import COMMON_VICES, Sandbox, Vice

Answer = tuple[int, Any]
LOGIN_PAGE = "<!DOCTYPE html><html><head><title>Log in</title></head><body><form>User name, password</form></body></html>"
NOT_FOUND = "<!DOCTYPE html><html><head><title>404</title></head><body>404 - File or directory not found.</body></html>"
_PATH = re.compile(r"^(\w+)(?:\(([^)]*)\))?(?:/(\$count|\w+)(?:/(\$value))?)?$")


class CreatioSandbox(Sandbox):
    """Creatio, imitated: OData, batches, sign-in, processes, and a page with a button."""

    system: ClassVar[str] = "creatio"
    title: ClassVar[str] = "Creatio"
    user: ClassVar[str] = "Supervisor"
    password: ClassVar[str] = "Supervisor"  # noqa: S105 - the whole world may know it
    client_id: ClassVar[str] = "heddle"
    client_secret: ClassVar[str] = "heddle-secret"  # noqa: S105 - likewise
    vices: ClassVar[tuple[Vice, ...]] = (
        *COMMON_VICES,
        Vice("strict_patch", "Refuses unknown columns in updates too", {}),
        Vice("fail_after_storing", "Stores a new row, then fails with an error (500)", {"times": 1}),
        Vice("html_bounce", "Answers with its login page instead of data", {"times": 1}),
        Vice("row_cap", "Cuts every answer off at so many rows", {"rows": 100}),
        Vice("batch_stops", "Stops a batch at its first error whatever is asked", {}),
        Vice("no_batch", "Does not know bundles of calls (404)", {}),
        Vice("no_metadata", "Refuses to describe its entities (403)", {}),
    )

    def __init__(self, path: Path | None = None) -> None:
        self.sessions: dict[str, str] = {}
        self.tokens: dict[str, float] = {}
        self.token_seconds = 3600
        super().__init__(path)
        self.store = Store(self.db, self.lock, self.now)
        sandbox_data.ship(self.store)

    @classmethod
    def connection(cls, url: str) -> dict[str, Any]:
        """The settings with which a connector reaches this sandbox at ``url``."""
        return {
            "url": url,
            "auth": {"kind": "forms", "user": cls.user, "password": cls.password},
            "page_pattern": "{url}/0/page/{entity}/{id}",
        }

    def seed(self, n: int, seed: int) -> dict[str, Any]:
        return sandbox_data.seed(self.store, n, seed)

    def reset(self) -> None:
        super().reset()
        self.sessions.clear()
        self.tokens.clear()
        self.store.load()
        sandbox_data.ship(self.store)

    def all(self, entity: str) -> list[dict[str, Any]]:
        return list(self.store.tables.get(entity, {}).values())

    def get(self, entity: str, key: str) -> dict[str, Any] | None:
        return self.store.row(entity, key)

    def put(self, entity: str, key: str, body: dict[str, Any]) -> None:
        self.store.save(entity, [self.store.fresh(entity, {**body, "Id": key})])

    def remove(self, entity: str, key: str) -> bool:
        try:
            self.store.delete(entity, key)
        except Fault:
            return False
        return True

    def refusal(self, status: int, retry_after: float | None) -> Response:
        message = "Too many requests." if status == 429 else "Internal server error"
        answer = Response(f"<html><body>{message}</body></html>", status=status, mimetype="text/html")
        if retry_after is not None:
            answer.headers["Retry-After"] = str(retry_after)
        return answer

    # routes ------------------------------------------------------------------------------------------

    def routes(self) -> None:
        rule = self.app.add_url_rule
        rule("/ServiceModel/AuthService.svc/Login", "login", self.login, methods=["POST"])
        rule("/connect/token", "token", self.token, methods=["POST"])
        for prefix in ("framework", "core"):
            root = "/0" if prefix == "framework" else ""
            host = {"host": prefix}
            every = ["GET", "POST", "PATCH", "DELETE", "PUT"]
            rule(
                f"{root}/odata/", f"{prefix}-root", self.odata, methods=["GET"], defaults={**host, "path": ""}
            )
            rule(f"{root}/odata/<path:path>", f"{prefix}-odata", self.odata, methods=every, defaults=host)
        sandbox_services.routes(self)
        sandbox_pages.routes(self)

    # signing in --------------------------------------------------------------------------------------

    def login(self) -> Response:
        g.mutating = False
        body = request.get_json(silent=True) or {}
        good = body.get("UserName") == self.user and body.get("UserPassword") == self.password
        message = "" if good else "Incorrect user name or password"
        answer = reply(
            200,
            {
                "Code": 0 if good else 1,
                "Message": message,
                "Exception": None,
                "PasswordChangeUrl": None,
                "RedirectUrl": None,
            },
        )
        if good:
            session, csrf = secrets.token_hex(32), secrets.token_urlsafe(16)
            self.sessions[session] = csrf
            answer.set_cookie(".ASPXAUTH", session, httponly=True)
            answer.set_cookie("BPMCSRF", csrf)
            answer.set_cookie("BPMLOADER", secrets.token_hex(12), httponly=True)
            answer.set_cookie("UserName", "|".join(str(ord(char)) for char in self.user))
        return answer

    def token(self) -> Response:
        g.mutating = False
        form = request.form
        if form.get("grant_type") != "client_credentials":
            return reply(400, {"error": "unsupported_grant_type"})
        if form.get("client_id") != self.client_id or form.get("client_secret") != self.client_secret:
            return reply(400, {"error": "invalid_client"})
        token = secrets.token_urlsafe(40)
        self.tokens[token] = time.time() + self.token_seconds
        return reply(200, {"access_token": token, "expires_in": self.token_seconds, "token_type": "Bearer"})

    def denial(self) -> AnyResponse | None:
        """The answer to a call that is not signed in, None if it is."""
        if self.use("token_expiry"):
            self.sessions.clear()
            self.tokens.clear()
        if self.use("html_bounce"):
            g.mutating = False
            return Response(LOGIN_PAGE, mimetype="text/html")
        authorization = request.headers.get("Authorization", "")
        if authorization.startswith("Bearer "):
            good = self.tokens.get(authorization.removeprefix("Bearer "), 0) > time.time()
            return (
                None if good else reply(401, {"Message": "Authorization has been denied for this request."})
            )
        csrf = self.sessions.get(request.cookies.get(".ASPXAUTH", ""))
        if csrf is None:
            g.mutating = False
            if request.headers.get("ForceUseSession", "").lower() == "true":
                return reply(401, {"Message": "Authorization has been denied for this request."})
            return redirect("/Login/NuiLogin.aspx")
        if not secrets.compare_digest(request.headers.get("BPMCSRF", ""), csrf):
            g.mutating = False
            return Response("<html><body>403 - Forbidden</body></html>", 403, mimetype="text/html")
        return None

    def wrong_host(self, host: str) -> Response | None:
        """The web server's "no such file" for an address with ``/0`` on the other kind of host."""
        if host == self.setting("host", "framework"):
            return None
        g.mutating = False
        return Response(NOT_FOUND, 404, mimetype="text/html")

    def is_control(self) -> bool:
        """The screens count as control too: vices and the journal are about the API."""
        screens = request.path in {"/", "/0/"} or request.path.startswith(("/0/page/", "/0/Nui/"))
        return screens or super().is_control()

    # odata -------------------------------------------------------------------------------------------

    def odata(self, path: str, host: str) -> AnyResponse:
        refused = self.wrong_host(host) or self.denial()
        if refused is not None:
            return refused
        if path == "$metadata":
            if "no_metadata" in self.active:
                return Response("<html><body>403 - Forbidden</body></html>", 403, mimetype="text/html")
            return Response(metadata(), mimetype="application/xml")
        if not path:
            sets = [{"name": name, "kind": "EntitySet", "url": name} for name in entity_names()]
            return reply(200, {"@odata.context": f"{request.base_url}$metadata", "value": sets})
        if path == "$batch" and "no_batch" in self.active:
            g.mutating = False
            return Response(NOT_FOUND, 404, mimetype="text/html")
        if path == "$batch":
            return self.batch()
        status, body = self.guarded(request.method, path, request.query_string.decode(), request.get_data())
        return reply(status, body)

    def guarded(self, method: str, path: str, query: str, raw: bytes) -> Answer:
        """One OData call; a Fault becomes its error body."""
        try:
            match = _PATH.match(unquote(path))
            entity = checked(match.group(1)) if match else checked("")
            assert match is not None
            if method == "GET":
                return self.get_call(entity, match.group(2), match.group(3), match.group(4), query)
            return self.change_call(method, entity, match.group(2), match.group(3), raw)
        except KeyError:
            return 404, NOT_FOUND
        except Fault as fault:
            error: Row = {"code": "", "message": fault.message}
            if fault.inner:
                error["innererror"] = {
                    "message": fault.inner,
                    "type": fault.kind,
                    "stacktrace": "   at Terrasoft.Core.Entities.Entity.Save()",
                }
            return fault.status, {"error": error}

    def get_call(
        self, entity: str, key: str | None, part: str | None, value: str | None, query: str
    ) -> Answer:
        wanted = options(parse_qsl(query, keep_blank_values=True), entity)
        context = f"{request.host_url}0/odata/$metadata#{entity}"
        if key is not None:
            row = self.store.row(entity, key.strip("'").lower())
            if row is None:
                raise Fault(404, f"Entity '{entity}' with id '{key}' was not found.")
            if part is None:
                return 200, {"@odata.context": f"{context}/$entity", **self.store.render(entity, row, wanted)}
            name = property_of(entity, part).name
            shown = self.store.render(entity, row, Options(select=(name,))).get(name)
            return 200, str(shown) if value else {
                "@odata.context": f"{context}({key})/{name}",
                "value": shown,
            }
        stale = self.active.get("stale_find")
        newest = _ago(float(stale.get("seconds", 5))) if stale else None
        rows = self.store.select(entity, wanted, newest)
        if part == "$count":
            return 200, str(len(rows))
        if part is not None:
            raise KeyError(part)
        page = self.page(rows, wanted)
        body: Row = {"@odata.context": context}
        if wanted.count:
            body["@odata.count"] = len(rows)
        return 200, {**body, "value": [self.store.render(entity, row, wanted) for row in page]}

    def page(self, rows: list[Row], wanted: Options) -> list[Row]:
        """The slice that was asked for, cut at the row cap, disturbed by the paging vices."""
        limits = self.active.get("row_cap")
        cap = int(limits["rows"] if limits else self.setting("row_cap", "20000"))
        skip = wanted.skip
        if skip and "duplicate_rows" in self.active:
            skip -= 1
        shifting = self.active.get("shifting_pages")
        if skip and shifting is not None:
            # Rows already passed have been deleted since: everything behind them moves up.
            shifting["moved"] = min(shifting.get("moved", 0) + 3, skip)
            rows = rows[shifting["moved"] :]
        top = cap if wanted.top is None else min(wanted.top, cap)
        return rows[skip : skip + top]

    def change_call(self, method: str, entity: str, key: str | None, part: str | None, raw: bytes) -> Answer:
        if part is not None or (key is None) != (method == "POST"):
            raise Fault(405, f"The requested resource does not support http method '{method}'.")
        key = (key or "").lower()
        if method == "DELETE":
            with self.committing():
                self.store.delete(entity, key)
            return 204, None
        try:
            body = from_json(raw)
        except DecodeError as error:
            raise Fault(
                400, "The request is invalid.", f"item : {error}", "Newtonsoft.Json.JsonException"
            ) from None
        if method != "POST":
            with self.committing():
                self.store.update(entity, key, body, strict="strict_patch" in self.active)
            return 204, None
        with self.committing():
            row = self.store.create(entity, body)
            if self.use("fail_after_storing"):
                raise Fault(
                    500, "An error has occurred.", "Error in the after-insert handler.", "System.Exception"
                )
        shown = self.store.render(entity, row, Options())
        return 201, {"@odata.context": f"{request.host_url}0/odata/$metadata#{entity}/$entity", **shown}

    def batch(self) -> Response:
        """JSON batches: at most 100, stopping at the first error unless told to go on."""
        body = request.get_json(silent=True) or {}
        calls = body.get("requests")
        g.mutating = any(call.get("method", "GET").upper() != "GET" for call in calls or [])
        if not isinstance(calls, list) or not calls:
            return reply(400, {"error": {"code": "", "message": "The batch has no requests."}})
        if len(calls) > 100:
            return reply(400, {"error": {"code": "", "message": "The number of batch requests exceeds 100."}})
        goes_on = (
            "continue-on-error" in request.headers.get("Prefer", "") and "batch_stops" not in self.active
        )
        exact = from_json(request.get_data())["requests"]
        responses = []
        for call in exact:
            path, _, query = str(call.get("url", "")).lstrip("/").partition("?")
            path = path.removeprefix("0/").removeprefix("odata/")
            status, answer = self.guarded(call["method"].upper(), path, query, to_json(call.get("body")))
            headers = {"content-type": "application/json; odata.metadata=minimal"}
            responses.append(
                {"id": str(call.get("id")), "status": status, "headers": headers, "body": answer}
            )
            if status >= 400 and not goes_on:
                break
        return reply(200, {"responses": responses})


def _ago(seconds: float) -> str:
    return moment(time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - seconds)))
