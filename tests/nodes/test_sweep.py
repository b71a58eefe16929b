"""What is deleted in one system is deleted in another, over real HTTP and with the steps that people draw."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from engine import registry
from engine.connector import Connector
from engine.flow import Budget, Flow
from engine.plan import check
from engine.record import Change
from engine.secrecy import take_out
from engine.store.connections import Draft, connect
from engine.store.database import Database
from tests.conftest import Served
from tests.engine.erasing import go
from tests.engine.test_executor import counts
from tests.engine.toys import Bench, World

SYSTEMS = {"L": "http", "R": "odata"}


class RealBench(Bench):
    """An executor whose connections lead to sandboxes."""

    def __init__(self, database: Database, flow: Flow, urls: dict[str, str]) -> None:
        super().__init__(database, World(), flow)
        self.urls = urls
        self.opened: list[Connector[Any]] = []

    def open(self, connection_id: str, *, read_only: bool, journal: Any = None) -> Connector[Any]:
        system = SYSTEMS[connection_id]
        settings, secrets = take_out(
            registry.connector_type(system).Settings,
            registry.sandbox_type(system).connection(self.urls[connection_id]),
        )
        self.opened.append(connect(Draft(system, settings, secrets), read_only=read_only, journal=journal))
        return self.opened[-1]


def drawing() -> Flow:
    rows = [
        {"target": target, "value": {"kind": "path", "path": f"$.{path}"}}
        for target, path in (("Number", "number"), ("Name", "name"))
    ]
    target = {"slot": "right", "entity": "Customers"}
    return Flow.model_validate(
        {
            "name": "Customers",
            "slots": {"left": {"system": "http"}, "right": {"system": "odata"}},
            "nodes": [
                {"id": "start", "type": "manual"},
                {
                    "id": "read",
                    "type": "read",
                    "settings": {
                        "slot": "left",
                        "entity": "customers",
                        "deletes": "sweep",
                        "sweep_hours": 0,
                    },
                },
                {"id": "map", "type": "map", "settings": {**target, "rows": rows}},
                {"id": "write", "type": "write", "settings": {**target, "match": ["Number"]}},
                {"id": "erase", "type": "write", "settings": {**target, "operation": "delete"}},
            ],
            "edges": [
                {"source": "start", "target": "read"},
                {"source": "read", "target": "map"},
                {"source": "map", "target": "write"},
                {"source": "read", "output": "deleted", "target": "erase"},
            ],
            "policy": {"budget": Budget(deletes=5).model_dump(mode="json")},
        }
    )


@pytest.fixture
def bench(database: Database, sandbox: Callable[..., Served]) -> Iterator[RealBench]:
    left, right = sandbox("http", seed=30), sandbox("odata")
    made = RealBench(database, drawing(), {"L": left.url, "R": right.url})
    yield made
    for connector in made.opened:
        connector.http.session.close()


def there(bench: RealBench) -> set[str]:
    found = requests.get(f"{bench.urls['R']}/_sandbox/objects/Customers", timeout=5).json()
    return {row["json"].partition('"Number":"')[2].partition('"')[0] for row in found}


def test_a_deleted_customer_is_deleted_over_there(bench: RealBench) -> None:
    before = there(bench)
    first = go(bench)
    assert first.state == "done", first.message
    written = there(bench) - before
    assert counts(first) == {"read": len(written), "created": len(written)}
    source = bench.open("L", read_only=False)
    page = source.read(bench.plan.nodes["read"].query(None), None, 100)  # type: ignore[attr-defined]
    gone = page.records[4]
    source.write("customers", [Change("d", "delete", {}, gone.key)])
    plan = counts(go(bench, mode="dry-run"))
    assert there(bench) - before == written
    run = go(bench)
    assert counts(run) == plan == {"read": len(written), "updated": 1, "unchanged": len(written) - 1}
    assert written - there(bench) == {str(gone.data["number"])}
    assert counts(go(bench)) == {"read": len(written) - 1, "unchanged": len(written) - 1}


def test_a_delete_may_get_fields_that_its_target_has_not(bench: RealBench) -> None:
    there = {slot: bench.open(slot[0].upper(), read_only=True) for slot in ("left", "right")}
    found = check(drawing(), lambda slot, name: there[slot].entity(name))
    assert found.errors == []
    card = found.nodes["erase"].shape_in
    assert card is not None
    assert {field.name for field in card.fields} >= {"name", "number"}


def test_a_system_that_hides_everything_deletes_nothing(bench: RealBench) -> None:
    """As if somebody had revoked the right to see them: the list is empty, and each one is «not found»."""
    assert go(bench).state == "done"
    before = there(bench)
    requests.post(f"{bench.urls['L']}/_sandbox/reset", timeout=5).raise_for_status()
    run = go(bench)
    assert (run.state, run.code) == ("paused", "E-SWEEP")
    assert there(bench) == before
