"""Two readings of one object that were under way at once, in two runs, or in a poll and behind a button.

A create is claimed before it is sent, and a message is written in turn; an update of what was read is neither, because
hardly ever do two meet. Each is ordered against what is stored, but two that look before either of them has stored do
not see each other. So whoever stores last finds that the step remembers something else by now than when it looked.
Which of the two calls the system carried out last nobody knows; so the object is read once more, in a run of its own,
and compared with what stands there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from engine import launch, memory, reentry
from engine.launch import Cause
from engine.plan import Plan
from engine.record import Record, fingerprint
from engine.store import references
from engine.store.database import Session
from engine.store.references import Reference
from engine.store.runs import RunView


def part(
    session: Session, plan: Plan, run: RunView, about: Sequence[Reference], roots: Mapping[str, Record]
) -> list[Reference]:
    """The references as they are to be saved, in the same transaction; what crossed is read again.

    roots  key of a record at the write node → the record as it was read
    """
    beside = [one for one in about if one.step]
    theirs = references.crossed(session, beside) if beside and run.mode == "live" else {}
    if not theirs:
        return list(about)
    keys: dict[str, list[str]] = {}
    saved: list[Reference] = []
    for one in about:
        other = theirs.get((one.pair, one.left_id)) if one.step else None
        if other is None:
            saved.append(one)
            continue
        known = memory.crossed(one.fingerprints[one.step], other)
        saved.append(msgspec.structs.replace(one, fingerprints={**one.fingerprints, one.step: known}))
        root = roots.get(one.left_id)
        source = reentry.read_node(plan, root.origin) if root is not None else None
        if root is not None and source is not None:
            keys.setdefault(source, []).append(root.key)
    if keys:
        cause = Cause("crossing", key=f"crossing:{beside[0].claim}:{fingerprint(keys)}")
        launch.read_again(
            session, flow_id=run.flow_id, version_id=run.version_id, bindings=run.bindings, cause=cause,
            keys=keys, parent=run.id, lanes=1,
        )  # fmt: skip
    return saved
