"""What each record wishes at a write node, what we remember of it, and the receipts it ends with."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import msgspec

from engine import alike, compare, editions, memory
from engine.allowance import Allowance
from engine.connector import Connector
from engine.directory import Directories
from engine.errors import HeddleError, Unavailable
from engine.headway import Headway
from engine.node import WriteNode, WriteTarget
from engine.patience import UNSEEN
from engine.planned import Approval
from engine.record import NAMES, Change, Outcome, Record, Remote, Result, idempotency_keys
from engine.store import claims, deliveries, matches, references
from engine.store.database import Database, Session
from engine.store.references import Pair, Reference
from engine.walk import Receipt


@dataclass(frozen=True)
class Errand:
    """Everything that delivering needs to know about where it runs.

    claim       names the batch and node: ``run/lane/stem/node``, alike for the halves of a batch that was cut
    claims      the same for each record by itself, where they come from several runs
    keep_lease  raises LeaseLost if the lane is not ours for long enough (engine.heartbeat): before claiming, or sending
    guard       the same within a commit, for the lanes of these claims
    patience    seconds for which a claim of ours stands: lease plus call time limit
    allowance   the write budget of the run, if its flow has one
    approval    the plan of which nothing may differ, if the run executes one
    directories what systems have, for keys that are compared loosely
    facts       of the run of each record, for what it is identified by       headway  is told how far it is
    silent_until  until when a call may still be carried out of somebody who died with this batch; None if nobody did
    again       an earlier attempt at this batch may have sent some of it
    """

    database: Database
    flow_id: str
    node_id: str
    node: WriteNode[Any]
    connector: Connector[Any]
    connections: dict[str, str]
    claim: str
    keep_lease: Callable[..., None]
    guard: Callable[[Session, Collection[str]], None]
    dry: bool = False
    patience: float = 90.0
    allowance: Allowance | None = None
    approval: Approval | None = None
    claims: Sequence[str] = ()
    directories: Directories | None = None
    facts: Sequence[Mapping[str, Any]] = ()
    silent_until: float | None = None
    headway: Headway = field(default_factory=Headway)
    again: bool = False

    @cached_property
    def scope(self) -> str:
        """Whose memory of what was written last this is."""
        return f"{self.flow_id}/{self.node_id}"

    @cached_property
    def links(self) -> bool:
        """Whether the system has screens of its own for what is written."""
        return type(self.connector).link is not Connector.link

    @cached_property
    def keys(self) -> dict[Pair, Callable[[str], str]]:
        """For each pair of entities, the idempotency key of a source object's id."""
        return {}

    def key(self, pair: Pair, left_id: str) -> str:
        """The idempotency key under which a source object becomes one of the target."""
        made = self.keys.get(pair)
        if made is None:
            before = (self.flow_id, self.node_id, pair.left_connection, pair.left_entity)
            made = self.keys[pair] = idempotency_keys(before, (pair.right_connection, pair.right_entity))
        return made(left_id)


@dataclass
class Delivered:
    """The receipts so far (None where undone), the references to keep, the claims to give up (pair, id, claim),
    what interrupted us, if anything, the calls that were made: the places of their records, and the changes; and the
    source ids of creates that were found again with other values than they were to have."""

    receipts: list[Receipt | None]
    references: list[Reference] = field(default_factory=list)
    released: list[tuple[Pair, str, str]] = field(default_factory=list)
    interruption: HeddleError | None = None
    calls: list[tuple[list[int], list[Change]]] = field(default_factory=list)
    outdated: set[str] = field(default_factory=set)

    @property
    def places(self) -> dict[str, int]:
        """The place of the record of each change that was sent, by the change's key."""
        return {
            change.key: place
            for places, changes in self.calls
            for place, change in zip(places, changes, strict=True)
        }


class Intent(msgspec.Struct, eq=False):
    """One record's wish at this node, while it is being settled. ``at`` lists its places in the batch, ``claim`` names
    the batch and node that it belongs to.

    key       the match key that was claimed for creating it     insisted  a person said that it is a new object
    edition   of a message: which of two about one object is newer (engine.editions)
    version   at the source, of what was read        ahead  what a dry run has to say of what would come before it
    """

    at: list[int]
    pair: Pair
    left_id: str
    data: dict[str, Any]
    conditions: Mapping[str, str]
    match: dict[str, Any]
    remote_id: str | None
    reference: Reference | None = None
    current: Remote | None = None
    doubtful: bool = False
    claim: str = ""
    key: matches.Key | None = None
    insisted: bool = False
    edition: str = ""
    version: str = ""
    ahead: str = ""

    @property
    def decided(self) -> bool:
        """Whether a person has said which object it is, and it has not been written since."""
        return self.insisted or (
            self.reference is not None and self.reference.claim_outcome == references.CHOSEN
        )

    @property
    def left(self) -> matches.Source:
        """The source object, as who has a match key."""
        return self.pair.left_connection, self.pair.left_entity, self.left_id

    @property
    def source(self) -> str:
        """The source object, as a text that no other object of the node has."""
        return f"{self.pair.left_connection}/{self.pair.left_entity}/{self.left_id}"

    def wanted(self, operation: str) -> dict[str, Any]:
        """The values for this operation: those meant only for the other one are left out."""
        if not self.conditions:
            return self.data
        return compare.without(
            self.data, (name for name, only in self.conditions.items() if only != operation)
        )


