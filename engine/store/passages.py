"""How far a run has come: what passed each node, and the counts so far."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Table, select
from sqlmodel import Field, Session, SQLModel

from engine.record import from_json, to_json
from engine.store import bulk, plain
from engine.store.lanes import Lane
from engine.store.tenure import Claim


class Step(SQLModel, table=True):
    """What passed one node in one lane so far: the canvas overlay. ``ports`` is JSON {port: count}."""

    __tablename__ = "step"

    run_id: str = Field(primary_key=True, foreign_key="run.id")
    lane: int = Field(primary_key=True)
    node: str = Field(primary_key=True)
    arrived: int = 0
    ports: str = "{}"
    failed: int = 0
    held: int = 0
    ms: float = 0.0


_lanes: Table = Lane.__table__  # type: ignore[attr-defined]
_steps: Table = Step.__table__  # type: ignore[attr-defined]
_STEPS = "SELECT node, arrived, ports, failed, held, ms FROM step WHERE run_id = ? AND lane = ?"
_SUMS = ("arrived", "ports", "failed", "held", "ms")
_COLUMNS = ("run_id", "lane", "node", *_SUMS)
_RENEW = "ON CONFLICT (run_id, lane, node) DO UPDATE SET " + ", ".join(
    f"{name} = excluded.{name}" for name in _SUMS
)


def add_steps(session: Session, held: Claim, passages: dict[str, Any]) -> None:
    """Adds what passed each node (walk.Passage) to the lane's overlay counts."""
    rows = []
    known = {node: sums for node, *sums in plain.rows(session, _STEPS, held.run_id, held.lane)}
    for node, passage in passages.items():
        here = (held.run_id, held.lane, node)
        arrived, ports, failed, waiting, ms = known.get(node, (0, "{}", 0, 0, 0.0))
        left = from_json(ports)
        for port, count in passage.ports.items():
            left[port] = left.get(port, 0) + count
        rows.append(
            (*here, arrived + passage.arrived, to_json(left).decode(), failed + passage.failed,
             waiting + passage.held, ms + passage.ms)
        )  # fmt: skip
    bulk.insert(session, _steps, _COLUMNS, rows, _RENEW)


def first_steps(session: Session, passed: Mapping[Claim, Mapping[str, Any]]) -> None:
    """The same for lanes that have had nothing before."""
    rows = [
        (held.run_id, held.lane, node, passage.arrived, to_json(passage.ports).decode(), passage.failed,
         passage.held, passage.ms)
        for held, passages in passed.items()
        for node, passage in passages.items()
    ]  # fmt: skip
    bulk.insert(session, _steps, _COLUMNS, rows)


def so_far(session: Session, run_id: str) -> tuple[dict[str, int], int]:
    """The counts of a run so far, added up over its lanes, and about how many records are through beside them."""
    total: dict[str, int] = {}
    answered = 0
    query = select(_lanes.c.counts, _lanes.c.answered).where(_lanes.c.run_id == run_id)
    for counts, more in session.connection().execute(query):
        answered += more
        for name, count in from_json(counts).items():
            total[name] = total.get(name, 0) + count
    return total, answered


def counts(session: Session, run_id: str) -> dict[str, int]:
    """The counts of a run so far, added up over its lanes."""
    return so_far(session, run_id)[0]
