"""Writing to Creatio so that nothing is stored twice and nothing is lost in silence.

A new object gets an id made from the intent (uuid5 of ``Change.key``): an attempt repeated collides with
itself, and one that is in doubt can be looked up. Unknown columns are refused here, because an update in
Creatio may ignore them and still answer 204.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.clock import passing
from engine.errors import AccessError, HeddleError, InDoubt, RecordRejected, Unavailable
from engine.record import Change, Outcome, Remote, Result
from nodes.systems.creatio.answers import Complaint, body_of, complaint, refuse
from nodes.systems.creatio.finding import BATCH, BATCH_HEADERS, NO_BATCH
from nodes.systems.creatio.odata import Selection, unknown_field
from nodes.systems.creatio.values import outgoing
from nodes.systems.odata.values import stamp_key

if TYPE_CHECKING:
    from nodes.systems.creatio.connector import CreatioConnector

SPACE = uuid.UUID("b0a4cf8a-63c1-5c0b-9d0e-0d1f4a6f8c11")


def object_id(change: Change) -> str:
    """The id of the object that a change makes or changes."""
    return (
        (change.remote_id or "").lower()
        if change.operation == "update"
        else str(uuid.uuid5(SPACE, change.key))
    )


@dataclass(frozen=True, slots=True)
class Call:
    """One change, ready to be sent; ``place`` is where its result belongs."""

    place: int
    change: Change
    id: str
    body: dict[str, Any]

    @property
    def creates(self) -> bool:
        return self.change.operation == "create"


class Writer:
    """Carries out changes of one entity."""

    def __init__(self, connector: CreatioConnector, entity: str) -> None:
        self.connector, self.entity = connector, entity
        model = connector.model()
        self.model, self.type = model, model.type(entity)
        self.reader = Selection(model, self.type).reader()

    def write(self, changes: Sequence[Change]) -> list[Result]:
        """One result a change, in order. Raises as Connector._write says."""
        results: dict[int, Result] = {}
        calls: list[Call] = []
        for place, change in enumerate(changes):
            try:
                calls.append(self._prepare(place, change))
            except RecordRejected as error:
                results[place] = _failed(error)
        unclear: list[tuple[Call, Complaint]] = []
        waiting = {call.place: call for call in calls}
        try:
            for call, status, body in self._send(calls):
                del waiting[call.place]
                result = self._judge(call, status, body)
                if isinstance(result, Result):
                    results[call.place] = result
                else:
                    unclear.append((call, result))
        except (Unavailable, InDoubt, AccessError) as error:
            if len(waiting) == len(calls):
                raise
            # What has been answered must be reported, so the rest cannot be raised: it is looked up.
            lost = Complaint(0, "E-IN-DOUBT", error.message, "", error.detail, definite=False)
            unclear += [(call, lost) for call in waiting.values()]
        results |= self._clear_up(unclear)
        return [results[place] for place in range(len(changes))]

    def resolve(self, changes: Sequence[Change]) -> list[Remote | None]:
        """For each change the object as it stands if the change has been carried out, else None."""
        fields = sorted({name for change in changes for name in change.data if name in self.type.properties})
        found = self.connector.by_id(self.entity, [object_id(change) for change in changes], fields)
        return [self._carried_out(change, found.get(object_id(change))) for change in changes]

    def _carried_out(self, change: Change, remote: Remote | None) -> Remote | None:
        if remote is None or change.operation == "create":
            return remote
        wanted = self._prepare(0, change).body
        standing = {name: self._sendable(name, remote.data.get(name)) for name in wanted}
        return remote if _comparable(standing) == _comparable(wanted) else None

    # making a call -----------------------------------------------------------------------------------

    def _prepare(self, place: int, change: Change) -> Call:
        if change.operation == "update" and not change.remote_id:
            raise RecordRejected(
                f"It is not known which {self.entity} to update.",
                code="E-NO-ID",
                cure="Choose match fields, or map the id.",
            )
        body = {name: self._sendable(name, value) for name, value in change.data.items()}
        key = object_id(change)
        return Call(place, change, key, {"Id": key, **body} if change.operation == "create" else body)

    def _sendable(self, name: str, value: Any) -> Any:
        one = self.type.properties.get(name)
        if one is None:
            if name in self.type.lookups:
                column = self.type.lookups[name][1]
                raise RecordRejected(
                    f"{name} is a whole object; what is written is its id, in {column}.",
                    field=name,
                    code="E-UNKNOWN-FIELD",
                    cure=f"Map to {column}.",
                )
            if name in self.type.collections:
                child = self.type.collections[name]
                raise RecordRejected(
                    f"The lines {name} cannot be written together with the {self.entity}.",
                    field=name,
                    code="E-UNKNOWN-FIELD",
                    cure=f"Write them as {child} with a write node of their own.",
                )
            raise unknown_field(name, self.entity, self.model)
        field = self.model.column(self.type, one)
        if field.read_only:
            raise RecordRejected(
                f"{field.label()} is set by Creatio itself.",
                field=name,
                code="E-READ-ONLY",
                cure="Take it out of the mapping.",
            )
        sent = outgoing(field, value, one.edm)
        if field.max_length and isinstance(sent, str) and len(sent) > field.max_length:
            raise RecordRejected(
                f"{field.label()} holds {field.max_length} characters; this text has {len(sent)}.",
                field=name,
                code="E-TOO-LONG",
                cure="Shorten it in the mapping.",
            )
        return sent

    def _send(self, calls: Sequence[Call]) -> Iterator[tuple[Call, int, Any]]:
        """Sends calls, bundled if there are several, until each has a status."""
        left = list(calls)
        while len(left) > 1 and self.connector.batches:
            bundle = left[:BATCH]
            answers = self._send_bundle(bundle)
            if answers is None:
                self.connector.batches = False
                break
            for at, call in enumerate(bundle):
                if one := answers.get(str(at)):
                    left.remove(call)
                    yield call, int(one["status"]), one.get("body")
            # A server that stops at the first error has not looked at the calls behind it: once more.
        for call in left:
            sent_at = passing()
            path = f"odata/{self.entity}" if call.creates else f"odata/{self.entity}({call.id})"
            method = "POST" if call.creates else "PATCH"
            with self.connector.http.about([call.change.key]):
                response = self.connector.session.call(method, path, mutating=True, body=call.body)
            body = body_of(response)
            if response.status_code in {401, 403, 408, 429}:
                raise refuse(response, self.entity, self.connector.errors)
            if response.status_code >= 500 and not complaint(response.status_code, body).definite:
                raise self._in_doubt(
                    f"Creatio failed ({response.status_code}) while it was writing.", sent_at
                )
            yield call, response.status_code, body

    def _send_bundle(self, calls: Sequence[Call]) -> dict[str, Any] | None:
        """The answers of one $batch by the place of the call, None if the site has no batches."""
        sent_at = passing()
        response = self.connector.session.call(
            "POST",
            "odata/$batch",
            mutating=True,
            headers=BATCH_HEADERS,
            body={"requests": [self._request(at, call) for at, call in enumerate(calls)]},
        )
        if response.status_code in NO_BATCH:
            return None
        if response.status_code >= 500:
            raise self._in_doubt(f"Creatio failed ({response.status_code}) while it was writing.", sent_at)
        if not response.ok:
            raise refuse(response, self.entity, self.connector.errors)
        body = body_of(response)
        responses = body.get("responses") if isinstance(body, dict) else None
        if not isinstance(responses, list) or not responses:
            raise self._in_doubt("Creatio answered a bundle of changes with something unreadable.", sent_at)
        return {str(one.get("id")): one for one in responses}

    def _request(self, at: int, call: Call) -> dict[str, Any]:
        return {
            "id": str(at),
            "method": "POST" if call.creates else "PATCH",
            "url": self.entity if call.creates else f"{self.entity}({call.id})",
            "headers": {"Content-Type": "application/json; charset=utf-8", "Accept": "application/json"},
            "body": call.body,
        }

    def _in_doubt(self, message: str, sent_at: float) -> InDoubt:
        return InDoubt(message, sent_at=sent_at, timeout=self.connector.http.timeout)

    # reading the answer ------------------------------------------------------------------------------

    def _judge(self, call: Call, status: int, body: Any) -> Result | Complaint:
        """The result of one call, or the complaint if it is not clear yet whether the object exists."""
        if 200 <= status < 300:
            data = self.reader(body) if isinstance(body, dict) else {}
            remote = self.connector.remote(self.entity, {**data, "Id": data.get("Id") or call.id})
            outcome = Outcome.CREATED if call.creates else Outcome.UPDATED
            return Result(outcome, remote.id, remote.number if call.creates else None, remote.link, data)
        trouble = complaint(status, body)
        if call.creates and (status >= 500 or trouble.code == "E-DUPLICATE"):
            return trouble
        if status == 404 and not call.creates:
            return Result(
                Outcome.FAILED,
                call.id,
                code="E-GONE",
                message=f"Creatio has no {self.entity} with this id any more; it may have been deleted there.",
                detail=trouble.detail,
            )
        return self._refused(call, trouble)

    def _refused(self, call: Call, trouble: Complaint) -> Result:
        error = trouble.rejection(f"this {self.entity}")
        return _failed(error, None if call.creates else call.id)

    def _clear_up(self, unclear: list[tuple[Call, Complaint]]) -> dict[int, Result]:
        """Looks whether the objects are there: a handler may fail after the row has been stored, and an
        id that is taken is our own, from an attempt whose answer was lost."""
        if not unclear:
            return {}
        try:
            found = self.resolve([call.change for call, _ in unclear])
        except HeddleError as error:
            return {
                call.place: Result(
                    Outcome.IN_DOUBT,
                    call.id,
                    code="E-IN-DOUBT",
                    message=f"Creatio failed while it was writing: {trouble.reason}. Whether it is stored is open.",
                    detail=f"{trouble.detail} | {error.message}",
                )
                for call, trouble in unclear
            }
        results = {}
        for (call, trouble), remote in zip(unclear, found, strict=True):
            if remote is not None:
                outcome = Outcome.CREATED if call.creates else Outcome.UPDATED
                note = (
                    "" if trouble.code == "E-DUPLICATE" else f"Stored, but Creatio reported: {trouble.reason}"
                )
                results[call.place] = Result(
                    outcome,
                    remote.id,
                    remote.number,
                    remote.link,
                    remote.data,
                    message=note,
                    detail=trouble.detail,
                )
            elif trouble.status in {500, 400, 409} and trouble.definite:
                results[call.place] = self._refused(call, trouble)
            else:
                results[call.place] = Result(
                    Outcome.IN_DOUBT,
                    call.id,
                    code="E-IN-DOUBT",
                    message=trouble.reason,
                    detail=trouble.detail,
                )
        return results


def _failed(error: RecordRejected, remote_id: str | None = None) -> Result:
    message = error.message if error.cure in error.message else f"{error.message} {error.cure}"
    return Result(
        Outcome.FAILED, remote_id, code=error.code, message=message, detail=error.detail, field=error.field
    )


def _comparable(body: dict[str, Any]) -> dict[str, Any]:
    """Values so that what has been sent equals what is read back of it."""
    return {
        name: stamp_key(value)
        if isinstance(value, str) and value.endswith("Z") and "T" in value
        else value or None
        for name, value in body.items()
    }
