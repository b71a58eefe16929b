"""The books of the imitated company: rows of text, found by number or by indexed value, undone if need be.

Rows live in memory and are written through to the sandbox's SQLite file, so that the control endpoints see
them and a restarted sandbox has them again.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from nodes.systems.intacct.sandbox_objects import INDEXED, KINDS
from nodes.systems.sandbox import Sandbox

Row = dict[str, str]
COUNTER = "next-record"


class Store:
    """All rows by object and RECORDNO, in the order of creation (which is the order of RECORDNO)."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._tables: dict[str, dict[str, Row]] = {}
        self._born: dict[tuple[str, str], float] = {}
        self._index: dict[tuple[str, str], dict[str, dict[str, None]]] = {}
        self._undo: list[tuple[str, str, Row | None]] | None = None
        self._next = 1
        self.load()

    def load(self) -> None:
        """Takes up what the SQLite file holds."""
        self._tables = {name: {} for name in KINDS}
        self._index = {pair: {} for pair in INDEXED}
        self._born.clear()
        for name in KINDS:
            for row in self._sandbox.all(name):
                self._keep(name, {key: str(value) for key, value in row.items()}, 0.0)
        self._next = int(self._sandbox.setting(COUNTER, "1"))

    def insert(self, name: str, values: Row) -> str:
        """Adds a row under a new RECORDNO and answers the number."""
        number = str(self._next)
        self._next += 1
        row = {"RECORDNO": number, **values}
        self._note(name, number, None)
        self._keep(name, row, time.time())
        self._sandbox.put(name, number, row)
        return number

    def change(self, name: str, number: str, values: Row) -> None:
        row = self._tables[name][number]
        self._note(name, number, dict(row))
        self._forget(name, row)
        row.update(values)
        self._keep(name, row, self._born.get((name, number), 0.0))
        self._sandbox.put(name, number, row)

    def delete(self, name: str, number: str) -> None:
        row = self._tables[name].pop(number)
        self._note(name, number, row)
        self._forget(name, row)
        self._sandbox.remove(name, number)

    def get(self, name: str, number: str) -> Row | None:
        return self._tables[name].get(number)

    def by(self, name: str, field: str, value: str, *, caseless: bool = False) -> list[Row]:
        """Rows whose indexed field equals the value."""
        table = self._tables[name]
        if field == "RECORDNO":
            return [table[value]] if value in table else []
        numbers = self._index[name, field].get(value.casefold(), {})
        return [table[n] for n in numbers if caseless or table[n].get(field) == value]

    @staticmethod
    def indexed(name: str, field: str) -> bool:
        return (name, field) in INDEXED

    def one(self, name: str, field: str, value: str) -> Row | None:
        return next(iter(self.by(name, field, value)), None)

    def rows(self, name: str) -> Iterator[Row]:
        return iter(list(self._tables[name].values()))

    def counter(self, name: str) -> int:
        """The next value of a named counter, kept with the data."""
        value = int(self._sandbox.setting(name, "0")) + 1
        self._sandbox.set_setting(name, str(value))
        return value

    def hidden(self, name: str, row: Row) -> bool:
        """Whether searches do not see the row yet (the vice of a search index that lags behind)."""
        stale = self._sandbox.active.get("stale_find")
        if not stale:
            return False
        return self._born.get((name, row["RECORDNO"]), 0.0) > time.time() - float(stale.get("seconds", 5))

    # undo --------------------------------------------------------------------------------------------

    def begin(self) -> None:
        self._undo = []

    def commit(self) -> None:
        self._undo = None
        self._sandbox.set_setting(COUNTER, str(self._next))

    def rollback(self) -> None:
        """Takes back everything since ``begin``, the last change first."""
        log, self._undo = self._undo or [], None
        for name, number, before in reversed(log):
            row = self._tables[name].pop(number, None)
            if row is not None:
                self._forget(name, row)
            if before is None:
                self._sandbox.remove(name, number)
            else:
                self._keep(name, before, self._born.get((name, number), 0.0))
                self._sandbox.put(name, number, before)
        for name in {name for name, _, before in log if before is not None}:
            self._tables[name] = dict(sorted(self._tables[name].items(), key=lambda pair: int(pair[0])))

    def _note(self, name: str, number: str, before: Row | None) -> None:
        if self._undo is not None:
            self._undo.append((name, number, before))

    # index -------------------------------------------------------------------------------------------

    def _keep(self, name: str, row: Row, born: float) -> None:
        number = row["RECORDNO"]
        self._tables[name][number] = row
        self._born[name, number] = born
        for field in _indexed(name):
            value = row.get(field, "")
            if value:
                self._index[name, field].setdefault(value.casefold(), {})[number] = None

    def _forget(self, name: str, row: Row) -> None:
        for field in _indexed(name):
            self._index[name, field].get(row.get(field, "").casefold(), {}).pop(row["RECORDNO"], None)


_FIELDS: dict[str, tuple[str, ...]] = {
    name: tuple(field for owner, field in INDEXED if owner == name) for name in KINDS
}


def _indexed(name: str) -> tuple[str, ...]:
    return _FIELDS[name]


def stamp(moment: float) -> str:
    """A change stamp as Intacct writes it, in GMT."""
    return time.strftime("%m/%d/%Y %H:%M:%S", time.gmtime(moment))


def as_text(value: Any) -> str:
    return "" if value is None else str(value)
