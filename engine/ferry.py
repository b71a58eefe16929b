"""Writers that come at the same time share one commit: its cost is the disk's, not each writer's."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar, cast

from engine.errors import Unavailable
from engine.store.database import Database, Session

Item = TypeVar("Item")
Answer = TypeVar("Answer")

LINGER = 0.002
"""Seconds that a crowd is waited for, at most."""


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
    """Carries items out in one transaction with all that wait when it begins. One per process and purpose.

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
        self._crowd = 0

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
        tickets: list[_Ticket[Item, Answer]] = []
        self._linger()
        try:
            self._cross(tickets, self._board)
        finally:
            with self._lock:
                self._crowd = len(tickets)
                following = self._waiting[0] if self._waiting else None
                self._busy = following is not None
            for ticket in tickets:
                ticket.done.set()
            if following is not None:
                following.leads = True
                following.done.set()

    def _linger(self) -> None:
        """Those who came together last time are about to come again: for them a moment's wait costs less than a
        commit of their own."""
        until = time.monotonic() + LINGER
        while len(self._waiting) < self._crowd and time.monotonic() < until:
            time.sleep(LINGER / 8)

    def _board(self) -> list[_Ticket[Item, Answer]]:
        """Those who go along: the one who leads is the first of them."""
        with self._lock:
            tickets, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
        return tickets

    def _cross(
        self,
        tickets: list[_Ticket[Item, Answer]],
        board: Callable[[], list[_Ticket[Item, Answer]]] = list,
    ) -> None:
        """Carries out these tickets and those who ``board`` once it is our turn to write."""
        try:
            with self._database.write() as session:
                tickets += board()
                answers = self._carry(session, [ticket.item for ticket in tickets])
        except Exception as error:
            tickets += [] if tickets else board()
            if len(tickets) == 1 or isinstance(error, Unavailable):
                for ticket in tickets:
                    ticket.error = error
                return
            for ticket in tickets:  # one of them may have spoilt it for all
                self._cross([ticket])
            return
        except BaseException as error:
            tickets += [] if tickets else board()
            for ticket in tickets:
                ticket.error = error
            raise
        for ticket, answer in zip(tickets, answers, strict=True):
            if isinstance(answer, Exception):
                ticket.error = answer
            else:
                ticket.answer = answer
