"""What one batch leaves in the books: deliveries, references, holds, counts.

Counts come from here alone. Every root record of the batch ends with exactly one outcome, the heaviest of
all that happened to it, so read = created + updated + unchanged + skipped + held + failed + echo.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

from engine import asking, causes, crossing, verdicts
from engine.asking import Asked
from engine.clock import now
from engine.errors import HeddleError, Held, Waiting
from engine.foreseen import real
from engine.node import WriteTarget
from engine.plan import Plan
from engine.record import COUNTED, COUNTS_AS, NAMES, WEIGHT, Outcome, Record, Result, fingerprint, to_json
from engine.store import deliveries, failures, matching, passages, references, reviews
from engine.store.database import Database, Session
from engine.store.deliveries import Entry
from engine.store.references import Pair, Reference
from engine.store.roots import Root, origin
from engine.store.runs import RunView
from engine.store.tenure import Claim
from engine.together import Together
from engine.walk import Course, Receipt

_FAILED = {Outcome.FAILED, Outcome.REJECTED}
_TROUBLE = {Outcome.HELD, Outcome.FAILED, Outcome.REJECTED, Outcome.IN_DOUBT, Outcome.CONFLICT}


class Ledger:
    """Collects the entries of one batch and stores them in the worker's guarded transactions.

    roots  the records as they were read, without their data: few are asked for it, and then it is read ``again``
    """

    def __init__(
        self,
        plan: Plan,
        run: RunView,
        held: Claim,
        entries: dict[str, list[Record]],
        count: int,
        again: Callable[[], dict[str, list[Record]]],
    ) -> None:
        self.plan, self.run, self.held, self.count, self._again = plan, run, held, count, again
        self.roots = {
            record.root: record.with_data(None) for records in entries.values() for record in records
        }
        self.outcomes: dict[int, Outcome] = {}
        self.released: dict[tuple[Pair, str], list[str]] = {}
        self._rows: list[Entry] = []
        self._references: list[Reference] = []
        self._ready: list[Callable[[Session], None]] = []
        self._entered = 0
        self._read: dict[str, Record] = {}
        self._agreed: list[Together] = []
        self._holds: list[dict[str, Any]] = []
        self._failures: list[dict[str, Any]] = []

    def weigh(self, records: Sequence[Record], receipts: Sequence[Receipt]) -> None:
        """Counts outcomes that an earlier, interrupted attempt has stored already."""
        for record, receipt in zip(records, receipts, strict=True):
            self._outcome(record.root, receipt.result.outcome)

    def file(
        self,
        node: str,
        target: WriteTarget | None,
        records: Sequence[Record],
        receipts: Sequence[Receipt],
        kept: Sequence[Reference],
    ) -> None:
        """Enters what a write node came to; ``target`` is None where every receipt names its own."""
        self._references.extend(kept)
        self.bring(records, kept)
        run_id, lane, batch, at, roots = self.run.id, self.held.lane, self.held.next, now(), self.roots
        usual = (target.slot, target.entity) if target else ("", "")
        for record, first in zip(records, receipts, strict=True):
            self._outcome(record.root, first.result.outcome)
            root = roots.get(record.root, record)
            for part, receipt in enumerate((first, *first.others)) if first.others else ((0, first),):
                result = receipt.result
                row = (
                    run_id, lane, batch, node, record.key, root.key, record.title or root.title,
                    NAMES[result.outcome], WEIGHT[result.outcome], at, receipt.slot or usual[0],
                    receipt.entity or usual[1], receipt.operation, result.remote_id, result.number,
                    result.link and real(result.link), result.code, result.message, result.detail, result.field,
                    receipt.json or to_json(receipt.sent) if receipt.sent else None,
                    to_json(receipt.before) if receipt.before is not None else None,
                    to_json(result.answer) if result.answer else None,
                    *_place(root), part,
                    to_json(receipt.why) if receipt.why else None,
                )  # fmt: skip
                self._rows.append(Entry._make(row))
                if result.outcome in _TROUBLE:
                    self._note_trouble(record, node, result)

    def bring(self, records: Sequence[Record], kept: Sequence[Reference]) -> None:
        """Notes what the records at a write node were read as, if any of them was written beside others."""
        if any(one.step for one in kept):
            self._read.update({one.key: self.roots.get(one.root, one) for one in records})

    def agree(self, both: Together) -> None:
        """Enters what a two-way sync remembers of its pairs. Call it before ``file``."""
        self._agreed.append(both)

    def _note_trouble(self, record: Record, node: str, result: Result) -> None:
        if result.outcome in (Outcome.HELD, Outcome.IN_DOUBT):
            self._hold(record, node, result.question or {"kind": "other"}, result.message, result.detail)
        elif result.outcome in _FAILED:
            self._fail(record, node, result.code, result.message, result.detail, result.field)

    def end(
        self, record: Record, node: str, outcome: Outcome, error: HeddleError | None, reason: str
    ) -> None:
        """Enters a record that went no further: refused, held or left out."""
        self._outcome(record.root, outcome)
        root = self.roots.get(record.root, record)
        slot, entity = _place(root)
        entry = Entry(
            self.run.id, self.held.lane, self.held.next, node, record.key, root.key, record.title or root.title,
            NAMES[outcome], WEIGHT[outcome], now(), message=reason, origin_slot=slot, origin_entity=entity,
        )  # fmt: skip
        if error is not None:
            field = getattr(error, "field", None)
            entry = entry._replace(code=error.code, message=error.message, cure=error.cure, field=field)
            if isinstance(error, Held) and not isinstance(error, Waiting):
                self._hold(record, node, error.question, error.message, error.cure)
            elif outcome in _FAILED:
                self._fail(record, node, error.code, error.message, error.cure, field)
        self._rows.append(entry)

    def prepare(self, database: Database) -> None:
        """Makes ready what is entered by now. Where one writes at a time, all others would have to wait for that too."""
        if database.is_sqlite and not self._read:  # which may turn out to have crossed
            at = database.now()
            self._ready = [deliveries.ready(self._rows), references.ready(self._references, at)]
            self._entered, self._references = len(self._rows), []

    def close(self, session: Session, course: Course) -> None:
        """The rest of the batch: endings, records that nothing happened to, overlay counts."""
        self.conclude(session, course)
        self.store(session)
        passages.add_steps(session, self.held, course.passages)

    def conclude(self, session: Session, course: Course) -> None:
        """Enters how everything ended that has not been entered; ``store`` is left to do."""
        answered = self._ask(session, course)
        for ending in course.endings:
            reason = answered.get((ending.node, ending.record.key), "")
            if reason and isinstance(ending.error, Waiting):
                self.end(ending.record, ending.node, Outcome.SKIPPED, None, reason)
                continue
            reason = ending.reason
            if ending.verdict is not None and self.run.mode == "live":
                reason = verdicts.give(session, self.run.flow_id, self.run.version_id, ending.verdict)
            self.end(ending.record, ending.node, ending.outcome, ending.error, reason)
        for root, record in self.roots.items():
            if root not in self.outcomes:
                self.end(
                    record, self.plan.order[-1], Outcome.SKIPPED, None, "Nothing was to be done with it."
                )

    def _ask(self, session: Session, course: Course) -> dict[tuple[str, str], str]:
        """Puts the questions to people that records wait for; (node, key) → why a record does not wait."""
        if self.run.mode != "live":
            return {}
        asked = [
            Asked(ending.node, self.roots.get(ending.record.root, ending.record).key, ending.record,
                  ending.error.request)
            for ending in course.endings
            if isinstance(ending.error, Waiting)
        ]  # fmt: skip
        return asking.ask(session, self.run.flow_id, self.run.id, asked)

    def fail_all(self, session: Session, node: str, error: HeddleError) -> None:
        """A batch that cannot be processed at all: each record failed, with the reason."""
        for record in self.roots.values():
            self.end(record, node, Outcome.FAILED, error, "")
        self.store(session)

    def store(self, session: Session) -> None:
        """Writes what was entered since the last time."""
        store(session, [self])

    def parted(self, session: Session, some: Sequence[Reference]) -> list[Reference]:
        """The references as they are to be saved: see engine.crossing."""
        return crossing.part(session, self.plan, self.run, some, self._read)

    def _is_held(self, session: Session, hold: dict[str, Any]) -> bool:
        """Whether the other half of the pair waits with the same question: one is enough."""
        partners = (both.partner(hold["key"]) for both in self._agreed if both.node == hold["node"])
        return any(
            reviews.is_held(session, hold["flow_id"], hold["node"], partner, hold["question_hash"])
            for partner in partners
            if partner is not None
        )

    def counts(self) -> dict[str, int]:
        """The counts of this batch; they add up by construction."""
        counts = dict.fromkeys(COUNTED, 0)
        for outcome, times in Counter(self.outcomes.values()).items():
            counts[COUNTS_AS[outcome]] += times
        return {"read": len(self.outcomes), **counts}

    def _through(self) -> list[Root]:
        """The records that got through: what was held of them before is over."""
        return [_whose(entry) for entry in self._rows if entry.outcome not in _TROUBLE and entry.operation]

    def _had(self) -> list[Root]:
        """The records that something happened to, and their counterparts."""
        return [*map(_whose, self._rows), *(one for both in self._agreed for one in both.known)]

    @property
    def troubled(self) -> bool:
        """Whether any record is held or failed: no other outcome weighs as much."""
        return not _TROUBLE.isdisjoint(self.outcomes.values())

    def _outcome(self, root: int, outcome: Outcome) -> None:
        known = self.outcomes.setdefault(root, outcome)
        if known is not outcome and WEIGHT[outcome] > WEIGHT[known]:
            self.outcomes[root] = outcome

    @cached_property
    def _sources(self) -> dict[int, Any]:
        """The data of the records as they were read."""
        return {record.root: record.data for records in self._again().values() for record in records}

    def _fail(self, record: Record, node: str, code: str, message: str, cure: str, field: str | None) -> None:
        root = self.roots.get(record.root, record)
        own = (record.key, root.key, record.title, root.title)
        source = self._sources.get(root.root)
        sentence = causes.template(message, [*own, *causes.values_of(source), *causes.values_of(record.data)])
        budget = self.plan.flow.policy.budget
        named = budget.amount.field if budget and budget.amount else ""
        amount, currency = causes.money(record.data, named) or causes.money(source) or ("", "")
        self._failures.append(
            {
                "flow_id": self.run.flow_id, "run_id": self.run.id, "node": node, "key": record.key, "root": root.key,
                "title": record.title or root.title, "code": code, "message": message, "cure": cure, "field": field,
                "sentence": sentence, "cause": fingerprint([self.run.flow_id, node, code, sentence]),
                "amount": str(amount), "currency": currency, "state": "open", "ended_by": None, "origin": origin(*_place(root)), "created_at": now(),
            }
        )  # fmt: skip

    def _hold(self, record: Record, node: str, question: dict[str, Any], message: str, cure: str) -> None:
        root = self.roots.get(record.root, record)
        self._holds.append(
            {
                "flow_id": self.run.flow_id, "run_id": self.run.id, "lane": self.held.lane, "batch": self.held.next,
                "node": node, "key": record.key, "root": root.key, "title": record.title or root.title,
                "question": to_json(question).decode(), "question_hash": fingerprint(question),
                "message": message, "cure": cure, "state": "open", "released_by": None, "origin": origin(*_place(root)),
                "created_at": now(),
            }
        )  # fmt: skip


def store(session: Session, ledgers: Sequence[Ledger]) -> None:
    """Writes what was entered since the last time, of runs of one flow together."""
    for one in ledgers:
        for write in one._ready:
            write(session)
    deliveries.add(session, [entry for one in ledgers for entry in one._rows[one._entered :]])
    references.save(session, [each for one in ledgers for each in one.parted(session, one._references)])
    for one in ledgers:
        for both in one._agreed:
            both.store(session, one.run.id, live=one.run.mode == "live")
        for (pair, owner), left_ids in one.released.items():
            references.release(session, pair, left_ids, owner)
    live = {one.run.id: one for one in ledgers if one.run.mode == "live"}
    if live:
        flow_id = next(iter(live.values())).run.flow_id
        reviews.release(session, flow_id, lambda: {run_id: one._through() for run_id, one in live.items()})
        holds = [(one, hold) for one in live.values() for hold in one._holds]
        reviews.add(session, [hold for one, hold in holds if not one._is_held(session, hold)])
        failed = [row for one in live.values() for row in one._failures]
        failures.renew(session, flow_id, lambda: {run_id: one._had() for run_id, one in live.items()}, failed)
    for one in ledgers:
        if one.run.mode != "live" and one.run.window.get("first"):
            matching.enter(session, one._holds)
        one._rows, one._references, one._holds, one._failures, one.released = [], [], [], [], {}
        one._agreed, one._ready, one._entered = [], [], 0


def _whose(entry: Entry) -> Root:
    return Root(origin(entry.origin_slot, entry.origin_entity), entry.root)


def _place(root: Record) -> tuple[str, str]:
    """Slot and entity where a record was read; empty texts for what a trigger brought."""
    return (root.origin.slot, root.origin.entity) if root.origin else ("", "")
