"""Pairs of objects that are kept in step: what both sides last agreed on, whichever side they began on.

A pair is one row of the cross references. Its row may be oriented either way: an object that was born on the
right stands in the row's left columns, because that is how its create was claimed. Here everything is turned
into the orientation of who asks. The row's claim is the pair's lock for the time in which it is looked at.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Literal

import msgspec
from sqlalchemy import ColumnElement, Table, bindparam, case, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session

from engine.record import Outcome, from_json, to_json
from engine.store.references import OUT, CrossReference, Pair
from engine.store.timepiece import shared_now, time_of_day

SideName = Literal["left", "right"]


class Agreed(msgspec.Struct, frozen=True):
    """What two sides last agreed on. Keys are pairs of fields, ``left path=right path``.

    left, right  the values, as each side holds them
    writes       what we wrote lately: field → [epoch seconds, side, fingerprint of the value]
    gone         both objects were deleted; the row only remembers that it was so
    """

    left: dict[str, Any] = {}
    right: dict[str, Any] = {}
    writes: dict[str, list[list[Any]]] = {}
    gone: bool = False

    def turned(self) -> "Agreed":
        """The same, seen from the other side."""
        swap: dict[Any, str] = {"left": "right", "right": "left"}
        return Agreed(
            {_turn(name): value for name, value in self.right.items()},
            {_turn(name): value for name, value in self.left.items()},
            {
                _turn(name): [[at, swap[side], told] for at, side, told in some]
                for name, some in self.writes.items()
            },
            self.gone,
        )


class Kept(msgspec.Struct, frozen=True):
    """A pair as it is remembered, in the orientation of who asks.

    turned      the row is oriented the other way round          row  its id, 0 for one that is not stored yet
    left_id, right_id  one of them is None while a create is on its way
    left_echo, right_echo  our own write to that side has not come back as a change yet
    updated_at, stored_at  when one of them was last written to, or the pair was first stored, as in CrossReference
    steps       flow/node → what that step last wrote, as in CrossReference.fingerprints
    """

    row: int
    left_id: str | None
    right_id: str | None
    turned: bool = False
    agreed: Agreed = Agreed()
    left_echo: str = ""
    right_echo: str = ""
    claim: str = ""
    claim_outcome: str = ""
    claim_until: float = 0.0
    steps: dict[str, str] = {}
    updated_at: float = 0.0
    stored_at: float = 0.0

    def id(self, side: SideName) -> str | None:
        return self.left_id if side == "left" else self.right_id

    def echo(self, side: SideName) -> str:
        return self.left_echo if side == "left" else self.right_echo


_table: Table = CrossReference.__table__  # type: ignore[attr-defined]
_COLUMNS = (
    "id", "left_id", "right_id", "agreed", "left_echo", "right_echo", "claim", "claim_outcome", "claim_until",
    "fingerprints", "updated_at", "stored_at",
)  # fmt: skip
_WROTE = (Outcome.CREATED, Outcome.UPDATED)
IN_STEP = "in step"
"""Stands in place of a hash for a step that keeps both sides in step: no write is ever equal to it."""
_IDENTITY = ("left_connection", "left_entity", "left_id", "right_connection", "right_entity")
_CHUNK = 500


def load(session: Session, pair: Pair, side: SideName, ids: Sequence[str]) -> dict[str, list[Kept]]:
    """The pairs that these objects of one side belong to; more than one is a mistake that a person must cure."""
    found: dict[str, list[Kept]] = {}
    for turned in (False, True):
        own = "left_id" if (side == "left") != turned else "right_id"
        for start in range(0, len(ids), _CHUNK):
            query = (
                select(*(_table.c[name] for name in _COLUMNS))
                .where(*_between(pair, turned), _table.c[own].in_(ids[start : start + _CHUNK]))
                .order_by(_table.c.id)
            )
            for row in session.connection().execute(query):
                kept = _kept(row, turned)
                known = found.setdefault(kept.id(side) or "", [])
                if not any(one.left_id == kept.left_id and one.right_id == kept.right_id for one in known):
                    known.append(kept)
    return found


def take(session: Session, rows: Sequence[int], owner: str, patience: float) -> set[int]:
    """Claims these pairs for one batch and ``patience`` seconds, so that nobody else writes from a view that grows
    stale; those it got."""
    mine: set[int] = set()
    at = shared_now(session)
    for start in range(0, len(rows), _CHUNK):
        some = rows[start : start + _CHUNK]
        free = (_table.c.claim_until < at) | (_table.c.claim == owner)
        again = case((_table.c.claim == owner, _table.c.claim_outcome), else_="")
        session.connection().execute(
            update(_table)
            .where(_table.c.id.in_(some), free)
            .values(claim=owner, claim_until=at + patience, claim_outcome=again)
        )
        query = select(_table.c.id).where(_table.c.id.in_(some), _table.c.claim == owner)
        mine.update(session.connection().execute(query).scalars())
    return mine


def introduce(
    session: Session, pair: Pair, ids: Sequence[tuple[str, str]], owner: str, patience: float
) -> None:
    """Stores that these objects (left id, right id), which were there already, are pairs, claimed as by ``take``.

    Of two who meet the same objects at once only one stores them; ``load`` tells whose claim it is.
    """
    turned = (pair.left_connection, pair.left_entity) > (pair.right_connection, pair.right_entity)
    between, stored_at, at = _row_pair(pair, turned), shared_now(session), time_of_day(session)
    rows = [
        {
            **msgspec.structs.asdict(between),
            "left_id": right_id if turned else left_id,
            "right_id": left_id if turned else right_id,
            "claim": owner,
            "claim_until": stored_at + patience,
            "claim_outcome": "",
            "fingerprints": "{}",
            "updated_at": at,
            "stored_at": stored_at,
        }
        for left_id, right_id in ids
    ]
    if not rows:
        return
    make = postgresql.insert if session.connection().dialect.name == "postgresql" else sqlite.insert
    session.connection().execute(make(_table).on_conflict_do_nothing(), rows)


def save(session: Session, pair: Pair, kept: Iterable[Kept], outcomes: Iterable[str], step: str) -> None:
    """Writes what both sides agree on now, and gives the claims back. ``outcomes`` is what each pair came to.

    step  ``flow/node``: noted, so that it is known which flow looks after the pair; not for what is gone
    """
    rows, at, stored_at = [], time_of_day(session), shared_now(session)
    for one, outcome in zip(kept, outcomes, strict=True):
        between = _row_pair(pair, one.turned)
        agreed = one.agreed.turned() if one.turned else one.agreed
        identity = {**msgspec.structs.asdict(between), "left_id": one.right_id if one.turned else one.left_id}
        rows.append(
            {
                **{f"_{name}": value for name, value in identity.items()},
                "agreed": to_json(agreed),
                "left_echo": one.right_echo if one.turned else one.left_echo,
                "right_echo": one.left_echo if one.turned else one.right_echo,
                "claim": one.claim,
                "claim_outcome": outcome,
                "claim_until": 0.0,
                "fingerprints": to_json({} if one.agreed.gone else {**one.steps, step: IN_STEP}).decode(),
                "updated_at": at if outcome in _WROTE else one.updated_at or at,
                "stored_at": stored_at if outcome in _WROTE else one.stored_at or stored_at,
            }
        )
    if rows:
        session.connection().execute(
            update(_table).where(*(_table.c[name] == bindparam(f"_{name}") for name in _IDENTITY)), rows
        )


def give_back(session: Session, rows: Sequence[int], owner: str) -> None:
    """Ends our claims on pairs at which nothing was changed."""
    for start in range(0, len(rows), _CHUNK):
        session.connection().execute(
            update(_table)
            .where(_table.c.id.in_(rows[start : start + _CHUNK]), _table.c.claim == owner)
            .values(claim_until=0.0)
        )


def forget(session: Session, rows: Sequence[int]) -> None:
    """Forgets pairs whose objects came to life again after both had been deleted."""
    for start in range(0, len(rows), _CHUNK):
        session.connection().execute(delete(_table).where(_table.c.id.in_(rows[start : start + _CHUNK])))


def abandon(session: Session, some: Iterable[Kept]) -> bool:
    """Forgets creates of which nobody knew what became of them. False where somebody has taken one up since it was
    read: it stays, and who asked looks again."""
    whole = True
    for one in some:
        same = (
            _table.c.claim == one.claim,
            _table.c.claim_until == one.claim_until,
            _table.c.right_id.is_(None),
        )
        dropped = session.connection().execute(delete(_table).where(_table.c.id == one.row, *same))
        whole = whole and dropped.rowcount == 1
    return whole


def complete(session: Session, row: int, right_id: str) -> None:
    """A create that got no answer has made this object."""
    session.connection().execute(
        update(_table)
        .where(_table.c.id == row, _table.c.right_id.is_(None))
        .values(right_id=right_id, claim_until=0.0)
    )


def reservation(claim: str) -> str:
    """The claim under which a batch keeps others from making the survivor of a merge a counterpart of its own."""
    return f"{claim}#merge"


def move(session: Session, pair: Pair, kept: Kept, side: SideName, key: str) -> bool:
    """Makes a pair that of another object of one side, into which its own was merged, and which was reserved for it.
    False when that one has got a counterpart meanwhile."""
    known = [one for one in load(session, pair, side, [key]).get(key, []) if one.row != kept.row]
    reserved = reservation(kept.claim)
    if any(not one.agreed.gone and one.claim != reserved for one in known):
        return False
    forget(session, [one.row for one in known])
    column = "left_id" if (side == "left") != kept.turned else "right_id"
    session.connection().execute(update(_table).where(_table.c.id == kept.row).values({column: key}))
    return True


def leave_out(session: Session, pair: Pair, kept: Kept, lost: SideName) -> None:
    """Ends a pair of which one object is lost: the other one is no longer kept in step."""
    forget(session, [kept.row])
    between, left_id = _row_pair(pair, lost == "left"), kept.right_id if lost == "left" else kept.left_id
    row = {
        **msgspec.structs.asdict(between), "left_id": left_id, "right_id": None, "claim": "",
        "claim_outcome": OUT, "claim_until": 0.0, "fingerprints": "{}", "updated_at": time_of_day(session),
    }  # fmt: skip
    make = postgresql.insert if session.connection().dialect.name == "postgresql" else sqlite.insert
    session.connection().execute(make(_table).on_conflict_do_nothing(), [row])


def _kept(row: Any, turned: bool) -> Kept:
    number, left_id, right_id, raw, left_echo, right_echo, claim, outcome, until, steps, at, stored_at = row
    agreed = msgspec.convert(from_json(raw), Agreed) if raw else Agreed()
    if turned:
        left_id, right_id, left_echo, right_echo = right_id, left_id, right_echo, left_echo
        agreed = agreed.turned()
    return Kept(
        number, left_id, right_id, turned, agreed, left_echo or "", right_echo or "", claim, outcome, until,
        from_json(steps), at, stored_at,
    )  # fmt: skip


def _between(pair: Pair, turned: bool) -> list[ColumnElement[bool]]:
    return [
        _table.c[name] == value for name, value in msgspec.structs.asdict(_row_pair(pair, turned)).items()
    ]


def _row_pair(pair: Pair, turned: bool) -> Pair:
    if not turned:
        return pair
    return Pair(pair.right_connection, pair.right_entity, pair.left_connection, pair.left_entity)


def _turn(name: str) -> str:
    left, _, right = name.partition("=")
    return f"{right}={left}"
