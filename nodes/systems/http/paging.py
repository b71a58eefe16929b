"""The ways in which services cut what they answer into pages."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from nodes.systems.http.entries import Form, ValuePath


class NoPages(Form):
    """One answer holds all."""

    model_config = ConfigDict(title="No pages")
    kind: Literal["none"] = Field("none", title="Paging")


_SIZE: Any = Field(100, title="Page size", ge=1, le=10_000)


def _size_parameter(default: str) -> Any:
    return Field(default, title="Parameter of the page size", description="Empty: not sent.")


class PageNumber(Form):
    """Pages are numbered."""

    model_config = ConfigDict(title="Page number")
    kind: Literal["page"] = Field("page", title="Paging")
    parameter: str = Field("page", title="Parameter of the number")
    first: int = Field(1, title="First page", ge=0, le=1)
    size_parameter: str = _size_parameter("per_page")
    size: int = _SIZE


class Offset(Form):
    """So many are skipped."""

    model_config = ConfigDict(title="Offset and limit")
    kind: Literal["offset"] = Field("offset", title="Paging")
    parameter: str = Field("offset", title="Parameter of the offset")
    size_parameter: str = _size_parameter("limit")
    size: int = _SIZE


class CursorPages(Form):
    """The answer brings a mark for the next page."""

    model_config = ConfigDict(title="Cursor in the answer")
    kind: Literal["cursor"] = Field("cursor", title="Paging")
    path: ValuePath = Field("$.next_cursor", title="Where the cursor is")
    parameter: str = Field("cursor", title="Parameter it is sent back in")
    size_parameter: str = _size_parameter("limit")
    size: int = _SIZE


class NextLink(Form):
    """The answer brings the address of the next page: whole, or behind the base address."""

    model_config = ConfigDict(title="Next link in the answer")
    kind: Literal["link"] = Field("link", title="Paging")
    path: ValuePath = Field("$.next", title="Where the address is")
    size_parameter: str = _size_parameter("")
    size: int = _SIZE


class LinkHeader(Form):
    """The header «Link» names the next page (RFC 8288)."""

    model_config = ConfigDict(title="Link header")
    kind: Literal["header"] = Field("header", title="Paging")
    size_parameter: str = _size_parameter("per_page")
    size: int = _SIZE


Paging = Annotated[
    NoPages | PageNumber | Offset | CursorPages | NextLink | LinkHeader, Field(discriminator="kind")
]
