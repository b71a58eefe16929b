"""A state machine over the executor: random sequences of everything that can go wrong, and still each write once.

Workers share a database. They die, or are frozen, at random named points (the process dies in the tests of
tests/durability; here an exception that nothing catches takes its place, which lets thousands of interleavings be
tried); calls lose their answers, are carried out late, by half, or not at all; searches lag behind; pages are
repeated or partial; sign-ins run out; clocks are put forward and back; transactions fail; causes are doubled. Time
passes only as the machine says.
"""

from __future__ import annotations

import itertools
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from engine import clock, faults, launch, registry
from engine.errors import AccessError, HeddleError, InDoubt, Unavailable
from engine.executor import Executor
from engine.launch import Cause
from engine.record import COUNTED, Change, Record, from_json
from engine.store import lanes, references, reviews
from engine.store.database import Database
from engine.store.runs import Run
from tests.engine.faults import (
    ExpiringToy,
    HalfToy,
    Killed,
    Late,
    LateToy,
    ReadChanges,
    RepeatingToy,
    SparseToy,
    StaleToy,
    after,
    at_point,
    broken_database,
    raising,
    use,
)
from tests.engine.toys import Bench, ToyWrite, stamp_of, toy_flow, toys

LEASE, TIMEOUT = 5.0, 8.0
PAGES: dict[str, tuple[type, ...]] = {"whole": (), "repeated": (RepeatingToy,), "partial": (SparseToy,)}
MINUTES = [0.01] * 500
"""No fault lasts for so many attempts."""


class Namesakes(ToyWrite):
    """Two rows each are objects of two kinds that have one id."""

    def identify(self, record: Record, run: Any = None) -> tuple[str | None, str, str]:
        number = int(record.key[1:])
        return None, "odd" if number % 2 else "even", f"P{number // 2}"


