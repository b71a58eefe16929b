"""What is typed into the form of a connection to an HTTP service: addresses, paths, names; and the base of its parts."""

from __future__ import annotations

import re
from string import Formatter
from typing import Annotated
from urllib.parse import urlsplit, urlunsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from engine.path import PathError, parse_path


class Form(BaseModel):
    """Base of the forms: frozen, and nothing unknown slips in."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _base(text: str) -> str:
    parts = urlsplit(text.strip())
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username is not None:
        raise ValueError(
            "Give the address with https:// and without a user name, like https://api.example.com/v1"
        )
    return urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/"), "", ""))


def _json_path(text: str) -> str:
    try:
        parse_path(text)
    except PathError as error:
        raise ValueError(str(error)) from error
    return text


def _json_path_or_none(text: str) -> str:
    return text and _json_path(text)


def _one_value(text: str) -> str:
    if text and not parse_path(_json_path(text)).single:
        raise ValueError("The path must lead to one value.")
    return text


def _below(text: str) -> str:
    """A path below the base address: anything else could take the secrets elsewhere."""
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*:|//", text) or any(letter in text for letter in "#\\\r\n\t"):
        raise ValueError("Give the part behind the connection's address, like /customers")
    try:
        names = placeholders(text)
    except ValueError as error:
        raise ValueError("Braces are for placeholders, like {id}") from error
    if any(not name for name in names):
        raise ValueError("A placeholder needs a name, like {id}")
    return text


def placeholders(text: str) -> list[str]:
    """The names in braces. Raises ValueError for braces that do not match."""
    return [name for _, name, _, _ in Formatter().parse(text) if name is not None]


BaseUrl = Annotated[str, AfterValidator(_base)]
JsonPath = Annotated[str, AfterValidator(_json_path)]
JsonPathOrNone = Annotated[str, AfterValidator(_json_path_or_none)]
"""Empty: no place."""
ValuePath = Annotated[str, AfterValidator(_one_value)]
SubPath = Annotated[str, AfterValidator(_below)]
HeaderName = Annotated[str, Field(pattern=r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")]
HeaderNameOrNone = Annotated[str, Field(pattern=r"^[!#$%&'*+.^_`|~0-9A-Za-z-]*$")]
"""Empty: no header."""


class Header(Form):
    """A header of every call. A secret belongs into the way in."""

    name: HeaderName = Field(title="Name")
    value: str = Field(title="Value", pattern=r"^[^\r\n]*$")


class Parameter(Form):
    name: str = Field(title="Name", min_length=1)
    value: str = Field("", title="Value")
