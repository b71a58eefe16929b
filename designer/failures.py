"""Failed records by cause: 312 errors are 4 causes. Who looks after one, what money waits, and trying again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from designer import starts
from designer.installation import here
from designer.remedies import Remedies
from designer.starts import Origin, Retry, Version
from engine import causes, editions, tasks
from engine.clock import iso, now
from engine.errors import Problem, RequestError
from engine.record import Record
from engine.store import accounts, audit, failures, flows, progress
from engine.store.audit import Wanted
from engine.store.database import Session
from engine.store.failures import CauseCare, Failure

SHOWN = 200
"""Records that a group lists; its count and its money are of all of them."""


@dataclass(frozen=True)
class Retried:
    """Runs that were started and how many records are in them; ``problems`` tell what could not be tried again."""

    runs: list[str]
    records: int
    problems: list[Problem]


def groups(session: Session, *, assignee: str = "", snoozed: bool = False) -> list[dict[str, Any]]:
    """Everything that failed and has not got through since, one group a cause, the largest first.

    assignee  only causes that this e-mail looks after     snoozed  those that rest, instead of the others
    """
    cares = failures.cares(session)
    by_cause: dict[str, list[Failure]] = {}
    for row in failures.open_failures(session):
        by_cause.setdefault(row.cause, []).append(row)
    flow_ids = {rows[0].flow_id for rows in by_cause.values()}
    drawn = {flow_id: flows.get(session, flow_id) for flow_id in flow_ids}
    shown = [
        _group(session, cause, rows, drawn[rows[0].flow_id], cares.get(cause))
        for cause, rows in by_cause.items()
        if _rests(cares.get(cause)) == snoozed and (not assignee or _assignee(cares.get(cause)) == assignee)
    ]
    return sorted(shown, key=lambda group: -int(group["count"]))


def look_after(cause: str, by: str, change: Mapping[str, Any]) -> None:
    """Gives a cause to somebody (``assignee``: an e-mail or "") or lets it rest (``snoozed_until``: seconds or None).

    Raises RequestError: 404 when nothing failed for it, 422 for a person who cannot work here.
    """
    with here().database.write() as session:
        rows = _of(session, [cause])
        assignee = change.get("assignee")
        if assignee:
            person = accounts.by_email(session, assignee)
            if person is None or not person.active:
                raise RequestError(
                    f"There is no user «{assignee}».",
                    status=422,
                    code="E-USER",
                    cure="Choose somebody who can sign in.",
                )
        failures.care(session, cause, by, **change)
        audit.note(session, by, "failed.care", cause, sentence=rows[0].sentence, **change)


def retry(wanted: Sequence[str] | None, origin: Origin, version: Version, by: str) -> Retried:
    """Tries these causes again, or all of them: one run for each run that failed.

    Raises RequestError (404) when nothing failed for them any more.
    """
    with here().database.read() as session:
        rows = _of(session, wanted)
    by_run: dict[str, set[str]] = {}
    for row in rows:
        by_run.setdefault(row.run_id, set()).add(row.root)
    runs: list[str] = []
    problems: list[Problem] = []
    count = 0
    for run_id, roots in sorted(by_run.items()):
        try:
            run, some = starts.again(run_id, Retry("keys", tuple(sorted(roots)), origin, version), by)
        except RequestError as error:
            problems.append(Problem(error.code, error.message, error.cure))
            continue
        runs.append(run)
        count += some
    with here().database.write() as session:
        audit.note(
            session, by, "failed.retry", ",".join(wanted) if wanted else "all", runs=runs, records=count
        )
    return Retried(runs, count, problems)


def correct(run_id: str, key: str, data: Any, origin: Origin, version: Version, by: str) -> str:
    """Tries one record again with other data; answers the run. Who changed what is in the record's history.

    ``data`` takes the place of the record as it was read (origin trigger) or as it stood where it failed.
    Raises RequestError: 404, 409, 410 as a retry does, 422 when nothing was changed.
    """
    before: list[Record] = []

    def corrected(record: Record) -> Record:
        if record.key != key:
            return record
        before.append(record)
        return editions.corrected(record, data)

    if not isinstance(data, dict):
        raise RequestError("The data of a record is an object.", status=422, code="E-BODY", cure="Send {…}.")
    run, _ = starts.again(
        run_id, Retry("keys", (key,), origin, version), by, "correction", corrected=corrected
    )
    with here().database.write() as session:
        made = progress.get(session, run)
        changes = differences(before[-1].data if before else {}, data)
        if made is not None and changes:
            subject = audit_subject(made.flow_id, key)
            known = {
                entry.as_json()["detail"].get("run")
                for entry in audit.entries(session, Wanted(subject=subject))
            }
            if run not in known:
                audit.note(session, by, "record.correct", subject, run=run, parent=run_id, changes=changes)
    return run


def corrections(session: Session, flow_id: str, key: str) -> list[dict[str, Any]]:
    """Who has corrected a record of a flow, newest first: by, at, the run, and each field old and new."""
    entries = audit.entries(session, Wanted(subject=audit_subject(flow_id, key)))
    return [
        {"by": entry.actor, "at": iso(entry.at), **entry.as_json()["detail"]}
        for entry in entries
        if entry.action == "record.correct"
    ]


def audit_subject(flow_id: str, key: str) -> str:
    """Under what name the audit keeps what was done to a record."""
    return f"{flow_id}/{key}"


def differences(old: Any, new: Any, path: str = "") -> list[dict[str, Any]]:
    """[{"field", "old", "new"}] of nested data, by dotted names; lists are compared by place."""
    if isinstance(old, dict) and isinstance(new, dict):
        pairs = [(name, old.get(name), new.get(name)) for name in dict.fromkeys([*old, *new])]
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        pairs = [(str(at), one, other) for at, (one, other) in enumerate(zip(old, new, strict=True))]
    else:
        return [] if old == new and type(old) is type(new) else [{"field": path, "old": old, "new": new}]
    return [
        change
        for name, one, other in pairs
        for change in differences(one, other, f"{path}.{name}" if path else str(name))
    ]


def _of(session: Session, wanted: Sequence[str] | None) -> list[Failure]:
    rows = failures.open_failures(session, wanted)
    if not rows:
        raise RequestError(
            "Nothing has failed for this reason any more.",
            status=404,
            code="E-NOT-FOUND",
            cure="Somebody may have tried it again; reload the list.",
        )
    return rows


def _group(
    session: Session, cause: str, rows: Sequence[Failure], flow: flows.FlowRow | None, care: CauseCare | None
) -> dict[str, Any]:
    newest = rows[-1]
    document = flow.document() if flow else None
    node = document.node(newest.node) if document else None
    listed = [newest, *rows[:SHOWN]]
    ways = Remedies(
        session,
        flow.slug if flow else "",
        document,
        [row.run_id for row in listed],
        [row.key for row in listed],
    )
    return {
        "cause": cause,
        "flow": {"slug": flow.slug, "name": flow.name} if flow else None,
        "node": newest.node,
        "step": (node.title if node else "") or (tasks.TITLE if newest.node == tasks.NODE else newest.node),
        "code": newest.code,
        "message": causes.filled(newest.sentence, (row.message for row in rows)),
        "example": newest.message,
        "cure": newest.cure,
        "field": newest.field,
        "fix": [place.as_json() for place in ways.of(newest.run_id, newest.node, newest.key, newest.code)],
        "count": len(rows),
        "runs": sorted({row.run_id for row in rows}, reverse=True),
        "records": [
            {
                "run": row.run_id, "key": row.key, "root": row.root, "title": row.title, "message": row.message,
                "amount": row.amount or None, "currency": row.currency, "at": iso(row.created_at),
                "source": next(
                    (place.href for place in ways.of(row.run_id, row.node, row.key, row.code) if place.kind == "source"),
                    None,
                ),
            }
            for row in rows[:SHOWN]
        ],
        "money": _money(rows),
        "assignee": _assignee(care),
        "snoozed_until": iso(care.snoozed_until) if care and _rests(care) and care.snoozed_until else None,
        "since": iso(rows[0].created_at),
        "last": iso(newest.created_at),
    }  # fmt: skip


def _money(rows: Sequence[Failure]) -> list[dict[str, str]]:
    """What is at risk, by currency: each source record once, exactly."""
    amounts = {(row.flow_id, row.root): (row.currency, Decimal(row.amount)) for row in rows if row.amount}
    sums: dict[str, Decimal] = {}
    for currency, amount in amounts.values():
        sums[currency] = sums.get(currency, Decimal(0)) + amount
    return [{"currency": currency, "amount": str(total)} for currency, total in sorted(sums.items())]


def _rests(care: CauseCare | None) -> bool:
    return care is not None and care.snoozed_until is not None and care.snoozed_until > now()


def _assignee(care: CauseCare | None) -> str:
    return care.assignee if care else ""
