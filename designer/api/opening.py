"""How every room of the API is opened: its tag, who may enter, and how it says no."""

from __future__ import annotations

from flask_openapi3 import APIBlueprint, Tag
from flask_openapi3.types import ResponseDict, SecuritySchemesDict

from designer.errors import ErrorBody

SECURITY: SecuritySchemesDict = {
    "session": {"type": "apiKey", "in": "cookie", "name": "heddle"},
    "token": {"type": "http", "scheme": "bearer"},
}
REFUSALS: ResponseDict = {"4XX": ErrorBody, "422": ErrorBody, "5XX": ErrorBody}


def new_room(name: str, tag: str = "", *, public: bool = False) -> APIBlueprint:
    """A blueprint for one subject; ``public`` ones need no sign-in."""
    return APIBlueprint(
        name,
        f"designer.api.{name}",
        abp_tags=[Tag(name=tag or name)],
        abp_security=[] if public else [{"session": []}, {"token": []}],
        abp_responses=REFUSALS,
    )
