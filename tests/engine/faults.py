"""Faults of a system, its network, its clock and ours, as hooks on the toy world; each lasts as long as the test says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from engine import clock, faults
from engine.connector import Partly, Query
from engine.errors import AccessError, InDoubt, Unavailable
from engine.record import Change, Page
from engine.store.database import Database
from tests.engine.toys import Bench, Toy, ToyRead, World

Hook = Callable[[Sequence[Change]], None]
TIMEOUT = 0.05


class Killed(BaseException):
    """The end of a worker, without a word."""


def after(calls: int, times: int, act: Hook) -> Hook:
    """A hook that leaves ``calls`` calls alone, and acts on the ``times`` after them."""
    seen = [0]

    def hook(changes: Sequence[Change]) -> None:
        seen[0] += 1
        if calls < seen[0] <= calls + times:
            act(changes)

    return hook


def raising(make: Callable[[], BaseException]) -> Hook:
    def act(changes: Sequence[Change]) -> None:
        raise make()

    return act


def doubt() -> InDoubt:
    return InDoubt("No answer.", sent_at=clock.passing(), timeout=TIMEOUT)


@dataclass
class Late(World):
    """A world that carries out some calls only after their line was cut: within the time limit of the call."""

    pending: list[tuple[float, list[dict[str, Any]]]] = field(default_factory=list)

    def __init__(self, rows: int = 0) -> None:
        super().__init__(rows)
        self.pending = []

    def put_off(self, changes: Sequence[Change]) -> None:
        rows = [{"key": change.key, **change.data} for change in changes if change.operation == "create"]
        self.pending.append((clock.passing() + 0.6 * TIMEOUT, rows))
        raise doubt()

    def catch_up(self) -> None:
        for due, rows in list(self.pending):
            if due <= clock.passing():
                self.pending.remove((due, rows))
                for row in rows:
                    self.target.append({"id": len(self.target), **row})


class LateToy(Toy):
    """Looks at the world as it is by now."""

    world: Late

    def find(self, *args: Any, **more: Any) -> Any:
        self.world.catch_up()
        return super().find(*args, **more)

    def resolve(self, *args: Any, **more: Any) -> Any:
        self.world.catch_up()
        return super().resolve(*args, **more)


class HalfToy(Toy):
    """Carries out the first half of a call and says so, once."""

    def _write(self, entity: str, changes: Sequence[Change]) -> Any:
        if len(changes) < 2 or getattr(self.world, "halved", False):
            return super()._write(entity, changes)
        self.world.halved = True  # type: ignore[attr-defined]
        half = len(changes) // 2
        done = super()._write(entity, changes[:half])
        raise Partly(
            [*done, *[None] * (len(changes) - half)], Unavailable("Down in the midst.", retry_after=0.01)
        )


class RepeatingToy(Toy):
    """Tells the last rows of a page again at the beginning of the next, in another order."""

    def read(self, query: Query, cursor: Any, limit: int) -> Page:
        page = super().read(query, cursor, min(limit, 7))
        if cursor:
            earlier = super().read(query, max(int(cursor) - 3, 0), 3)
            told = [*page.records[:2], *earlier.records, *page.records[2:]]
            return Page(told, page.cursor, page.watermark)
        return page


class SparseToy(Toy):
    """Answers with pages that are not full, and with an empty one now and then, though more follows."""

    def read(self, query: Query, cursor: Any, limit: int) -> Page:
        start, empty = (cursor or "0/full").split("/")
        if empty == "empty":
            return Page([], f"{start}/full")
        page = super().read(query, int(start), 4)
        following = None if page.cursor is None else f"{page.cursor}/empty"
        return Page(page.records, following, page.watermark)


class ReadChanges(ToyRead):
    """Reads what changed, so that there is a watermark to be watched."""

    type = "toy-read"

    @property
    def incremental(self) -> bool:
        return True


STALE = 0.4


class StaleToy(Toy):
    """Its searches do not see what is younger than STALE seconds, and it says so. It has a clock of its own, which nobody
    sets."""

    capability = Toy.capability.model_copy(update={"lag": STALE})

    def _write(self, entity: str, changes: Sequence[Change]) -> Any:
        before = len(self.world.target)
        try:
            return super()._write(entity, changes)
        finally:
            self._born.update((row["id"], clock.passing()) for row in self.world.target[before:])

    def find(self, entity: str, matches: Any, fields: Sequence[str] = ()) -> Any:
        unseen = {str(row) for row, at in self._born.items() if at > clock.passing() - STALE}
        found = super().find(entity, matches, fields)
        return [[one for one in some if one.id not in unseen] for some in found]

    @property
    def _born(self) -> dict[int, float]:
        born: dict[int, float] = self.world.__dict__.setdefault("born", {})
        return born


class ExpiringToy(Toy):
    """Its sign-in runs out between two pages, once."""

    def read(self, query: Query, cursor: Any, limit: int) -> Page:
        if cursor and not getattr(self.world, "expired", False):
            self.world.expired = True  # type: ignore[attr-defined]
            raise AccessError("Signed out.")
        return super().read(query, cursor, min(limit, 15))


def use(bench: Bench, cls: type[Toy]) -> None:
    """Lets the bench open this kind of toy."""
    usual = bench.open

    def opened(connection_id: str, **options: Any) -> Any:
        return cls(bench.world, usual(connection_id, **options).http)

    bench.open = opened  # type: ignore[method-assign]


# faults of the system and the line --------------------------------------------------------------------------


def too_many(bench: Bench) -> None:
    """429 with Retry-After, more often than the policy has attempts."""
    bench.world.before_write = after(
        1, 5, raising(lambda: Unavailable("Too many.", code="E-RATE", retry_after=0.01))
    )


def internal_error(bench: Bench) -> None:
    """500, twice: within the attempts."""
    bench.world.before_write = after(1, 2, raising(lambda: Unavailable("Failed.")))


def refused_line(bench: Bench) -> None:
    """The line cannot be opened: nothing was sent."""
    bench.world.before_write = after(1, 3, raising(lambda: Unavailable("Away.", code="E-UNREACHABLE")))


def cut_before(bench: Bench) -> None:
    """The line is cut, or no answer comes in time, and nothing was done."""
    bench.world.before_write = after(0, 2, raising(doubt))


def cut_after(bench: Bench) -> None:
    """The line is cut, or no answer comes in time, and it was done."""
    bench.world.after_write = after(0, 2, raising(doubt))


def late_commit(bench: Bench) -> None:
    """The line is cut, and it is done a little later."""
    assert isinstance(bench.world, Late)
    bench.world.before_write = after(1, 1, bench.world.put_off)
    use(bench, LateToy)


def half_of_it(bench: Bench) -> None:
    """A call that carries several changes breaks off in the midst."""
    use(bench, HalfToy)


def repeated_rows(bench: Bench) -> None:
    """Rows come again on later pages."""
    use(bench, RepeatingToy)


def partial_pages(bench: Bench) -> None:
    """Pages are not full, some are empty."""
    use(bench, SparseToy)


def expired_access(bench: Bench) -> None:
    """The sign-in runs out between two calls."""
    bench.world.before_write = after(1, 1, raising(lambda: AccessError("Signed out.")))


def expired_between_pages(bench: Bench) -> None:
    """The sign-in runs out amid reading."""
    use(bench, ExpiringToy)


def stale_find(bench: Bench) -> None:
    """Answers are lost, and what was written is not seen by searches for a while."""
    cut_after(bench)
    use(bench, StaleToy)


def clock_ahead(bench: Bench) -> None:
    """Our clock is put five minutes forward while a call is under way."""
    bench.world.before_write = after(1, 1, lambda changes: _shift(300.0))


def clock_behind(bench: Bench) -> None:
    """Our clock is put five minutes back while a call is under way."""
    bench.world.before_write = after(1, 1, lambda changes: _shift(-300.0))


def forgotten_rings(bench: Bench) -> None:
    """Valkey is emptied again and again: nobody is rung for."""
    bench.rings = _Deaf()


def _shift(seconds: float) -> None:
    clock._wrong += seconds


class _Deaf(list[tuple[str, int]]):
    """A list of rings that loses every second one."""

    def append(self, ring: tuple[str, int]) -> None:
        self.lost = not getattr(self, "lost", False)
        if not self.lost:
            super().append(ring)


FAULTS: tuple[Callable[[Bench], None], ...] = (
    too_many, internal_error, refused_line, cut_before, cut_after, late_commit, half_of_it, repeated_rows,
    partial_pages, expired_access, expired_between_pages, stale_find, clock_ahead, clock_behind, forgotten_rings,
)  # fmt: skip

UNKNOWN = {cut_before, cut_after, late_commit, stale_find}
"""After these nobody can tell what happened, where a system offers no means: the records are held."""


# faults of our own ------------------------------------------------------------------------------------------


@contextmanager
def at_point(name: str, nth: int, act: Callable[[], None]) -> Iterator[list[int]]:
    """Does something when a worker passes a named point for the nth time; yields how often it was passed."""
    real, passed = faults.point, [0]

    def armed(point: str) -> None:
        real(point)
        if point == name:
            passed[0] += 1
            if passed[0] == nth:
                act()

    faults.point = armed
    try:
        yield passed
    finally:
        faults.point = real


@contextmanager
def broken_database(database: Database, nth: int, times: int, error: Unavailable) -> Iterator[list[int]]:
    """Refuses the nth writing transaction at its end, and ``times`` in all; yields how many there were."""
    usual, count = database.write, [0]

    @contextmanager
    def write(**options: Any) -> Iterator[Any]:
        with usual(**options) as session:
            yield session
            count[0] += 1
            if nth <= count[0] < nth + times:
                raise error

    database.write = write  # type: ignore[method-assign, assignment]
    try:
        yield count
    finally:
        database.write = usual  # type: ignore[method-assign]
