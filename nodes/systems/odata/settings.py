"""What a connection to an OData service is told."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from engine.connector import ConnectionSettings
from engine.secrecy import HARMLESS
from nodes.systems.http.auth import Auth, NoSignIn
from nodes.systems.http.entries import BaseUrl, Form, Header


class EntitySet(Form):
    """An object of a service that does not describe itself."""

    name: str = Field(title="Name", pattern=r"^\w+$", description="As it stands in the address.")
    key: str = Field("id", title="Key", pattern=r"^\w+$", description="The field that identifies a record.")


class ODataSettings(ConnectionSettings):
    """An OData 4 service."""

    url: BaseUrl = Field(
        title="Address", description="The root of the service: https://services.example.com/odata"
    )
    auth: Auth = Field(default=NoSignIn(kind="none"), title="Sign in with")
    headers: list[Header] = Field([], title="Headers", description="Sent with every call.")
    paging: Literal["server", "skip"] = Field(
        "server",
        title="Paging",
        description="Most services cut pages by themselves and name the next one.",
        json_schema_extra={
            "x-titles": {"server": "The service names the next page", "skip": "Rows are counted with $skip"}
        },
    )
    batch: Literal["auto", "never"] = Field(
        "auto",
        title="Bundles",
        description="Whether several changes are sent in one $batch.",
        json_schema_extra={"x-titles": {"auto": "Where the service can", "never": "Never"}},
    )
    stamp: str = Field(
        "",
        title="Field of the last change",
        pattern=r"^\w*$",
        description="Empty: found by its usual names, such as ModifiedOn or lastModifiedDateTime.",
        json_schema_extra=HARMLESS,
    )
    payments: list[str] = Field(
        [],
        title="Payments",
        description="Names of the objects that are payments; they are told as such on the timeline of a record.",
        json_schema_extra=HARMLESS,
    )
    entities: list[EntitySet] = Field(
        [],
        title="Objects",
        description="Only for a service without $metadata; others describe themselves.",
        json_schema_extra=HARMLESS,
    )
