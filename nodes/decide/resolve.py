"""Ends a flow that decides on a conflict with its answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

from pydantic import Field

from engine.errors import RecordRejected
from engine.flow import Port
from engine.node import Node, NodeSettings, Outbox
from engine.record import Record

TAKES = ("left", "right", "value")


class ResolveSettings(NodeSettings):
    take: Literal["left", "right", "told"] = Field(
        default="told",
        title="Which value stays",
        description="left, right: what that side has, in every field that the record tells of; told: as the field "
        "«take» of the line, or else of the record, says: left, right, or value with the new value in «value».",
    )


class ResolveNode(Node[ResolveSettings]):
    """Decides the conflict of which the record tells (*A conflict*). The decision is carried out once, and its reason
    names this flow and its version. A record without an answer fails here, and the conflict waits for a person."""

    Settings = ResolveSettings
    type = "resolve"
    title = "Decide the conflict"
    group = "decide"
    glyph = "gavel"
    outputs: ClassVar[tuple[Port, ...]] = ()

    def process(self, records: Sequence[Record], out: Outbox) -> None:
        for record in records:
            try:
                out.decide(record, self._verdict(record))
            except RecordRejected as error:
                out.fail(record, error)

    def _verdict(self, record: Record) -> dict[str, Any]:
        data = record.data if isinstance(record.data, dict) else {}
        number, lines = data.get("conflict"), data.get("fields")
        if not isinstance(number, int) or not isinstance(lines, list) or not lines:
            raise _unanswered(
                f"{record.title or record.key} tells of no conflict.",
                "Keep «conflict» and «fields» of the record that began the flow.",
            )
        return {
            "conflict": number,
            "fields": {
                str(line.get("field")): self._answer(line, data) for line in lines if isinstance(line, dict)
            },
        }

    def _answer(self, line: Mapping[str, Any], data: Mapping[str, Any]) -> dict[str, Any]:
        if self.settings.take != "told":
            return {"take": self.settings.take}
        given = line if line.get("take") else data
        take = given.get("take")
        if take not in TAKES or (take == "value" and "value" not in given):
            raise _unanswered(
                f"Nothing says which value {line.get('title') or line.get('field')} is to have.",
                "Set «take» to left, right or value, and «value» with the last one.",
            )
        return {"take": take, "value": given["value"]} if take == "value" else {"take": take}

    def summary(self) -> str:
        return {"left": "The left side stays", "right": "The right side stays"}.get(
            self.settings.take, "As the record says"
        )


def _unanswered(message: str, cure: str) -> RecordRejected:
    return RecordRejected(message, code="E-VERDICT", cure=cure)
