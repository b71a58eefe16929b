"""What never ends: bounded where a drawing could make it, and, should that be forgotten, ended with its worker."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Generator, Sequence
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from sqlmodel import select

from engine import bounds, circle, path
from engine.connector import Query
from engine.errors import DefinitionError, RecordRejected, RequestError
from engine.feel import FeelError, names_in, parse_expression
from engine.meaning import LONGEST, evaluate
from engine.moments import Mismatch
from engine.path import PathError, parse_path
from engine.reader import Reader
from engine.readings import pattern, whole_number
from engine.record import Page, Record
from engine.store.database import Database
from engine.store.deliveries import Delivery
from engine.store.runs import Run
from tests.engine.test_executor import counts, start
from tests.engine.test_reader import reader_of
from tests.engine.toys import Bench, Toy, World, toy_flow, toys
from tests.tree import ROOT

# at the source ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        'duration("P1Y") * 1E+999990', 'duration("P1D") / 1E-999990', "2 ** 0.1 ** 1E+99", "1E+999999999999 + 1",
    ],
)  # fmt: skip
def test_a_number_beyond_all_bounds_is_nothing(text: str) -> None:
    assert evaluate(parse_expression(text), {}) is None


def test_a_text_does_not_grow_beyond_all_bounds() -> None:
    names = {"s": "x" * (LONGEST // 2)}
    assert len(evaluate(parse_expression("s + s"), names)) == LONGEST
    with pytest.raises(RecordRejected, match="more than 1,000,000 characters") as refused:
        evaluate(parse_expression(" + ".join("s" * 100)), names)
    assert refused.value.cure


@pytest.mark.parametrize("sign", [" + ", " ** ", " or ", ".", " - -"])
def test_an_expression_has_no_more_signs_than_can_be_worked_out(sign: str) -> None:
    with pytest.raises(FeelError, match="split it into steps"):
        parse_expression(sign.join("a" * 202))
    tree = parse_expression(sign.join("a" * 101))
    assert "a" in names_in(tree)
    evaluate(tree, {"a": Decimal(1)})


@pytest.mark.parametrize("value", ["1e999999999", Decimal("1e999999999"), "-1E+31"])
def test_a_whole_number_that_is_longer_than_memory_is_refused(value: Any) -> None:
    with pytest.raises(Mismatch, match="that can be counted to"):
        whole_number(value)
    assert whole_number("1e3") == 1000


def test_a_pattern_takes_no_longer_than_its_text() -> None:
    """With backtracking this one takes longer than anybody lives."""
    assert pattern(r"^(a+)+$").search("a" * 100_000 + "!") is None


@pytest.mark.parametrize("text", ["$..*..*", "$..a[?(@..b == 1)]", "$.a[?(@..b == 1)]..c"])
def test_a_path_searches_everything_once(text: str) -> None:
    with pytest.raises(PathError, match="Name the fields in between"):
        parse_path(text)
    assert parse_path("$..a[?(@.b == 1)]").get({"x": {"a": [{"b": 1}]}}) == [{"b": 1}]


def test_a_path_does_not_multiply_what_it_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(path, "MOST", 100)
    with pytest.raises(RecordRejected, match="more than 100 places"):
        parse_path("$.a" + "[0,0,0,0]" * 4).get({"a": [[[[1]]]]})
    assert len(parse_path("$.a[*]").get({"a": [1] * 100})) == 100


class Repeating(Toy):
    """Answers the same pages in a circle, whatever is asked for: so many different ones."""

    pages = 1

    def read(self, query: Query, cursor: Any, limit: int) -> Page:
        turn = int(cursor or 0)
        return Page([Record(f"S{turn % self.pages}", {"id": "1", "name": "x"})], turn + 1)


def read_on(database: Database, reader: Reader) -> None:
    cursor: dict[str, Any] | None = None
    for _ in range(100):
        _, cursor = reader.next_page(database, cursor)


@pytest.mark.parametrize("pages", [1, 2, 7])
def test_pages_that_go_in_a_circle_end_the_run(
    database: Database, monkeypatch: pytest.MonkeyPatch, pages: int
) -> None:
    monkeypatch.setattr(Repeating, "pages", pages)
    with toys():
        reader = reader_of(database, 0)
        reader._connect = lambda slot: Repeating(World(), None)  # type: ignore[arg-type]
        with pytest.raises(DefinitionError, match="again and again") as ended:
            read_on(database, reader)
    assert ended.value.problems[0].code == "E-PAGING"


def test_empty_pages_and_rows_that_come_twice_are_no_circle() -> None:
    twice = [Page([Record("A", {})], n) for n in range(2)]
    walk_over([Page([], n) for n in range(20)] + twice + [Page([], 30)])
    with pytest.raises(DefinitionError):
        walk_over([Page([], 7)] * 9)


def walk_over(pages: Sequence[Page]) -> None:
    walked = None
    for page in pages:
        walked = circle.step(walked, page)


# at the worker ---------------------------------------------------------------------------------------------

BEGIN = """
    import re, time
    from engine.standstill import Standstill
    watch = Standstill(0.3)