def gather(errand: Errand, target: WriteTarget, records: Sequence[Record], done: Delivered) -> list[Intent]:
    """Turns records into intents. The same source object twice in a batch is written once, as it was last."""
    intents: dict[tuple[str, str, str], Intent] = {}
    pairs: dict[tuple[str, str], Pair] = {}
    node, facts, claims_, connections = errand.node, errand.facts, errand.claims, errand.connections
    right = connections[target.slot]
    for at, record in enumerate(records):
        try:
            remote_id, left_entity, left_id = node.identify(record, facts[at] if facts else None)
        except HeddleError as error:
            _fail(done, [at], error)
            continue
        origin, versioned = record.origin, record.version is not None
        left = connections.get(origin.slot, "") if origin else ""
        data = record.data if isinstance(record.data, dict) else {"value": record.data}
        match = _match(target, data, known=remote_id is not None) if target.match else {}
        pair = pairs.get((left, left_entity))
        if pair is None:
            pair = pairs[left, left_entity] = Pair(left, left_entity, right, target.entity)
        intent = Intent(
            [at],
            pair,
            left_id,
            data,
            node.conditions(record),
            match,
            remote_id,
            claim=claims_[at] if claims_ else errand.claim,
            edition=editions.edition(record, left_id) if versioned else "",
            version=editions.reading(record, left_id) if versioned else "",
        )
        source = (left, left_entity, left_id)
        earlier = intents.pop(source, None)
        if earlier is not None:
            intent = _newer(earlier, intent)
        intents[source] = intent
    return list(intents.values())


def _match(target: WriteTarget, data: dict[str, Any], *, known: bool) -> dict[str, Any]:
    """The values by which the object is recognised; of an object whose id is not known, all of them or none."""
    match: dict[str, Any] = {}
    for name in target.match:
        if not alike.says_nothing(value := compare.dig(data, name), target.alike.get(name, "")):
            match[name] = value
    if len(match) < len(target.match) and target.operation != "create" and not known:
        return {}
    return match


def _newer(earlier: Intent, later: Intent) -> Intent:
    """Of two wishes for one object the newer one, with the places of both; the last one is its own."""
    if editions.older(later.edition, earlier.edition) or editions.outdated(later.version, earlier.version):
        earlier.at = [*later.at, *earlier.at]
        return earlier
    later.at = [*earlier.at, *later.at]
    return later


def recall(errand: Errand, intents: list[Intent], done: Delivered) -> list[Intent]:
    """Asks our own memory: equal to what we last wrote is unchanged; a claim of a dead batch is a doubt."""
    by_pair: dict[Pair, list[Intent]] = {}
    for intent in intents:
        by_pair.setdefault(intent.pair, []).append(intent)
    left: list[Intent] = []
    with errand.database.read() as session:
        known = {
            pair: references.load(session, pair, [i.left_id for i in some]) for pair, some in by_pair.items()
        }
    if not any(known.values()):
        return intents
    at = errand.database.now()
    alive = _at_work(errand, [one for some in known.values() for one in some.values()], at)
    for intent in intents:
        intent.reference = known[intent.pair].get(intent.left_id)
    undone = _unbooked(errand, intents)
    for intent in intents:
        reference = intent.reference
        if reference is None:
            left.append(intent)
        elif reference.right_id is None:
            if _left_out(intent, reference, done):
                continue
            if editions.older(intent.edition, edition := memory.newest_edition(errand.flow_id, reference)):
                overtaken(intent, editions.version(edition), done)
                continue
            over = reference.claim_until < at and reference.claim not in alive
            intent.doubtful = bool(reference.claim) and (reference.claim == intent.claim or over)
            left.append(intent)
        elif id(intent) in undone:
            _repeat_receipt(intent, reference, done)
        elif (seen := memory.seen(errand.scope, reference)).print == memory.imprint(
            intent.data, intent.conditions
        ):
            _unchanged(errand, intent, reference, done, "Equal to what was written last.")
        elif editions.older(intent.edition, seen.edition):
            overtaken(intent, editions.version(seen.edition), done)
        elif editions.outdated(intent.version, seen.version):
            if errand.again and not errand.dry:
                _give_way(errand, reference, done)
            overtaken(intent, seen.version, done)
        else:
            intent.remote_id = intent.remote_id or reference.right_id
            left.append(intent)
    return left


def _unbooked(errand: Errand, intents: Sequence[Intent]) -> set[int]:
    """Those that this very batch has written before it was interrupted. Where it was cut since, two records of one
    object may be in both halves: only the first one repeats what it came to."""
    ours = {
        id(one): (one.claim, known.right_id) for one in intents
        if (known := one.reference) and known.claim_outcome and known.claim == one.claim and known.right_id
    }  # fmt: skip
    if not ours:
        return set()
    with errand.database.read() as session:
        booked = deliveries.booked(session, set(ours.values()))
    return {at for at, what in ours.items() if what not in booked}


