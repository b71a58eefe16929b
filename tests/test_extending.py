"""The examples of docs/extending.md, taken from the page and put to work."""

from __future__ import annotations

import re
import threading
import tomllib
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, jsonify, request
from werkzeug.serving import make_server

from engine.connector import Query
from engine.errors import AccessError, EngineError, Unavailable
from engine.http import Http
from engine.node import NodeContext, Outbox
from engine.record import Change, Outcome, Record
from engine.registry import card, system_card

PAGE = (Path(__file__).resolve().parents[1] / "docs" / "extending.md").read_text()
NODE, CONNECTOR = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


def defined(source: str) -> dict[str, Any]:
    names: dict[str, Any] = {"__name__": "example"}
    exec(compile(source, "docs/extending.md", "exec", dont_inherit=True), names)
    return names


def test_the_node_shortens_and_refuses() -> None:
    names = defined(NODE)
    told = card(names["ShortenNode"])
    assert (told["type"], told["settings"]["properties"]["length"]["default"]) == ("shorten", 40)
    node = names["ShortenNode"](names["ShortenSettings"](field="name", length=5), NodeContext(node="n"))
    records = [Record("1", {"name": "Heddle"}), Record("2", {"name": "Warp"}), Record("3", {"name": 7})]
    out = Outbox()
    node.process(records, out)
    assert [record.data["name"] for record in out.ports["out"]] == ["Hedd…", "Warp"]
    assert [(record.key, error.message) for record, error in out.failures] == [("3", "name is not a text.")]
    assert records[0].data == {"name": "Heddle"}
    assert node.summary() == "name to 5 characters"


@pytest.fixture
def notes() -> Iterator[tuple[str, list[dict[str, Any]], list[int]]]:
    """The service that the example speaks to: its address, its rows, and statuses to answer with first."""
    app, rows, moods = Flask("notes"), [], []

    @app.before_request
    def mood() -> Any:
        if request.headers.get("Authorization") != "Bearer secret":
            return "", 401
        return ("", moods.pop(), {"Retry-After": "7"}) if moods else None

    @app.get("/me")
    def me() -> Any:
        return jsonify({"name": "Nora"})

    @app.get("/notes")
    def listed() -> Any:
        if "ref" in request.args:
            return jsonify([row for row in rows if row["ref"] == request.args["ref"]])
        after, limit = int(request.args["after"]), int(request.args["limit"])
        return jsonify([row for row in rows if row["id"] > after][:limit])

    @app.post("/notes")
    def add() -> Any:
        rows.append({"id": len(rows) + 1, **request.get_json()})
        return jsonify(rows[-1])

    @app.patch("/notes/<int:number>")
    def change(number: int) -> Any:
        rows[number - 1].update(request.get_json())
        return jsonify(rows[number - 1])

    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", rows, moods
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_connector_reads_finds_and_writes(notes: tuple[str, list[dict[str, Any]], list[int]]) -> None:
    url, rows, moods = notes
    names = defined(CONNECTOR)
    assert system_card(names["NotesConnector"])["settings"]["properties"]["token"]["writeOnly"]

    def open_with(token: str, **options: Any) -> Any:
        return names["NotesConnector"](names["NotesSettings"](url=url, token=token), Http(**options))

    connector = open_with("secret")
    assert connector.check().identity == "Nora"
    with pytest.raises(AccessError, match="refuses the token"):
        open_with("wrong").check()

    changes = [Change(f"k{n}", "create", {"text": f"Note {n}", "weight": Decimal("0.1")}) for n in range(3)]
    assert [result.outcome for result in connector.write("note", changes)] == [Outcome.CREATED] * 3
    assert [remote.id for remote in connector.resolve("note", [*changes])] == ["1", "2", "3"]
    assert connector.resolve("note", [Change("other", "create", {})]) == [None]
    assert connector.find("note", [{"ref": "k1"}])[0][0].data["text"] == "Note 1"

    first = connector.read(Query(entity="note"), None, 2)
    second = connector.read(Query(entity="note"), first.cursor, 2)
    assert [record.title for record in [*first.records, *second.records]] == ["Note 0", "Note 1", "Note 2"]
    assert second.cursor is None
    assert connector.entity("note").title_field == "text"

    updated = connector.write("note", [Change("u", "update", {"text": "New"}, remote_id="2")])
    assert (updated[0].outcome, rows[1]["text"]) == (Outcome.UPDATED, "New")
    moods.append(429)
    with pytest.raises(Unavailable) as busy:
        connector.read(Query(entity="note"), None, 2)
    assert busy.value.retry_after == 7
    with pytest.raises(EngineError, match="dry run"):
        open_with("secret", read_only=True).write("note", changes)
    assert len(rows) == 3


def test_the_entry_points_are_the_ones_that_are_read() -> None:
    (text,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    groups = tomllib.loads(text)["project"]["entry-points"]
    source = (Path(__file__).resolve().parents[1] / "engine" / "registry.py").read_text()
    assert all(f'"{group}"' in source for group in groups)
