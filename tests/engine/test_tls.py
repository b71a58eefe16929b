"""HTTPS that fails says whether it was the certificate or no HTTPS at all."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from engine.errors import AccessError
from engine.http import Http
from tests.conftest import Served


def test_a_system_without_https_is_not_blamed_for_its_certificate(sandbox: Callable[..., Served]) -> None:
    served = sandbox("creatio")
    with pytest.raises(AccessError, match="does not speak HTTPS") as refused:
        Http().request("GET", served.url.replace("http://", "https://"), mutating=False)
    assert refused.value.code == "E-TLS"
    assert "http://" in refused.value.cure