def _give_way(errand: Errand, reference: Reference, done: Delivered) -> None:
    """What we may have sent before may have been carried out after the newer state was: it is to be looked at once more
    (engine.crossing). Raises Unavailable as long as it may still be carried out."""
    left = (errand.silent_until or 0.0) - errand.database.now()
    if left > 0:
        raise Unavailable(
            f"What {errand.connector.title} did last is not certain yet; Heddle looks again in a moment.",
            code=UNSEEN,
            retry_after=left,
        )
    done.references.append(msgspec.structs.replace(reference, step=errand.scope, before=""))


def _at_work(errand: Errand, known: Sequence[Reference], at: float) -> set[str]:
    """Claims whose time is over, but whose batch is still being worked on: they stand on."""
    over = [
        one for one in known
        if one.right_id is None and one.claim not in ("", errand.claim, *errand.claims) and one.claim_until < at
    ]  # fmt: skip
    if not over or errand.dry:
        return set()
    with errand.database.write() as session:
        return claims.prolong(session, over, errand.connector.http.timeout)


def _left_out(intent: Intent, reference: Reference, done: Delivered) -> bool:
    """Heeds what a person has said of an object that is not there yet: True if it shall not be."""
    intent.insisted = reference.claim_outcome == references.NEW
    if reference.claim or reference.claim_outcome != references.OUT:
        return False
    message = "Left out, as somebody decided. The cross references say so, and there it can be changed."
    receive(done, intent, Receipt(Result(Outcome.SKIPPED, message=message), "unchanged"))
    return True


def overtaken(intent: Intent, version: str, done: Delivered) -> None:
    """Leaves out a message, or what was read, that is older than what was written: that is of this ``version``."""
    newer = "message about it was here" if intent.edition else "state of it was written"
    message = f"A newer {newer} before{f' (version {version})' if version else ''}; this one is left out."
    receive(done, intent, Receipt(Result(Outcome.SKIPPED, message=message), "unchanged"))


def _unchanged(errand: Errand, intent: Intent, reference: Reference, done: Delivered, note: str) -> None:
    there = (reference.right_id, reference.number, reference.link, reference.answer)
    result = Result(Outcome.UNCHANGED, *there, message=note)
    if intent.edition or editions.outdated(memory.seen(errand.scope, reference).version, intent.version):
        keep(errand, intent, result, done)
    receive(done, intent, Receipt(result, "unchanged", intent.data))


def _repeat_receipt(intent: Intent, reference: Reference, done: Delivered) -> None:
    """This very batch was here before it was interrupted: tell what it did then."""
    outcome = Outcome(reference.claim_outcome)
    result = Result(outcome, reference.right_id, reference.number, reference.link, reference.answer)
    operation = {Outcome.CREATED: "create", Outcome.UPDATED: "update"}.get(outcome, "unchanged")
    receive(done, intent, Receipt(result, operation, intent.wanted(operation)))


def keep(errand: Errand, intent: Intent, result: Result, done: Delivered, json: bytes = b"") -> None:
    """Remembers the pair of objects, what was written, and by which batch. ``json``: its data as exact JSON, where it
    is at hand."""
    if errand.dry or result.remote_id is None:
        return
    earlier: dict[str, str] = {}
    step = before = ""
    scope, edition, version = errand.scope, intent.edition, intent.version
    if intent.reference is not None:
        earlier = intent.reference.fingerprints
        known = memory.seen(scope, intent.reference)
        if intent.reference.right_id is not None and version:
            step, before = scope, earlier.get(scope, "")
        edition, version = editions.newest(edition, known.edition), version or known.version
    written = memory.text(memory.imprint(intent.data, intent.conditions, json), edition, version)
    done.references.append(
        Reference(
            intent.pair,
            intent.left_id,
            result.remote_id,
            result.number,
            result.link,
            result.answer,
            {**earlier, scope: written},
            intent.claim,
            NAMES[result.outcome],
            0.0,
            intent.key,
            step=step,
            before=before,
        )
    )


def receive(done: Delivered, intent: Intent, receipt: Receipt) -> None:
    """Files the receipt for the record, and as unchanged for earlier doubles of it in the batch."""
    places = intent.at
    done.receipts[places[-1]] = receipt
    for at in places[:-1] if len(places) > 1 else ():
        result = receipt.result
        if result.outcome in (Outcome.CREATED, Outcome.UPDATED):
            result = msgspec.structs.replace(
                result,
                outcome=Outcome.UNCHANGED,
                message="Written together with another record of this batch.",
            )
        done.receipts[at] = Receipt(result, "unchanged", receipt.sent)


def hold(done: Delivered, intent: Intent, message: str, question: dict[str, Any], cure: str) -> None:
    result = Result(Outcome.HELD, code="E-HELD", message=message, question=question, detail=cure)
    receive(done, intent, Receipt(result, "hold", intent.data))


def _fail(done: Delivered, at: Sequence[int], error: HeddleError) -> None:
    result = Result(Outcome.FAILED, code=error.code, message=error.message, detail=error.cure)
    for place in at:
        done.receipts[place] = Receipt(result, "", {})
