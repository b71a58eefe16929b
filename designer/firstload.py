"""First loads: the match report, what people decide on it, and the load that does exactly that.

A report is a dry run that reads everything. A decision is a cross reference, so it holds for the load, for every later
run, and for the next report.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from designer import pairing as live
from designer import starts
from designer.installation import here
from designer.things import Names
from engine.errors import RequestError
from engine.flow import Flow
from engine.launch import Cause
from engine.record import Remote, from_json
from engine.shape import plural
from engine.store import audit, matching, pairing, progress
from engine.store.database import Session
from engine.store.deliveries import Delivery
from engine.store.matching import ASKED
from engine.store.references import CHOSEN, NEW, OUT, Pair
from engine.store.reviews import Hold
from engine.store.runs import Run

PAGE = 200
BEST, UNDO = "best", "undo"
Place = tuple[Pair, str]


def begin(slug: str, cause: Cause) -> str:
    """Starts a match report of the published version. Raises RequestError (404, 409) and DefinitionError."""
    return starts.start(slug, "dry-run", cause, number=starts.live_number(slug), window={"first": "yes"})


def report(
    session: Session, run: Run, flow: Flow, names: Names, *, band: str, q: str, after: int, limit: int
) -> dict[str, Any]:
    """Counts by band, and one page of a band's records with candidates and decisions; ``thing`` is what people call the
    kind of object."""
    if band in ASKED:
        holds = matching.asked(session, run.id, band, q, after, limit)
        rows = [_asked(session, hold, names) for hold in holds]
        last = holds[-1].id if len(holds) == limit else None
    else:
        met = matching.met(session, run.id, band, q, after, limit)
        rows = [_met(session, run, flow, row, names) for row in met]
        last = met[-1].id if len(met) == limit else None
    return {
        "run": run.id,
        "over": run.ended_at is not None,
        "bands": matching.counts(session, run.id),
        "rows": rows,
        "next": last,
    }


def decide(run_id: str, records: Sequence[tuple[str, str]], choice: str, by: str) -> int:
    """Decides on records, each (step, key): the id of an object, ``new``, ``out``, ``best`` (the only candidate) or
    ``undo``. All of them, or none. Answers how many. Raises RequestError (404, 409, 422), or what a system raises."""
    with here().database.read() as session:
        run, flow = _report(session, run_id)
        wanted = [_wanted(session, run, flow, node, key, choice) for node, key in records]
    return _keep(run, wanted, choice, by)


def decide_band(run_id: str, band: str, choice: Literal["best", "new", "out"], by: str) -> int:
    """Decides on all of a band that nobody has decided; ``best`` leaves alone what has several candidates."""
    done = after = 0
    while True:
        with here().database.read() as session:
            run, flow = _report(session, run_id)
            holds = matching.undecided(session, run.id, band, after, PAGE)
            if not holds:
                return done
            fit = [hold for hold in holds if choice != BEST or len(_candidates(hold)) == 1]
            wanted = [_wanted(session, run, flow, hold.node, hold.key, choice) for hold in fit]
        after = holds[-1].id or 0
        done += _keep(run, wanted, choice, by)


class _Wanted:
    """A decision on its way: about what, and which object it names, if any."""

    def __init__(self, place: Place, hold: Hold | None, target: str | None) -> None:
        self.place, self.hold, self.target = place, hold, target


def _keep(run: Run, wanted: Sequence[_Wanted], choice: str, by: str) -> int:
    found = _look(wanted)
    with here().database.write() as session:
        for one in wanted:
            pair, left_id = one.place
            if choice == UNDO:
                _undo(session, pair, left_id)
            elif one.target is None:
                pairing.say(session, pair, left_id, choice)
            else:
                remote = found[pair.right_connection, pair.right_entity, one.target]
                pairing.point(session, pair, left_id, remote.id, remote.number, remote.link)
            if one.hold is not None:
                matching.mark(session, one.hold, None if choice == UNDO else by)
        if wanted:
            audit.note(session, by, "first-load.decide", run.id, choice=choice, records=len(wanted))
    return len(wanted)


def _look(wanted: Sequence[_Wanted]) -> dict[tuple[str, str, str], Remote]:
    """The named objects as they stand now, in bulk. Raises RequestError (422) when one is gone."""
    by_place: dict[tuple[str, str], list[str]] = {}
    for one in wanted:
        if one.target is not None:
            pair = one.place[0]
            by_place.setdefault((pair.right_connection, pair.right_entity), []).append(one.target)
    found: dict[tuple[str, str, str], Remote] = {}
    for (connection, entity), ids in by_place.items():
        with here().database.read() as session:
            opened = live.system(session, connection)
        there = live.live(opened, entity, ids)
        gone = [one for one in ids if one not in there]
        if gone:
            raise live.no_object(opened, entity, gone[0])
        found.update({(connection, entity, one): remote for one, remote in there.items()})
    return found


def _wanted(session: Session, run: Run, flow: Flow, node: str, key: str, choice: str) -> _Wanted:
    hold, row = matching.one(session, run.id, node, key)
    if hold is None and row is None:
        raise RequestError(
            f"The report has no {key!r} at this step.",
            status=404,
            code="E-NOT-FOUND",
            cure="Reload the report.",
        )
    place = _place_of(hold) if hold is not None else _place(run, flow, row) if row is not None else None
    if place is None:
        raise RequestError(
            "This record stands for another object, which cannot be told from the report.",
            status=422,
            code="E-CHOICE",
            cure="Decide when it is asked about, or under cross references.",
        )
    target = None if choice in (NEW, OUT, UNDO) else choice
    if choice == BEST:
        candidates = _candidates(hold) if hold is not None else []
        if len(candidates) != 1:
            raise RequestError(
                "There is not exactly one candidate.", status=422, code="E-CHOICE", cure="Choose one of them."
            )
        target = str(candidates[0]["id"])
    return _Wanted(place, hold, target)


def _undo(session: Session, pair: Pair, left_id: str) -> None:
    row = pairing.of(session, pair, left_id)
    if row is not None and row.claim_outcome in (CHOSEN, NEW, OUT):
        pairing.remove(session, row)


def _report(session: Session, run_id: str) -> tuple[Run, Flow]:
    """A match report that can be decided on. Raises RequestError (404, 409)."""
    run = progress.get(session, run_id)
    if run is None:
        raise RequestError(f"There is no run {run_id!r}.", status=404, code="E-NOT-FOUND")
    if not from_json(run.window).get("first"):
        raise not_a_report()
    return run, progress.document(session, run)


def not_a_report() -> RequestError:
    return RequestError(
        "This run is no match report.", status=409, code="E-NO-REPORT", cure="Start a first load of the flow."
    )


def _candidates(hold: Hold) -> list[dict[str, Any]]:
    return list(from_json(hold.question)["candidates"])


def _place_of(hold: Hold) -> Place:
    source = dict(from_json(hold.question)["source"])
    left_id = str(source.pop("left_id"))
    return Pair(**{name: str(value) for name, value in source.items()}), left_id


def _place(run: Run, flow: Flow, row: Delivery) -> Place | None:
    """Which pair a receipt is about; None where the record stands for another object."""
    drawn = flow.node(row.node)
    if drawn is None or drawn.settings.get("source"):
        return None
    bound = from_json(run.bindings)
    left = bound.get(row.origin_slot, "")
    return Pair(left, row.origin_entity, bound.get(row.slot, ""), row.entity), row.key


def _asked(session: Session, hold: Hold, names: Names) -> dict[str, Any]:
    question = from_json(hold.question)
    return {
        "node": hold.node,
        "key": hold.key,
        "root": hold.root,
        "title": hold.title or hold.key,
        "message": hold.message.removeprefix("Held: "),
        "entity": question["entity"],
        "thing": plural(names.entity(question["source"]["right_connection"], question["entity"]), 1),
        "match": question["match"],
        "candidates": question["candidates"],
        "decision": _decision(session, _place_of(hold)),
        "decided_by": hold.released_by,
        "can_decide": True,
    }


def _met(session: Session, run: Run, flow: Flow, row: Delivery, names: Names) -> dict[str, Any]:
    place = _place(run, flow, row)
    there = row.remote_id if row.outcome != "created" else None
    return {
        "node": row.node,
        "key": row.key,
        "root": row.root,
        "title": row.title or row.key,
        "message": row.message,
        "entity": row.entity,
        "thing": plural(names.entity(from_json(run.bindings).get(row.slot, ""), row.entity), 1),
        "match": {},
        "candidates": [{"id": there, "number": row.number, "link": row.link, "values": {}, "exact": True}]
        if there
        else [],
        "decision": _decision(session, place) if place else None,
        "decided_by": None,
        "can_decide": place is not None,
    }


def _decision(session: Session, place: Place) -> dict[str, Any] | None:
    """What somebody has said of a source object: {"choice": new, out or id, "number"}; ``linked`` once the load, or a run
    before it, has written to that object: then it is repaired under the cross references."""
    row = pairing.of(session, *place, lock=False)
    if row is None:
        return None
    if pairing.state(session, row) in (NEW, OUT):
        return {"choice": row.claim_outcome, "number": None, "linked": False}
    if row.right_id:
        return {"choice": row.right_id, "number": row.number, "linked": row.claim_outcome != CHOSEN}
    return None
