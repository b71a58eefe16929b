"""What failures have in common, and the money in them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import causes


@pytest.mark.parametrize(
    ("message", "values", "sentence"),
    [
        (
            "Invoice R-17 of Ann Ltd: the period is closed.",
            ["R-17", "Ann Ltd"],
            "Invoice … of …: the period is closed.",
        ),
        ("No customer Ann Ltd, 5.50 EUR.", ["Ann Ltd", Decimal("5.50"), "EUR"], "No customer …."),
        ("Ann Ltd", ["Ann Ltd", "Ann"], "…"),
        ("The period is closed.", ["period", "in", ""], "The period is closed."),
        ("Account 4000 is closed.", [], "Account 4000 is closed."),
        ("No object 0f8fad5b-d9cb-469f-a165-70867728950e.", [], "No object …."),
        ("INV-10 and INV-1", ["INV-1"], "INV-10 and …"),
        ("Refused.", [True, None, {"a": 1}], "Refused."),
    ],
)
def test_own_values_are_taken_out(message: str, values: list[Any], sentence: str) -> None:
    assert causes.template(message, values) == sentence


@pytest.mark.parametrize(
    ("sentence", "messages", "shown"),
    [
        ("No … for ….", ["No account for R-1.", "No account for R-2."], "No account for …."),
        ("No … for ….", ["No account for R-1."], "No account for R-1."),
        ("No … for ….", ["No account for R-1.", "No rate for R-2."], "No … for …."),
        ("…: …", [" Ann:\nx", "Ann:\nx "], "…: …"),
        ("Refused.", ["Refused.", "Refused."], "Refused."),
        ("… is closed.", ["May is closed.", "something else"], "… is closed."),
        ("… is closed.", [], "… is closed."),
    ],
)
def test_what_all_have_in_common_is_said(sentence: str, messages: list[str], shown: str) -> None:
    assert causes.filled(sentence, messages) == shown


@given(st.text(max_size=30), st.lists(st.text(max_size=8), max_size=5))
def test_a_cause_of_one_message_is_told_as_it_was(message: str, values: list[str]) -> None:
    assert causes.filled(causes.template(message, values), [message]) in (
        message.strip(), causes.template(message, values)
    )  # fmt: skip


@given(st.text(max_size=30), st.lists(st.text(max_size=8), max_size=5))
def test_it_never_fails_whatever_a_system_says(message: str, values: list[str]) -> None:
    assert len(causes.template(message, values)) <= max(len(message), 1)


@given(st.from_regex(r"[A-Z][0-9]{3,6}", fullmatch=True), st.from_regex(r"[A-Z][0-9]{3,6}", fullmatch=True))
def test_records_that_fail_alike_are_one_cause(one: str, other: str) -> None:
    said = [causes.template(f"Order {key} is locked.", [key]) for key in (one, other)]
    assert said[0] == said[1] == "Order … is locked."


@pytest.mark.parametrize(
    ("data", "field", "found"),
    [
        ({"Amount": "12.50", "Currency": "EUR"}, "", (Decimal("12.50"), "EUR")),
        ({"TOTAL_AMOUNT": Decimal(3)}, "", (Decimal(3), "")),
        ({"HEAD": {"SUM": "7"}}, "HEAD.SUM", (Decimal(7), "")),
        ({"total": "unknown"}, "", None),
        ({"total": 0}, "", None),
        ({"name": "x"}, "", None),
        ([1], "", None),
    ],
)
def test_money_is_known_where_a_field_says_so(data: Any, field: str, found: Any) -> None:
    assert causes.money(data, field) == found
