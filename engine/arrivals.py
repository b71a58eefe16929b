"""Calls that start runs: what arrives at the same time is stored in one commit, one run for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine import clock, editions, faults, launch
from engine.convoy import MOST, may_form
from engine.errors import HeddleError
from engine.ferry import Ferry
from engine.launch import Cause, Load, Started
from engine.plan import Plan
from engine.record import fingerprint, to_json
from engine.store import flows, newcomers
from engine.store.database import Database, Session
from engine.store.flows import Standing
from engine.store.newcomers import Known, NewBatch, NewLane, NewRun
from engine.store.runs import keep_order, new_id
from engine.store.timepiece import shared_now


class MovedOn(Exception):
    """The flow has been changed since it was looked at; look again."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """One call. It is only stored if its flow still stands as it did when the caller was let in.

    before  another key under which the same cause may be known, if its run began after the time given
    """

    plan: Plan
    flow_id: str
    standing: Standing
    cause: Cause
    brought: Any
    trigger: str
    before: tuple[str, float] | None = None
    load: Load = field(init=False)

    def __post_init__(self) -> None:
        """Raises what ``launch.unload`` raises: what cannot be used is refused before it meets others."""
        object.__setattr__(self, "load", launch.unload(self.plan, self.trigger, self.brought, live=True))

    @property
    def keys(self) -> list[str]:
        return [key for key in (self.cause.key, self.before[0] if self.before else None) if key is not None]


class Arrivals:
    """The door of one process. ``receive`` answers when what arrived is in the database."""

    def __init__(self, database: Database) -> None:
        self._ferry: Ferry[Arrival, Started] = Ferry(database, store)

    def receive(self, arrival: Arrival) -> Started:
        """The run of this arrival, new or known.
        Raises MovedOn, and what ``launch.start`` raises.
        """
        return self._ferry(arrival)


def store(session: Session, arrivals: Sequence[Arrival]) -> list[Started | Exception]:
    """Stores arrivals in the caller's transaction, in their order; one Started, or its own failure, for each."""
    faults.point("before-cause")
    keep_order(session)
    standing = flows.standing(session, {arrival.flow_id for arrival in arrivals})
    known = newcomers.known(session, [key for arrival in arrivals for key in arrival.keys])
    plain = _Plain(session)
    answers: list[Started | Exception] = []
    for arrival in arrivals:
        if standing.get(arrival.flow_id) != arrival.standing:
            answers.append(MovedOn())
            continue
        earlier = _earlier(arrival, known)
        if earlier is not None:
            answers.append(Started(earlier, [], new=False))
        elif arrival.load.plain:
            answers.append(plain.add(arrival, known))
        else:
            answers.append(_alone(session, arrival))
    plain.store(answers)
    faults.point("after-cause")
    return answers


def _earlier(arrival: Arrival, known: Mapping[str, Known]) -> str | None:
    """The run that this cause has started already."""
    found = known.get(arrival.cause.key or "")
    if found is None and arrival.before is not None:
        key, since = arrival.before
        found = known.get(key)
        if found is not None and found.created_at <= since:
            return None
    return found.run_id if found else None


def _alone(session: Session, arrival: Arrival) -> Started | Exception:
    """A run that must look at others; its failure is undone by itself."""
    version = arrival.standing.version
    assert version is not None  # who has none is not let in
    try:
        with session.begin_nested():
            return launch.start(
                session,
                arrival.plan,
                flow_id=arrival.flow_id,
                version_id=version,
                bindings=arrival.standing.bound(),
                mode="live",
                cause=arrival.cause,
                brought=arrival.brought,
                trigger=arrival.trigger,
            )
    except HeddleError as error:
        return error


class _Plain:
    """Runs that know of no other run: their rows are collected and stored together."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._runs: list[NewRun] = []
        self._lanes: list[NewLane] = []
        self._batches: list[NewBatch] = []
        self._rung: dict[tuple[str, int, str], int] = {}

    def add(self, arrival: Arrival, known: dict[str, Known]) -> Started:
        at, load, run_id, rung_at = clock.now(), arrival.load, new_id(), shared_now(self._session)
        version = arrival.standing.version
        assert version is not None  # who has none is not let in
        key = arrival.cause.key or run_id
        self._runs.append(
            NewRun(
                run_id, arrival.flow_id, version, "live", arrival.cause.kind, arrival.cause.by, key,
                arrival.standing.bindings, to_json(arrival.brought), arrival.trigger, load.lanes,
                to_json({"until": clock.iso(at)}).decode(), at,
            )
        )  # fmt: skip
        known[key] = Known(run_id, at)
        entries = editions.accept(load.entries, run_id)
        staged = launch.stage(load.lanes, entries, arrival.plan.flow.policy.batch_size)
        if load.reads:
            self._lanes.append(NewLane(run_id, 0, 0, rung_at))
        for lane, batches in staged.items():
            self._lanes.append(NewLane(run_id, lane, len(batches), 0.0 if load.reads else rung_at))
            self._batches += [
                NewBatch(run_id, lane, number, payload, count)
                for number, (payload, count) in enumerate(batches)
            ]
        lanes = launch.to_ring(staged, reads=load.reads)
        if load.reads or load.lanes > 1 or len(staged[1]) != 1 or not may_form(arrival.plan):
            return Started(run_id, lanes)
        # Whoever answers a ring for a small run takes others of its kind along.
        kind = (arrival.flow_id, version, arrival.standing.bindings)
        rung, self._rung[kind] = self._rung.get(kind, 0), self._rung.get(kind, 0) + 1
        return Started(run_id, [] if rung % MOST else lanes, crowd=fingerprint(kind))

    def store(self, answers: list[Started | Exception]) -> None:
        """Writes the rows. Another process may have been quicker with a cause: then its run is the answer."""
        lost = newcomers.add(self._session, self._runs, self._lanes, self._batches)
        for place, answer in enumerate(answers):
            if isinstance(answer, Started) and answer.run in lost:
                answers[place] = Started(lost[answer.run], [], new=False)
