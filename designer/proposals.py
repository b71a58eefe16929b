"""What a key without a row probably stands for, and why: from earlier versions, other flows, or the choices' names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher

from designer.installation import here
from engine.flow import Flow, LookupTable
from engine.functions import Table
from engine.store import flows
from engine.store.database import Session

VERSIONS = 20
"""Older versions of a flow that are asked what a key once stood for."""

ALIKE = 0.6
"""How alike a key and the name of a choice must be to be proposed."""

Choices = Sequence[Mapping[str, str]]
Others = Sequence[tuple[str, Flow]]
"""(why it is worth a look, a drawing that may know), the likeliest first."""


def choices(table: LookupTable, column: str, bindings: Mapping[str, str]) -> Choices | None:
    """The live choices of a column; None where none are declared or the system cannot say."""
    options = table.options.get(column)
    if options is None:
        return None
    installation = here()
    return installation.choices.of(
        installation.database, installation.seal, bindings, options, installation.runtime.pacer
    )


def others(session: Session, row: flows.FlowRow) -> Others:
    """The earlier versions of a flow, the newest first, then what is live of the other flows."""
    found = [
        (f"Version {version.number} had it.", version.document())
        for version in flows.versions(session, row)[:VERSIONS]
    ]
    for other in flows.all_flows(session):
        live = flows.version_by_id(session, other.live_version_id) if other.live_version_id else None
        if other.id != row.id and live is not None:
            found.append((f"«{other.name}» has it.", live.document()))
    return found


def propose(
    known: Others, flow: Flow, table_id: str, column: str, key: str, options: Choices | None
) -> dict[str, str] | None:
    """{"value", "title", "why"}; None when nothing is near enough. Of live choices, nothing else is proposed."""
    titles = {option["value"]: option.get("title") or option["value"] for option in options or ()}
    for why, other in known:
        for other_id, table in other.tables.items():
            if column not in table.columns or (other_id != table_id and other.name == flow.name):
                continue
            value = _cell(other_id, table, column, key)
            if value and (options is None or value in titles):
                return {"value": value, "title": titles.get(value, value), "why": why}
    best = max(((alike(key, title), value, title) for value, title in titles.items()), default=(0.0, "", ""))
    if best[0] >= ALIKE:
        return {"value": best[1], "title": best[2], "why": f"It is called {best[2]} there."}
    return None


def alike(key: str, title: str) -> float:
    """1 where one name holds the other, word by word; else how many letters they share in order."""
    one, other = key.casefold().split(), title.casefold().split()
    if one and all(word in other for word in one):
        return 1.0
    return SequenceMatcher(None, key.casefold(), title.casefold()).ratio()


def _cell(table_id: str, table: LookupTable, column: str, key: str) -> str | None:
    at = Table(table_id, table).row(key)
    place = table.columns.index(column)
    cells = table.rows[at] if at is not None else []
    return cells[place] if place < len(cells) else None
