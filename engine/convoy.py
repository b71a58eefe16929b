"""Small runs of one flow version side by side: a call that starts a run brings one record more often than not.

Each run walks the graph by itself, keeps its own lane, fence, ledger and history. What they ask at the rim is asked
together: one commit for all claims, one write for all records of a node, one commit for all that came of it. A
convoy knows the straight way alone. Whoever stumbles is left to a Shift of its own, which begins again: the walk is
pure, and claims say what may have been sent.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from engine import faults, patience
from engine.batch import pack_answers, unpack
from engine.clock import now, passing
from engine.connector import Connector
from engine.deliver import deliver
from engine.errors import HeddleError
from engine.heartbeat import MARGIN
from engine.intent import Delivered, Errand
from engine.ledger import Ledger, store
from engine.lookup import fetch
from engine.node import SyncNode, WriteTarget
from engine.plan import Plan
from engine.record import Record
from engine.shift import MOST_CALLS, Owner, Shift
from engine.store import company, deliveries, lanes, passages, references
from engine.store.company import Loaded
from engine.store.database import Session
from engine.walk import Ask, Course, Receipt, WantAsk, WriteAsk, walk

log = logging.getLogger("heddle.executor")

MOST = 50
"""Runs in one convoy."""

SHARED = 4_000
"""Characters kept of a call that was about several runs, with each of them."""


def may_form(plan: Plan) -> bool:
    """Whether runs of this version can go side by side: not where a run as a whole is counted or weighed."""
    return plan.flow.policy.budget is None and all(_is_plain(plan.nodes[node]) for node in plan.writes)


def _is_plain(node: Any) -> bool:
    """Whether a node writes to one system, and deletes nothing: deletes are always counted."""
    return not isinstance(node, SyncNode) and node.target().operation != "delete"


class Member:
    """One run of a convoy."""

    def __init__(self, executor: Owner, loaded: Loaded) -> None:
        self.shift = Shift(executor, loaded.run, loaded.held)
        self.held = loaded.held
        entries = unpack(loaded.payload)
        self.ledger = Ledger(
            self.shift.plan, loaded.run, loaded.held, entries, loaded.size, partial(unpack, loaded.payload)
        )
        self.course = Course()
        self.answers: dict[str, Any] = {}
        self.settled: list[str] = []
        self.receipts: list[Receipt] = []
        self.trouble: HeddleError | None = None
        self.ask: Ask | None = None
        self._way = walk(self.shift.plan, entries, self.course, run=loaded.run.facts())

    def go_on(self, reply: Any = None) -> bool:
        """Walks to the next question at the rim; False when the end is reached."""
        try:
            self.ask = self._way.send(reply)
        except StopIteration:
            self.ask = None
        return self.ask is not None

    def claim(self, node: str) -> str:
        return f"{self.held.run_id}/{self.held.lane}/{self.held.next}/{node}"


class Convoy:
    """Takes claimed small runs through the graph. ``lead`` holds what is open for all of them.

    following  lanes of runs that have waited for the end of these
    """

    def __init__(self, executor: Owner, loaded: Sequence[Loaded]) -> None:
        self.executor, self.database = executor, executor.database
        self.members = [Member(executor, one) for one in loaded]
        self.lead = self.members[0].shift
        self.plan = self.lead.plan
        self.following: list[tuple[str, int]] = []
        self._fallen: list[Member] = []
        self._calls: list[dict[str, Any]] = []
        for member in self.members[1:]:
            member.shift.join(self.lead)

    def work(self, deadline: float) -> None:
        """Takes all to their end; those who stumble by themselves afterwards."""
        with self.executor.heartbeat.keeping(*(member.held for member in self.members)):
            self._walk()
            for member in self._fallen:
                with self.executor.heartbeat.keeping(member.held):
                    self._alone(member, deadline)
        if self._fallen:
            with self.database.read() as session:
                self.following += lanes.next_in_line(session, self.lead.run.flow_id)

    def _alone(self, member: Member, deadline: float) -> None:
        try:
            if member.trouble is not None:
                raise member.trouble
            member.shift.work(max(deadline, passing() + 1.0))
        except HeddleError as error:
            member.shift.back_off(error)

    def _walk(self) -> None:
        arrived = [member for member in self.members if not self._step(member)]
        while asking := [one for one in self.members if one.ask is not None and one not in self._fallen]:
            node = min((one.ask.node for one in asking if one.ask), key=self.plan.order.index)
            group = [one for one in asking if one.ask and one.ask.node == node]
            if isinstance(group[0].ask, WantAsk):
                self._look_up(group, arrived)
            else:
                for nth, some in enumerate(self._apart(group)):
                    if nth:  # those before them were about the same objects
                        self._settle(arrived)
                    self._try_to_deliver(node, some, arrived)
        self._settle(arrived)

    def _step(self, member: Member, reply: Any = None) -> bool:
        """Lets one walk on. What goes wrong in its walk is its own affair; then it counts as under way."""
        self.executor.got_on()
        try:
            return member.go_on(reply)
        except HeddleError:
            self._fall(member)
        except Exception:
            log.exception("run %s leaves its convoy", member.held.run_id)
            self._fall(member)
        return True

    def _fall(self, member: Member, trouble: HeddleError | None = None) -> None:
        member.ask, member.trouble = None, trouble
        self._fallen.append(member)

    def _reply(self, member: Member, reply: Any, arrived: list[Member]) -> None:
        if not self._step(member, reply):
            arrived.append(member)

    def _look_up(self, group: Sequence[Member], arrived: list[Member]) -> None:
        for member in group:
            ask = member.ask
            assert isinstance(ask, WantAsk)
            try:
                reply = fetch(ask.want, self._connector(ask.want.slot))
            except HeddleError:
                self._calls.clear()  # it is asked again
                self._fall(member)
                continue
            self._share_calls({}, [member])
            member.answers[ask.node] = reply
            self._reply(member, reply, arrived)

    # delivering ----------------------------------------------------------------------------------

    def _apart(self, group: list[Member]) -> Iterator[list[Member]]:
        """Runs about the same object deliver one after the other, as they came."""
        while group:
            seen: set[Any] = set()
            together: list[Member] = []
            later: list[Member] = []
            for member in group:
                objects = self._objects(member)
                (later if seen & objects else together).append(member)
                seen |= objects
            yield together
            group = later

    def _objects(self, member: Member) -> set[Any]:
        assert isinstance(member.ask, WriteAsk)
        node: Any = self.plan.nodes[member.ask.node]
        found: set[Any] = set()
        for record in member.ask.records:
            with suppress(HeddleError):  # it will be refused for that
                found.add(node.identify(record, member.shift.run.facts())[1:])
        return found

    def _try_to_deliver(self, node: str, group: list[Member], arrived: list[Member]) -> None:
        """A fault of ours, or of a connector, leaves each of them to find out alone whose it is."""
        try:
            self._deliver(node, group, arrived)
        except Exception:
            log.exception(
                "flow %s: a convoy could not deliver together at %s; its %d runs go on alone",
                self.lead.run.flow_id, node, len(group),
            )  # fmt: skip
            self._calls.clear()
            for member in group:
                if member not in self._fallen and member not in arrived:
                    self._fall(member)

    def _deliver(self, node_id: str, group: list[Member], arrived: list[Member]) -> None:
        node: Any = self.plan.nodes[node_id]
        records: list[Record] = []
        claims: list[str] = []
        facts: list[dict[str, Any]] = []
        for member in group:
            assert isinstance(member.ask, WriteAsk)
            records += member.ask.records
            claims += [member.claim(node_id)] * len(member.ask.records)
            facts += [member.shift.run.facts()] * len(member.ask.records)
        target: WriteTarget = node.target()
        try:
            connector = self._connector(target.slot)
        except HeddleError as error:
            for member in group:
                self._fall(member, error)
            return
        done = deliver(
            Errand(
                database=self.database, flow_id=self.lead.run.flow_id, node_id=node_id, node=node, connector=connector,
                connections=self.lead.run.bindings, claim=claims[0], claims=claims, keep_lease=self._keep_lease,
                guard=self._guard,
                patience=self.executor.lease + connector.http.timeout, directories=self.executor.directories,
                facts=facts,
            ),
            records,
        )  # fmt: skip
        self._file(node_id, target, group, done)
        final = self.plan.writes[-1:] == (node_id,)
        through = [member for member in group if member not in self._fallen]
        if through and not final:
            self._settle_node(node_id, through)
        for member in through:
            self._reply(member, member.receipts, arrived)

    def _file(self, node_id: str, target: WriteTarget, group: list[Member], done: Delivered) -> None:
        """Gives each run what is its own. Who has no receipt for all of its records falls out."""
        at = 0
        cut: list[Member] = []
        owners = [member for member in group if isinstance(member.ask, WriteAsk) for _ in member.ask.records]
        self._share_calls({key: owners[place] for key, place in done.places.items()}, group)
        for member in group:
            assert isinstance(member.ask, WriteAsk)
            count = len(member.ask.records)
            receipts, at = done.receipts[at : at + count], at + count
            claim = member.claim(node_id)
            kept = [one for one in done.references if one.claim == claim]
            answered = [one for one in receipts if one is not None]
            if len(answered) < count:
                cut.append(member)
                continue
            member.receipts = answered
            member.ledger.file(node_id, target, member.ask.records, answered, kept)
            for pair, left_id, owner in done.released:
                if owner == claim:
                    member.ledger.released.setdefault((pair, owner), []).append(left_id)
            member.settled.append(node_id)
        if cut:
            self._keep_partly(cut, done)

    def _keep_partly(self, cut: Sequence[Member], done: Delivered) -> None:
        """Remembers what was answered for runs that were interrupted; they wait, or go on alone to give up."""
        claims = {member.claim(member.ask.node) for member in cut if member.ask}
        with self.database.write() as session:
            for member in cut:
                lanes.guard(session, member.held)
            for member in cut:
                assert isinstance(member.ask, WriteAsk)
                kept = [one for one in done.references if one.claim == member.claim(member.ask.node)]
                member.ledger.bring(member.ask.records, kept)
                references.save(session, member.ledger.parted(session, kept))
            for pair, left_id, claim in done.released:
                if claim in claims:
                    references.release(session, pair, [left_id], claim)
        for member in cut:
            held = member.held
            ends = done.interruption is None or patience.gives_up(
                done.interruption, held.failures, self.plan.flow.policy, held.told_since
            )
            self._fall(member, None if ends else done.interruption)

    # booking -------------------------------------------------------------------------------------

    def _settle_node(self, node: str, through: Sequence[Member]) -> None:
        with self.database.write() as session:
            store(session, [member.ledger for member in through])
            self._keep_calls(session, through)
            company.settle_node(
                session, {one.held: (one.settled, pack_answers(one.answers)) for one in through}
            )

    def _settle(self, through: list[Member]) -> None:
        """Books those who have come to their end, and forgets them."""
        arrived = [one for one in through if one not in self._fallen]
        through.clear()
        if not arrived:
            return
        faults.point("before-settle")
        try:
            with self.database.write() as session:
                for member in arrived:
                    member.ledger.conclude(session, member.course)
                store(session, [member.ledger for member in arrived])
                passages.first_steps(session, {one.held: one.course.passages for one in arrived})
                self.lead.answered(session)
                self._keep_calls(session, arrived)
                company.finish(
                    session, {one.held: (one.ledger.counts(), pack_answers(one.answers)) for one in arrived}
                )
                following = lanes.next_in_line(session, self.lead.run.flow_id)
            self.following += following
        except Exception:
            log.exception(
                "flow %s: a convoy could not be booked together; its %d runs go on alone",
                self.lead.run.flow_id, len(arrived),
            )  # fmt: skip
            for member in arrived:
                self._fall(member)
        faults.point("after-settle")

    def _keep_lease(self, rest: float = MARGIN) -> None:
        self.executor.heartbeat.keep([member.held for member in self.members], rest)

    def _guard(self, session: Session, claims: Collection[str]) -> None:
        """Raises LeaseLost if a run that one of these claims belongs to is no longer ours."""
        for member in self.members:
            if any(claim.startswith(f"{member.held.run_id}/") for claim in claims):
                lanes.guard(session, member.held)

    # calls ---------------------------------------------------------------------------------------

    def _connector(self, slot: str) -> Connector[Any]:
        opened = self.lead.connector(slot)
        opened.http.journal, opened.http.guard = self._note, self._keep_lease
        if opened.http.door is not None:
            opened.http.door.note = self._note_wait
        return opened

    def _note_wait(self, why: str, seconds: float) -> None:
        for member in self.members:
            member.shift.note_wait(why, seconds)

    def _note(self, call: dict[str, Any]) -> None:
        self.executor.got_on()
        if len(self._calls) < MOST_CALLS:
            self._calls.append({**call, "at": now()})

    def _share_calls(self, about: dict[str, Member], group: Sequence[Member]) -> None:
        """Each call goes to the runs that it was about; where nobody says, to all, in short."""
        for call in self._calls:
            meant = {about[key] for key in call.pop("about") if key in about} or set(group)
            if len(meant) > 1:
                call.update(request=call["request"][:SHARED], response=call["response"][:SHARED])
            for member in meant:
                member.shift.calls.append(dict(call))
        self._calls.clear()

    def _keep_calls(self, session: Session, members: Sequence[Member]) -> None:
        deliveries.add_calls(session, [row for member in members for row in member.shift.call_rows()])
        for member in members:
            member.shift.calls.clear()
