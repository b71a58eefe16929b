"""What an answer means where the connection says little about it: services tell of failures in many ways, also with 200."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from requests import Response

from engine import patience
from engine.connector import Query
from engine.errors import InDoubt, RecordRejected, Unavailable
from engine.http import Http
from engine.record import Change, Result, from_json, to_json
from nodes.systems.http.connector import HttpConnector
from nodes.systems.http.settings import HttpSettings


def answer(body: Any, status: int = 200, **headers: str) -> Response:
    response = Response()
    response.status_code = status
    response._content = body if isinstance(body, bytes) else to_json(body)
    response.headers.update(headers)
    return response


def connect(
    monkeypatch: pytest.MonkeyPatch, given: Response, errors: Sequence[Any] = (), **entity: Any
) -> tuple[HttpConnector, list[Any]]:
    """A connection whose service gives one answer to everything; and what it was asked."""
    settings = {
        "url": "https://api.example.com",
        "entities": [{"name": "invoices", **entity}],
        "errors": errors,
    }
    connector, asked = HttpConnector(HttpSettings.model_validate(settings), Http()), []
    monkeypatch.setattr(connector.line, "call", lambda *args, **more: asked.append(more) or given)
    return connector, asked


def write(monkeypatch: pytest.MonkeyPatch, given: Response, count: int = 1, **form: Any) -> list[Result]:
    connector, _ = connect(monkeypatch, given, write={"create": {"path": "/invoices"}, **form})
    changes = [Change(f"key {at}", "create", {"number": at}) for at in range(count)]
    return connector.write("invoices", changes)


CLOSED = {"error": {"message": "Period 10/2026 is closed", "code": "P7"}}
MESSAGE = "$.error.message"


def test_a_rule_lets_a_record_wait_with_the_reason_as_its_question(monkeypatch: pytest.MonkeyPatch) -> None:
    rule = {"status": "4xx", "path": MESSAGE, "equals": "period *CLOSED", "then": "hold"}
    form = {"create": {"path": "/invoices"}, "delete": {"path": "/invoices/{id}"}}
    connector, _ = connect(monkeypatch, answer(CLOSED, 422), [rule], write=form)
    (held,) = connector.write("invoices", [Change("key", "create", {"number": 1})])
    assert (held.outcome, held.message) == (
        "held",
        "Held: api.example.com refused the invoices (422): Period 10/2026 is closed.",
    )
    assert held.question == {"kind": "refused", "entity": "invoices", "reason": "Period 10/2026 is closed"}
    (kept,) = connector.write("invoices", [Change("key", "delete", {}, "7")])
    assert (kept.outcome, kept.question) == ("held", held.question)


def test_a_rule_says_that_it_may_have_been_written(monkeypatch: pytest.MonkeyPatch) -> None:
    rules = [{"path": MESSAGE, "equals": "*closed", "then": "doubt"}]
    connector, _ = connect(
        monkeypatch, answer(CLOSED, 400), rules, write={"create": {"path": "/invoices"}}, read={"path": "/i"}
    )
    with pytest.raises(InDoubt, match=r"failed \(400\) while it was writing: Period 10/2026 is closed\."):
        connector.write("invoices", [Change("key", "create", {"number": 1})])
    with pytest.raises(Unavailable):
        connector.read(Query(entity="invoices"), None, 5)


@pytest.mark.parametrize(
    ("pattern", "fits"),
    [
        ("Period 10/2026 is closed", True),
        ("period 10/2026 is closed", False),
        ("*", True),
        ("*2026*", True),
        ("period*closed", True),
        ("period*10*is*", True),
        ("*is*10*", False),
        ("period 10/2026 is closed*closed", False),
        ("*open*", False),
    ],
)
def test_stars_stand_for_any_text(monkeypatch: pytest.MonkeyPatch, pattern: str, fits: bool) -> None:
    rules = [{"path": MESSAGE, "equals": pattern, "then": "hold"}]
    connector, _ = connect(monkeypatch, answer(CLOSED, 400), rules, write={"create": {"path": "/invoices"}})
    (result,) = connector.write("invoices", [Change("key", "create", {"number": 1})])
    assert result.outcome == ("held" if fits else "failed")


@pytest.mark.parametrize("form", [{}, {"id": "$.id"}, {"error": "$.problem"}])
@pytest.mark.parametrize(
    "body",
    [
        {"error": "Not on Sundays."},
        {"errors": [{"message": "Not on Sundays"}]},
        {"success": False, "message": "Not on Sundays."},
        {"ok": False, "error": "Not on Sundays"},
        {"status": "error", "message": "Not on Sundays"},
    ],
)
def test_a_good_status_with_a_complaint_is_a_refusal(
    monkeypatch: pytest.MonkeyPatch, body: Any, form: Any
) -> None:
    (result,) = write(monkeypatch, answer(body), **form)
    assert result.outcome == "failed"
    assert result.message == "api.example.com refused this invoices: Not on Sundays."


@pytest.mark.parametrize(
    "body",
    [
        {"id": 7, "error": None, "errors": []},
        {"id": 7, "status": "failed", "error": "card declined"},
        {"id": 7, "success": True},
    ],
)
def test_what_was_made_may_have_an_error_of_its_own(monkeypatch: pytest.MonkeyPatch, body: Any) -> None:
    (result,) = write(monkeypatch, answer(body, 201), id="$.id")
    assert (result.outcome, result.remote_id) == ("created", "7")


def test_the_form_has_the_last_word(monkeypatch: pytest.MonkeyPatch) -> None:
    success = {"path": "$.code", "equals": "0"}
    assert write(monkeypatch, answer({"code": 0, "error": "none"}), success=success)[0].outcome == "created"
    assert write(monkeypatch, answer({"code": 9, "success": True}), success=success)[0].outcome == "failed"


def test_each_of_several_has_its_own_status(monkeypatch: pytest.MonkeyPatch) -> None:
    told = [
        {"status": 201, "id": "a"},
        {"status": 422, "detail": "no"},
        {"status": "409 Conflict"},
        {"success": False},
    ]
    form = {"body": "array", "results": "$.results", "id": "$.id"}
    results = write(monkeypatch, answer({"results": told}, 207), 4, **form)
    assert [one.outcome for one in results] == ["created", "failed", "failed", "failed"]
    assert results[1].message == "api.example.com refused this invoices: no."
    success = {"path": "$.done", "equals": "yes"}
    results = write(
        monkeypatch, answer([{"done": "yes"}, {"done": "no"}]), 2, body="array", results="$", success=success
    )
    assert [one.outcome for one in results] == ["created", "failed"]
    whole = write(monkeypatch, answer({"error": "too many"}), 2, body="array")
    assert [one.outcome for one in whole] == ["failed", "failed"]


@pytest.mark.parametrize(
    ("body", "kind", "form"),
    [
        (b"<!doctype html><title>Sign in</title>", "text/html", {}),
        (b"\n<html>", "", {}),
        (b"<ok/>", "application/xml", {"id": "$.id"}),
        (b"OK", "text/plain", {"success": {"path": "$.ok"}}),
    ],
)
def test_no_json_where_some_is_looked_for_is_a_doubt(
    monkeypatch: pytest.MonkeyPatch, body: bytes, kind: str, form: Any
) -> None:
    with pytest.raises(InDoubt, match="something else than JSON"):
        write(monkeypatch, answer(body, **{"Content-Type": kind}), **form)


@pytest.mark.parametrize("body", [b"", b"OK", b"<ok/>"])
def test_a_plain_yes_is_enough_where_nothing_is_looked_for(
    monkeypatch: pytest.MonkeyPatch, body: bytes
) -> None:
    assert write(monkeypatch, answer(body, 201))[0].outcome == "created"


def test_the_address_of_what_was_made_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    made = answer(b"", 201, Location="https://api.example.com/invoices/A%2F7?x=1")
    assert write(monkeypatch, made)[0].remote_id == "A/7"


def test_an_answer_without_the_list_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    read = {"path": "/invoices", "records": "$.data"}
    connector, _ = connect(monkeypatch, answer({"error": {"message": "Your plan has no API."}}), read=read)
    with pytest.raises(
        RecordRejected, match=r"no list of invoices at \$\.data, but: Your plan has no API\.$"
    ):
        connector.read(Query(entity="invoices"), None, 10)


def test_a_search_by_post_sends_numbers_as_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    typed = {"filter": '{"open": true}', "exact": "1.10", "text": '"5"', "word": "by name"}
    read = {
        "path": "/search",
        "method": "POST",
        "query": [{"name": name, "value": value} for name, value in typed.items()],
        "records": "$.results",
        "paging": {"kind": "cursor", "parameter": "after", "size_parameter": "size"},
    }
    connector, asked = connect(monkeypatch, answer({"results": [{"id": 1}], "next_cursor": "b"}), read=read)
    page = connector.read(Query(entity="invoices"), None, 50)
    connector.read(Query(entity="invoices"), page.cursor, 50)
    assert [from_json(to_json(one["body"])) for one in asked] == [
        from_json(b'{"filter": {"open": true}, "exact": 1.10, "text": "5", "word": "by name", "size": 50}'),
        from_json(
            b'{"filter": {"open": true}, "exact": 1.10, "text": "5", "word": "by name", "after": "b", "size": 50}'
        ),
    ]


@pytest.mark.parametrize(
    ("status", "shut"), [(502, True), (503, True), (504, True), (500, False), (429, False)]
)
def test_a_service_that_is_away_is_waited_for_by_all(
    monkeypatch: pytest.MonkeyPatch, status: int, shut: bool
) -> None:
    connector, _ = connect(
        monkeypatch, answer({"message": "Maintenance"}, status), read={"path": "/invoices"}
    )
    with pytest.raises(Unavailable) as away:
        connector.read(Query(entity="invoices"), None, 10)
    assert patience.is_shut(away.value) == shut
