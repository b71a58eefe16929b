"""For those who keep Heddle running: is the process alive, is it ready, and what does it count."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from flask import Response, jsonify
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from designer.api.opening import new_room
from designer.auth import ANYONE, allow
from designer.installation import VERSION, Installation, here
from engine.errors import HeddleError, Unavailable
from engine.store import progress

room = new_room("health", public=True)


@room.get("/healthz")
@allow(ANYONE)
def alive() -> Response:
    """The process lives."""
    return jsonify({"ok": True, "version": VERSION})


@room.get("/readyz")
@allow(ANYONE)
def ready() -> tuple[Response, int]:
    """Everything that Heddle needs is there; 503 says what is not."""
    checks: dict[str, Callable[[], None]] = {
        "database": here().database.ping,
        "migrations": _migrated,
        "redis": _doorbell,
    }
    reasons = {name: _reason(check) for name, check in checks.items()}
    ok = not any(reasons.values())
    return jsonify({"ok": ok, "checks": {name: why or "ok" for name, why in reasons.items()}}), (
        200 if ok else 503
    )


@room.get("/metrics")
@allow(ANYONE)
def metrics() -> Response:
    """Counts for Prometheus, from the database: alike whichever process answers."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Tally(here()))
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


class Tally:
    """What is counted at the moment of asking."""

    def __init__(self, installation: Installation) -> None:
        self.installation = installation

    def collect(self) -> Iterator[Metric]:
        with self.installation.database.read() as session:
            states = progress.count_by_state(session)
            held = progress.count_held(session)
        runs = GaugeMetricFamily("heddle_runs", "Runs by state.", labels=["state"])
        for state, count in sorted(states.items()):
            runs.add_metric([state], count)
        yield runs
        yield GaugeMetricFamily("heddle_held_records", "Records that wait for an answer.", value=held)
        info = GaugeMetricFamily("heddle_info", "The version that answers.", labels=["version"])
        info.add_metric([VERSION], 1)
        yield info


def _reason(check: Callable[[], None]) -> str:
    try:
        check()
    except HeddleError as error:
        return f"{error.message} {error.cure}".strip()
    return ""


def _migrated() -> None:
    if not here().database.is_current():
        raise Unavailable("The database has an older schema than this program.", cure="Restart Heddle.")


def _doorbell() -> None:
    """Redis, as far as this installation has one."""
    bell = here().bell
    if bell is not None:
        bell.ping()
