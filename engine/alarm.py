"""Telling people what they would not see by themselves: once when it begins, once when it is over.

What is told is read from the books (failures, holds, outages), never handed over by workers, so that a crash
loses none of it; an alert and the run that makes a task of it are one transaction, so that none is told twice. A
task is written as everything is: by a run, through the one write path, under a claim.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any

from engine import tasks
from engine.clock import now
from engine.connector import Connector
from engine.errors import DefinitionError, EngineError, HeddleError, RequestError
from engine.flow import Alerts, Task
from engine.launch import Cause, Started, start_inside
from engine.plan import Plan
from engine.record import Origin, Record
from engine.shape import plural
from engine.store import (
    accounts,
    alerts,
    connections,
    failures,
    flows,
    letters,
    outages,
    records,
    references,
    reviews,
)
from engine.store.alerts import Alert, Group
from engine.store.database import Database, Session
from engine.store.flows import FlowRow
from engine.store.outages import Outage
from engine.store.references import Pair

EVERY = 5.0
GATHER = 20.0
"""Seconds after the first record of a cause before it is told, so that one alert speaks of all of them."""

GIVEN_UP = 7 * 86_400.0
"""Seconds after which a task that could not be made need not be closed any more."""

TABS = {"failed": "errors", "held": "held"}
"""Where the inbox shows what an alert speaks of."""

log = logging.getLogger("heddle.alarm")
Open = Callable[..., Connector[Any]]


@dataclass(frozen=True)
class _Watched:
    """A live flow that wants somebody told."""

    row: FlowRow
    plan: Plan
    wanted: Alerts


@dataclass
class Alarm:
    """One a scheduler; several do no harm.

    plans  gives the plan of a flow version      open  opens a connection, to ask it for a link; nothing is written
    base   where people reach Heddle
    """

    database: Database
    plans: Callable[[int], Plan]
    open: Open
    base: str = ""
    _next: float = field(default=0.0, init=False)

    def tick(self) -> list[Started]:
        """Every few seconds: opens and closes what is due. Answers the runs that make and close tasks."""
        if monotonic() < self._next:
            return []
        self._next = monotonic() + EVERY
        return self.look()

    def look(self) -> list[Started]:
        """Opens and closes what is due now."""
        with self.database.read() as session:
            watched = self._watched(session)
            standing = alerts.find_open(session)
            shut = outages.all_outages(session)
            groups = alerts.groups(session, list(watched), tasks.NODE) if watched else []
        known = {(one.flow_id, one.kind, one.cause) for one in standing if one.state == "open"}
        started: list[Started] = []
        for connection, outage in shut.items():
            if ("", "outage", connection) not in known:
                self._open_outage(connection, outage, watched.values())
        for group in groups:
            wanted = watched[group.flow_id].wanted
            asked = wanted.failed if group.kind == "failed" else wanted.held
            if (
                asked
                and (group.flow_id, group.kind, group.cause) not in known
                and group.since <= now() - GATHER
            ):
                started += self._open_group(watched[group.flow_id], group)
        there = {(group.flow_id, group.kind, group.cause) for group in groups}
        there |= {("", "outage", connection) for connection in shut}
        for alert in standing:
            if (alert.flow_id, alert.kind, alert.cause) not in there or alert.state == "closed":
                started += self._close(alert, watched.get(alert.flow_id))
        return started

    def _watched(self, session: Session) -> dict[str, _Watched]:
        found: dict[str, _Watched] = {}
        for row in flows.all_flows(session):
            if row.live_version_id is None:
                continue
            try:
                plan = self.plans(row.live_version_id)
            except (
                DefinitionError,
                EngineError,
            ) as error:  # a flow that cannot run here fails nothing either
                log.debug("no alerts for %s: %s", row.slug, error)
                continue
            if plan.flow.policy.alerts is not None:
                found[row.id] = _Watched(row, plan, plan.flow.policy.alerts)
        return found

    # opening -----------------------------------------------------------------------------------------

    def _open_outage(self, connection: str, outage: Outage, watched: Any) -> None:
        with self.database.write() as session:
            row = connections.find(session, connection)
            name = row.name if row else connection
            title = f"«{name}» is down"
            why = f"{outage.message} {outage.cure}".strip()
            alert = alerts.open_one(
                session, kind="outage", flow_id="", cause=connection, title=title, count=1,
                text=f"{title}\n{why}\nRuns that need it wait, and go on by themselves with its first answer.",
            )  # fmt: skip
            if alert is None:
                return
            told = [
                mail for one in watched if connection in one.row.bound().values() for mail in one.wanted.mail
            ]
            owner = accounts.by_email(session, row.owner) if row and row.owner else None
            people = [*told, *([owner.email] if owner else [])]
            people = people or [user.email for user in accounts.users(session) if user.role == "admin"]
            _tell(session, "outage", alert, people)

    def _open_group(self, watched: _Watched, group: Group) -> list[Started]:
        task = watched.wanted.task
        values = self._values(watched, group, task)
        with self.database.write() as session:
            alert = alerts.open_one(
                session, kind=group.kind, flow_id=group.flow_id, cause=group.cause, title=values["title"],
                text=values["text"], count=group.count,
            )  # fmt: skip
            if alert is None:
                return []
            _tell(session, group.kind, alert, watched.wanted.mail)
            if task is None:
                return []
            fields = tasks.rendered(task.fields, values)
            started = self._start(session, watched, alert, fields, "open", group.last_run)
            alert.task_run = started.run
            session.add(alert)
        return [started]

    def _values(self, watched: _Watched, group: Group, task: Task | None) -> dict[str, Any]:
        """What the places of a task stand for."""
        with self.database.read() as session:
            first = (
                failures.get(session, group.first)
                if group.kind == "failed"
                else reviews.get(session, group.first)
            )
            if first is None:
                raise RequestError("What was to be told is gone.", status=410, code="E-GONE")
            source = records.source(session, first.run_id, first.root)
        said = first.message
        if group.count > 1 and isinstance(first, failures.Failure):
            said = first.sentence
        thing = plural("record", group.count)
        verb = "failed" if group.kind == "failed" else "waits" if group.count == 1 else "wait"
        title = f"{group.count} {thing} {verb} in «{watched.row.name}»: {said}"
        moment = datetime.fromtimestamp(now(), UTC).replace(microsecond=0)
        link = f"{self.base.rstrip('/')}/inbox?tab={TABS[group.kind]}"
        known = {
            "title": title[:250],
            "text": f"{title}\n{first.cure}\nFirst of them: {first.title or first.key}".strip(),
            "count": group.count,
            "link": link,
            "now": moment.isoformat().replace("+00:00", "Z"),
            "tomorrow": (moment + timedelta(days=1)).isoformat().replace("+00:00", "Z"),
        }
        return {**known, **self._of_source(watched, source, task)}

    def _of_source(self, watched: _Watched, source: Record | None, task: Task | None) -> dict[str, Any]:
        if source is None:
            return {}
        known: dict[str, Any] = {"record": source.data if isinstance(source.data, Mapping) else {}}
        bound = watched.row.bound()
        connection = bound.get(source.origin.slot, "") if source.origin else ""
        if source.origin is None or not connection:
            return known
        if task is not None and bound.get(task.slot) == connection:
            known["id"] = {source.origin.entity: source.key}
            with suppress(HeddleError):  # the alert is worth more than the link in it
                opened = self.open(connection, read_only=True)
                known["record_link"] = opened.link(source.origin.entity, source.key) or ""
        return known

    def _start(
        self,
        session: Session,
        watched: _Watched,
        alert: Alert,
        data: dict[str, str],
        what: str,
        parent: str | None,
    ) -> Started:
        version = watched.row.live_version_id
        assert version is not None  # only live flows are watched
        record = Record(alert.key, data, origin=Origin("", tasks.ENTITY), title=alert.title[:200])
        return start_inside(
            session, flow_id=alert.flow_id, version_id=version, bindings=watched.row.bound(), mode="live",
            cause=Cause("alert", key=f"alert/{alert.id}/{what}"), entries={tasks.NODE: [record]}, parent=parent,
        )  # fmt: skip

    # closing -----------------------------------------------------------------------------------------

    def _close(self, alert: Alert, watched: _Watched | None) -> list[Started]:
        with self.database.write() as session:
            if alert.state == "open" and alerts.close(session, alert) and alert.kind == "outage":
                letters.queue(
                    session, "answers", alert.id or 0, letters.readers(session, "outage", alert.id or 0)
                )
            task = watched.wanted.task if watched else None
            if alert.task_run is None:
                return []
            if watched is None or task is None or not task.done:
                alerts.note_done(session, alert, "")
                return []
            pair = Pair("", tasks.ENTITY, watched.row.bound().get(task.slot, ""), task.entity)
            made = references.load(session, pair, [alert.key]).get(alert.key)
            if made is None or made.right_id is None:
                if (alert.closed_at or now()) < now() - GIVEN_UP:
                    alerts.note_done(session, alert, "")
                return []  # not made yet; it is looked for again
            values = {"title": alert.title, "text": alert.text, "count": alert.count, "link": self.base}
            data = tasks.rendered(task.done, values)
            started = self._start(session, watched, alert, data, "done", alert.task_run)
            return [started] if alerts.note_done(session, alert, started.run) else []


def _tell(session: Session, kind: str, alert: Alert, emails: Sequence[str]) -> None:
    people = [accounts.by_email(session, email) for email in emails]
    letters.queue(
        session, kind, alert.id or 0, [user.id for user in people if user is not None and user.active]
    )
