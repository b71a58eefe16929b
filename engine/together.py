"""The memory of a two-way sync, stored in the commit that records its receipts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from engine import verdicts
from engine.clock import now
from engine.couple import Reconciled, SyncErrand, busy
from engine.record import Outcome, Record, to_json
from engine.store import agreements, conflicts, reviews
from engine.store.database import Session
from engine.store.roots import Root


@dataclass(frozen=True)
class Together:
    """What one batch came to at a sync node. ``records`` are those that were delivered."""

    errand: SyncErrand
    done: Reconciled
    records: Sequence[Record]

    @property
    def known(self) -> list[Root]:
        """The objects that have got through, on either side: what waited under them is over."""
        return self.done.known

    @property
    def node(self) -> str:
        return self.errand.node_id

    def partner(self, key: str) -> str | None:
        """The id of an object's counterpart, if this batch has looked at the two."""
        return self.done.partners.get(key)

    def store(self, session: Session, run_id: str, *, live: bool) -> None:
        """Agreed values and marks; open conflicts, and those that are over."""
        if not live:
            return
        reviews.release_at(session, self.errand.flow_id, self.node, self.known, run_id)
        for kept, merge in self.done.moved:
            if not agreements.move(session, self.errand.pair, kept, merge.side, merge.survivor):
                raise busy()  # somebody has found a counterpart for the survivor meanwhile: look again
            gone = {"left": kept.left_id, "right": kept.right_id, merge.side: merge.loser}
            conflicts.settle(
                session, self.errand.flow_id, self.node, [self._key(gone["left"], gone["right"])]
            )
        for kept, lost in self.done.left_out:
            agreements.leave_out(session, self.errand.pair, kept, lost)
            conflicts.settle(
                session, self.errand.flow_id, self.node, [self._key(kept.left_id, kept.right_id)]
            )
        agreements.save(
            session,
            self.errand.pair,
            self.done.kept,
            self.done.outcomes,
            f"{self.errand.flow_id}/{self.node}",
        )
        conflicts.settle(session, self.errand.flow_id, self.errand.node_id, self.done.settled)
        for opened in conflicts.add(session, self._conflicts(run_id)):
            verdicts.ask(session, opened)

    def _conflicts(self, run_id: str) -> list[dict[str, Any]]:
        rows = []
        for record, receipt in zip(self.records, self.done.receipts, strict=True):
            for paper in () if receipt is None else (receipt, *receipt.others):
                if paper.result.outcome == Outcome.CONFLICT and paper.result.question is not None:
                    rows.append(self._row(run_id, record, paper.result.question))
        return rows

    def _row(self, run_id: str, record: Record, question: dict[str, Any]) -> dict[str, Any]:
        left, right = question["left"], question["right"]
        errand = self.errand
        return {
            "flow_id": errand.flow_id,
            "run_id": run_id,
            "node": errand.node_id,
            "root": record.key,
            "key": self._key(left["id"], right["id"]),
            "title": question["title"],
            "left_slot": errand.agreement.left.slot,
            "left_connection": errand.connections["left"],
            "left_entity": errand.entity("left"),
            "left_id": left["id"],
            "left_link": left["link"],
            "right_slot": errand.agreement.right.slot,
            "right_connection": errand.connections["right"],
            "right_entity": errand.entity("right"),
            "right_id": right["id"],
            "right_link": right["link"],
            "fields": to_json(question["fields"]).decode(),
            "created_at": now(),
        }

    def _key(self, left_id: str | None, right_id: str | None) -> str:
        """The pair as conflicts know it."""
        errand = self.errand
        return conflicts.key_of(
            (errand.connections["left"], errand.entity("left"), left_id or ""),
            (errand.connections["right"], errand.entity("right"), right_id or ""),
        )
