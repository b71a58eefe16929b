"""Writing to an OData service: POST and PATCH, singly or bundled (OData JSON format 4.01, 19: batch)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.clock import passing
from engine.errors import AccessError, HeddleError, InDoubt, RecordRejected, Unavailable
from engine.record import Change, Outcome, Result
from nodes.systems.http.line import body_of, meaning, said
from nodes.systems.odata.values import outgoing

if TYPE_CHECKING:
    from nodes.systems.odata.connector import ODataConnector

BUNDLE = 100
NO_BATCH = frozenset({400, 404, 405, 406, 415, 501})
"""What services without JSON batches answer to one, having done nothing."""


@dataclass(frozen=True, slots=True)
class Call:
    """One change, ready to be sent; ``place`` is where its result belongs."""

    place: int
    change: Change
    path: str
    body: dict[str, Any]
    headers: dict[str, str]

    @property
    def creates(self) -> bool:
        return self.change.operation == "create"

    @property
    def method(self) -> str:
        return "POST" if self.creates else "PATCH"


@dataclass(frozen=True, slots=True)
class Answer:
    """``headers``: names in lower case."""

    status: int
    body: Any
    headers: Mapping[str, str]


class Writer:
    """Carries out changes of one entity."""

    def __init__(self, connector: ODataConnector, entity: str) -> None:
        self.connector, self.entity = connector, entity
        self.model = connector.model()
        self.type = self.model.type(entity)
        self.in_flight: set[int] = set()

    def write(self, changes: Sequence[Change]) -> list[Result]:
        """One result a change, in order. Raises as Connector._write says."""
        results: dict[int, Result] = {}
        calls: list[Call] = []
        for place, change in enumerate(changes):
            try:
                calls.append(self._prepare(place, change))
            except RecordRejected as error:
                results[place] = _failed(
                    error.code, f"{error.message} {error.cure}".strip(), field=error.field
                )
        waiting = {call.place: call for call in calls}
        try:
            for call, answer in self._send(calls):
                del waiting[call.place]
                results[call.place] = self._judge(call, answer)
        except (Unavailable, InDoubt, AccessError) as error:
            if len(waiting) == len(calls):
                raise
            # What has been answered must be reported, so the rest cannot be raised: it is looked up.
            for call in waiting.values():
                if isinstance(error, InDoubt) and call.place in self.in_flight:
                    results[call.place] = self._clear_up(call, error.message, error.detail)
                else:
                    message = f"The {self.entity} was not sent: {error.message}"
                    results[call.place] = _failed("E-UNAVAILABLE", message, call.change.remote_id)
        return [results[place] for place in range(len(changes))]

    # making a call -----------------------------------------------------------------------------------

    def _prepare(self, place: int, change: Change) -> Call:
        body = dict(self._part(name, value) for name, value in change.data.items())
        headers = {"Content-Type": "application/json", "Prefer": "return=representation"}
        if change.operation == "create":
            return Call(place, change, self.entity, body, headers)
        if not change.remote_id:
            raise RecordRejected(
                f"It is not known which {self.entity} to update.",
                code="E-NO-ID",
                cure="Choose match fields, or map the id.",
            )
        # Without If-Match a service may create what it does not find (OData 4.01, 11.4.4).
        headers["If-Match"] = self.connector.etags.get((self.entity, change.remote_id), "*")
        return Call(place, change, self.model.address(self.entity, change.remote_id), body, headers)

    def _part(self, name: str, value: Any) -> tuple[str, Any]:
        """One member of the body. A reference that is told by its key alone is bound (JSON format 4.0, 8.5)."""
        kind, many = self.type.links.get(name, ("", True))
        there = self.model.set_of(kind) if not many else ""
        keys = self.model.types[kind].keys if there else ()
        if not there or not isinstance(value, dict) or set(value) != set(keys):
            return name, self._sendable(name, value)
        if any(one in (None, "") for one in value.values()):
            return name, None
        key = self.model.key_of(there, value)
        return f"{name}@odata.bind", f"{self.connector.line.base}/{self.model.address(there, key)}"

    def _sendable(self, name: str, value: Any) -> Any:
        known = self.type.properties.get(name)
        if (
            known is None
            and self.model.live
            and not self.type.open
            and name not in self.type.links
            and "@" not in name
        ):
            raise RecordRejected(
                f"{self.entity} has no field {name!r}.",
                field=name,
                code="E-UNKNOWN-FIELD",
                cure="Choose another field.",
            )
        if known is None or known.many or not known.edm.startswith("Edm."):
            return value
        sent = outgoing(value, known.edm, name)
        if known.max_length and isinstance(sent, str) and len(sent) > known.max_length:
            raise RecordRejected(
                f"{name} holds {known.max_length} characters; this text has {len(sent)}.",
                field=name,
                code="E-TOO-LONG",
                cure="Shorten it in the mapping.",
            )
        return sent

    def _send(self, calls: Sequence[Call]) -> Iterator[tuple[Call, Answer]]:
        """Sends calls, bundled if there are several, until each is answered."""
        left = list(calls)
        while len(left) > 1 and self.connector.batches:
            bundle = left[:BUNDLE]
            self.in_flight = {call.place for call in bundle}
            answers = self._send_bundle(bundle)
            if answers is None:
                self.connector.batches = False
                break
            for at, call in enumerate(bundle):
                if str(at) in answers:
                    left.remove(call)
                    yield call, answers[str(at)]
            # A service that stops at the first error has not looked at the calls behind it: once more.
        for call in left:
            self.in_flight = {call.place}
            sent_at = passing()
            with self.connector.http.about([call.change.key]):
                response = self.connector.line.call(
                    call.method, call.path, mutating=True, body=call.body, headers=call.headers
                )
            if response.status_code >= 500:
                raise self._doubt(response.status_code, sent_at)
            if meaning(response.status_code) is not RecordRejected and not response.ok:
                raise self.connector.refusal(response, f"the {self.entity}")
            headers = {name.lower(): value for name, value in response.headers.items()}
            yield call, Answer(response.status_code, body_of(response), headers)

    def _send_bundle(self, calls: Sequence[Call]) -> dict[str, Answer] | None:
        """The answers of one $batch by the place of the call; None if the service has no batches."""
        requests = [
            {
                "id": str(at),
                "method": call.method,
                "url": call.path,
                "headers": call.headers,
                "body": call.body,
            }
            for at, call in enumerate(calls)
        ]
        sent_at = passing()
        response = self.connector.line.call(
            "POST",
            "$batch",
            mutating=True,
            body={"requests": requests},
            headers={"Prefer": "odata.continue-on-error"},
        )
        if response.status_code in NO_BATCH:
            return None
        if response.status_code >= 500:
            raise self._doubt(response.status_code, sent_at)
        if not response.ok:
            raise self.connector.refusal(response, f"changes of {self.entity}")
        body = body_of(response)
        answers = body.get("responses") if isinstance(body, dict) else None
        if not isinstance(answers, list) or not answers:
            raise self._doubt(response.status_code, sent_at)
        return {
            str(one.get("id")): Answer(
                int(one.get("status", 0)),
                one.get("body"),
                {str(name).lower(): str(value) for name, value in (one.get("headers") or {}).items()},
            )
            for one in answers
            if isinstance(one, dict)
        }

    def _doubt(self, status: int, sent_at: float) -> InDoubt:
        return InDoubt(
            f"{self.connector.line.name} failed ({status}) while it was writing.",
            sent_at=sent_at,
            timeout=self.connector.http.timeout,
        )

    # reading the answer ------------------------------------------------------------------------------

    def _judge(self, call: Call, answer: Answer) -> Result:
        if 200 <= answer.status < 300:
            return self._done(call, answer)
        reason = said(answer.body).rstrip(". ") or f"status {answer.status}"
        if answer.status >= 500:
            return self._clear_up(call, reason, "")
        remote_id = call.change.remote_id
        if answer.status == 404 and not call.creates:
            return _failed("E-GONE", f"There is no {self.entity} with this id any more.", remote_id)
        if answer.status == 412:
            self.connector.etags.pop((self.entity, remote_id or ""), None)
            return _failed(
                "E-CHANGED", f"The {self.entity} was changed by somebody meanwhile. Try again.", remote_id
            )
        error = answer.body.get("error") if isinstance(answer.body, dict) else None
        field = error.get("target") if isinstance(error, dict) else None
        message = f"{self.connector.line.name} refused this {self.entity}: {reason}."
        return _failed("E-RECORD", message, remote_id, field if isinstance(field, str) else None)

    def _done(self, call: Call, answer: Answer) -> Result:
        outcome = Outcome.CREATED if call.creates else Outcome.UPDATED
        row = answer.body if isinstance(answer.body, dict) else {}
        key = self.model.key_of(self.entity, row) or call.change.remote_id or self._named(answer)
        if not key:
            # Stored without a word of its key: what we sent may have it, else we remember our own.
            key = self.model.key_of(self.entity, call.body) or f"~{call.change.key}"
        self.connector.etags.pop((self.entity, key), None)
        self.connector.note_etag(self.entity, key, row)
        data = self.model.canonical(self.entity, row)
        number = data.get(self.model.number_of(self.entity))
        return Result(outcome, key, str(number) if number and call.creates else None, answer=data)

    def _named(self, answer: Answer) -> str:
        """The key that a header names (OData 4.01, 8.3.4): ``…/Orders(7)``."""
        address = answer.headers.get("odata-entityid") or answer.headers.get("location") or ""
        _, _, inner = address.rpartition("/")[2].partition("(")
        inner = inner.removesuffix(")")
        if not inner or len(self.type.keys) != 1:
            return inner
        inner = inner.partition("=")[2] if inner.startswith(f"{self.type.keys[0]}=") else inner
        return inner[1:-1].replace("''", "'") if inner.startswith("'") else inner

    def _clear_up(self, call: Call, reason: str, detail: str) -> Result:
        """Looks whether the object is there after all."""
        change = call.change
        doubt = Result(
            Outcome.IN_DOUBT,
            change.remote_id,
            code="E-IN-DOUBT",
            message=f"Whether this {self.entity} is stored is open: {reason}",
            detail=detail,
        )
        if not call.creates:
            # An update says what the values should be: doing it again changes nothing.
            return _failed(
                "E-UNAVAILABLE", f"The {self.entity} may not have been updated: {reason}", change.remote_id
            )
        try:
            (remote,) = self.connector.resolve(self.entity, [change])
        except HeddleError:
            return doubt
        if remote is None:  # it may still appear
            return doubt
        return Result(Outcome.CREATED, remote.id, remote.number, answer=remote.data)


def _failed(code: str, message: str, remote_id: str | None = None, field: str | None = None) -> Result:
    return Result(Outcome.FAILED, remote_id, code=code, message=message, field=field)
