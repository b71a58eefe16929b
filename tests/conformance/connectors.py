"""How each connector is tried against its sandbox: what to write there, and by what it is found again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Case:
    """One system.

    entity   what is written        make    (n, text) → the fields of the n-th object, with a text in them
    match    its match fields       text    the field that takes any text    values   fields for exact values
    longest  characters that the text field holds           page    records of one page in these tests
    """

    entity: str
    text: str
    make: Callable[[int, str], dict[str, Any]]
    match: tuple[str, ...]
    longest: int
    values: dict[str, Any] = field(default_factory=dict)
    page: int = 7


CASES: dict[str, Case] = {
    "http": Case(
        entity="customers",
        text="name",
        make=lambda n, text: {"number": f"T-{n}", "name": text},
        match=("number",),
        longest=10_000,
        values={
            "amount": "0.10",
            "big": 9007199254740993,
            "at": "2026-12-31T23:30:00Z",
            "day": "2026-12-31",
            "none": None,
            "empty": "",
        },
    ),
    "odata": Case(
        entity="Customers",
        text="Name",
        make=lambda n, text: {"Number": f"T-{n}", "Name": text},
        match=("Number",),
        longest=10_000,
        values={"Limit": "12345678901234567.10", "Since": "2026-12-31", "City": "", "Rank": None},
    ),
    "creatio": Case(
        entity="Contact",
        text="Name",
        make=lambda n, text: {"Name": text, "Email": f"t{n}@example.org"},
        match=("Email",),
        longest=250,
        values={"BirthDate": "2026-12-31", "JobTitle": ""},
    ),
    "intacct": Case(
        entity="CUSTOMER",
        text="NAME",
        make=lambda n, text: {"CUSTOMERID": f"T-{n}", "NAME": text},
        match=("CUSTOMERID",),
        longest=100,
        values={"CREDITLIMIT": "1234.10", "COMMENTS": ""},
    ),
}
