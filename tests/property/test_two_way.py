"""A state machine over two systems that people edit on both sides, while everything that can go wrong does.

Clocks are up to five minutes off, signals come late, twice and out of order, workers die at named points,
answers are lost, objects are merged, other runs push in between two calls. Whatever happened: once conflicts are answered both
systems are equal, nothing that anybody typed is lost, and nothing is written that nobody asked for.
"""

from __future__ import annotations

import itertools
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from sqlmodel import col, select

from engine import clock, faults
from engine.errors import InDoubt, Unavailable
from engine.record import Origin, Record
from engine.store import closing, conflicts, lanes
from engine.store.database import Database
from engine.store.runs import Run
from tests.engine.two_systems import FIELDS, Office, System, two_way

LEASE = 5.0
EDITED = FIELDS[1:]


class Crash(BaseException):
    """The end of a worker, without a word."""


class TwoWay(RuleBasedStateMachine):
    """The promises: equal in the end, no lost edit, no echo."""

    template: Path

    def __init__(self) -> None:
        super().__init__()
        self.skew = clock._skew
        self.folder = tempfile.TemporaryDirectory()
        path = Path(self.folder.name) / "heddle.db"
        shutil.copyfile(self.template, path)
        self.database = Database(f"sqlite:///{path}")
        self.real_point: Callable[[str], None] = faults.point
        self.numbers = itertools.count(1)
        self.edits = 0
        self.joined: set[str] = set()
        self.since: dict[tuple[str, str], dict[str, Any]] = {}

    @initialize(
        lane_count=st.integers(1, 3),
        size=st.integers(1, 20),
        left_skew=st.sampled_from([-300.0, 0.0, 300.0]),
        right_skew=st.sampled_from([-300.0, 0.0, 300.0]),
    )
    def begin(self, lane_count: int, size: int, left_skew: float, right_skew: float) -> None:
        both = {"deleted": "delete", "surplus": "delete"}
        self.office = Office(self.database, two_way(left=both, right=both, lanes=lane_count, batch_size=size))
        self.office.crm.skew, self.office.erp.skew = left_skew, right_skew
        for left in (True, False, True):
            self.make(left, also=False)
        self._run()

    def system(self, left: bool) -> System:
        return self.office.crm if left else self.office.erp

    # people ------------------------------------------------------------------------------------------

    @rule(left=st.booleans(), also=st.booleans())
    def make(self, left: bool, also: bool) -> None:
        """Somebody makes an object on one side; perhaps somebody else makes the same one on the other."""
        code = f"c{next(self.numbers)}"
        for side in {left, left != also}:
            self._edit(side, self.system(side).next_id(), "code", code)

    @rule(
        edits=st.lists(
            st.tuples(st.booleans(), st.integers(0, 5), st.sampled_from(EDITED), st.booleans()),
            min_size=1,
            max_size=4,
        )
    )
    def edit(self, edits: list[tuple[bool, int, str, bool]]) -> None:
        """People change fields, on either side or on both."""
        for left, at, field, empty in edits:
            keys = sorted(self.system(left).objects)
            if keys:
                value = None if empty else f"v{next(self.numbers)}"
                self._edit(left, keys[at % len(keys)], field, value)

    @rule(left=st.booleans(), at=st.integers(0, 30))
    def remove(self, left: bool, at: int) -> None:
        """Only what is on both sides, so that it is clear that the object shall go."""
        system, there = self.system(left), self.system(not left)
        both = self._on_both(system, there)
        if both:
            clock._skew += 0.001
            key = both[at % len(both)]
            self._forget(left, system.objects[key][system.name("code")])
            system.delete(key)
            self.edits += 1

    def _forget(self, left: bool, code: Any) -> None:
        """What was typed into an object goes with it, when a person deletes it or merges it into another."""
        for field in FIELDS:
            typed = self.since.get((code, field), {})
            typed.pop("left" if left else "right", None)
            if not typed:
                self.since.pop((code, field), None)

    @rule(left=st.booleans(), at=st.integers(0, 30), into=st.integers(0, 30), fresh=st.booleans())
    def merge(self, left: bool, at: int, into: int, fresh: bool) -> None:
        """Somebody merges an object that is on both sides into another one, or into one that has no counterpart."""
        system, there = self.system(left), self.system(not left)
        both = self._on_both(system, there)
        if len(both) < 2:
            return
        loser = both.pop(at % len(both))
        survivor = both[into % len(both)]
        if fresh:
            survivor = system.next_id()
            self._edit(left, survivor, "code", f"c{next(self.numbers)}")
        clock._skew += 0.001
        self._forget(left, system.objects[loser][system.name("code")])
        system.merge(loser, survivor)
        # its counterpart fills in what the survivor lacks, and is told the rest; or it is deleted
        self.edits += 3
        self.joined.add(system.objects[survivor][system.name("code")])

    def _on_both(self, system: System, there: System) -> list[str]:
        return sorted(
            key for key, row in system.objects.items() if row[system.name("code")] in there.values()
        )

    def _edit(self, left: bool, key: str, field: str, value: Any) -> None:
        system = self.system(left)
        system.edit(key, **{field: value})
        self.edits += 1
        code = system.objects[key][system.name("code")]
        self.since.setdefault((code, field), {})["left" if left else "right"] = value

    # what goes wrong ---------------------------------------------------------------------------------

    @rule(left=st.booleans(), at=st.integers(0, 30), times=st.integers(1, 2))
    def signal(self, left: bool, at: int, times: int) -> None:
        """A webhook comes late, perhaps twice, and tells of values that are long gone."""
        system = self.system(left)
        keys = sorted({*system.objects, *system.tombs})
        if keys:
            origin = Origin("crm" if left else "erp", "thing")
            data = {system.name(field): "old" for field in FIELDS}
            for _ in range(times):
                self.office.enter([Record(keys[at % len(keys)], data, origin=origin)])

    @rule(point=st.sampled_from(faults.IN_A_WORKER), nth=st.integers(1, 6))
    def crash(self, point: str, nth: int) -> None:
        """A worker takes up whatever waits, and dies at the nth passing of a point."""
        left = [nth]

        def armed(name: str) -> None:
            if name == point:
                left[0] -= 1
                if left[0] <= 0:
                    raise Crash(point)

        faults.point = armed  # type: ignore[assignment]
        try:
            self.office.start()
            self._advance()
        except Crash:
            clock._skew += LEASE + 1
        finally:
            faults.point = self.real_point

    @rule(left=st.booleans(), lost=st.booleans())
    def trouble(self, left: bool, lost: bool) -> None:
        """The next call of a system gets no answer, or is refused for now."""
        system, times = self.system(left), [1]

        def hook(changes: Any) -> None:
            if times[0]:
                times[0] -= 1
                if lost:
                    raise InDoubt("lost", sent_at=clock.passing(), timeout=0.05)
                raise Unavailable("busy", code="E-UNREACHABLE", retry_after=0.01)

        if lost:
            system.after_write = hook
        else:
            system.before_write = hook

    @rule(left=st.booleans())
    def intrude(self, left: bool) -> None:
        """Between a decision and its write another worker takes up everything there is."""
        times = [1]

        def hook(changes: Any) -> None:
            if times[0]:
                times[0] -= 1
                self.office.start()
                self._advance()

        self.system(left).before_write = hook

    @rule()
    def cancel(self) -> None:
        """Somebody stops whatever is open: what it has not come to is read once more."""
        with self.database.write() as session:
            for run_id in session.exec(select(Run.id).where(col(Run.ended_at).is_(None))).all():
                closing.cancel(session, run_id, "Eve")

    @rule()
    def start(self) -> None:
        self.office.start()

    @rule()
    def work(self) -> None:
        self.office.start()
        self._advance()

    # what must be so ---------------------------------------------------------------------------------

    @rule(answers=st.lists(st.sampled_from(["left", "right"]), min_size=1, max_size=5))
    def settle(self, answers: list[str]) -> None:
        """Left alone, and with every conflict answered, both sides become equal and stay so."""
        crm, erp = self.office.crm, self.office.erp
        for _ in range(5):
            self._run()
            if not self._answer(answers) and crm.values() == erp.values():
                break
            self._delete_what_is_held()
        assert crm.values() == erp.values(), "the two sides are not equal"
        assert len(crm.values()) == len(crm.objects), "something was made twice"
        for (code, field), typed in self.since.items():
            if code in crm.values() and code not in self.joined:
                assert crm.values()[code][field] in (*typed.values(),), f"{field} of {code} was lost: {typed}"
        self.since.clear()
        self.joined.clear()
        # one write for what a person did, at most; a create is one write for all fields of an object
        assert self.office.writes() <= self.edits, "something was written that nobody asked for"
        quiet = self.office.writes()
        self._run()
        assert self.office.writes() == quiet, "an echo was answered"

    def teardown(self) -> None:
        if hasattr(self, "office"):
            self.settle(["left", "right"])
        self.database.close()
        self.folder.cleanup()
        clock._skew = self.skew

    def _run(self) -> None:
        clock._skew += 2.0
        self.office.start()
        self.office.work(lease=LEASE)

    def _answer(self, answers: list[str]) -> int:
        with self.database.write() as session:
            rows = conflicts.open_conflicts(session)
            for row, take in zip(rows, itertools.cycle(answers), strict=False):
                conflicts.decide(
                    session, row.id or 0, {one["field"]: {"take": take} for one in row.rows()}, "Eve"
                )
            signals = [row.signal() for row in rows]
        self.edits += len(signals)
        for one in signals:
            self.office.enter([one])
        return len(signals)

    def _delete_what_is_held(self) -> None:
        """Deleted here and changed there: a person was asked, and deletes the other one as well."""
        self.office.work(lease=LEASE)
        crm, erp = self.office.crm, self.office.erp
        for system, there in ((crm, erp), (erp, crm)):
            for key, row in list(system.objects.items()):
                if row[system.name("code")] not in there.values():
                    system.delete(key)
                    self.edits += 1

    def _advance(self) -> None:
        executor = self.office.executor(lease=LEASE)
        with self.database.read() as session:
            waiting = lanes.unattended(session, 0.0)
        for run_id, lane in waiting:
            executor.advance(run_id, lane)


@pytest.fixture(autouse=True)
def _template(sqlite_template: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "_skew", 0.0)
    TwoWay.template = sqlite_template


QUICK = settings(
    max_examples=8, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck)
)


def test_both_sides_become_equal_and_no_edit_is_lost() -> None:
    run_state_machine_as_test(TwoWay, settings=QUICK)  # type: ignore[no-untyped-call]


@pytest.mark.long
def test_both_sides_become_equal_whatever_happens() -> None:
    """The same, longer."""
    longer = settings(QUICK, max_examples=150, stateful_step_count=30)
    run_state_machine_as_test(TwoWay, settings=longer)  # type: ignore[no-untyped-call]
