"""The imitated Creatio beside OData: running a process, and the DataService's SelectQuery."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from flask import Response, g, request
from werkzeug.wrappers import Response as AnyResponse

from engine.record import to_json
from nodes.systems.creatio import sandbox_pages
from nodes.systems.creatio.sandbox_data import PROCESS
from nodes.systems.creatio.sandbox_query import Options
from nodes.systems.creatio.sandbox_schema import columns, entity_names

if TYPE_CHECKING:
    from nodes.systems.creatio.sandbox import CreatioSandbox


def reply(status: int, body: Any) -> Response:
    """An answer in the form that its body asks for: JSON, text or nothing."""
    if body is None:
        return Response("", status=status)
    if isinstance(body, str):
        kind = "text/html" if body.startswith("<!") else "text/plain"
        return Response(body, status=status, mimetype=kind)
    return Response(to_json(body), status=status, content_type="application/json; odata.metadata=minimal")


def routes(sandbox: CreatioSandbox) -> None:
    """Adds both services, with and without ``/0``."""
    for root, host in (("/0", "framework"), ("", "core")):
        for path, serve in (
            ("ServiceModel/ProcessEngineService.svc/RunProcess", _run_process),
            ("DataService/json/SyncReply/SelectQuery", _select_query),
        ):
            sandbox.app.add_url_rule(
                f"{root}/{path}",
                f"{host}-{serve.__name__}",
                _guard(sandbox, host, serve),
                methods=["POST"],
            )


def _guard(sandbox: CreatioSandbox, host: str, serve: Any) -> Any:
    def answer() -> AnyResponse:
        refused = sandbox.wrong_host(host) or sandbox.denial()
        return refused or serve(sandbox, request.get_json(silent=True) or {})

    return answer


def _run_process(sandbox: CreatioSandbox, body: dict[str, Any]) -> Response:
    """Knows one process, that of the button; parameters it does not know are dropped in silence."""
    name = body.get("schemaName", "")
    if name != PROCESS:
        error = {"errorCode": "ItemNotFoundException", "message": f'Schema with name "{name}" not found.'}
        return reply(200, {"success": False, "processId": None, "processStatus": 0, "errorInfo": error})
    given = {item.get("name"): item.get("value") for item in body.get("parameterValues", [])}
    said = sandbox_pages.push(sandbox, str(given.get("RecordId", "")).lower())
    with sandbox.committing():
        pass  # What the process did is done; only its answer can be lost.
    results = {wanted: said for wanted in body.get("resultParameterNames", []) if wanted == "Answer"}
    return reply(
        200,
        {
            "processId": secrets.token_hex(16),
            "processStatus": 2,
            "resultParameterValues": results,
            "success": True,
            "errorInfo": None,
        },
    )


def _select_query(sandbox: CreatioSandbox, body: dict[str, Any]) -> Response:
    """Named columns, rowCount and rowsOffset; filters are refused, OData is there for them."""
    g.mutating = False
    entity = body.get("rootSchemaName", "")
    named: dict[str, Any] = (body.get("columns") or {}).get("items") or {}
    paths = {alias: item.get("expression", {}).get("columnPath", alias) for alias, item in named.items()}
    trouble = ""
    if entity not in entity_names():
        trouble = f"Schema {entity} not found."
    elif stray := [path for path in paths.values() if path not in columns(entity)]:
        trouble = f"Column by path {stray[0]} not found in schema {entity}."
    elif (body.get("filters") or {}).get("items"):
        trouble = "Filters are not supported by this imitation; use OData."
    if trouble:
        status = {"ErrorCode": "ItemNotFoundException", "Message": trouble, "Errors": []}
        return reply(200, {"responseStatus": status, "success": False, "rowsAffected": -1})
    start, count = max(int(body.get("rowsOffset", 0)), 0), int(body.get("rowCount", -1))
    rows = sandbox.store.select(entity, Options(orderby="Id"))[start:]
    shown = [sandbox.store.render(entity, row, Options()) for row in (rows if count < 0 else rows[:count])]
    chosen = [{alias: row[path] for alias, path in (paths or {"Id": "Id"}).items()} for row in shown]
    return reply(200, {"rowConfig": {}, "rows": chosen, "rowsAffected": len(chosen), "success": True})
