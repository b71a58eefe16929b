"""What the steps of a flow remember of an object: what they wrote last, and how new that was.

It is kept with the cross reference, by step (``flow/node``), as a text: the fingerprint and the edition, and in a line
of its own the version at the source.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from engine import editions
from engine.record import digest, to_json
from engine.store.references import Reference


class Seen(NamedTuple):
    """What one step remembers of an object: the fingerprint of what it wrote last, the edition of the newest message
    that it has seen, and the version at the source of what it has read and written."""

    print: str = ""
    edition: str = ""
    version: str = ""

    def text(self) -> str:
        """As it is stored."""
        return text(*self)

    @classmethod
    def of(cls, text: str) -> Seen:
        head, _, version = text.partition("\n")
        print_, _, edition = head.partition(" ")
        return cls(print_, edition, version)


_NOTHING = Seen()


def text(print_: str, edition: str, version: str) -> str:
    """What is remembered, as it is stored."""
    head = f"{print_} {edition}" if edition else print_
    return f"{head}\n{version}" if version else head


def seen(scope: str, reference: Reference | None) -> Seen:
    """What a step (``flow/node``) remembers."""
    text = reference.fingerprints.get(scope) if reference else None
    return Seen.of(text) if text else _NOTHING


def crossed(one: str, other: str) -> str:
    """What is remembered of an object that two wrote at once, as each remembers it: how new the newer is, and not what
    was written, because nobody knows which of the two was carried out last."""
    mine, known = Seen.of(one), Seen.of(other)
    version = known.version if editions.outdated(mine.version, known.version) else mine.version
    return Seen("", editions.newest(mine.edition, known.edition), version or known.version).text()


def newest_edition(flow_id: str, reference: Reference | None) -> str:
    """The edition of the newest message about an object that any step of the flow has acted on."""
    newest = ""
    for step, text in (reference.fingerprints if reference else {}).items():
        if step.startswith(f"{flow_id}/"):
            newest = editions.newest(Seen.of(text).edition, newest)
    return newest


def imprint(data: Mapping[str, Any], conditions: Mapping[str, str], json: bytes = b"") -> str:
    """The fingerprint of what is to be written, in the order in which it is sent: equal data in another order is looked
    at once more, and found unchanged there.

    conditions  field → the operation that alone writes it      json  the data as exact JSON, where it is at hand
    """
    return digest((json or to_json(data)) + (to_json(conditions) if conditions else b""))
