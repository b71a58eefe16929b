"""Writers that come at the same time share one commit: its cost is the disk's, not each writer's."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar, cast

from engine.errors import Unavailable
from engine.store.database import Database, Session

Item = TypeVar("Item")
Answer = TypeVar("Answer")


class _Ticket(Generic[Item, Answer]):
    """One writer's wish and what became of it. ``leads``: this writer does the work for all who wait."""

    __slots__ = ("answer", "done", "error", "item", "leads")

    def __init__(self, item: Item) -> None:
        self.item = item
        self.leads = False
        self.done = threading.Event()
        self.answer: Answer | None = None
        self.error: BaseException | None = None


class Ferry(Generic[Item, Answer]):
    """Carries items out in one transaction with all that wait at the moment. One per process and purpose.

    carry  takes the session and the items; answers one Answer, or an Exception that is its own, for each. What it
           raises instead spoils the whole transaction: then each item is carried out alone.
    most   items in one transaction
    """

    def __init__(
        self,
        database: Database,
        carry: Callable[[Session, Sequence[Item]], Sequence[Answer | Exception]],
        most: int = 200,
    ) -> None:
        self._database, self._carry, self._most = database, carry, most
        self._lock = threading.Lock()
        self._waiting: list[_Ticket[Item, Answer]] = []
        self._busy = False

    def __call__(self, item: Item) -> Answer:
        """The item's answer, once it is committed. Raises what is its own, or why the transaction failed."""
        ticket: _Ticket[Item, Answer] = _Ticket(item)
        with self._lock:
            self._waiting.append(ticket)
            ticket.leads = not self._busy
            self._busy = True
        if not ticket.leads:
            ticket.done.wait()
        if ticket.leads:
            self._lead()
        if ticket.error is not None:
            raise ticket.error
        return cast("Answer", ticket.answer)  # whoever led has set it

    def _lead(self) -> None:
        with self._lock:
            tickets, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
        try:
            self._settle(tickets)
        finally:
            with self._lock:
                following = self._waiting[0] if self._waiting else None
                self._busy = following is not None
            for ticket in tickets:
                ticket.done.set()
            if following is not None:
                following.leads = True
                following.done.set()

    def _settle(self, tickets: list[_Ticket[Item, Answer]]) -> None:
        try:
            with self._database.write() as session:
                answers = self._carry(session, [ticket.item for ticket in tickets])
        except Exception as error:
            if len(tickets) == 1 or isinstance(error, Unavailable):
                for ticket in tickets:
                    ticket.error = error
                return
            for ticket in tickets:  # one of them may have spoilt it for all
                self._settle([ticket])
            return
        except BaseException as error:
            for ticket in tickets:
                ticket.error = error
            raise
        for ticket, answer in zip(tickets, answers, strict=True):
            if isinstance(answer, Exception):
                ticket.error = answer
            else:
                ticket.answer = answer
