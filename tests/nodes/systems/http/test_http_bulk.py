"""Answers about several records of one call: in order, by a place, by a value, or of the refused alone."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from engine.connector import Partly
from engine.errors import InDoubt
from nodes.systems.http.settings import WriteForm
from tests.nodes.systems.http.test_http_answers import answer, write

PLACE = {"body": "array", "whose": {"kind": "place", "path": "$.index"}}
VALUE = {"body": "array", "whose": {"kind": "value", "path": "$.ref", "field": "$.number"}}


def outcomes(results: Any) -> list[str | None]:
    return [None if one is None else str(one.outcome) for one in results]


@pytest.mark.parametrize(
    ("form", "told"),
    [
        (PLACE, [{"index": 2, "id": "c"}, {"index": "0", "id": "a"}, {"index": 1, "error": "No."}]),
        (VALUE, [{"ref": 2, "id": "c"}, {"ref": "0", "id": "a"}, {"ref": 1, "error": "No."}]),
    ],
)
def test_answers_in_another_order_are_given_to_whom_they_are_about(
    monkeypatch: pytest.MonkeyPatch, form: dict[str, Any], told: list[Any]
) -> None:
    results = write(monkeypatch, answer(told), 3, results="$", id="$.id", **form)
    assert [one.remote_id for one in results] == ["a", None, "c"]
    assert outcomes(results) == ["created", "failed", "created"]
    assert results[1].message == "api.example.com refused this invoices: No."


@pytest.mark.parametrize("status", [200, 207])
def test_where_the_refused_alone_are_told_of_the_others_were_written(
    monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    told = {
        "success": False,
        "errors": [{"row": 2, "message": "No name."}, {"row": 4, "message": "Late."}, {"row": 4, "message": "Paid."}],
    }  # fmt: skip
    form = {
        "body": "array",
        "refused": "$.errors",
        "whose": {"kind": "place", "path": "$.row", "first": 1},
        "success": {"path": "$.success"},
    }
    results = write(monkeypatch, answer(told, status), 4, **form)
    assert outcomes(results) == ["created", "failed", "created", "failed"]
    assert [one.message.partition(": ")[2] for one in results] == ["", "No name.", "", "Late; Paid."]
    for none in ({"success": True}, {"success": True, "errors": []}):
        assert outcomes(write(monkeypatch, answer(none), 2, **form)) == ["created", "created"]
    assert outcomes(write(monkeypatch, answer({"success": False}), 2, **form)) == ["failed", "failed"]
    assert outcomes(write(monkeypatch, answer(b""), 2, **{**form, "success": None})) == ["created"] * 2


def test_both_may_be_told_apart_from_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    told = {"results": [{"id": "b", "ref": 1}], "errors": [{"ref": 0, "error": {"text": "No."}}]}
    form = {**VALUE, "results": "$.results", "refused": "$.errors", "id": "$.id", "error": "$.error.text"}
    results = write(monkeypatch, answer(told, 207), 2, **form)
    assert outcomes(results) == ["failed", "created"]
    assert results[0].message.endswith("No.")
    with pytest.raises(Partly) as partly:
        write(monkeypatch, answer(told, 207), 3, **form)
    assert outcomes(partly.value.results) == ["failed", "created", None]
    assert isinstance(partly.value.error, InDoubt)


@pytest.mark.parametrize(
    ("told", "sure"),
    [
        ([{"index": 0}, {"index": 0}, {"index": 1}], [None, "created", None]),
        ([{"index": 7}, {"index": 1}, {}], [None, "created", None]),
        ([{"index": -1}, {"index": True}, {"index": 2}], [None, None, "created"]),
    ],
)
def test_who_is_not_answered_for_or_twice_is_in_doubt(
    monkeypatch: pytest.MonkeyPatch, told: list[Any], sure: list[Any]
) -> None:
    with pytest.raises(Partly) as partly:
        write(monkeypatch, answer(told), 3, results="$", **PLACE)
    assert outcomes(partly.value.results) == sure
    assert partly.value.unsent == []


@pytest.mark.parametrize(
    "told", [{"errors": [{"ref": "elsewhere"}]}, {"errors": [{}]}, {"errors": {"0": "No."}}]
)
def test_as_long_as_it_is_not_known_who_was_refused_all_are_in_doubt(
    monkeypatch: pytest.MonkeyPatch, told: Any
) -> None:
    with pytest.raises(InDoubt):
        write(monkeypatch, answer(told), 2, refused="$.errors", **VALUE)


def test_the_form_asks_how_the_refused_are_named() -> None:
    given = {"create": {"path": "/invoices"}, "body": "array", "refused": "$.errors"}
    with pytest.raises(ValidationError, match="say how an answer names its record"):
        WriteForm.model_validate(given)
    WriteForm.model_validate({**given, **PLACE})
