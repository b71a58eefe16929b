"""Waiting together: a connection that is shut is tried by one lane alone, and its first answer opens it for all."""

from __future__ import annotations

from engine import patience
from engine.clock import now
from engine.errors import HeddleError, Unavailable
from engine.store import connections, outages
from engine.store.database import Database, Session


class Breaker:
    """What one claim of a lane knows of shut connections.

    calling   the connection that was asked for last: whose refusal the next error is
    seconds   for which one who tries keeps the others off
    """

    def __init__(self, database: Database, seconds: float) -> None:
        self._database, self._seconds = database, seconds
        self._trying: set[str] = set()
        self.calling = ""

    def enter(self, connection: str) -> None:
        """Lets us use a connection. Raises Unavailable (E-DOWN) while it is shut and somebody else tries it."""
        with self._database.read() as session:
            outage = outages.find(session, connection)
        if outage is None:
            return
        with self._database.write() as session:
            if outages.try_it(session, connection, self._seconds):
                self._trying.add(connection)
                return
        self.calling = ""
        raise Unavailable(
            outage.message,
            retry_after=max(outage.next_try - now(), 1.0),
            code=patience.DOWN,
            cure=outage.cure,
        )

    def answered(self, session: Session) -> None:
        """What we tried has answered: everybody may go on."""
        while self._trying:
            connections.note_open(session, self._trying.pop())

    def refused(self, session: Session, error: HeddleError, next_try: float) -> None:
        """Shuts the connection for everybody if the error is one that everybody would meet. Any other that came from
        there shows that it can be reached: whoever waits for that goes on."""
        if self.calling and patience.is_shut(error):
            connections.note_shut(session, self.calling, error, next_try)
        elif self.calling in self._trying and patience.came_from_there(error):
            self._trying.discard(self.calling)
            connections.note_open(session, self.calling)
