"""Deleting in Creatio: ``DELETE odata/Entity(id)`` answers 204; a row that others refer to is refused with the
database's own words (status 500). Source: Creatio OData 4 reference, "delete data"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.clock import passing
from engine.errors import InDoubt
from engine.record import Change, Outcome, Result
from nodes.systems.creatio.answers import body_of, complaint, refuse

if TYPE_CHECKING:
    from nodes.systems.creatio.connector import CreatioConnector


def delete(connector: CreatioConnector, entity: str, change: Change) -> Result:
    """Deletes one object; one that is gone already is done. Raises AccessError, Unavailable or InDoubt."""
    key = (change.remote_id or "").lower()
    sent_at = passing()
    response = connector.session.call("DELETE", f"odata/{entity}({key})", mutating=True)
    if response.ok or response.status_code == 404:
        return Result(Outcome.UPDATED, change.remote_id)
    trouble = complaint(response.status_code, body_of(response))
    if response.status_code in {401, 403, 408, 429}:
        raise refuse(response, entity, connector.errors)
    if response.status_code >= 500 and not trouble.definite:
        message = f"Creatio failed ({response.status_code}) while it was deleting."
        raise InDoubt(message, sent_at=sent_at, timeout=connector.http.timeout)
    error = trouble.rejection(f"to delete this {entity}")
    return Result(
        Outcome.FAILED, change.remote_id, code=error.code, message=error.message, detail=error.detail
    )
