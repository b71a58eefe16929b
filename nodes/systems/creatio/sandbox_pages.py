"""The imitated Creatio's own screens: a list of opportunities, a page for any record, and its button.

The button does what a Freedom UI button with a business process and a web-service call does: it sends the
record's id to an address and shows what came back. It guards against nothing: a double click sends twice.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
from flask import Response, abort, jsonify, redirect, request
from jinja2 import Environment, FileSystemLoader
from werkzeug.wrappers import Response as AnyResponse

from nodes.systems.creatio import sandbox_duplicates
from nodes.systems.creatio.sandbox_duplicates import MERGED
from nodes.systems.creatio.sandbox_query import Options, Row
from nodes.systems.creatio.sandbox_schema import collections, columns, entity_names

if TYPE_CHECKING:
    from nodes.systems.creatio.sandbox import CreatioSandbox

_templates = Environment(loader=FileSystemLoader(Path(__file__).with_name("pages")), autoescape=True)
_HIDDEN = {"Id", "CreatedOn", "CreatedById", "ModifiedById", "ProcessListeners"}
PAGE_SIZE = 25


def routes(sandbox: CreatioSandbox) -> None:
    """Adds the screens to the sandbox's app."""
    app = sandbox.app

    @app.get("/")
    @app.get("/0/")
    @app.get("/0/page/Opportunity")
    def home() -> str:
        wanted, page = request.args.get("q", "").strip(), max(request.args.get("page", 1, type=int), 1)
        rows = sandbox.store.select("Opportunity", Options(orderby="CreatedOn,Id"))
        shown = [_listed(sandbox, row) for row in rows]
        if wanted:
            shown = [
                row for row in shown if wanted.casefold() in f"{row['title']} {row['number']}".casefold()
            ]
        start = (page - 1) * PAGE_SIZE
        return _render(
            "list.html",
            rows=shown[start : start + PAGE_SIZE],
            total=len(shown),
            page=page,
            more=len(shown) > start + PAGE_SIZE,
            q=wanted,
        )

    @app.get("/0/Nui/ViewModule.aspx")
    def shell() -> str:
        return _render("shell.html")

    @app.get("/0/page/<entity>/<key>")
    def page(entity: str, key: str) -> str:
        row = sandbox.store.row(entity, key.lower()) if entity in entity_names() else None
        if row is None:
            abort(404, f"There is no {entity} with this id.")
        return _render(
            "record.html",
            entity=entity,
            key=row["Id"],
            title=_title(row),
            fields=_fields(sandbox, entity, row),
            lists=_lists(sandbox, entity, row),
            invoice=_invoice(row) if entity == "Opportunity" else None,
            others=sandbox_duplicates.alike(sandbox.store, entity, row["Id"]) if entity in MERGED else [],
            answer=sandbox.setting(f"answer:{row['Id']}"),
        )

    @app.post("/0/page/Opportunity/<key>/raise-invoice")
    def press(key: str) -> AnyResponse:
        if sandbox.store.row("Opportunity", key.lower()) is None:
            abort(404, "There is no opportunity with this id.")
        push(sandbox, key.lower())
        return redirect(f"/0/page/Opportunity/{key.lower()}", code=303)

    @app.post("/0/page/<entity>/<key>/merge")
    def merge(entity: str, key: str) -> AnyResponse:
        other = request.form.get("with", "").lower()
        if entity not in MERGED or not all(sandbox.store.row(entity, one) for one in (key.lower(), other)):
            abort(404, "Choose two records that are there.")
        with sandbox.committing():
            survivor = sandbox_duplicates.merge(sandbox.store, entity, [key.lower(), other])
        return redirect(f"/0/page/{entity}/{survivor['Id']}", code=303)

    @app.get("/_sandbox/opportunity/<key>")
    def state(key: str) -> Response:
        row = sandbox.store.row("Opportunity", key.lower())
        if row is None:
            abort(404)
        return jsonify(_invoice(row))

    @app.post("/_sandbox/button")
    def button() -> tuple[Response, int] | Response:
        url = (request.get_json(silent=True) or {}).get("url", "")
        if url and urlsplit(str(url)).scheme not in {"http", "https"}:
            return jsonify({"error": "The button's address must begin with http:// or https://."}), 400
        sandbox.set_setting("button_url", str(url))
        return jsonify({"url": url})

    @app.get("/_sandbox/home")
    def whereabouts() -> Response:
        return jsonify({"home": "/"})


