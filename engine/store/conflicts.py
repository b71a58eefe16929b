"""Fields that both sides changed and nobody has decided yet."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Index, Table, update
from sqlmodel import Field, Session, SQLModel, col, func, select

from engine.clock import now
from engine.errors import Problem, RequestError
from engine.record import Origin, Record, from_json, to_json

WAITING = ("open", "decided")


class Conflict(SQLModel, table=True):
    """One pair of objects with fields on which the two sides do not agree.

    root    key of the record that brought the pair to our attention       key  the pair (see ``key_of``)
    fields  JSON list of {"field", "left", "right", "title", "agreed", "left_value", "right_value",
            "left_at", "right_at", "left_by", "right_by", "proposal", "reason", "flow"}; ``field`` is the pair of
            fields as ``left path=right path``, ``agreed`` is {"left", "right"} or null, times are ISO text
            or null, ``proposal`` is left, right or empty, ``flow`` is the one that is asked, if one is
    state   open, decided (a person has answered), settled (both sides agree again), replaced (values moved)
    decision  JSON {field: {"take": "left" | "right" | "value", "value": …}}; a value is as the left holds it
    """

    __tablename__ = "conflict"
    __table_args__ = (
        Index("conflict_key", "key", "state"),
        Index("conflict_state", "state", "flow_id", "node"),
    )

    id: int | None = Field(default=None, primary_key=True)
    flow_id: str
    run_id: str
    node: str
    root: str
    key: str
    title: str = ""
    left_slot: str
    left_connection: str
    left_entity: str
    left_id: str
    left_link: str | None = None
    right_slot: str
    right_connection: str
    right_entity: str
    right_id: str
    right_link: str | None = None
    fields: str
    state: str = "open"
    decision: str | None = None
    decided_by: str = ""
    decided_at: float | None = None
    created_at: float = Field(default_factory=now)

    def rows(self) -> list[dict[str, Any]]:
        """The fields in conflict."""
        found: list[dict[str, Any]] = from_json(self.fields)
        return found

    def answers(self) -> dict[str, dict[str, Any]]:
        """What was decided, by field; empty while nothing is."""
        return from_json(self.decision) if self.decision else {}

    def signal(self) -> Record:
        """The record that makes the node look at the pair again, to enter the graph there."""
        origin = Origin(self.left_slot, self.left_entity)
        return Record(self.left_id, {}, origin=origin, title=self.title)


_table: Table = Conflict.__table__  # type: ignore[attr-defined]
_CHUNK = 500


def key_of(left: tuple[str, str, str], right: tuple[str, str, str]) -> str:
    """The pair as one text: (connection, entity, id) of both sides."""
    return " = ".join("/".join(side) for side in (left, right))


def waiting(session: Session, flow_id: str, node: str, keys: Sequence[str]) -> dict[str, Conflict]:
    """The open or decided conflict of each pair that has one, by its key."""
    found: dict[str, Conflict] = {}
    for start in range(0, len(keys), _CHUNK):
        query = select(Conflict).where(
            Conflict.flow_id == flow_id,
            Conflict.node == node,
            col(Conflict.key).in_(keys[start : start + _CHUNK]),
            col(Conflict.state).in_(WAITING),
        )
        found.update({row.key: row for row in session.exec(query.order_by(col(Conflict.id)))})
    return found


def add(session: Session, rows: Sequence[Mapping[str, Any]]) -> list[Conflict]:
    """Opens conflicts, and answers the new ones. One that stands as it was stays the same row; one whose values moved
    is replaced."""
    made = []
    for row in rows:
        known = waiting(session, row["flow_id"], row["node"], [row["key"]]).get(row["key"])
        if known is not None:
            if known.state == "open" and known.fields == row["fields"]:
                known.run_id, known.root = row["run_id"], row["root"]
                session.add(known)
                continue
            known.state = "replaced"
            session.add(known)
        made.append(Conflict(**row))
        session.add(made[-1])
        session.flush()
    return made


def settle(session: Session, flow_id: str, node: str, keys: Iterable[str]) -> None:
    """Closes the conflicts of pairs whose sides agree again."""
    wanted = list(dict.fromkeys(keys))
    for start in range(0, len(wanted), _CHUNK):
        session.connection().execute(
            update(_table)
            .where(
                _table.c.flow_id == flow_id,
                _table.c.node == node,
                _table.c.key.in_(wanted[start : start + _CHUNK]),
                _table.c.state.in_(WAITING),
            )
            .values(state="settled")
        )


def decide(
    session: Session, conflict_id: int, decision: Mapping[str, Mapping[str, Any]], by: str
) -> Conflict:
    """Sets the decision, once. It is carried out when the node looks at the pair again (``signal``).

    decision  field → {"take": "left" | "right"} or {"take": "value", "value": …, as the left holds it}.
              A field that is left out stays open.
    Raises RequestError: 404 when there is no such conflict, 409 when it was decided already or is over, 422
    when the decision does not fit its fields.
    """
    row = session.get(Conflict, conflict_id)
    if row is None:
        raise missing()
    problems = _misfits(row, decision)
    if problems:
        raise RequestError(problems[0].message, status=422, code=problems[0].code, problems=problems)
    done = session.connection().execute(
        update(_table)
        .where(_table.c.id == conflict_id, _table.c.state == "open")
        .values(state="decided", decision=to_json(decision).decode(), decided_by=by, decided_at=now())
    )
    if done.rowcount == 0:
        session.refresh(row)
        who = f" by {row.decided_by}" if row.decided_by else ""
        raise RequestError(
            f"This conflict was decided{who} already." if row.decided_by else "This conflict is over.",
            status=409,
            code="E-DECIDED",
            cure="Reload the list; what is still open stands there.",
        )
    session.refresh(row)
    return row


def missing() -> RequestError:
    return RequestError("There is no such conflict.", status=404, code="E-NOT-FOUND", cure="Reload the list.")


def _misfits(row: Conflict, decision: Mapping[str, Mapping[str, Any]]) -> list[Problem]:
    known = {field["field"] for field in row.rows()}
    if not decision:
        return [Problem("E-DECISION", "Nothing is decided.", "Choose a side for at least one field.")]
    problems = []
    for name, answer in decision.items():
        if name not in known:
            message = f"There is no conflict about {name} here."
            problems.append(Problem("E-DECISION", message, "Reload the conflict.", field=name))
        elif answer.get("take") not in ("left", "right", "value") or (
            answer.get("take") == "value" and "value" not in answer
        ):
            message = f"It is not said which value {name} is to have."
            problems.append(Problem("E-DECISION", message, "Choose left, right or a value.", field=name))
    return problems


def open_conflicts(
    session: Session, *, flow_id: str = "", after: int = 0, limit: int = 100
) -> list[Conflict]:
    """What waits for a decision, oldest first; ``after`` is the last id seen."""
    query = select(Conflict).where(Conflict.state == "open", col(Conflict.id) > after)
    if flow_id:
        query = query.where(Conflict.flow_id == flow_id)
    return list(session.exec(query.order_by(col(Conflict.id)).limit(limit)))


def count(session: Session) -> int:
    """How many pairs of objects wait for a decision."""
    return int(session.exec(select(func.count()).where(Conflict.state == "open")).one())


def alike(session: Session) -> dict[tuple[str, str, str], int]:
    """(flow, node, field) → in how many open conflicts that field waits."""
    counted: dict[tuple[str, str, str], int] = {}
    query = select(Conflict.flow_id, Conflict.node, Conflict.fields).where(Conflict.state == "open")
    for flow_id, node, fields in session.exec(query):
        for field in from_json(fields):
            key = (flow_id, node, str(field["field"]))
            counted[key] = counted.get(key, 0) + 1
    return counted


def open_about(session: Session, flow_id: str, node: str, field: str, limit: int) -> list[Conflict]:
    """The open conflicts of a step about one pair of fields, oldest first."""
    query = select(Conflict).where(
        Conflict.state == "open", Conflict.flow_id == flow_id, Conflict.node == node
    )
    found = session.exec(query.order_by(col(Conflict.id)))
    return [row for row in found if any(one["field"] == field for one in row.rows())][:limit]


def decided(session: Session, keys: Sequence[str]) -> list[Conflict]:
    """The conflicts of these pairs that somebody has decided, in whatever flow."""
    found: list[Conflict] = []
    for start in range(0, len(keys), _CHUNK):
        query = select(Conflict).where(
            col(Conflict.key).in_(keys[start : start + _CHUNK]), col(Conflict.decided_at).is_not(None)
        )
        found += session.exec(query)
    return found
