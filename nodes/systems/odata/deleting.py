"""Deleting in an OData service: ``DELETE Orders(7)`` answers 204 (OData 4.01, 11.4.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.clock import passing
from engine.errors import InDoubt, RecordRejected
from engine.record import Change, Outcome, Result
from nodes.systems.http.line import body_of, meaning, said

if TYPE_CHECKING:
    from nodes.systems.odata.connector import ODataConnector


def delete(connector: ODataConnector, entity: str, change: Change) -> Result:
    """Deletes one object; one that is gone already is done. Raises AccessError, Unavailable or InDoubt."""
    key = change.remote_id or ""
    address = connector.model().address(entity, key)
    headers = {"If-Match": connector.etags.pop((entity, key), "*")}
    sent_at = passing()
    response = connector.line.call("DELETE", address, mutating=True, headers=headers)
    status = response.status_code
    if response.ok or status in (404, 410):
        return Result(Outcome.UPDATED, key)
    if status >= 500:
        message = f"{connector.line.name} failed ({status}) while it was deleting."
        raise InDoubt(message, sent_at=sent_at, timeout=connector.http.timeout)
    if status == 412:
        message = f"The {entity} was changed by somebody meanwhile. Try again."
        return Result(Outcome.FAILED, key, code="E-CHANGED", message=message)
    if meaning(status) is not RecordRejected:
        raise connector.refusal(response, f"the {entity}")
    reason = said(body_of(response)).rstrip(". ") or f"status {status}"
    message = f"{connector.line.name} refused to delete this {entity}: {reason}."
    return Result(Outcome.FAILED, key, code="E-RECORD", message=message)
