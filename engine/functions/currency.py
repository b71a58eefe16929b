"""Currency conversion by dated rate tables: exact, rounded once, to the places of the target currency."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Context, Decimal, InvalidOperation
from typing import Annotated, Any

from engine.errors import Held
from engine.functions.number import rounded
from engine.functions.rows import Line, cell
from engine.functions.signature import BadInput, Kind, Money, Text, as_number, as_text, function
from engine.functions.table import DAY, TABLE, Table, loose

_EXACT = Context(prec=600)
"""Holds the product of any two numbers taken in; of a quotient so many digits that only one rounding counts."""

Currency = Annotated[str, Kind("text", as_text)]


def _is_rates(args: Mapping[str, Any]) -> None:
    table = args.get("table")
    if not isinstance(table, Table):
        return
    if table.rates is None:
        raise BadInput(f"the table {table.title} is not one of currency rates")
    for name in (table.rates.to, table.rates.rate, *([table.rates.type] if table.rates.type else [])):
        table.column(name)


def _which_rate(_: Decimal, table: Table, *given: Any) -> dict[str, Any]:
    source, target, on, type = given
    found = _row(table, source, target, on or "", type)
    if found is None or same(source, target):
        return {"table": table.title}
    row, turned = found
    assert table.rates is not None
    rate = cell(table.rows[row], table.columns.index(table.rates.rate))
    told: dict[str, Any] = {"table": table.title, "row": row + 1, "rate": rate}
    return {**told, "on": on, **({"turned_round": True} if turned else {})}


@function(
    "lookup",
    "Convert by rate table",
    "An amount in another currency, by a table of dated rates: the newest rate that holds on the day, today of "
    "the run where no date is given. Rounded half up to the places of the target currency. A rate that is "
    "missing holds the document until somebody fills it in.",
    check=_is_rates,
    detail=_which_rate,
)
def convert(
    amount: Money,
    table: Annotated[Table, TABLE],
    source: Currency,
    target: Currency,
    on: Annotated[str | None, DAY] = None,
    type: Text = "",
) -> Money:
    rates = table.rates
    assert rates is not None  # the check of the drawing has seen to it
    digits = rates.digits.get(target.strip().upper(), rates.usual)
    if same(source, target):
        return rounded(amount, digits, "half-up")
    if table.dated and not on:
        raise BadInput(f"the table {table.title} has days, and there is none to look at")
    found = _row(table, source, target, on or "", type)
    if found is None:
        raise _missing(table, source.strip(), target.strip(), on or "", type.strip())
    row, turned = found
    text = cell(table.rows[row], table.columns.index(rates.rate))
    rate = as_number(text)
    if rate <= 0:
        raise BadInput(f"the rate in row {row + 1} of {table.title} is {text}, and must be more than 0")
    try:
        exact = _EXACT.divide(amount, rate) if turned else _EXACT.multiply(amount, rate)
    except InvalidOperation as error:
        raise BadInput("the amount is out of the range of numbers") from error
    return rounded(exact, digits, "half-up")


def same(source: str, target: str) -> bool:
    return loose(source) == loose(target)


def _row(table: Table, source: str, target: str, on: str, type: str) -> tuple[int, bool] | None:
    """The row whose rate holds, and whether it has to be turned round."""
    rates = table.rates
    assert rates is not None
    to = table.columns.index(rates.to)
    kind = table.columns.index(rates.type) if rates.type else None
    place = table.columns.index(rates.rate)

    def key(line: Line) -> str | None:
        return _key(cell(line, 0), cell(line, to), cell(line, kind)) if cell(line, place) else None

    index = table.index(f"rates {to} {kind} {place}", key)
    wanted = type if kind is not None else ""
    row = index.row(_key(source, target, wanted), on)
    if row is not None:
        return row, False
    back = index.row(_key(target, source, wanted), on) if rates.inverse else None
    return (back, True) if back is not None else None


def _key(source: str, target: str, type: str) -> str:
    return "\x1f".join(loose(part) for part in (source, target, type))


def _missing(table: Table, source: str, target: str, on: str, type: str) -> Held:
    day = f" on {on}" if on else ""
    kind = f" of the type {type}" if type else ""
    return Held(
        f"No rate from {source} to {target}{day}{kind} in the table {table.title}.",
        question={
            "kind": "rate", "table": table.id, "from": source, "to": target, "on": on, "type": type,
        },
        code="E-RATE-MISSING",
        cure=f"Enter the rate from {source} to {target}, and all that wait for it go on.",
    )  # fmt: skip
