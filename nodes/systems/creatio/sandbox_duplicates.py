"""Merging duplicates as the imitated Creatio does it: the record that was created first stays.

Its empty fields take the values of the others, the latest first; whatever refers to one of the others refers to it
from then on; the others are deleted, and nothing tells of it but that they are gone. Source: academy.creatio.com,
find and merge duplicates, "How duplicates are merged".
"""

from __future__ import annotations

from nodes.systems.creatio.sandbox_query import Row
from nodes.systems.creatio.sandbox_rows import Store
from nodes.systems.creatio.sandbox_schema import columns, entity_names, navigation

MERGED = ("Account", "Contact")
"""Sections in which the imitated company looks for duplicates."""

_OWN = {"Id", "CreatedOn", "CreatedById", "ModifiedOn", "ModifiedById"}


def merge(store: Store, entity: str, keys: list[str]) -> Row:
    """Makes one record of several and answers it. Raises KeyError when one is not there."""
    rows = sorted((store.tables[entity][key] for key in keys), key=lambda row: str(row["CreatedOn"]))
    survivor, *losers = rows
    filled = dict(survivor)
    for loser in reversed(losers):
        for name in columns(entity):
            if name not in _OWN and filled.get(name) in (None, "") and loser.get(name) not in (None, ""):
                filled[name] = loser[name]
    store.save(entity, [{**filled, "ModifiedOn": store.stamp()}])
    for loser in losers:
        for child in entity_names():
            for column in navigation(child).values():
                if column.target == entity:
                    pointing = store.children(child, column.name, loser["Id"])
                    store.save(child, [{**row, column.name: survivor["Id"]} for row in pointing])
        store.delete(entity, loser["Id"])
    return store.tables[entity][survivor["Id"]]


def alike(store: Store, entity: str, key: str) -> list[Row]:
    """The other records, those of the same name first, for somebody who looks for duplicates."""
    own = store.tables[entity][key]
    others = [row for row in store.tables[entity].values() if row["Id"] != key]

    def distance(row: Row) -> tuple[bool, str]:
        return str(row["Name"]).casefold() != str(own["Name"]).casefold(), str(row["Name"])

    return sorted(others, key=distance)[:200]
