"""The forecast of a flow: what would lack, be held or refused, and which table rows money waits for."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from designer import answers, drawing, gaps, proposals
from designer.auth import Identity
from designer.installation import here
from designer.secrecy import struck_out
from engine.connector import Connector
from engine.coverage import Need
from engine.errors import DefinitionError, RequestError
from engine.flow import Flow
from engine.record import fingerprint
from engine.rehearsal import Findings, Lack, Rehearsal, Stopped
from engine.releases import promise
from engine.store import audit, findings, flows, library, reviews
from engine.store.database import Session

LIMIT = 1_000
SHOWN = 100
"""Records, and keys of a table, that are listed; the counts are of all."""


def rehearse(slug: str, *, everything: bool, limit: int) -> dict[str, Any]:
    """Walks the draft on real records, keeps what was found, and answers it. Reads; writes to no system.

    Raises RequestError (404, 422), DefinitionError for a drawing that cannot run, and what the systems raise.
    """
    installation = here()
    with installation.database.read() as session:
        row = _row(session, slug)
        flow = row.document()
        bindings = drawing.bind_missing(session, flow, row.bound())
    unbound = drawing.must_be_bound(flow, bindings)
    if unbound:
        raise DefinitionError(unbound, f"It cannot be rehearsed: {unbound[0].message}")
    with installation.database.read() as session:
        whole = library.filled(session, flow)
    opened: list[Connector[Any]] = []

    def connect(slot: str) -> Connector[Any]:
        opened.append(installation.runtime.open(bindings[slot], read_only=True))
        return opened[-1]

    with struck_out(opened):
        found = Rehearsal(whole, connect, everything=everything).run(limit)
    with installation.database.read() as session:
        told = _told(session, row, flow, found, bindings)
    content = {**told, "everything": everything}
    with installation.database.write() as session:
        kept = findings.keep(session, row.id, "forecast", content, row.live_number or 0)
    return shown(kept)


def stored(session: Session, slug: str) -> dict[str, Any] | None:
    """What the last rehearsal found; None before the first."""
    kept = findings.get(session, _row(session, slug).id, "forecast")
    return shown(kept) if kept else None


def shown(kept: findings.Finding) -> dict[str, Any]:
    return {**kept.content(), "at": kept.at}


def known_gaps(session: Session) -> list[dict[str, Any]]:
    """Flows with keys that have no row, as last rehearsed, with the money they stand for."""
    told = []
    for kept in findings.all_of(session, "forecast"):
        row = flows.get(session, kept.flow_id)
        missing = [
            {**table, "keys": [one for one in table["keys"] if not one["covered"]]}
            for table in kept.content()["tables"]
            if table["missing"]
        ]
        if row is not None and row.deleted_at is None and missing:
            told.append({"flow": {"slug": row.slug, "name": row.name}, "at": kept.at, "tables": missing})
    return told


def add_rows(
    slug: str, table: str, column: str, rows: Mapping[str, Mapping[str, str]], who: Identity
) -> answers.Released:
    """Adds rows to a table: to the live version and the draft where there is one, and releases what waits for them.

    Raises RequestError (403, 404, 409, 422).
    """
    asked = {"kind": "lookup", "table": table, "column": column}
    with here().database.write() as session:
        row = flows.find(session, slug, lock=True)
        if row is None:
            raise drawing.missing(slug)
        if row.live_version_id is None:
            if not who.may("editor"):
                raise RequestError(
                    f"«{row.name}» is still a draft.",
                    status=403,
                    code="E-ROLE",
                    cure="Ask an editor to add them.",
                )
            flow = row.document()
            for key, cells in rows.items():
                flow = answers.with_answer(session, flow, {**asked, "key": key}, cells, who.actor)
            flows.save_draft(session, row, flow)
            number, promised = 0, []
        else:
            number = answers.add_rows(session, row, table, rows, asked, who.actor)
            promised = [
                promise(session, row.id, mark, who.actor, answer=dict(cells), version=number).number
                for key, cells in rows.items()
                if reviews.newest(session, row.id, mark := fingerprint({**asked, "key": key}))[1]
            ]
        gaps.close(session, row.id, table, rows)
        audit.note(session, who.actor, "flow.rows", row.slug, table=table, rows=dict(rows))
    done = [answers.set_free(number) for number in promised]
    return answers.Released(
        version=number,
        runs=[run for one in done for run in one.runs],
        released=sum(one.released for one in done),
        left=sum(one.left for one in done),
        problems=[problem for one in done for problem in one.problems],
    )


# what was found ----------------------------------------------------------------------------------------


def _told(
    session: Session, row: flows.FlowRow, flow: Flow, found: Findings, bindings: Mapping[str, str]
) -> dict[str, Any]:
    titles = {node.id: node.title or node.type for node in flow.nodes}
    lacks = sorted((lack for lack in found.lacks.values() if lack.keys), key=lambda one: -len(one.keys))
    stops = sorted(found.stopped.values(), key=lambda one: -len(one.keys))
    return {
        "read": found.read,
        "more": found.more,
        "lacks": [_lack(lack, titles) for lack in lacks],
        "stopped": [_stopped(stop, titles, found.read) for stop in stops],
        "tables": [
            _table(session, row, flow, place, needs, bindings)
            for place, needs in found.needs.items()
            if needs
        ],
    }


def _lack(lack: Lack, titles: Mapping[str, str]) -> dict[str, Any]:
    return {
        "node": lack.node,
        "step": titles.get(lack.node, lack.node),
        "entity": lack.entity,
        "field": lack.name,
        "title": lack.title,
        "mapped": lack.mapped,
        "count": len(lack.keys),
        "of": lack.of,
        "percent": percent(len(lack.keys), lack.of),
        "records": _some(lack.keys),
    }


def _stopped(stop: Stopped, titles: Mapping[str, str], read: int) -> dict[str, Any]:
    return {
        "node": stop.node,
        "step": titles.get(stop.node, stop.node),
        "outcome": str(stop.outcome),
        "code": stop.code,
        "message": stop.sentence if len(stop.keys) > 1 else stop.example,
        "count": len(stop.keys),
        "of": read,
        "percent": percent(len(stop.keys), read),
        "records": _some(stop.keys),
    }


def percent(part: int, whole: int) -> str:
    """``7``, or ``<1`` where rounding would tell nothing."""
    if not part or not whole:
        return "0"
    rounded = round(100 * part / whole)
    return "<1" if rounded == 0 else "99" if rounded == 100 and part < whole else str(rounded)


def _some(keys: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "title": title} for key, title in list(keys.items())[:SHOWN]]


def _table(
    session: Session,
    row: flows.FlowRow,
    flow: Flow,
    place: tuple[str, str],
    needs: Mapping[str, Need],
    bindings: Mapping[str, str],
) -> dict[str, Any]:
    table_id, column = place
    table = flow.tables[table_id]
    options = proposals.choices(table, column, bindings)
    others = proposals.others(session, row)
    earlier = _known(session, row, place)
    keys = [
        {
            "key": need.key,
            "count": need.count,
            "records": len(need.records),
            "amounts": gaps.money(need.amounts),
            "covered": need.value is not None,
            "value": need.value,
            "proposal": None
            if need.value is not None
            else proposals.propose(others, flow, table_id, column, need.key, options),
        }
        for need in sorted(needs.values(), key=_weight)
    ]
    return {
        "table": table_id,
        "title": table.title or table_id,
        "column": column,
        "columns": table.columns[1:],
        "missing": sum(not key["covered"] for key in keys),
        "amounts": gaps.sums(gaps.money(need.amounts) for need in needs.values() if need.value is None),
        "keys": keys,
        "options": [
            {**option, "new": earlier is not None and option["value"] not in earlier}
            for option in options or ()
        ],
    }


def _weight(need: Need) -> tuple[bool, Decimal, str]:
    """What has no row first, what stands for most money first of all."""
    return need.value is not None, -sum(map(abs, need.amounts.values()), Decimal(0)), need.key


def _known(session: Session, row: flows.FlowRow, place: tuple[str, str]) -> set[str] | None:
    """The choices that there were when the flow was published last; None when nobody looked."""
    kept = findings.get(session, row.id, "snapshot")
    found = kept.content().get("options", {}).get("/".join(place)) if kept else None
    return None if found is None else set(found)


def _row(session: Session, slug: str) -> flows.FlowRow:
    row = flows.find(session, slug)
    if row is None:
        raise drawing.missing(slug)
    return row
