"""Creates whose match key another source object has, of which nobody knows whether it was created.

Its worker died, or its call got no answer. Its own batch will find out; but that may be behind us in the same lane, be
cancelled, or wait for a person. So whoever meets such a rival waits until the call that may have made its object is
certainly over and searches would show what it made; then the key is handed over, and the object looked for once more.
Where nobody can tell, the create is held with the question that the rival is held with: one answer sets both free.
"""

from __future__ import annotations

from collections.abc import Sequence

from engine import doubts
from engine.claims import await_sight, is_open, key
from engine.intent import Delivered, Errand, Intent, hold
from engine.node import WriteTarget
from engine.store import claims as standing
from engine.store import matches
from engine.store.matches import Taken
from engine.store.references import Reference
from engine.store.timepiece import shared_now


def outwait(
    errand: Errand, target: WriteTarget, met: Sequence[tuple[Intent, Taken]], done: Delivered
) -> list[Intent]:
    """Answers those to whom the key was handed over, to be looked for once more; holds those of which nobody can tell.

    Raises Unavailable as long as it is too early to say that a rival was not created.
    """
    if not met:
        return []
    given_up, free, until = set(done.released), list[tuple[Intent, Taken]](), 0.0
    with errand.database.read() as session:
        rivals = [standing.claimant(session, intent.key, has) if intent.key else None for intent, has in met]
    for (intent, has), rival in zip(met, rivals, strict=True):
        certain = rival is not None and (rival.pair, rival.left_id, rival.claim) in given_up
        tells = errand.connector.tells(target.entity, set(intent.match))
        if rival is not None and not certain and not tells:
            _hold(target, intent, rival, done)
            continue
        free.append((intent, has))
        if tells and not certain:
            # a claim on a key is put off as long as its batch is being worked on, which ours is
            latest = errand.silent_until or 0.0 if has.claim == intent.claim else has.until
            until = max(until, latest, rival.claim_until if rival is not None else 0.0)
    await_sight(errand.connector, errand.database.now() - until)
    with errand.database.write(lasting=False) as session:
        for intent, has in free:
            if intent.key is not None:
                matches.hand_over(session, intent.key, has, (intent.left, intent.claim), errand.patience)
            intent.doubtful = False  # that was settled before
    return [intent for intent, _ in free]


def foresee(errand: Errand, target: WriteTarget, intents: list[Intent], done: Delivered) -> list[Intent]:
    """What a dry run can tell of creates that would meet others: holds those that would be held, and notes of the rest
    what would come first. Nothing is claimed."""
    if not intents:
        return intents
    keys = {id(intent): its for intent in intents if (its := key(target, intent)) is not None}
    left: list[Intent] = []
    with errand.database.read() as session:
        taken = matches.load(session, list(keys.values())) if keys else {}
        at = shared_now(session)
        for intent in intents:
            own, has = intent.reference, taken.get(keys[id(intent)]) if id(intent) in keys else None
            if has is None or has.source == intent.left:
                if own is not None and own.claim and own.right_id is None and not intent.doubtful:
                    intent.ahead = (
                        f"Another run is creating it right now; this one would wait for it.{_MAYBE}"
                    )
            elif has.right_id is not None:
                if has.until >= at:
                    made = f"{has.right_id} was created for {_words(intent)} a moment ago"
                    intent.ahead = f"{made}, and searches do not show it yet.{_MAYBE}"
            elif not is_open(errand, session, intent, has):
                intent.ahead = f"Another run is creating one for {_words(intent)} right now; this one would wait for it.{_MAYBE}"
            elif (rival := standing.claimant(session, keys[id(intent)], has)) is not None:
                if not errand.connector.tells(target.entity, set(intent.match)):
                    _hold(target, intent, rival, done)
                    continue
                waits = f"whether {rival.left_id}, which has {_words(intent)} too, was created"
                intent.ahead = f"It would wait until it is certain {waits}.{_MAYBE}"
            left.append(intent)
    return left


_MAYBE = " If there is one by then, that is updated instead, or left as it is."


def _words(intent: Intent) -> str:
    return " and ".join(f"{name} {value}" for name, value in intent.match.items())


def _hold(target: WriteTarget, intent: Intent, rival: Reference, done: Delivered) -> None:
    hold(
        done,
        intent,
        f"Held: it cannot be told whether {rival.left_id}, which has {_words(intent)} too, was created as {target.entity} already.",
        doubts.question(rival.pair, rival.left_id),
        "Look in the system; the answer is for both.",
    )