class ExactlyOnce(RuleBasedStateMachine):
    """The promises: nothing twice, nothing lost, counts add up, and the watermark passes nothing that is not over."""

    template: Path

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        path = Path(self.folder.name) / "heddle.db"
        shutil.copyfile(self.template, path)
        self.database = Database(f"sqlite:///{path}")
        self.runs: list[str] = []
        self.causes = itertools.count()
        self.alive: Executor | None = None

    @initialize(
        rows=st.integers(1, 40),
        lane_count=st.integers(1, 3),
        size=st.integers(1, 15),
        writes=st.integers(1, 2),
        means=st.sampled_from(["match", "key", "none"]),
        names=st.sampled_from([0, 0, 1, 5]),
        pages=st.sampled_from(sorted(PAGES)),
        stale=st.booleans(),
        writer=st.sampled_from([ToyWrite, Namesakes]),
    )
    def begin(
        self,
        rows: int,
        lane_count: int,
        size: int,
        writes: int,
        means: Any,
        names: int,
        pages: str,
        stale: bool,
        writer: type[ToyWrite],
    ) -> None:
        """``names``: so many different names, by which objects are recognised; 0 recognises by the reference."""
        self.world = Late(rows)
        self.world.means = means
        self.pages = pages
        self.by_name = bool(names)
        for at, row in enumerate(self.world.source.values()):
            row["name"] = f"Name {at % names}" if self.by_name else row["name"]
        match = ("name",) if self.by_name else ("ref",) if means == "match" else ()
        operation = "upsert" if match else "create"
        flow = toy_flow(
            lanes=lane_count, batch_size=size, writes=writes if match else 1, operation=operation, match=match
        )
        policy = flow.policy.model_copy(update={"retry_minutes": MINUTES})
        registry.node_types()[ToyWrite.type] = writer
        self.bench = Bench(self.database, self.world, flow.model_copy(update={"policy": policy}))
        self.bench.timeout = TIMEOUT
        kinds = (ExpiringToy, *PAGES[pages], HalfToy, *((StaleToy,) if stale else ()), LateToy)
        use(self.bench, type("Troubled", kinds, {}))
        self.world.expired = self.world.halved = True  # until a rule says otherwise
        self.press(again=False)

    @rule(again=st.booleans())
    def press(self, again: bool) -> None:
        """Starts a run; ``again`` repeats the cause of the last one."""
        number = next(self.causes) if not again or not self.runs else len(self.runs) - 1
        with self.database.write() as session:
            started = launch.start(
                session, self.bench.plan, flow_id="f1", version_id=1, bindings={"left": "L", "right": "R"},
                mode="live", cause=Cause("button", "", f"press-{number}"),
            )  # fmt: skip
        if again and self.runs:
            assert not started.new
        if started.new:
            self.runs.append(started.run)

    # processes ---------------------------------------------------------------------------------------

    @rule(point=st.sampled_from(faults.IN_A_WORKER), nth=st.integers(1, 4))
    def crash(self, point: str, nth: int) -> None:
        """A worker takes up whatever waits, and dies at the nth passing of a point."""

        def die() -> None:
            raise Killed(point)

        with at_point(point, nth, die):
            self._work()

    @rule(
        point=st.sampled_from([one for one in faults.IN_A_WORKER if one != "before-close"]),
        nth=st.integers(1, 4),
    )
    def freeze(self, point: str, nth: int) -> None:
        """A worker sleeps past its lease; meanwhile another does what there is to do."""
        executor = self._executor()

        def sleep() -> None:
            self._asleep(executor)

        with at_point(point, nth, sleep):
            self._work(executor)

    @rule()
    def freeze_amid_a_call(self) -> None:
        """The same while its call is under way, which is carried out within its time limit, but after the lease."""
        executor = self._executor()
        self.world.before_write = after(0, 1, lambda changes: self._asleep(executor))
        self._work(executor)

    def _asleep(self, executor: Executor) -> None:
        kept = list(executor.heartbeat._kept)
        executor.heartbeat._kept.clear()  # a frozen process gives no sign of life
        hook, self.world.before_write = self.world.before_write, lambda changes: None
        clock._skew += LEASE + 1.0
        self._work()
        self.world.before_write = hook
        executor.heartbeat._kept.extend(kept)

    @rule(nth=st.integers(1, 12), times=st.integers(1, 3), code=st.sampled_from(["E-DISK", "E-DATABASE"]))
    def break_the_database(self, nth: int, times: int, code: str) -> None:
        """Transactions fail with everything that they would have kept."""
        with broken_database(self.database, nth, times, Unavailable("Not now.", code=code)):
            self._work()

    @rule()
    def cut_in_two(self) -> None:
        """What is worked on next counts as having brought down three workers."""
        query = (
            "UPDATE lane SET attempts = 2 WHERE state = 'open' AND EXISTS (SELECT 1 FROM staged_batch b WHERE"
            " b.run_id = lane.run_id AND b.lane = lane.number AND b.number = lane.next AND b.count > 1)"
        )
        with self.database.write() as session:
            session.connection().exec_driver_sql(query)

    @rule()
    def intrude(self) -> None:
        """Between a claim and its call another worker takes up everything there is."""
        self.world.before_write = after(0, 1, lambda changes: self._work())

    # systems -----------------------------------------------------------------------------------------

    @rule(times=st.integers(1, 3), done=st.booleans())
    def lose_answers(self, times: int, done: bool) -> None:
        """The line is cut, or time runs out, before the system has done it or when it has."""
        hook = after(0, times, raising(lambda: InDoubt("lost", sent_at=clock.passing(), timeout=TIMEOUT)))
        if done:
            self.world.after_write = hook
        else:
            self.world.before_write = hook

    @rule(
        make=st.sampled_from(
            [
                lambda: Unavailable("Too many.", code="E-RATE", retry_after=0.5),
                lambda: Unavailable("Failed."),
                lambda: Unavailable("Away.", code="E-UNREACHABLE"),
                lambda: AccessError("Signed out."),
            ]
        ),
        times=st.integers(1, 3),
    )
    def refuse(self, make: Callable[[], HeddleError], times: int) -> None:
        """429, 500, a line that cannot be opened, a sign-in that has run out."""
        self.world.before_write = after(0, times, raising(make))

    @rule()
    def answer_late(self) -> None:
        """Time runs out, and it is done a little later."""
        self.world.before_write = after(0, 1, self._put_off)

    def _put_off(self, changes: Sequence[Change]) -> None:
        rows = [{"key": change.key, **change.data} for change in changes if change.operation == "create"]
        self.world.pending.append((clock.passing() + 0.6 * TIMEOUT, rows))
        raise InDoubt("late", sent_at=clock.passing(), timeout=TIMEOUT)

    @rule()
    def do_half(self) -> None:
        self.world.halved = False

    @rule()
    def sign_out_readers(self) -> None:
        self.world.expired = False

    @rule(wrong=st.sampled_from([-300.0, 0.0, 300.0]))
    def set_the_clock(self, wrong: float) -> None:
        """Put forward or back by five minutes, or right again."""
        clock._wrong = wrong

    @rule(seconds=st.sampled_from([1.0, 4.0, 9.0]))
    def wait(self, seconds: float) -> None:
        clock._skew += seconds

    @rule()
    def work(self) -> None:
        self._work()

    # what must be so ---------------------------------------------------------------------------------

    @invariant()
    def nothing_twice(self) -> None:
        if hasattr(self, "world"):
            self.world.catch_up()
            made = [row["name"] for row in self.world.target] if self.by_name else self.world.created()
            assert not {ref: n for ref, n in Counter(made).items() if n > 1}

    @invariant()
    def nothing_passed(self) -> None:
        """The watermark moves only when everything before it is written, or asked about."""
        if not hasattr(self, "world"):
            return
        with self.database.read() as session:
            mark = references.watermark(session, "f1", "read")
            asked = {hold.key for hold in reviews.open_holds(session)}
        if mark is not None and not self.by_name:
            passed = {key for key in self.world.source if stamp_of(key) <= mark}
            assert passed <= {*self.world.created(), *asked}

    def teardown(self) -> None:
        """Whatever happened: left alone, everything comes to a good end."""
        if hasattr(self, "world"):
            for _ in range(400):
                if self._over():
                    break
                clock._skew += 5.0
                self._work()
            assert self._over(), "the runs do not end"
            self.nothing_twice()
            self.nothing_passed()
            self._judge_end()
        self.database.close()
        self.folder.cleanup()
        clock._skew = clock._wrong = 0.0

    def _judge_end(self) -> None:
        with self.database.read() as session:
            runs = [session.get(Run, run_id) for run_id in self.runs]
            asked = {hold.key for hold in reviews.open_holds(session)}
            mark = references.watermark(session, "f1", "read")
        assert mark == stamp_of(max(self.world.source))
        assert self.world.means == "none" or not asked
        if self.by_name:
            names = {row["name"] for row in self.world.source.values()}
            made = {row["name"] for row in self.world.target}
            assert made | {self.world.source[key]["name"] for key in asked} == names, "something was lost"
        else:
            assert {*self.world.created(), *asked} == set(self.world.source), "something was lost"
        for run in runs:
            assert run is not None
            found = from_json(run.counts or "{}")
            repeats = self.pages == "repeated"
            assert found["read"] == len(self.world.source) or (
                repeats and found["read"] > len(self.world.source)
            )
            assert found["read"] == sum(found[name] for name in COUNTED)
            assert not found["failed"]
            assert self.world.means == "none" or not found["held"]

    def _executor(self) -> Executor:
        return self.bench.executor(lease=LEASE, slice=1.0)

    def _work(self, executor: Executor | None = None) -> None:
        """A worker takes up whatever waits. When it stumbles over the database, or dies, its lanes' leases run out."""
        with self.database.read() as session:
            waiting = lanes.unattended(session, 0.0)
        executor = executor or self.alive or self._executor()
        self.alive = None
        try:
            for run_id, lane in waiting:
                executor.advance(run_id, lane)
        except HeddleError as error:
            if error.code not in ("E-DISK", "E-DATABASE"):
                raise
            self.alive = executor
            clock._skew += LEASE + 1.0
        except Killed:
            clock._skew += LEASE + 1.0

    def _over(self) -> bool:
        with self.database.read() as session:
            return all(session.get(Run, run_id).ended_at is not None for run_id in self.runs)  # type: ignore[union-attr]


@pytest.fixture(autouse=True)
def _scene(sqlite_template: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(clock, "_skew", 0.0)
    monkeypatch.setattr(clock, "_wrong", 0.0)
    ExactlyOnce.template = sqlite_template
    with toys():
        registry.node_types()[ReadChanges.type] = ReadChanges
        yield


QUICK = settings(
    max_examples=15,
    stateful_step_count=12,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)


def test_each_write_happens_once() -> None:
    run_state_machine_as_test(ExactlyOnce, settings=QUICK)  # type: ignore[no-untyped-call]


@pytest.mark.long
def test_each_write_happens_once_whatever_happens() -> None:
    """The same, longer."""
    longer = settings(QUICK, max_examples=300, stateful_step_count=30)
    run_state_machine_as_test(ExactlyOnce, settings=longer)  # type: ignore[no-untyped-call]
