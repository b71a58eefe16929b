"""Who changed an object: Intacct keeps the number of the user, people know the name to sign in with.

Objects have ``MODIFIEDBY``, the RECORDNO of a user; some have ``MODIFIEDBYLOGINID`` besides. USERINFO tells the
LOGINID of each. Source: developer.intacct.com, company and console, users.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from engine.errors import AccessError, EngineError, RecordRejected
from nodes.systems.intacct.envelope import Element

NUMBER, LOGIN = "MODIFIEDBY", "MODIFIEDBYLOGINID"
WHO = "MODIFIEDBY.LOGINID"
"""The field that we answer for objects that have only the number."""

Ask = Callable[[str, Sequence[str], str, Sequence[str]], list[Element]]


def field(offered: Iterable[str]) -> str | None:
    """The field that says who changed an object last, of those that the company lists for it."""
    names = set(offered)
    return LOGIN if LOGIN in names else WHO if NUMBER in names else None


class People:
    """The users that were met, by number; asked for once as long as the connector lives."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._known: dict[str, str] = {}

    def name(self, rows: Sequence[dict[str, Any]]) -> None:
        """Adds ``WHO`` to rows that have ``NUMBER``. A user whom this one may not look up keeps the number."""
        wanted = {str(row[NUMBER]) for row in rows if row.get(NUMBER) not in (None, "")}
        missing = sorted(wanted - self._known.keys())
        if missing:
            self._known |= {one: one for one in missing} | self._logins(missing)
        for row in rows:
            number = row.get(NUMBER)
            row[WHO] = None if number in (None, "") else self._known[str(number)]

    def _logins(self, numbers: Sequence[str]) -> dict[str, str]:
        try:
            rows = self._ask("USERINFO", ["RECORDNO", "LOGINID"], "RECORDNO", numbers)
        except (AccessError, RecordRejected, EngineError):
            return {}  # the right to list users is often withheld, and a number is better than nothing
        return {row.findtext("RECORDNO") or "": row.findtext("LOGINID") or "" for row in rows}
