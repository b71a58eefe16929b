"""What a connected system offers to choose from: companies, currencies, price books, accounts."""

from __future__ import annotations

from flask import Response, jsonify
from pydantic import BaseModel

from designer.api.body import Body
from designer.api.opening import new_room
from designer.auth import allow
from designer.installation import here
from engine.errors import Unavailable
from engine.flow import Options

room = new_room("choices", "connections")


class ChoicesQuery(Body):
    """``value`` and ``title``: fields of the entity that are stored and shown."""

    connection: str
    entity: str
    value: str
    title: str = ""


class ChoiceBody(BaseModel):
    value: str
    title: str


@room.get("/api/choices")
@allow("viewer")
def index(query: ChoicesQuery) -> Response:
    """The values of a field over all objects of an entity, read live and kept for a while."""
    installation = here()
    options = Options(slot="any", entity=query.entity, value=query.value, title=query.title)
    found = installation.choices.of(
        installation.database, installation.seal, {"any": query.connection}, options
    )
    if found is None:
        raise Unavailable(
            "The system does not say what there is to choose.",
            code="E-CHOICES",
            cure="Check the connection, or type the value.",
        )
    return jsonify(found)
