"""Every test of two-way sync has a clock of its own."""

from __future__ import annotations

import pytest

from engine import clock


@pytest.fixture(autouse=True)
def _own_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "_skew", 0.0)
