"""Cross references as a table: listed, and exchanged as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from designer import pairing as live
from designer.sheets import csv_line, plain
from engine.clock import iso
from engine.errors import Problem, RequestError
from engine.record import Remote
from engine.store import audit, connections, deliveries, flows, pairing
from engine.store.database import Session
from engine.store.references import NEW, OUT, CrossReference, Pair

COLUMNS = (
    "left connection", "left entity", "left id", "right connection", "right entity", "right id", "number", "state",
)  # fmt: skip
MOST = 10_000
"""Rows of one import: each object is looked up in its system first."""

SHOWN = 20


@dataclass(frozen=True)
class Row:
    """One row of an import. ``line`` is its number in the file; ``right_id`` an id, or ``choice`` new or out."""

    line: int
    pair: Pair
    left_id: str
    right_id: str
    choice: str


@dataclass(frozen=True)
class Imported:
    """How many rows an import adds and changes, and how many say what is known."""

    added: int
    changed: int
    unchanged: int


def listed(session: Session, rows: Sequence[CrossReference]) -> list[dict[str, Any]]:
    """Cross references as the screen lists them."""
    titles = deliveries.titles(session, {row.left_id for row in rows})
    return [_shown(session, row, titles.get((row.left_entity, row.left_id), "")) for row in rows]


def _shown(session: Session, row: CrossReference, title: str) -> dict[str, Any]:
    names = {one: _name(session, one) for one in {row.left_connection, row.right_connection}}
    known = []
    for flow_id, node in pairing.flows_of(row):
        flow = flows.get(session, flow_id)
        if flow is not None:
            drawn = flow.document().node(node)
            known.append(
                {"slug": flow.slug, "name": flow.name, "step": (drawn.title if drawn else "") or node}
            )
    return {
        "id": row.id,
        "left": {
            "connection": row.left_connection,
            "connection_name": names[row.left_connection],
            "entity": row.left_entity,
            "id": row.left_id,
            "title": title,
        },
        "right": {
            "connection": row.right_connection,
            "connection_name": names[row.right_connection],
            "entity": row.right_entity,
            "id": row.right_id,
            "number": row.number,
            "link": row.link,
        },
        "state": pairing.state(session, row),
        "outcome": row.claim_outcome,
        "flows": known,
        "written_at": iso(row.updated_at),
    }


def export(session: Session) -> Iterator[str]:
    """All of them, oldest first."""
    names: dict[str, str] = {}
    yield csv_line(COLUMNS)
    for row in pairing.everything(session):
        for one in (row.left_connection, row.right_connection):
            if one not in names:
                names[one] = _name(session, one)
        yield csv_line(
            (
                names[row.left_connection], row.left_entity, row.left_id, names[row.right_connection],
                row.right_entity, row.right_id or "", row.number or "", pairing.state(session, row),
            )
        )  # fmt: skip


def read(session: Session, text: str) -> list[Row]:
    """The rows of a CSV file. Raises RequestError (422) with one problem for each wrong line."""
    found = csv.reader(io.StringIO(text.lstrip("\ufeff")), delimiter=_delimiter(text))
    heading = [cell.strip().lower() for cell in next(found, [])]
    needed = [name for name in COLUMNS[:6] if name not in heading]
    if needed:
        raise RequestError(
            f"The file has no column «{needed[0]}».",
            status=422,
            code="E-CSV",
            cure=f"Start it with the heading: {', '.join(COLUMNS)}.",
        )
    ids = {name: row.id for row in connections.all_connections(session) for name in (row.id, row.name)}
    rows: list[Row] = []
    problems: list[Problem] = []
    for cells in found:
        if not any(cell.strip() for cell in cells):
            continue
        named = dict(zip(heading, (plain(cell.strip()) for cell in cells), strict=False))
        made = _row(found.line_num, named, ids)
        if isinstance(made, Problem):
            problems.append(made)
        elif made is not None:
            rows.append(made)
        if len(rows) > MOST:
            raise RequestError(
                f"The file has more than {MOST:,} rows.", status=422, code="E-CSV", cure="Import it in parts."
            )
    doubled = _doubled(rows)
    _refuse([*problems, *doubled])
    return rows


def check(session: Session, rows: list[Row]) -> dict[tuple[str, str, str], Remote]:
    """Looks every object up in its system, in bulk. Raises RequestError (422), or what a system raises."""
    wanted: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        if row.right_id:
            wanted.setdefault((row.pair.right_connection, row.pair.right_entity), []).append(row.right_id)
    found: dict[tuple[str, str, str], Remote] = {}
    for (connection, entity), ids in wanted.items():
        opened = live.system(session, connection)
        found.update({(connection, entity, one): it for one, it in live.live(opened, entity, ids).items()})
    _refuse(
        [
            Problem(
                "E-NO-OBJECT",
                f"Line {row.line}: there is no {row.pair.right_entity} with the id {row.right_id}.",
                "Correct the id, or leave the line out.",
            )
            for row in rows
            if row.right_id and (row.pair.right_connection, row.pair.right_entity, row.right_id) not in found
        ]
    )
    return found


def enter(
    session: Session, rows: list[Row], found: dict[tuple[str, str, str], Remote], by: str, *, apply: bool
) -> Imported:
    """What the rows add and change; kept only when they are applied. Raises RequestError (409) as ``point``."""
    added = changed = unchanged = 0
    for row in rows:
        known = pairing.of(session, row.pair, row.left_id)
        if (
            known is not None
            and (known.right_id or "") == row.right_id
            and pairing.state(session, known) == (row.choice or "linked")
        ):
            unchanged += 1
            continue
        added, changed = (added + 1, changed) if known is None else (added, changed + 1)
        if not apply:
            continue
        if row.choice:
            pairing.say(session, row.pair, row.left_id, row.choice)
            continue
        remote = found[row.pair.right_connection, row.pair.right_entity, row.right_id]
        pairing.point(session, row.pair, row.left_id, remote.id, remote.number, remote.link)
    if apply:
        audit.note(session, by, "reference.import", "references", added=added, changed=changed)
    return Imported(added, changed, unchanged)


def _row(line: int, named: dict[str, str], ids: dict[str, str]) -> Row | Problem | None:
    """None for rows that say nothing: an export also lists what is on its way or was deleted."""
    state = named.get("state", "")
    choice = state if state in (NEW, OUT) else ""
    if not named.get("right id") and not choice:
        if state:
            return None
        return Problem(
            "E-CSV", f"Line {line} has no right id.", f"Fill it in, or enter {NEW} or {OUT} as its state."
        )
    for side in ("left", "right"):
        name = named.get(f"{side} connection", "")
        if name not in ids:
            return Problem("E-CSV", f"Line {line}: there is no connection «{name}».", "Correct its name.")
        if not named.get(f"{side} entity"):
            return Problem("E-CSV", f"Line {line} has no {side} entity.", "Fill it in.")
    if not named.get("left id"):
        return Problem("E-CSV", f"Line {line} has no left id.", "Fill it in.")
    pair = Pair(
        ids[named["left connection"]],
        named["left entity"],
        ids[named["right connection"]],
        named["right entity"],
    )
    return Row(line, pair, named["left id"], "" if choice else named["right id"], choice)


def _doubled(rows: list[Row]) -> list[Problem]:
    first: dict[tuple[Pair, str], int] = {}
    return [
        Problem("E-CSV", f"Line {row.line} is about the same object as line {line}.", "Remove one of them.")
        for row in rows
        if (line := first.setdefault((row.pair, row.left_id), row.line)) != row.line
    ]


def _refuse(problems: list[Problem]) -> None:
    if problems:
        more = f" And {len(problems) - 1} more." if len(problems) > 1 else ""
        raise RequestError(
            f"{problems[0].message}{more}",
            status=422,
            code=problems[0].code,
            cure=problems[0].cure,
            problems=problems[:SHOWN],
        )


def _delimiter(text: str) -> str:
    heading = text.partition("\n")[0]
    return ";" if heading.count(";") > heading.count(",") else ","


def _name(session: Session, connection_id: str) -> str:
    row = connections.find(session, connection_id) if connection_id else None
    return row.name if row is not None else connection_id
