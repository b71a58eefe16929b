"""Input that nobody should send: one clear error with a code and a cure, and nothing half-written."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.designer.conftest import Desk, Ledger, exact, pipeline, work


def read_by_call() -> dict[str, Any]:
    """A drawing that reads the records which a call names, and all of them when started by hand."""
    document = pipeline(name="Read by call")
    only = {"kind": "path", "path": "$.id"}
    read = {"id": "read", "type": "read", "settings": {"slot": "books", "entity": "invoice", "only": only}}
    return {
        **document,
        "nodes": [*document["nodes"], read],
        "edges": [
            {"source": "call", "target": "read"},
            {"source": "hand", "target": "read"},
            {"source": "read", "target": "map"},
            {"source": "map", "target": "write"},
        ],
    }


@pytest.fixture
def by_call(editor: Desk, live: str) -> dict[str, Any]:
    made: dict[str, Any] = exact(editor.post("/api/flows", {"document": read_by_call()}))
    answer = editor.post(f"/api/flows/{made['slug']}/publish", {"revision": made["revision"]})
    assert answer.status_code == 200, exact(answer)
    return made


@pytest.mark.parametrize(
    "body",
    [
        *(b"[1, 2]", b'"text"', b"7", b"null", b"{}", b"[]", b"", b'{"Id": "A9"}', b'{"id": ""}'),
        *(b'{"id": null}', b'{"id": [[1]]}'),
    ],
)
def test_a_call_that_names_no_record_never_reads_them_all(
    app: Any, nobody: Desk, admin: Desk, by_call: dict[str, Any], body: bytes
) -> None:
    Ledger.stored.update({str(n): {"product": "Widgets", "total": n} for n in range(5)})
    answer = nobody.post(by_call["hook"]["url"], data=body, content_type="application/json")
    told = exact(answer)
    assert (answer.status_code, told["code"]) == (422, "E-FLOW")
    assert [problem["code"] for problem in told["problems"]] == ["E-READ-ONLY"]
    assert told["cure"]
    work(app)
    assert Ledger.written == []
    assert exact(admin.get(f"/api/runs?flow={by_call['slug']}"))["runs"] == []


@pytest.mark.parametrize("brought", [{}, {"input": {}}, {"input": None}])
def test_a_start_by_hand_that_brings_nothing_reads_all(
    app: Any, editor: Desk, by_call: dict[str, Any], brought: dict[str, Any]
) -> None:
    Ledger.stored.update({str(n): {"product": "Widgets", "total": n} for n in range(3)})
    started = editor.post(f"/api/flows/{by_call['slug']}/runs", {"mode": "live", **brought})
    assert started.status_code == 202
    work(app)
    assert len(Ledger.written) == 3


@pytest.mark.parametrize(
    "more",
    [
        {"layout": {"write": {"x": "1e400", "y": 0}}},
        {"layout": {"write": {"x": 0, "y": "-1e999999"}}},
        {"policy": {"retry_minutes": ["1e400"]}},
        {"policy": {"retry_minutes": [-5]}},
        {"policy": {"lanes": "1e99999"}},
    ],
)
def test_numbers_without_end_are_refused_and_nothing_is_kept(editor: Desk, more: dict[str, Any]) -> None:
    text = json.dumps({"document": pipeline(**more)})
    for number in ("1e400", "-1e999999", "1e99999"):
        text = text.replace(f'"{number}"', number)
    answer = editor.post("/api/flows/import", data=text, content_type="application/json")
    told = exact(answer)
    assert (answer.status_code, told["code"]) == (422, "E-DOCUMENT")
    assert told["cure"]
    assert told["problems"][0]["field"].startswith(f"document.{next(iter(more))}")
    assert exact(editor.get("/api/flows")) == []


@pytest.mark.parametrize("text", ['"text"', "null", "[]", "7"])
def test_a_body_that_is_no_object_is_told_so(editor: Desk, text: str) -> None:
    answer = editor.post("/api/flows/import", data=text, content_type="application/json")
    assert (answer.status_code, exact(answer)["message"]) == (422, "The request should be a JSON object.")


def test_a_refused_publication_names_the_first_cure(editor: Desk) -> None:
    made = exact(editor.post("/api/flows", {"name": "Empty"}))
    answer = editor.post(f"/api/flows/{made['slug']}/publish", {"revision": made["revision"]})
    told = exact(answer)
    assert (answer.status_code, told["cure"]) == (422, told["problems"][0]["cure"])
    assert told["cure"]
