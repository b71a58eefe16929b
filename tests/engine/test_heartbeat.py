"""Signs of life go on, whatever becomes of one of them."""

from __future__ import annotations

import threading
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import pytest

from engine import heartbeat
from engine.errors import LeaseLost, Unavailable
from engine.heartbeat import Heartbeat
from engine.store.tenure import Claim


@pytest.mark.parametrize(
    "trouble", [LeaseLost("taken over"), Unavailable("The database is down."), ValueError("a fault of ours")]
)
def test_a_claim_that_cannot_be_renewed_stops_no_other(
    monkeypatch: pytest.MonkeyPatch, trouble: BaseException
) -> None:
    first, second = (Claim(run, 0, "me", 0.0, (1, 0, 0, 1, 0, 0.0, None)) for run in "ab")
    renewed: list[str] = []
    twice = threading.Event()

    def renew(_: Any, held: Claim, __: float) -> None:
        if held is first:
            raise trouble
        renewed.append(held.run_id)
        if len(renewed) == 2:
            twice.set()

    monkeypatch.setattr(heartbeat.renewal, "renew", renew)
    database: Any = SimpleNamespace(write=lambda lasting: nullcontext())
    beats = Heartbeat(database, lease=0.03)
    with beats.keeping(first), beats.keeping(second):
        thread = beats._thread
        assert twice.wait(10)
    assert thread is not None
    thread.join()  # with nothing left to keep it ends
