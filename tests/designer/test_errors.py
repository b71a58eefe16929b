"""One error shape, whatever goes wrong and wherever."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openapi_spec_validator import validate

from engine.store import flows
from tests.designer.conftest import Desk, drawing, exact
from tests.designer.test_access import address, endpoints

SHAPE = {"code", "message", "detail", "cure", "problems"}
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def has_the_shape(answer: Any) -> bool:
    body = exact(answer)
    return (
        answer.mimetype == "application/json"
        and body.keys() >= SHAPE
        and body["code"].startswith("E-")
        and body["message"].strip() != ""
        and all(problem["message"] for problem in body["problems"])
    )


def test_every_method_at_every_address_fails_in_the_one_shape(app: Any, admin: Desk) -> None:
    addresses = {address(rule) for _, rule, _ in endpoints(app)} | {"/api/nothing/here", "/hooks/a"}
    pages = {
        path for path in addresses if path.startswith("/approve/")
    }  # for people: they answer with a page
    for path in sorted(addresses - pages - {"/api/session"}):
        for method in METHODS:
            for body in (None, {"nonsense": 1}):
                answer = admin.call(method, path, body)
                assert answer.status_code < 500 or answer.status_code == 503, (method, path, answer.text)
                if answer.status_code >= 400:
                    assert has_the_shape(answer), (method, path, answer.text)


def test_an_unknown_method_says_which_are_allowed(admin: Desk) -> None:
    answer = admin.put("/api/flows", {})
    assert (answer.status_code, exact(answer)["code"]) == (405, "E-METHOD")
    assert set(answer.headers["Allow"].split(", ")) >= {"GET", "POST"}


@pytest.mark.parametrize("raw", [b"{", b"nul", b'{"a": NaN}', b"\xff\xfe", b"[" * 5000])
def test_malformed_json_is_named_as_such(editor: Desk, raw: bytes) -> None:
    answer = editor.call("POST", "/api/flows", data=raw, content_type="application/json")
    assert (answer.status_code, exact(answer)["code"]) == (400, "E-JSON")
    assert has_the_shape(answer)


def test_another_content_type_is_refused(editor: Desk) -> None:
    answer = editor.call("POST", "/api/flows", data=b'{"name": "x"}', content_type="text/plain")
    assert (answer.status_code, exact(answer)["code"]) == (415, "E-CONTENT-TYPE")


def test_wrong_types_are_named_with_their_place(editor: Desk, flow: str) -> None:
    answer = editor.put(f"/api/flows/{flow}/draft", {"document": [], "revision": "one", "extra": 1})
    body = exact(answer)
    assert (answer.status_code, body["code"]) == (422, "E-BODY")
    assert {(problem["field"], problem["code"]) for problem in body["problems"]} == {
        ("document", "E-VALUE"), ("revision", "E-VALUE"), ("extra", "E-UNKNOWN"),
    }  # fmt: skip
    missing = exact(editor.put(f"/api/flows/{flow}/draft", {"revision": 1}))
    assert missing["message"] == "«document» is missing."


@pytest.mark.parametrize("body", [[], "text", 7, None, True])
def test_a_body_that_is_no_object_is_refused_in_words(editor: Desk, body: Any) -> None:
    answer = editor.call("POST", "/api/flows/import", data=json.dumps(body), content_type="application/json")
    assert answer.status_code == 422
    assert "Imported" not in answer.text


def test_queries_are_checked_too(admin: Desk) -> None:
    answer = admin.get("/api/runs?limit=many&state=asleep")
    assert answer.status_code == 422
    assert {problem["field"] for problem in exact(answer)["problems"]} == {"limit", "state"}


def test_too_much_is_refused_with_the_limit(editor: Desk) -> None:
    text = b'{"document": "' + b"x" * (10 * 1024 * 1024) + b'"}'
    answer = editor.call("POST", "/api/flows/import", data=text, content_type="application/json")
    assert (answer.status_code, exact(answer)["code"]) == (413, "E-TOO-LARGE")
    assert "10 MB" in exact(answer)["message"]


def test_a_fault_of_ours_says_nothing_of_the_inside(editor: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise ZeroDivisionError("inside of the machine")

    monkeypatch.setattr(flows, "all_flows", broken)
    answer = editor.get("/api/flows")
    assert answer.status_code == 500
    assert has_the_shape(answer)
    assert "inside" not in answer.text
    assert "Reference" in exact(answer)["detail"]


def test_the_description_is_valid_openapi(nobody: Desk) -> None:
    answer = nobody.get("/openapi.json")
    described = answer.get_json()
    validate(described)
    assert described["paths"].keys() >= {"/api/flows/{slug}/draft", "/hooks/{slug}/{key}"}
    operations = [operation for path in described["paths"].values() for method, operation in path.items()]
    assert all(operation.get("summary") for operation in operations)
    assert len({operation["operationId"] for operation in operations}) == len(operations)
    refusals = [
        operation["responses"]["422"]["content"]["application/json"]["schema"] for operation in operations
    ]
    assert all(schema == {"$ref": "#/components/schemas/ErrorBody"} for schema in refusals)


def test_every_endpoint_is_described(app: Any, nobody: Desk) -> None:
    described = nobody.get("/openapi.json").get_json()["paths"]
    ours = {
        (method.lower(), rule.replace("<", "{").replace(">", "}"))
        for method, rule, _ in endpoints(app)
        if rule != "/openapi.json"
    }
    plain = {
        (method, path.replace("{string:", "{").replace("{path:", "{").replace("{int:", "{"))
        for method, path in ours
    }
    assert plain == {(method, path) for path, operations in described.items() for method in operations}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    extra=st.dictionaries(
        st.sampled_from(["nodes", "edges", "slots", "tables", "rules", "policy", "layout", "name"]), JSON
    )
)
def test_no_document_makes_the_server_stumble(editor: Desk, extra: dict[str, Any]) -> None:
    answer = editor.post("/api/flows/check", {"document": {**drawing(), **extra}})
    assert answer.status_code in {200, 400, 422}, answer.text
    if answer.status_code == 422:
        assert has_the_shape(answer)
        assert all(problem["field"] for problem in exact(answer)["problems"])


@pytest.mark.parametrize("depth", [100, 400, 900])
def test_deeply_nested_settings_are_kept_or_refused(editor: Desk, depth: int) -> None:
    nested = '{"a":' * depth + "1" + "}" * depth
    text = (
        f'{{"document": {{"name": "deep", "nodes": [{{"id": "n", "type": "odd", "settings": {nested}}}]}}}}'
    )
    answer = editor.call("POST", "/api/flows/import", data=text, content_type="application/json")
    assert answer.status_code in {201, 400, 422}, answer.text[:300]


@pytest.mark.parametrize("name", ['"\\ud800"', '"a\\u0000b"'])
def test_text_that_no_database_takes_is_refused(editor: Desk, name: str) -> None:
    text = f'{{"name": {name}}}'
    answer = editor.call("POST", "/api/flows", data=text, content_type="application/json")
    assert answer.status_code == 400, answer.text[:300]
