"""The base of what requests bring: unknown keys are an error that names them."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Body(BaseModel):
    """Base of bodies, paths and queries."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Id(Body):
    id: str


class Slug(Body):
    slug: str
