"""What a connection to an HTTP service is told: where, how to sign in, and by form what its objects are."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Literal

from pydantic import Field, model_validator

from engine.connector import ConnectionSettings
from engine.path import MISSING, parse_path
from engine.secrecy import HARMLESS
from nodes.systems.http.auth import Auth, NoSignIn
from nodes.systems.http.entries import (
    BaseUrl,
    Form,
    Header,
    HeaderNameOrNone,
    JsonPath,
    JsonPathOrNone,
    Parameter,
    SubPath,
    ValuePath,
    placeholders,
)
from nodes.systems.http.paging import NoPages, Paging
from nodes.systems.http.whose import ByOrder, Whose


class Since(Form):
    """How to ask for what has changed."""

    parameter: str = Field("updated_since", title="Parameter of the earliest change")
    template: str = Field(
        "{at}", title="Its value", description="{at} is the moment: gte:{at}", pattern=r"\{at\}"
    )
    until: str = Field(
        "", title="Parameter of the latest change", description="Empty: Heddle leaves out the rest."
    )


class ReadForm(Form):
    """How records are read."""

    path: SubPath = Field(title="Path", description="Behind the connection's address: /customers")
    method: Literal["GET", "POST"] = Field(
        "GET", title="Method", description="POST only where it changes nothing."
    )
    query: list[Parameter] = Field(
        [],
        title="Parameters",
        description="Sent with every page: an order, for instance. With POST they are fields of the body, and JSON "
        'stays JSON: 5, true, {"status": "open"}; "5" is a text.',
    )
    records: JsonPath = Field("$", title="Where the records are", description="$ or $.data or $.result.items")
    paging: Paging = Field(default=NoPages(kind="none"), title="Paging")
    total: ValuePath = Field(
        "",
        title="Where their number is",
        description="$.total or $.meta.count, where the answer says how many there are in all. Empty: X-Total-Count, "
        "Content-Range and other usual headers are looked at.",
    )
    total_header: HeaderNameOrNone = Field(
        "", title="Header with their number", description="Only where it is none of the usual ones."
    )
    since: Since | None = Field(
        None, title="Changes", description="Empty: all are read, and Heddle leaves out the rest."
    )
    one: SubPath = Field("", title="Path of one record", description="With {id}: /customers/{id}")
    deleted: ValuePath = Field(
        "",
        title="Where it says that it was deleted",
        description="$.deleted or $.deleted_at, for services that go on telling of deleted records.",
    )


class FindForm(Form):
    """How a record is found by its values."""

    by: list[str] = Field(title="By the fields", min_length=1, description="What can be looked for.")
    path: SubPath = Field(
        title="Path", description="With the fields in braces: /customers?number={number}", min_length=1
    )
    records: JsonPath = Field("$", title="Where the records are")
    together: int = Field(
        1,
        title="Values in one call",
        ge=1,
        le=500,
        description="Joined by commas, where the service allows it.",
    )
    lag: int = Field(
        0,
        title="Searches lag behind by (seconds)",
        ge=0,
        le=3600,
        description="How long a new record may stay unseen by a search. For so long what is not found is not "
        "believed to be missing.",
    )

    @model_validator(mode="after")
    def _known(self) -> FindForm:
        if missing := sorted(set(placeholders(self.path)) - set(self.by)):
            raise ValueError(
                f"The path has {missing[0]!r} in braces, which is not among the fields to look for."
            )
        if self.together > 1 and len(placeholders(self.path)) != 1:
            raise ValueError("Several values in one call need a path with exactly one field in braces.")
        return self


class Call(Form):
    method: Literal["POST", "PUT", "PATCH"] = Field("POST", title="Method")
    path: SubPath = Field(title="Path", description="/customers, or with {id}: /customers/{id}", min_length=1)


class DeleteCall(Form):
    method: Literal["DELETE", "POST", "PUT"] = Field("DELETE", title="Method")
    path: SubPath = Field(title="Path", description="With {id}: /customers/{id}", min_length=1)

    @model_validator(mode="after")
    def _names_it(self) -> DeleteCall:
        if "id" not in placeholders(self.path):
            raise ValueError("The path of a delete needs {id}.")
        return self


class Success(Form):
    """When a call that answers 2xx has really worked."""

    path: ValuePath = Field(title="Value in the answer", min_length=1)
    equals: str = Field("true", title="Is", description="As it stands in JSON: true, 0, ok")


class WriteForm(Form):
    """How records are written: the mapped record as it is."""

    create: Call | None = Field(None, title="Create")
    update: Call | None = Field(None, title="Update")
    delete: DeleteCall | None = Field(None, title="Delete", description="Empty: nothing is deleted.")
    body: Literal["single", "array"] = Field(
        "single",
        title="In one call",
        json_schema_extra={"x-titles": {"single": "One record", "array": "A list of records"}},
    )
    size: int = Field(
        100, title="Records in one call", ge=1, le=5000, json_schema_extra={"x-when": {"body": "array"}}
    )
    at_once: int = Field(
        1,
        title="Calls at once",
        ge=1,
        le=16,
        description="So many calls may be under way together.",
        json_schema_extra={"x-when": {"body": "single"}},
    )
    wrap: str = Field("", title="Wrapped in", description="The key that the body stands under; empty: none.")
    idempotency_header: HeaderNameOrNone = Field(
        "",
        title="Idempotency header",
        description="A header under whose value the service carries a call out once only.",
    )
    results: JsonPathOrNone = Field(
        "",
        title="Where the answers are",
        description="One answer a record: $ or $.results. Empty: none; all are taken for written.",
        json_schema_extra={"x-when": {"body": "array"}},
    )
    refused: JsonPathOrNone = Field(
        "",
        title="Where the refused are listed",
        description="$.errors, where they stand apart from the answers, or where they alone are told of: then all "
        "others are taken for written.",
        json_schema_extra={"x-when": {"body": "array"}},
    )
    whose: Whose = Field(
        default=ByOrder(kind="order"),
        title="Whose answer it is",
        json_schema_extra={"x-when": {"body": "array"}},
    )
    id: ValuePath = Field("", title="Id in the answer", description="Of one record: $.id")
    number: ValuePath = Field("", title="Number in the answer", description="By which people know it.")
    link: ValuePath = Field("", title="Link in the answer", description="Where a person opens it.")
    error: ValuePath = Field(
        "", title="Error in the answer", description="A message where a record was refused."
    )
    success: Success | None = Field(None, title="Success")

    @property
    def keyed(self) -> bool:
        """Whether the service itself recognises a repeated create."""
        return bool(self.idempotency_header) and self.body == "single"

    @model_validator(mode="after")
    def _complete(self) -> WriteForm:
        if not self.create and not self.update and not self.delete:
            raise ValueError("Say how records are created, updated or deleted.")
        if self.body == "single" and self.update and "id" not in placeholders(self.update.path):
            raise ValueError("The path of an update needs {id}.")
        if self.refused and isinstance(self.whose, ByOrder):
            raise ValueError("Where the refused are listed, say how an answer names its record.")
        return self


class FieldForm(Form):
    """A field. Lines and objects have fields of their own."""

    name: str = Field(title="Name", min_length=1)
    title: str = Field("", title="Title")
    type: Literal[
        "text", "integer", "number", "money", "boolean", "date", "datetime", "id", "reference", "lines", "object", "any"
    ] = Field("text", title="Type")  # fmt: skip
    required: bool = Field(False, title="Required")
    read_only: bool = Field(False, title="Read only")
    fields: list[FieldForm] = Field([], title="Fields")


class EntityForm(Form):
    """One kind of object."""

    name: str = Field(title="Name", min_length=1, pattern=r"^[^/?#]+$")
    title: str = Field("", title="Title")
    key: ValuePath = Field("$.id", title="Where the id is", min_length=1)
    title_path: ValuePath = Field("", title="Where the title is")
    modified: ValuePath = Field("", title="Where the last change is", description="A moment in ISO form.")
    role: Literal["", "payment"] = Field(
        "",
        title="What it is",
        description="A payment is told as such on the timeline of a record.",
        json_schema_extra={"x-titles": {"": "Any object", "payment": "A payment"}},
    )
    fields: list[FieldForm] = Field([], title="Fields", description="Empty: learned from the first records.")
    read: ReadForm | None = Field(None, title="Reading")
    find: FindForm | None = Field(None, title="Finding")
    write: WriteForm | None = Field(None, title="Writing")


Then = Literal["retry", "reject", "hold", "doubt", "access"]


class ErrorRule(Form):
    """What an answer means. The first that fits counts."""

    status: str = Field(
        "", title="Status", description="409 or 4xx; empty: any.", pattern=r"^([1-5](\d\d|xx))?$"
    )
    path: ValuePath = Field("", title="Value in the answer", description="$.error.code; empty: any.")
    equals: str = Field(
        "",
        title="Is",
        description="As it stands in JSON; * stands for any text: *closed*. Empty: any but nothing.",
    )
    then: Then = Field(
        "reject",
        title="Means",
        json_schema_extra={
            "x-titles": {
                "retry": "Try later: nothing was done",
                "reject": "The record is refused",
                "hold": "The record waits in the inbox",
                "doubt": "It may have been written: look first",
                "access": "Something is wrong with the way in: ask its owner",
            }
        },
    )

    @model_validator(mode="after")
    def _says_something(self) -> ErrorRule:
        if not self.status and not self.path:
            raise ValueError("Give a status or a path.")
        return self


class HttpSettings(ConnectionSettings):
    """An HTTP service that answers in JSON."""

    url: BaseUrl = Field(title="Address", description="Of the service: https://api.example.com/v1")
    auth: Auth = Field(default=NoSignIn(kind="none"), title="Sign in with")
    headers: list[Header] = Field([], title="Headers", description="Sent with every call.")
    test: SubPath = Field(
        "",
        title="Path for the test",
        description="Read when the connection is tested.",
        json_schema_extra=HARMLESS,
    )
    entities: list[EntityForm] = Field([], title="Objects", json_schema_extra=HARMLESS)
    errors: list[ErrorRule] = Field([], title="Errors", json_schema_extra=HARMLESS)
    message: ValuePath = Field(
        "", title="Message of an error", description="Empty: where most have it.", json_schema_extra=HARMLESS
    )

    @model_validator(mode="after")
    def _distinct(self) -> HttpSettings:
        names = [one.name for one in self.entities]
        if doubled := next((name for name in names if names.count(name) > 1), None):
            raise ValueError(f"There are two objects called {doubled!r}.")
        return self

    def form(self, name: str) -> EntityForm | None:
        return next((one for one in self.entities if one.name == name), None)


def at(path: str, body: Any) -> Any:
    """The value at a path, None where there is none or no path."""
    return getter(path)(body)


@lru_cache(maxsize=1024)
def getter(path: str) -> Callable[[Any], Any]:
    """``at`` for one path, for loops over many bodies."""
    get = parse_path(path).get if path else None

    def find(body: Any) -> Any:
        found = None if body is None or get is None else get(body)
        return None if found is MISSING else found

    return find
