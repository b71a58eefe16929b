"""Invoices need customers: who provides them, switching on together, and documents that wait until they arrive."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from engine import partners
from engine.record import Remote
from engine.shape import Entity
from engine.shape import Field as ShapeField
from tests.designer.conftest import Desk, Ledger, exact, installation_of, pipeline, work
from tests.designer.test_runs import run

CUSTOMERS = Entity(
    name="customer", title="Customer", fields=(ShapeField(name="name"), ShapeField(name="total"))
)
INVOICES = Entity(
    name="invoice",
    title="Invoice",
    fields=(
        ShapeField(name="total", type="money"),
        ShapeField(name="account"),
        ShapeField(name="customer", title="Customer", type="reference", refers_to="customer"),
        ShapeField(name="terms", type="reference", refers_to="term"),
    ),
)


def drawn(name: str, entity: str, *targets: str) -> dict[str, Any]:
    rows = [
        {"target": one, "value": {"kind": "path", "path": f"$.{one}", "may_be_empty": True}}
        for one in targets
    ]
    flow = pipeline(name=name)
    for node in flow["nodes"][2:]:
        node["settings"] = {**node["settings"], "entity": entity}
    flow["nodes"][2]["settings"]["rows"] = rows
    return flow


@pytest.fixture
def books(editor: Desk, connection: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Two published flows into the same books: invoices, and the customers that they need."""
    shapes = {"invoice": INVOICES, "customer": CUSTOMERS}
    monkeypatch.setattr(Ledger, "entity", lambda _, name: shapes[name])
    made = {}
    for name, entity, targets in (
        ("Customers", "customer", ("name",)), ("Invoices", "invoice", ("total", "customer")),
    ):  # fmt: skip
        slug = exact(editor.post("/api/flows", {"document": drawn(name, entity, *targets)}))["slug"]
        assert editor.post(f"/api/flows/{slug}/publish", {"revision": 1}).status_code == 200
        made[entity] = slug
    return made


def test_what_is_needed_and_who_provides_it(editor: Desk, books: dict[str, str]) -> None:
    told = exact(editor.get(f"/api/flows/{books['invoice']}/needs"))
    (invoices,) = told["objects"]
    (need,) = invoices["needs"]
    assert (need["entity"], need["fields"], need["here"]) == ("customer", ["Customer"], False)
    assert need["flows"] == [{"slug": "customers", "name": "Customers", "state": "live"}]
    needed_by = exact(editor.get(f"/api/flows/{books['customer']}/needs"))["needed_by"]
    assert [one["slug"] for one in needed_by] == [books["invoice"]]


def test_switching_on_brings_what_is_needed(editor: Desk, admin: Desk, books: dict[str, str]) -> None:
    for slug in books.values():
        editor.patch(f"/api/flows/{slug}", {"state": "paused"})
    editor.patch(f"/api/flows/{books['invoice']}", {"state": "live"})
    states = {flow["slug"]: flow["state"] for flow in exact(editor.get("/api/flows"))}
    assert states == {"customers": "paused", "invoices": "live"}
    editor.patch(f"/api/flows/{books['invoice']}", {"state": "paused"})
    editor.patch(f"/api/flows/{books['invoice']}", {"state": "live", "with_needed": True})
    states = {flow["slug"]: flow["state"] for flow in exact(editor.get("/api/flows"))}
    assert states == {"customers": "live", "invoices": "live"}
    (newest, *_) = exact(admin.get("/api/audit?subject=customers"))["entries"]
    assert newest["detail"] == {"state": "live", "needed_by": "invoices"}


def test_a_paused_flow_says_so(editor: Desk, books: dict[str, str]) -> None:
    editor.patch(f"/api/flows/{books['customer']}", {"state": "paused"})
    refused = editor.post(f"/api/flows/{books['customer']}/runs", {"mode": "live", "input": [{"id": "A"}]})
    assert (refused.status_code, exact(refused)["code"]) == (409, "E-NOT-LIVE")
    assert exact(refused)["message"] == "«Customers» is paused."


def test_a_document_goes_on_when_its_customer_arrives(
    app: Any, editor: Desk, connection: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    known: dict[str, str] = {}

    def find(
        _: Ledger, entity: str, matches: Sequence[Mapping[str, Any]], fields: Sequence[str] = ()
    ) -> list[list[Remote]]:
        return [
            [Remote(known[name], {"name": name})] if (name := str(match.get("name"))) in known else []
            for match in matches
        ]

    monkeypatch.setattr(Ledger, "find", find)
    flow = pipeline()
    match = [{"field": "name", "value": {"kind": "path", "path": "$.customer"}}]
    settings = {"slot": "books", "entity": "invoice", "match": match}
    flow["nodes"].insert(2, {"id": "who", "type": "lookup", "settings": settings})
    flow["edges"] = [
        {"source": "hand", "target": "who"}, {"source": "call", "target": "who"},
        {"source": "who", "target": "map"}, {"source": "map", "target": "write"},
    ]  # fmt: skip
    slug = exact(editor.post("/api/flows", {"document": flow}))["slug"]
    assert editor.post(f"/api/flows/{slug}/publish", {"revision": 1}).status_code == 200
    row = {"product": "Widgets", "total": 5}
    run(
        editor, slug, app, [{**row, "id": f"A{n}", "customer": "Acme" if n < 3 else "Bolt"} for n in range(4)]
    )
    groups = exact(editor.get("/api/reviews"))["groups"]
    assert sorted(group["count"] for group in groups) == [1, 3]
    runtime = installation_of(app).runtime
    assert partners.look(runtime) == 0
    known["Acme"] = "C-1"
    assert partners.look(runtime) == 1
    work(app)
    assert len(Ledger.written) == 3
    (left,) = exact(editor.get("/api/reviews"))["groups"]
    assert "Bolt" in left["message"]
    assert partners.look(runtime) == 0
    editor.patch(f"/api/flows/{slug}", {"state": "paused"})
    known["Bolt"] = "C-2"
    assert partners.look(runtime) == 0, "what is switched off waits"
