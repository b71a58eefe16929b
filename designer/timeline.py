"""What happened to one customer, order or invoice, in both systems, in the order of time.

Told from what runs left behind: deliveries, what people answered, approved and corrected; which rules fired is
found by walking the one record once more, in memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from designer import failures
from designer.installation import Installation
from designer.things import Names, number_and_link, read_address
from engine import compare, explain, reentry
from engine.clock import iso
from engine.errors import HeddleError, Waiting
from engine.plan import Plan
from engine.readings import show
from engine.record import from_json
from engine.store import approvals, audit, conflicts, flows, timeline
from engine.store.audit import Wanted
from engine.store.database import Session
from engine.store.timeline import MERGE, QUIET, Met, Thing

PAGE = 60
STOPPED = {
    "held": "held",
    "in_doubt": "held",
    "conflict": "conflict",
    "failed": "failed",
    "rejected": "failed",
}
ORDER = {"started": 0, "read": 1, "rule": 2}
"""What comes first of what happened at the same moment; everything else comes last."""


def of(
    installation: Installation,
    connection: str,
    entity: str,
    object_id: str,
    *,
    everything: bool = False,
    before: int | None = None,
) -> dict[str, Any]:
    """{"title", "things", "events", "next"}: the newest events first; ``before`` is the ``next`` of the last answer.

    ``everything`` includes what changed nothing. Raises RequestError (404) for an unknown connection or flow.
    """
    with installation.database.read() as session:
        thing = read_address(session, connection, entity, object_id)
        things, rows = timeline.same(session, thing) if thing.connection else ([thing], [])
        found = timeline.meetings(session, things, everything=everything, before=before, limit=PAGE)
        following = found[-1].delivery.id if len(found) == PAGE else None
        mets = [met for met in found if any(timeline.concerns(met, things))]
        names = Names(installation, session)
        teller = Teller(installation, session, names, things)
        events = [*teller.meetings(mets), *teller.people(mets)]
        slug = entity if not thing.connection else ""
        shown = [names.shown(one, slug, *number_and_link(one, rows, mets)) for one in things]
    events.sort(key=lambda event: (event["at"], ORDER.get(event["kind"], 3), event["place"]), reverse=True)
    title = next((met.delivery.title for met in mets if met.delivery.title), "")
    number = next((one["number"] for one in shown if one["number"]), None)
    return {"title": title or number or object_id, "things": shown, "events": events, "next": following}


class Teller:
    """Tells what happened, an event at a time."""

    def __init__(
        self, installation: Installation, session: Session, names: Names, things: Sequence[Thing]
    ) -> None:
        self.installation, self.session, self.names, self.things = installation, session, names, things
        self._plans: dict[int, Plan | None] = {}
        self._flows: dict[str, tuple[str, str]] = {}
        self._asked: set[tuple[str, str, str]] = set()

    def meetings(self, mets: Sequence[Met]) -> Iterator[dict[str, Any]]:
        """What runs did with the record, and what made them do it."""
        self._flows.update(flows.names(self.session, {met.run.flow_id for met in mets}))
        by_passage: dict[tuple[str, int, int, str], list[Met]] = {}
        for met in mets:
            row = met.delivery
            by_passage.setdefault((row.run_id, row.lane, row.batch, row.root), []).append(met)
        for (_, lane, batch, root), some in by_passage.items():
            own = timeline.concerns(some[0], self.things)[0]
            at = min(met.delivery.at for met in some)
            if own:
                yield from self._beginning(some[0], at)
                if any(met.delivery.outcome not in QUIET for met in some):
                    yield from self._rules(some[0], lane, batch, root, at)
            for met in some:
                event = self._delivery(met, own)
                asked = (event["run"], event["kind"], event["text"])
                if event["kind"] == "conflict" and asked in self._asked:
                    continue  # each side's change met the same conflict
                self._asked.add(asked)
                yield event

    def people(self, mets: Sequence[Met]) -> Iterator[dict[str, Any]]:
        """What people decided about the record itself."""
        yield from self._conflicts()
        own = [met for met in mets if timeline.concerns(met, self.things)[0]]
        flow_ids, roots = {met.run.flow_id for met in own}, {met.delivery.root for met in own}
        if not own:
            return
        rows = timeline.approvals(self.session, sorted(flow_ids), sorted(roots))
        votes = approvals.votes_of(self.session, [row.number for row in rows])
        for row in rows:
            for vote in votes.get(row.number, []):
                did = "Approved" if vote.decision == "approve" else "Declined"
                text = f"{did} by {vote.name or vote.person}: {row.question}"
                yield self._event(
                    "approval", vote.at, text, row.run_id, row.flow_id, detail=vote.comment, by=vote.person
                )
            if row.state in ("expired", "withdrawn") and row.decided_at:
                text = f"The approval was {row.state}: {row.question}"
                yield self._event(
                    "approval", row.decided_at, text, row.run_id, row.flow_id, detail=row.reason
                )
        for flow_id, root in sorted({(met.run.flow_id, met.delivery.root) for met in own}):
            for done in failures.corrections(self.session, flow_id, root):
                changes = [{**change, "title": change["field"]} for change in done["changes"]]
                event = self._event(
                    "correction", 0.0, f"Corrected by {done['by']}", done["run"], flow_id, by=done["by"]
                )
                yield {**event, "at": done["at"], "fields": changes, "key": root}

    def _conflicts(self) -> Iterator[dict[str, Any]]:
        """What people decided where both sides had changed the same field."""
        places = [(thing.connection, thing.entity, thing.id) for thing in self.things]
        keys = [conflicts.key_of(one, other) for one in places for other in places if one != other]
        rows = conflicts.decided(self.session, keys)
        self._flows.update(flows.names(self.session, {row.flow_id for row in rows}))
        for row in rows:
            fields = {field["field"]: field for field in row.rows()}
            for name, answer in row.answers().items():
                field = fields.get(name, {})
                take = str(answer["take"])
                kept = answer.get("value") if take == "value" else field.get(f"{take}_value")
                side = getattr(row, f"{take}_connection", "")
                where = f" of {self.names.connection(side)}" if side else ""
                text = f"Conflict about {field.get('title') or name} decided by {row.decided_by}"
                detail = f"{show(kept) if kept not in (None, '') else 'Empty'}{where} stays"
                yield self._event(
                    "decision", row.decided_at or row.created_at, text, row.run_id, row.flow_id,
                    detail=detail, by=row.decided_by, key=row.root,
                )  # fmt: skip

    def _beginning(self, met: Met, at: float) -> Iterator[dict[str, Any]]:
        """Why the run took place, where a person was behind it; then that the record was read."""
        run, row = met.run, met.delivery
        words = {
            "retry": "Tried again",
            "answer": "Answered",
            "plan": "The plan was executed as it was shown",
        }
        if run.cause_kind in words:
            by = f" by {run.cause_by}" if run.cause_by else ""
            detail = self._answered(met) if run.cause_kind == "answer" else ""
            yield self._event(
                "retry" if run.cause_kind == "retry" else "decision",
                min(run.created_at, at),
                f"{words[run.cause_kind]}{by}",
                run.id,
                run.flow_id,
                detail=detail,
                by=run.cause_by,
                key=row.root,
            )
        if run.parent_id is None:
            source = timeline.source_of(met)
            place = self.names.connection(source.connection)
            text = f"Read from {place}" if place else "Arrived"
            yield self._event(
                "read",
                at,
                text,
                run.id,
                run.flow_id,
                key=row.root,
                detail=_caused(run.cause_kind, run.cause_by),
            )

    def _answered(self, met: Met) -> str:
        """What was answered, of the last answer before this run that one of its record's holds had asked for."""
        run = met.run
        slug = self._flows.get(run.flow_id, ("", ""))[0]
        asked = {hold.question for hold in timeline.holds(self.session, [run.flow_id], [met.delivery.root])}
        wanted = [from_json(question) for question in asked]
        for entry in audit.entries(self.session, Wanted(subject=slug), limit=200):
            if entry.action != "review.answer" or entry.at > run.created_at:
                continue
            told = entry.as_json()["detail"]
            if told.get("question") in wanted:
                given = ", ".join(f"{name} {value}" for name, value in told.get("answer", {}).items())
                return f"{told['question'].get('key', '')}: {given}".strip(": ")
        return ""

    def _rules(self, met: Met, lane: int, batch: int, root: str, at: float) -> Iterator[dict[str, Any]]:
        plan = self._plan(met)
        if plan is None:
            return
        with suppress(HeddleError):  # its data has been cleaned up: what is left is told without the rules
            story = reentry.repeat(self.session, plan, met.run.id, lane, batch, root)
            for (node, key), notes in story.trace.notes.items():
                for note in notes:
                    text = _fired(note)
                    if text:
                        event = self._event("rule", at, text, met.run.id, met.run.flow_id, key=key)
                        because = str(note.get("because", ""))
                        yield {**event, "step": plan.title(node), "node": node, "detail": because}

    def _delivery(self, met: Met, own: bool) -> dict[str, Any]:
        row, run = met.delivery, met.run
        source, target = timeline.source_of(met), timeline.target_of(met)
        kind = self._kind(met, source, target)
        thing = self.names.entity(_bound(met), row.entity) if row.entity else ""
        name = " ".join(part for part in (thing, row.number or row.remote_id or "") if part)
        where = self.names.connection(_bound(met))
        text = (
            {
                "created": f"{name} was created in {where}",
                "updated": f"{name} was {'deleted' if row.operation == 'delete' else 'updated'} in {where}",
                "unchanged": f"{name} had these values already",
                "echo": "Our own write came back; nothing was sent",
                "skipped": "Left out",
            }.get("" if row.operation == MERGE else row.outcome)
            or row.message
            or f"{row.outcome.replace('_', ' ').capitalize()}"
        )
        plan = self._plan(met)
        event = self._event(kind, row.at, text, run.id, run.flow_id, key=row.root)
        passing = "" if own else f"on the way of {row.title or row.root}"
        return {
            **event,
            "place": 1 + (row.id or 0),
            "outcome": row.outcome,
            "detail": row.cure if kind in ("held", "failed", "conflict") else self._reason(met) or passing,
            "node": row.node,
            "slot": row.slot,
            "step": plan.title(row.node) if plan is not None and row.node in plan.nodes else row.node,
            "number": row.number,
            "link": row.link,
            "fields": self._fields(met) if row.outcome in ("created", "updated") else [],
        }

    def _kind(self, met: Met, source: Thing, target: Thing | None) -> str:
        row = met.delivery
        if row.code == Waiting.code:
            return "asked"
        if row.outcome in STOPPED:
            return STOPPED[row.outcome]
        if row.operation == MERGE:
            return "merge"
        if row.outcome in QUIET:
            return "quiet"
        if any(self._is_payment(one) for one in (source, target) if one is not None):
            return "payment"
        back = target is not None and target.connection == source.connection
        return "writeback" if back else "write"

    def _is_payment(self, thing: Thing) -> bool:
        """Whether the connector says so of this kind of object."""
        shape = self.names.shape(thing.connection, thing.entity) if thing.connection else None
        return shape is not None and shape.role == "payment"

    def _reason(self, met: Met) -> str:
        return met.delivery.message if met.delivery.outcome in (*QUIET, "created", "updated") else ""

    def _fields(self, met: Met) -> list[dict[str, Any]]:
        """What the write set, old → new."""
        row = met.delivery
        before = from_json(row.before) if row.before else {}
        shape = self.names.shape(_bound(met), row.entity)
        return [
            {"field": name, "title": explain.field_title(shape, name), "old": compare.dig(before, name), "new": new}
            for name, new in explain.leaves(from_json(row.sent) if row.sent else {})
        ]  # fmt: skip

    def _event(
        self, kind: str, at: float, text: str, run_id: str, flow_id: str, **more: Any
    ) -> dict[str, Any]:
        slug, name = self._flows.get(flow_id, ("", flow_id))
        return {
            "kind": kind, "at": iso(at), "place": 0, "outcome": "", "text": text, "detail": "", "by": "", "key": "",
            "run": run_id, "flow": {"slug": slug, "name": name}, "node": "", "step": "", "slot": "", "number": None, "link": None,
            "fields": [], **more,
        }  # fmt: skip

    def _plan(self, met: Met) -> Plan | None:
        """The plan of the run; None when its drawing can no longer be built."""
        version = met.run.version_id
        if version not in self._plans:
            self._plans[version] = None
            with suppress(HeddleError):  # a node type or a system is gone: the rest is told
                self._plans[version] = self.installation.runtime.plan(version)
        return self._plans[version]


def _bound(met: Met) -> str:
    return str(from_json(met.run.bindings).get(met.delivery.slot, ""))


def _caused(kind: str, by: str) -> str:
    """Why the run took place, in a few words; ``by`` whom, where a person pressed."""
    return {
        "button": "A button was pressed",
        "webhook": "Its system told of it, or a button was pressed",
        "schedule": "The schedule was due",
        "manual": f"Started by {by}" if by else "Somebody started the run",
        "after": "Another flow had ended",
        "crossing": "Two runs had read it at once",
    }.get(kind, "")


def _fired(note: Mapping[str, Any]) -> str:
    """What a deciding step noted, if it says that something applied."""
    if note.get("fired"):
        did = note.get("did") or []
        return f"Rule applied: {note.get('title') or note.get('rule')}" + (
            f" ({', '.join(did)})" if did else ""
        )
    if note.get("holds") and "port" in note:
        return f"Went by «{note['port']}»: {note.get('condition', '')}"
    if "table" in note and note.get("rows"):
        rows = ", ".join(str(row["row"]) for row in note["rows"])
        return f"Decided by {note['table'] or 'the table'}, row {rows}"
    return ""