def push(sandbox: CreatioSandbox, key: str) -> str:
    """Runs the button's process: posts the record's id, keeps and returns what to show for it."""
    url = sandbox.setting("button_url")
    if not url:
        said = "Not sent: this button has no address yet. Set it where the flow is published."
    else:
        body = {"id": key, "entity": "Opportunity", "user": sandbox.user}
        try:
            answer = requests.post(url, json=body, timeout=15)
            said = _said(answer)
        except requests.RequestException:
            said = f"Not sent: {urlsplit(url).netloc} did not answer."
    sandbox.set_setting(f"answer:{key}", said)
    return said


def _said(answer: requests.Response) -> str:
    try:
        body = answer.json()
    except ValueError:
        body = {}
    body = body if isinstance(body, dict) else {}
    if answer.ok:
        return f"Sent to Heddle: run {body.get('run', 'accepted')}"
    return f"Not sent: {body.get('message') or f'the receiver answered {answer.status_code}.'}"


def _render(name: str, **values: Any) -> str:
    return _templates.get_template(name).render(**values)


def _title(row: Row) -> str:
    return next(
        (str(row[name]) for name in ("Title", "Name", "Number", "LeadName", "UsrName") if row.get(name)), ""
    )


def _invoice(row: Row) -> dict[str, str]:
    link = row["UsrInvoiceLink"] or ""
    return {
        "number": row["UsrInvoiceNumber"] or "",
        "link": link if urlsplit(link).scheme in {"http", "https"} else "",
        "status": row["UsrInvoiceStatus"] or "",
    }


def _listed(sandbox: CreatioSandbox, row: Row) -> dict[str, Any]:
    stage = sandbox.store.row("OpportunityStage", row["StageId"] or "") or {}
    account = sandbox.store.row("Account", row["AccountId"] or "") or {}
    return {
        "id": row["Id"],
        "title": row["Title"],
        "account": account.get("Name", ""),
        "stage": stage.get("Name", ""),
        "won": bool(stage.get("Successful")),
        "lost": bool(stage.get("End")) and not stage.get("Successful"),
        "amount": _shown("m", row["Amount"]),
        "number": row["UsrInvoiceNumber"] or "",
    }


def _shown(kind: str, value: Any) -> str:
    if value in (None, ""):
        return ""
    if kind == "m":
        return f"{value:,.2f}"
    if kind == "b":
        return "Yes" if value else "No"
    if kind == "d":
        return str(value)[:10]
    return str(value)[:16].replace("T", " ") if kind == "dt" else str(value)


def _fields(sandbox: CreatioSandbox, entity: str, row: Row) -> list[dict[str, str]]:
    shown = []
    for column in columns(entity).values():
        value = row[column.name]
        if column.name in _HIDDEN or column.name.startswith("UsrInvoice") or value in (None, "", False):
            continue
        target = sandbox.store.row(column.target, value) if column.target else None
        shown.append(
            {
                "label": _label(column.path),
                "value": _title(target) if target else _shown(column.type, value),
                "link": f"/0/page/{column.target}/{value}" if target else "",
            }
        )
    return shown


def _lists(sandbox: CreatioSandbox, entity: str, row: Row) -> list[dict[str, Any]]:
    """The children that have products or amounts: the lines of a deal, the orders of an account."""
    found = []
    for child, column in collections(entity).values():
        rows = sandbox.store.children(child, column, row["Id"])
        if not rows or "Amount" not in columns(child):
            continue
        lines = []
        for line in rows[:100]:
            product = sandbox.store.row("Product", line.get("ProductId") or "")
            kind = sandbox.store.row("ProductCategory", (product or {}).get("CategoryId") or "") or {}
            lines.append(
                {
                    "title": _title(product) if product else _title(line),
                    "link": f"/0/page/{child}/{line['Id']}",
                    "kind": kind.get("Name", ""),
                    "quantity": _shown("n", line.get("Quantity")),
                    "price": _shown("m", line.get("Price")),
                    "amount": _shown("m", line.get("Amount")),
                }
            )
        found.append({"title": "Products" if "ProductId" in columns(child) else _label(child), "rows": lines})
    return found


def _label(path: str) -> str:
    """``BusinesPhone`` → ``Busines phone``."""
    words = "".join(
        f" {char.lower()}" if char.isupper() else char for char in path.removeprefix("Usr")
    ).strip()
    return words[:1].upper() + words[1:]