"""
LOOP = "while True: pass"
"""The heart of the worker beats on."""
STUCK = "re.match('(a+)+$', 'a' * 60 + '!')"
"""No other thread gets to run."""


def process(*lines: str) -> subprocess.CompletedProcess[str]:
    source = textwrap.dedent(BEGIN) + "\n".join(lines)
    return subprocess.run(
        [sys.executable, "-c", source], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize("work", [LOOP, STUCK])
def test_a_process_that_computes_and_does_not_get_on_ends_and_says_where(work: str) -> None:
    ended = process("with watch.watched():", f"    {work}")
    assert ended.returncode == -signal.SIGPROF
    assert "in <module>" in ended.stderr


def test_who_waits_or_gets_on_or_has_nothing_to_do_lives() -> None:
    compute = "at = time.process_time()\n{0}while time.process_time() < at + 0.2: pass"
    ended = process(
        "with watch.watched():",
        "    time.sleep(0.5)",
        "    for _ in range(3):",
        "        watch.got_on()",
        f"        {compute.format(' ' * 8)}",
        compute.format("") + "\n" + compute.format(""),
        "print('alive')",
    )
    assert (ended.returncode, ended.stdout) == (0, "alive\n")


# where a drawing is tried, beside other requests -----------------------------------------------------------


def test_a_server_of_which_one_thread_alone_can_run_ends_and_any_other_lives() -> None:
    stuck = process("watch.keep()", STUCK)
    assert stuck.returncode == -signal.SIGPROF
    busy = process(
        "watch.keep()",
        "at = time.process_time()",
        "while time.process_time() < at + 1: pass",
        "print('alive')",
    )
    assert (busy.returncode, busy.stdout) == (0, "alive\n")


def endless(count: list[int]) -> None:
    """Whatever goes wrong with one record is that record's affair."""
    while True:
        try:
            count[0] += 1
        except Exception:
            count[0] = 0


def test_what_is_tried_is_broken_off_when_it_computes_without_end() -> None:
    count, others = [0], threading.Thread(target=time.sleep, args=(0.5,))
    others.start()
    with pytest.raises(RequestError, match="without coming to an end") as broken, bounds.bounded(0.2):
        endless(count)
    assert (broken.value.code, broken.value.status) == ("E-ENDLESS", 422)
    assert count[0]
    with bounds.bounded(0.2):
        time.sleep(0.5)  # who waits has all the time there is
    others.join()


def test_nothing_is_broken_off_that_has_come_to_an_end() -> None:
    """Many come to their end at about the moment at which they would be broken off."""
    ended = 0
    for _ in range(200):
        with suppress(RequestError), bounds.bounded(0.001):
            until = time.thread_time() + 0.001
            while time.thread_time() < until:
                pass
            ended += 1
    assert ended
    until = time.thread_time() + 0.1
    while time.thread_time() < until:
        pass


def test_a_way_is_bounded_between_its_questions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "MOST", 0.2)
    seen: list[Any] = []

    def way() -> Generator[str, Any, None]:
        seen.append((yield "first"))
        seen.append((yield "second"))
        endless([0])

    following = bounds.within(way())
    assert next(following) == "first"
    assert following.send(1) == "second"
    with pytest.raises(RequestError):
        following.send(2)
    assert seen == [1, 2]
    assert list(bounds.within(one for one in "ab")) == ["a", "b"]


WORKER = """
    import sys
    from engine.executor import Executor
    from engine.http import Http
    from engine.plan import build
    from engine.standstill import Standstill
    from engine.store.database import Database
    from tests.engine.toys import Toy, ToyMap, World, toy_flow, toys

    def endless(self, records, out):
        while True:
            pass

    ToyMap.process = endless
    url, run_id = sys.argv[1:]
    with toys():
        watch, plan = Standstill(0.5), build(toy_flow())
        executor = Executor(
            Database(url), lambda *_, **more: Toy(World(1), Http()), lambda version: plan, lambda *_: None,
            lease=9.0, got_on=watch.got_on,
        )
        with watch.watched():
            executor.advance(run_id, 0)
            executor.advance(run_id, 1)
"""


def test_a_record_that_never_ends_fails_alone(database: Database, database_url: str) -> None:
    """Two workers end over it; the third isolates it."""
    with toys():
        bench = Bench(database, World(1), toy_flow())
        run_id = start(bench)
        for _ in range(2):
            ended = subprocess.run(
                [sys.executable, "-c", textwrap.dedent(WORKER), database_url, run_id],
                cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
            )  # fmt: skip
            assert ended.returncode == -signal.SIGPROF, ended.stderr
            assert "in endless" in ended.stderr
            _let_the_lease_run_out(database)
        bench.executor(lease=9.0).advance(run_id, 1)
    with database.read() as session:
        run = session.get(Run, run_id)
        (failed,) = session.exec(select(Delivery))
    assert run is not None
    assert counts(run) == {"read": 1, "failed": 1}
    assert "three times" in failed.message


def _let_the_lease_run_out(database: Database) -> None:
    with database.write() as session:
        session.connection().exec_driver_sql("UPDATE lane SET until = 1.0 WHERE owner IS NOT NULL")
