"""Deleting in an HTTP service: one call a record, as the connection says."""

from __future__ import annotations

from urllib.parse import quote

from engine.clock import passing
from engine.errors import InDoubt, RecordRejected
from engine.record import Change, Outcome, Result
from nodes.systems.http.answers import Judge, succeeded
from nodes.systems.http.line import Line, body_of, refuse
from nodes.systems.http.settings import EntityForm


def delete(line: Line, judge: Judge, form: EntityForm, change: Change) -> Result:
    """Deletes one record; one that is gone already (404, 410) is done. Raises AccessError, Unavailable or InDoubt."""
    what = form.title or form.name
    call = form.write.delete if form.write else None
    if call is None:
        message = f"{what} cannot be deleted: the connection does not say how."
        return Result(Outcome.FAILED, change.remote_id, code="E-NO-WRITE", message=message)
    path = call.path.replace("{id}", quote(change.remote_id or "", safe=""))
    sent_at = passing()
    response = line.call(call.method, path, mutating=True)
    body = body_of(response)
    if response.status_code in (404, 410):
        return Result(Outcome.UPDATED, change.remote_id)
    if judge.leaves_open(response, body):
        message = f"{line.name} failed ({response.status_code}) while it was deleting."
        raise InDoubt(message, sent_at=sent_at, timeout=line.http.timeout)
    error = judge.error(response, body, f"the {what}")
    if error is None and body is not None and form.write and not succeeded(form.write.success, body):
        error = refuse(RecordRejected, line.name, f"the {what}", response, judge.reason(body))
    if error is None:
        return Result(Outcome.UPDATED, change.remote_id)
    if not isinstance(error, RecordRejected):
        raise error
    return judge.refusal(response, body, error, form.name, change)
