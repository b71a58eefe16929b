"""The write budget of a run: so many creates, so many updates, so much money, and not one more.

It is asked before anything is sent, in the database: for creates in the very transaction that claims them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from engine import compare
from engine.errors import OverBudget
from engine.flow import Budget
from engine.shape import plural
from engine.store import budgets
from engine.store.database import Session

CURE = "Allow it on the page of the run, or stop the run; nothing beyond the budget has been written."


@dataclass(frozen=True)
class Allowance:
    """What a run may still write. ``thing`` is what people call one object of the target ("Invoice")."""

    budget: Budget
    run_id: str
    node: str
    thing: str

    def reserve(self, session: Session, operation: str, wanted: Mapping[str, Mapping[str, Any]]) -> None:
        """Reserves writes: source object → the values to be sent. Raises OverBudget beyond the budget."""
        limit = limit_of(self.budget, operation)
        amount = self.budget.amount if operation != "delete" else None
        amounts = {source: self._amount(values) for source, values in wanted.items()}
        over = budgets.reserve(
            session,
            self.run_id,
            self.node,
            operation,
            amounts,
            count_limit=limit,
            amount_limit=amount.limit if amount else None,
        )
        if over is None:
            return
        kind, total = over
        if kind == "count":
            things = plural(self.thing, int(total))
            own = f"its budget is {limit}" if limit or operation != "delete" else "it may not delete anything"
            raise OverBudget(f"This run would {operation} {total} {things}; {own}.", cure=CURE)
        assert amount is not None  # only a limit on the amount can be passed
        raise OverBudget(
            f"This run would write {amount.field} of {total} in all; its budget is {amount.limit}.", cure=CURE
        )

    def _amount(self, values: Mapping[str, Any]) -> Decimal:
        """What counts against the amount: the field's absolute value, nothing where there is no such field."""
        if self.budget.amount is None:
            return Decimal(0)
        return abs(number(compare.dig(values, self.budget.amount.field)))


def limit_of(budget: Budget, operation: str) -> int | None:
    """How many writes of this kind a run may do; None is not limited."""
    return {"create": budget.creates, "delete": budget.deletes}.get(operation, budget.updates)


def number(value: Any) -> Decimal:
    """A value as a number; what is none counts nothing."""
    if isinstance(value, bool) or value is None or isinstance(value, Mapping | list):
        return Decimal(0)
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        return Decimal(0)
    return found if found.is_finite() else Decimal(0)


def exceeded(budget: Budget, counted: Mapping[str, int], amounts: Sequence[Any]) -> list[str]:
    """What a plan would exceed, in sentences: ``counted`` is {"create": n, "update": n, "delete": n}."""
    found: list[str] = []
    for operation in ("create", "update", "delete"):
        limit = limit_of(budget, operation)
        if limit is not None and counted.get(operation, 0) > limit:
            things = plural("record", counted[operation])
            found.append(
                f"It would {operation} {counted[operation]} {things}; the budget of a run is {limit}."
            )
    if budget.amount is not None:
        total = sum((abs(number(amount)) for amount in amounts), Decimal(0))
        if total > budget.amount.limit:
            found.append(
                f"It would write {budget.amount.field} of {total} in all; the budget of a run is "
                f"{budget.amount.limit}."
            )
    return found
