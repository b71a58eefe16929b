"""One claim of one lane: reading and staging pages, or taking staged batches through the graph."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from engine import collector, faults, patience
from engine.batch import pack, pack_answers
from engine.breaker import Breaker
from engine.clock import now, passing
from engine.connector import Connector
from engine.couple import Reconciled
from engine.deliver import deliver
from engine.errands import Errands
from engine.errors import (
    DefinitionError,
    EngineError,
    HeddleError,
    OverBudget,
)
from engine.headway import Headway
from engine.heartbeat import MARGIN
from engine.intent import Delivered
from engine.ledger import Ledger
from engine.lookup import fetch
from engine.node import SyncNode
from engine.owner import Owner
from engine.reader import Reader
from engine.ready import Ready, load
from engine.reconciliation import reconcile
from engine.record import Outcome, Record, Result, from_json, to_json
from engine.store import closing as ends
from engine.store import control, deliveries, lanes, references, runs, waits
from engine.store.database import Session, hasten
from engine.store.halves import Half, cut
from engine.store.roots import Root, origin
from engine.store.runs import RunView
from engine.store.tenure import Claim
from engine.together import Together
from engine.walk import Receipt, WantAsk, WriteAsk, node_of

log = logging.getLogger("heddle.executor")

_NOT_THE_RECORDS_FAULT = {"E-UNBOUND", "E-DOOR", "E-NO-CONNECTOR"}

BACKLOG = 8
"""Batches that a lane may have waiting before the reader stops."""

LULL = 0.05
"""Seconds until the reader looks again whether there is room: some two batches of a fast flow."""

MOST_CALLS = 200
"""Calls of one batch that are noted."""

DEADLY = "Processing it brought the worker down three times."

SMALL = 20
"""Batches up to this size keep their HTTP calls even when all went well."""


class Shift:
    """One claim of one lane: the work between claiming and giving it back."""

    def __init__(self, executor: Owner, run: RunView, held: Claim) -> None:
        self.executor, self.run, self.held = executor, run, held
        self.database = executor.database
        self.plan = executor.plans(run.version_id)
        self.calls: list[dict[str, Any]] = []
        self.read_only = run.mode != "live"
        self._connectors: dict[str, Connector[Any]] = {}
        self._breaker = Breaker(executor.database, executor.lease)
        self._errands = Errands(
            executor.database, self.plan, run, held, executor.lease, executor.directories, self.connector,
            self._keep_lease,
        )  # fmt: skip

    def work(self, deadline: float, *, is_needed: Callable[[Session], bool] = lambda _: False) -> None:
        """Works until the lane is done, its time is up (``deadline``, by clock.passing), or the run was paused or cancelled.

        is_needed  whether whoever works is wanted elsewhere
        """
        if self._works_on(deadline, is_needed):
            return
        faults.point("before-release")
        with self.database.write() as session:
            lanes.release(session, self.held)
        faults.point("after-release")

    def _works_on(self, deadline: float, is_needed: Callable[[Session], bool]) -> bool:
        """Whether the lane is over."""
        step = self._read_page if self.held.lane == 0 else self._next_batch
        while step():
            collector.tidy()
            self.executor.got_on()
            with self.database.read() as session:
                state, elsewhere = runs.state(session, self.run.id), is_needed(session)
            if state == "cancelled":
                self._finish("cancelled")
                return True
            if state == "paused" or elsewhere or self.executor.is_over(deadline, self.run.id):
                return False
        return self._finish("done")

    def back_off(self, error: HeddleError) -> None:
        """Something outside stands in the way: give the lane back with a time to try again."""
        if isinstance(error, DefinitionError | EngineError):
            with self.database.write() as session:
                lanes.guard(session, self.held)
                self._keep_calls(session)
                ends.fail(session, self.run.id, error)
            return
        if isinstance(error, OverBudget):
            with self.database.write() as session:
                lanes.release(session, self.held)
                control.stop_over_budget(session, self.run.id, error)
            return
        for connector in self._connectors.values():
            error.message = connector.http.mask(error.message)
        told = patience.is_told(error)
        failures = self.held.failures + (not told)
        wait = patience.wait(error, max(failures, 1), self.plan.flow.policy)
        again_at = now() + wait
        for connector in self._connectors.values():
            connector.http.spent = True
        self._connectors.clear()
        with self.database.write() as session:
            self._keep_calls(session)
            self._breaker.refused(session, error, again_at)
            lanes.release(
                session, self.held, wait=wait, silent=patience.silence(error), failures=failures,
                code=error.code, message=ends.sentence(error),
                told_since=(self.held.told_since or now()) if told else 0.0,
            )  # fmt: skip
            waits.note(session, self.run.id, error.code, ends.sentence(error), again_at)

    def note_wait(self, why: str, seconds: float) -> None:
        """A call waits in our hands, and not the lane: people are told all the same."""
        with self.database.write(lasting=False) as session:
            self.held.told_since = self.held.told_since or now()
            lanes.guard(session, self.held, code=patience.TOLD, message=why, told_since=self.held.told_since)
            waits.note(session, self.run.id, patience.TOLD, why, now() + seconds)

    def _finish(self, state: str) -> bool:
        with self.database.write(lasting=False) as session:
            if not lanes.finish_lane(session, self.held, state):
                return False
            faults.point("before-close")
            ends.close_if_over(session, self.run.id)
        return True

    # reading -----------------------------------------------------------------------------------------

    def _read_page(self) -> bool:
        """Reads and stages one page. False when there is nothing more to read."""
        with self.database.read() as session:
            waiting = lanes.backlog(session, self.run.id)
        if waiting and max(waiting.values()) >= BACKLOG:
            return self._let_lanes_catch_up(waiting)
        reader = Reader(self.plan, self.run, self.connector)
        batches, cursor = reader.next_page(
            self.database, from_json(self.held.cursor) if self.held.cursor else None
        )
        faults.point("before-stage")
        with self.database.write(lasting=False) as session:
            self._breaker.answered(session)
            unattended = lanes.stage(session, self.held, batches, to_json(cursor).decode())
        self.calls.clear()  # a page that went well is seen in its records
        faults.point("after-stage")
        if cursor.get("end"):
            return False  # whoever claimed this lane goes on with the others, and rings for those it leaves
        for number in unattended:
            self.executor.ring(self.run.id, number)
        return True

    def _let_lanes_catch_up(self, waiting: dict[int, int]) -> bool:
        """The lanes are full: work on one of them ourselves rather than wait for another worker, until others who deliver
        have hardly anything left to do."""
        fullest = max(waiting, key=lambda number: waiting[number])
        other = None
        with self.database.read() as session:
            attended = lanes.is_attended(session, self.run.id, fullest)
        if not attended:  # asking first: a claim in vain would make others wait for the database
            with self.database.write(lasting=self.database.falls_alone) as session:
                other = lanes.claim(session, self.run.id, fullest, self.executor.owner, self.executor.lease)
        if other is None:
            threading.Event().wait(LULL)
            return True
        shift = Shift(self.executor, self.run, other)
        shift._connectors = self._connectors
        with self.executor.heartbeat.keeping(other):
            try:
                shift.work(passing() + 0.5, is_needed=partial(lanes.is_low, besides=other))
            except HeddleError as error:
                shift.back_off(error)
                self._breaker.calling = shift._breaker.calling
                raise
        return True

    # delivering --------------------------------------------------------------------------------------

    def _next_batch(self) -> bool:
        """Takes one staged batch through the graph. False when none is waiting."""
        batch = load(self.database, self.run.id, self.held.lane, self.held.next)
        if batch is None:
            return False
        self.held.take_up(batch.stem)
        ledger = Ledger(self.plan, self.run, self.held, batch.entries, batch.count, batch.again)
        if self.held.attempts > 2:
            self._isolate(
                batch, ledger, EngineError(DEADLY, cure="The log of the workers says where they stood.")
            )
            return True
        try:
            self._take_through(batch, ledger)
        except EngineError as error:
            if error.code in _NOT_THE_RECORDS_FAULT:
                raise
            self._isolate(batch, ledger, error)
        except HeddleError:
            raise
        except Exception as error:
            log.exception("run %s lane %s batch %s", self.run.id, self.held.lane, self.held.next)
            fault = EngineError(
                "Heddle failed on this record; the log of the worker says more.", detail=repr(error)
            )
            self._isolate(batch, ledger, fault)
        return True

    def _take_through(self, batch: Ready, ledger: Ledger) -> None:
        batch.begin(self.plan, self.run.facts())
        settled, answers = batch.settled, batch.answers
        last = [node for node in self.plan.writes if node not in settled][-1:]
        headway = Headway(
            batch.count, self.plan.order, self.executor.strides.setdefault(self.run.version_id, {})
        )
        self.held.begin(headway)
        while (ask := batch.ask) is not None:
            reply: Any
            started = time.perf_counter()
            if isinstance(ask, WantAsk):
                if ask.node not in answers:
                    headway.reach(ask.node)
                    answers[ask.node] = fetch(ask.want, self.connector(ask.want.slot), headway)
                reply = answers[ask.node]
            elif ask.node in settled:
                reply = batch.receipts[ask.node]
                ledger.weigh(ask.records, reply)
            else:
                headway.reach(ask.node)
                reply = self._deliver(ask, ledger, settled, answers, final=last == [ask.node])
                settled = [*settled, ask.node]
            batch.course.passages[ask.node].ms += (time.perf_counter() - started) * 1000
            self.executor.got_on()
            batch.go_on(reply)
        headway.end()
        self.held.begin(None)
        ledger.prepare(self.database)
        faults.point("before-settle")
        with self.database.write() as session:
            ledger.close(session, batch.course)
            self.answered(session)
            self._keep_calls(session, wanted=ledger.troubled or ledger.count <= SMALL)
            if lanes.settle_batch(session, self.held, ledger.counts(), pack_answers(answers)):
                # the disk is waited for with the next claims, before anything more is created
                hasten(session)
        faults.point("after-settle")

    def _deliver(
        self, ask: WriteAsk, ledger: Ledger, settled: list[str], answers: dict[str, Any], *, final: bool
    ) -> list[Receipt]:
        """Delivers one write node. The last one of a batch is settled together with the batch."""
        node = self.plan.nodes[ask.node]
        both: Together | None = None
        done: Delivered | Reconciled
        if isinstance(node, SyncNode):
            errand = self._errands.for_both(ask, node, ledger)
            target = None
            done = reconcile(errand, ask.records)
            both = Together(errand, done, ask.records)
        else:
            target = node.target()  # type: ignore[attr-defined]
            done = deliver(self._errands.for_one(ask, node, target, ledger), ask.records)
        if done.interruption is not None and not patience.gives_up(
            done.interruption, self.held.failures, self.plan.flow.policy, self.held.told_since
        ):
            with self.database.write() as session:
                lanes.guard(session, self.held)
                ledger.bring(ask.records, done.references)
                references.save(session, ledger.parted(session, done.references))
                if both is not None:
                    both.store(session, self.run.id, live=not self.read_only)
                for pair, left_id, claim in done.released:
                    references.release(session, pair, [left_id], claim)
            raise done.interruption
        receipts = [receipt or _gave_up(done.interruption) for receipt in done.receipts]
        if both is not None:
            ledger.agree(both)
        ledger.file(ask.node, target, ask.records, receipts, done.references)
        for pair, left_id, claim in done.released:
            ledger.released.setdefault((pair, claim), []).append(left_id)
        if not final:
            ledger.prepare(self.database)
            with self.database.write() as session:
                ledger.store(session)
                self._keep_calls(session, wanted=ledger.troubled or ledger.count <= SMALL)
                lanes.settle_node(session, self.held, [*settled, ask.node], pack_answers(answers))
        return receipts

    def _isolate(self, batch: Ready, ledger: Ledger, error: EngineError) -> None:
        """Cuts a batch that cannot be processed in two, again and again, until the one bad record fails alone."""
        self.held.begin(None)
        entries = batch.again()
        places = {record.root: _whose(record) for records in entries.values() for record in records}
        objects = list(dict.fromkeys(places[root] for root in sorted(places)))
        if len(objects) == 1:
            with self.database.write() as session:
                fresh = Ledger(self.plan, self.run, self.held, entries, ledger.count, batch.again)
                fresh.fail_all(session, node_of(next(iter(entries))), error)
                lanes.settle_batch(session, self.held, fresh.counts(), None)
            return
        middle = len(objects) // 2
        halves: list[Half] = []
        for keep in (set(objects[:middle]), set(objects[middle:])):
            kept = {node: [one for one in some if _whose(one) in keep] for node, some in entries.items()}
            payload = pack({node: records for node, records in kept.items() if records})
            halves.append(Half(payload, sum(place in keep for place in places.values()), keep))
        with self.database.write() as session:
            cut(session, self.held, *halves)

    def connector(self, slot: str) -> Connector[Any]:
        """The open connection behind a slot of the flow. Raises EngineError if none is bound."""
        connection = self.run.bindings.get(slot)
        if not connection:
            title = self.plan.flow.slots[slot].title or slot
            raise EngineError(
                f"No connection is chosen for «{title}».",
                code="E-UNBOUND",
                cure="Choose one in the flow's settings.",
            )
        self._breaker.calling = connection
        if connection not in self._connectors:
            self._breaker.enter(connection)
            self._connectors[connection] = self.executor.open(
                connection, read_only=self.read_only, journal=self._note_call
            )
        opened = self._connectors[connection]
        http = opened.http
        http.journal, http.guard = self._note_call, self._keep_lease
        if http.door is not None:
            http.door.flow, http.door.note = self.run.flow_id, self.note_wait
        return opened

    def _keep_lease(self, rest: float = MARGIN) -> None:
        self.executor.heartbeat.keep([self.held], rest)

    def _note_call(self, call: dict[str, Any]) -> None:
        self.executor.got_on()
        if self.held.headway is not None:
            self.held.headway.note(call)
        if len(self.calls) < MOST_CALLS:
            self.calls.append({**call, "at": now()})
            self.calls[-1].pop("about", None)

    def _keep_calls(self, session: Session, *, wanted: bool = True) -> None:
        """Calls are kept for what went wrong, and for batches small enough to be looked at record by record."""
        if wanted:
            deliveries.add_calls(session, self.call_rows())
        self.calls.clear()

    def call_rows(self) -> list[dict[str, Any]]:
        """The calls of the batch at hand, as they are stored."""
        at = {"run_id": self.run.id, "lane": self.held.lane, "batch": self.held.next, "node": ""}
        return [{**call, **at} for call in self.calls]

    def answered(self, session: Session) -> None:
        """What was called has answered: whoever waits for it may go on."""
        self._breaker.answered(session)

    def join(self, lead: Shift) -> None:
        """Uses what another claim has open, and waits for shut connections together with it."""
        self._connectors, self._breaker = lead._connectors, lead._breaker


def _whose(record: Record) -> Root:
    return Root(origin(record.origin.slot, record.origin.entity) if record.origin else "", record.key)


def _gave_up(error: HeddleError | None) -> Receipt:
    if error is None:
        raise EngineError("A record was delivered without a receipt.", code="E-LOST")
    return Receipt(Result(Outcome.FAILED, code=error.code, message=error.message, detail=error.cure))
