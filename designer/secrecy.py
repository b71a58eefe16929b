"""No secret of a connection leaves in an error, whoever phrased it: a system, a library or a connector."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from engine.connector import Connector
from engine.errors import HeddleError


@contextmanager
def struck_out(connectors: Sequence[Connector[Any]]) -> Iterator[None]:
    """Strikes the secrets of these connectors out of every error; the list may grow meanwhile."""
    try:
        yield
    except HeddleError as error:
        for connector in connectors:
            mask = connector.http.mask
            error.message, error.detail, error.cure = (
                mask(error.message),
                mask(error.detail),
                mask(error.cure),
            )
        raise
