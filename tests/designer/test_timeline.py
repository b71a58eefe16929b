"""What happened to one object, found by any id of either side, over every flow and both systems."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Any, ClassVar

import pytest

from engine import registry
from engine.clock import now
from engine.connector import Query
from engine.record import Change, Outcome, Page, Record, Remote, Result
from engine.shape import Entity, Summary
from engine.shape import Field as ShapeField
from engine.store import deliveries, references
from engine.store.deliveries import Entry
from engine.store.references import Pair, Reference
from engine.store.runs import Run
from tests.designer.conftest import SECRET, Desk, Ledger, exact, installation_of, work
from tests.designer.test_approvals import publish

FIELDS = ("id", "name", "total", "account", "number")


class Shop(Ledger):
    """A pretend CRM: its orders are read, and get the number of their invoice."""

    system, title = "shop", "Shop"
    orders: ClassVar[dict[str, dict[str, Any]]] = {}

    def entities(self) -> list[Summary]:
        return [Summary(name="order", title="Order")]

    def entity(self, name: str) -> Entity:
        shown = tuple(ShapeField(name=field, title=field.title()) for field in FIELDS)
        return Entity(name="order", title="Sales order", title_field="name", fields=shown)

    def read(self, query: Query, cursor: Any, limit: int) -> Page:
        found = [key for key in self.orders if query.keys is None or key in query.keys]
        return Page([Record(key, dict(self.orders[key]), title=self.orders[key]["name"]) for key in found])

    def find(
        self, entity: str, matches: Sequence[Mapping[str, Any]], fields: Sequence[str] = ()
    ) -> list[list[Remote]]:
        return [
            [Remote(str(match["id"]), dict(self.orders[str(match["id"])]))]
            if str(match.get("id")) in self.orders
            else []
            for match in matches
        ]

    def _write(self, entity: str, changes: Sequence[Change]) -> list[Result]:
        for change in changes:
            self.orders[str(change.remote_id)].update(change.data)
        return [Result(Outcome.UPDATED, change.remote_id) for change in changes]

    def link(self, entity: str, remote_id: str) -> str | None:
        return f"https://shop.example.org/{entity}/{remote_id}"


def path(text: str) -> dict[str, Any]:
    return {"kind": "path", "path": text, "may_be_empty": True}


def order_drawing() -> dict[str, Any]:
    """Orders → invoices, by way of a rule, and the number back to the order."""
    account = {
        **path("$.account"),
        "then": [
            {
                "function": "lookup",
                "args": {
                    "table": {"kind": "constant", "value": "accounts"},
                    "column": {"kind": "constant", "value": "Account"},
                },
            }
        ],
    }
    big = {"left": path("$.total"), "op": ">", "right": {"kind": "constant", "value": 100}}
    rules = [
        {"id": "big", "title": "Big orders", "when": big, "then": [{"do": "set", "target": "vip", "value": {"kind": "constant", "value": True}}]}
    ]  # fmt: skip
    steps = ["hand", "read", "judge", "map", "write", "back", "update"]
    return {
        "heddle": 1,
        "name": "Orders to invoices",
        "slots": {"shop": {"system": "shop"}, "books": {"system": "ledger"}},
        "nodes": [
            {"id": "hand", "type": "manual"},
            {"id": "read", "type": "read", "settings": {"slot": "shop", "entity": "order", "only": path("$.ids")}},
            {"id": "judge", "type": "rules", "title": "Check the order", "settings": {"rules": {"rules": rules}}},
            {"id": "map", "type": "map", "settings": {"slot": "books", "entity": "invoice", "rows": [
                {"target": "total", "value": path("$.total")}, {"target": "account", "value": account}]}},
            {"id": "write", "type": "write", "title": "Invoice", "settings": {"slot": "books", "entity": "invoice", "operation": "create"}},
            {"id": "back", "type": "map", "settings": {"slot": "shop", "entity": "order", "rows": [
                {"target": "number", "value": path("$steps.write.number")}]}},
            {"id": "update", "type": "write", "title": "Number back", "settings": {
                "slot": "shop", "entity": "order", "operation": "update", "id": path("$key")}},
        ],
        "edges": [
            {"source": one, "target": other, **({"output": "written"} if one == "write" else {})}
            for one, other in pairwise(steps)
        ],
        "tables": {"accounts": {"title": "Accounts", "columns": ["Product", "Account"], "rows": [["Widgets", "4000"]]}},
    }  # fmt: skip


@pytest.fixture
def orders(app: Any, editor: Desk, connection: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The slug of the live flow; the shop has three orders."""
    monkeypatch.setitem(registry.connectors(), "shop", Shop)
    accounts = {"o1": "Widgets", "o2": "Consulting", "o3": "Widgets"}
    monkeypatch.setattr(Shop, "orders", {
        key: {"id": key, "name": f"Renewal {key[1:]}", "total": {"o1": Decimal("250.00"), "o2": 40, "o3": 666}[key],
              "account": account, "number": None}
        for key, account in accounts.items()
    })  # fmt: skip
    body = {"system": "shop", "name": "The shop", "settings": {"url": "https://shop.example.org"}, "secrets": {"password": SECRET}}  # fmt: skip
    assert editor.post("/api/connections", body).status_code == 201
    made = editor.post("/api/flows", {"document": order_drawing()})
    assert made.status_code == 201, made.text
    slug = str(exact(made)["slug"])
    published = editor.post(f"/api/flows/{slug}/publish", {"revision": 1})
    assert published.status_code == 200, published.text
    return slug


def go(app: Any, desk: Desk, slug: str, *ids: str, mode: str = "live") -> str:
    answer = desk.post(f"/api/flows/{slug}/runs", {"mode": mode, "input": {"ids": list(ids)}})
    assert answer.status_code == 202, answer.text
    work(app)
    return str(exact(answer)["run"])


def find(desk: Desk, q: str) -> list[dict[str, Any]]:
    return list(exact(desk.get("/api/records", query_string={"q": q}))["records"])


def told(desk: Desk, hit: Mapping[str, Any], at: int = 0, **query: Any) -> Any:
    thing = hit["things"][at]
    answer = desk.get(
        f"/api/records/{thing['connection']}/{thing['entity']}/{thing['id']}/timeline", query_string=query
    )
    assert answer.status_code == 200, answer.text
    return exact(answer)


def kinds(timeline: Any) -> list[str]:
    """In the order in which it happened."""
    return [event["kind"] for event in reversed(timeline["events"])]


def test_an_order_is_found_by_either_side_and_told_whole(
    app: Any, desks: dict[str, Desk], orders: str
) -> None:
    desk = desks["viewer"]
    run = go(app, desks["editor"], orders, "o1")
    hits = {q: find(desk, q) for q in ("o1", "INV-1", "inv-1", "id1", "Renewal 1", "newal 1")}
    for q, found in hits.items():
        assert [sorted(thing["id"] for thing in hit["things"]) for hit in found] == [["id1", "o1"]], q
        assert found[0]["title"] == "Renewal 1"
    by_order, by_number = told(desk, hits["o1"][0]), told(desk, hits["INV-1"][0])
    assert by_order["events"] == by_number["events"]
    assert {(thing["id"], thing["entity_title"], thing["number"]) for thing in by_order["things"]} == {
        ("o1", "Sales order", None), ("id1", "Invoice", "INV-1")
    }  # fmt: skip
    assert kinds(by_order) == ["read", "rule", "write", "writeback"]
    writeback, write, rule, read = by_order["events"]
    assert read["text"] == "Read from The shop"
    assert (rule["text"], rule["step"]) == ("Rule applied: Big orders (set vip)", "Check the order")
    assert write["text"] == "Invoice INV-1 was created in Books"
    assert (write["run"], write["number"], write["step"]) == (run, "INV-1", "Invoice")
    assert {(field["title"], str(field["new"])) for field in write["fields"]} == {
        ("Total", "250.00"),
        ("account", "4000"),
    }
    assert writeback["text"] == "Sales order o1 was updated in The shop"
    assert writeback["fields"] == [{"field": "number", "title": "Number", "old": None, "new": "INV-1"}]


@pytest.mark.parametrize(("role", "kind"), [("payment", "payment"), (None, "write")])
def test_a_payment_is_what_its_connector_says_is_one(
    app: Any, editor: Desk, orders: str, monkeypatch: pytest.MonkeyPatch, role: Any, kind: str
) -> None:
    entity = Ledger.entity
    monkeypatch.setattr(Ledger, "entity", lambda *given: entity(*given).model_copy(update={"role": role}))
    installation_of(app).shapes.kept.clear()
    go(app, editor, orders, "o1")
    assert kinds(told(editor, find(editor, "INV-1")[0])) == ["read", "rule", kind, "writeback"]


def test_a_hold_an_answer_and_a_retry_are_told_with_who_and_what(
    app: Any, desks: dict[str, Desk], orders: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    operator = desks["operator"]
    run = go(app, operator, orders, "o2", "o3")
    (group,) = exact(operator.get("/api/reviews?kind=held"))["groups"]
    operator.post("/api/reviews/answer", {"question": group["question"], "answer": {"Account": "4200"}})
    monkeypatch.setattr(Ledger, "poison", None)
    retried = operator.post(
        f"/api/runs/{run}/retry", {"only": "failed", "from": "failed-node", "version": "run"}
    )
    assert retried.status_code == 202, retried.text
    work(app)
    held = told(operator, find(operator, "o2")[0])
    assert kinds(held) == ["read", "held", "decision", "write", "writeback"]
    decision = held["events"][2]
    assert decision["text"] == "Answered by operator@example.org"
    assert decision["detail"] == "Consulting: Account 4200"
    assert "Consulting" in held["events"][3]["text"]
    failed = told(operator, find(operator, "o3")[0])
    assert kinds(failed) == ["read", "rule", "failed", "retry", "write", "writeback"]
    assert failed["events"][2]["text"] == "Tried again by operator@example.org"
    assert failed["events"][3]["text"] == "The period is closed."


def test_what_changed_nothing_is_told_only_when_asked_for(app: Any, editor: Desk, orders: str) -> None:
    for _ in range(3):
        go(app, editor, orders, "o1")
    go(app, editor, orders, "o1", mode="dry-run")
    hit = find(editor, "INV-1")[0]
    assert kinds(told(editor, hit)) == ["read", "rule", "write", "writeback"]
    everything = kinds(told(editor, hit, everything=True))
    assert everything.count("read") == 3
    assert everything.count("quiet") == 4


def test_equal_ids_of_other_kinds_do_not_mix(app: Any, editor: Desk, orders: str) -> None:
    Shop.orders["id1"] = {**Shop.orders["o1"], "id": "id1", "name": "Another order"}
    go(app, editor, orders, "o1")
    go(app, editor, orders, "id1")
    hits = find(editor, "id1")
    assert sorted(sorted(thing["id"] for thing in hit["things"]) for hit in hits) == [
        ["id1", "id2"],
        ["id1", "o1"],
    ]
    for hit in hits:
        assert kinds(told(editor, hit)) == ["read", "rule", "write", "writeback"]


def test_it_leads_to_the_record_in_its_system(app: Any, editor: Desk, orders: str) -> None:
    go(app, editor, orders, "o1")
    order, invoice = sorted(find(editor, "o1")[0]["things"], key=lambda thing: -len(thing["entity"]))[::-1]
    address = "/api/records/{connection}/{entity}/{id}/open"
    opened = editor.get(address.format(**order))
    assert (opened.status_code, opened.headers["Location"]) == (302, "https://shop.example.org/order/o1")
    none = editor.get(address.format(**invoice))
    assert (none.status_code, exact(none)["code"]) == (404, "E-NOT-FOUND")


def test_what_a_trigger_brought_has_a_timeline_too(app: Any, editor: Desk, live: str) -> None:
    editor.post(
        f"/api/flows/{live}/runs",
        {"mode": "live", "input": [{"id": "A3", "product": "Consulting", "total": 3}]},
    )
    work(app)
    (hit,) = find(editor, "A3")
    assert (hit["things"][0]["connection"], hit["things"][0]["entity"]) == ("flow", live)
    assert kinds(told(editor, hit)) == ["read", "held"]
    assert find(editor, "  ") == find(editor, "no such thing") == []
    assert editor.get("/api/records/none/order/o1/timeline").status_code == 404
    assert editor.get("/api/records/flow/none/o1/timeline").status_code == 404


def test_an_approval_and_a_correction_are_told(app: Any, desks: dict[str, Desk], connection: str) -> None:
    slug = publish(desks["editor"])
    desks["editor"].post(
        f"/api/flows/{slug}/runs",
        {"mode": "live", "input": [{"id": "A1", "product": "Widgets", "total": 666}]},
    )
    work(app)
    (waiting,) = exact(desks["operator"].get("/api/reviews?kind=approval&of=all"))["approvals"]
    voted = desks["admin"].post(
        f"/api/approvals/{waiting['id']}/decision",
        {"decision": "approve", "comment": "Agreed", "form": {"total": "666"}},
    )
    assert voted.status_code == 200, voted.text
    work(app)
    hit = find(desks["viewer"], "A1")[0]
    timeline = told(desks["viewer"], hit)
    assert kinds(timeline)[:3] == ["read", "asked", "approval"]
    approval = next(event for event in timeline["events"] if event["kind"] == "approval")
    assert approval["text"].startswith("Approved by admin: Invoice A1")
    assert approval["detail"] == "Agreed"
    failed = next(event for event in timeline["events"] if event["kind"] == "failed")
    corrected = desks["operator"].post(
        f"/api/runs/{failed['run']}/correct",
        {"key": "A1", "data": {"total": 665, "account": "4000"}, "from": "failed-node", "version": "run"},
    )
    assert corrected.status_code == 202, corrected.text
    work(app)
    after = told(desks["viewer"], hit)
    assert kinds(after)[-3:] == ["failed", "correction", "write"]
    correction = after["events"][1]
    assert (correction["text"], correction["by"]) == (
        "Corrected by operator@example.org",
        "operator@example.org",
    )
    assert [(one["field"], one["old"], one["new"]) for one in correction["fields"]] == [("total", 666, 665)]


@pytest.mark.parametrize("rows", [20_000])
def test_many_deliveries_do_not_make_it_slow(app: Any, editor: Desk, orders: str, rows: int) -> None:
    """Answers come by index: the time does not follow the number of deliveries."""
    run_id = go(app, editor, orders, "o1")
    fill(app, run_id, rows)
    began = time.process_time()
    timeline = told(editor, find(editor, "INV-1")[0])
    spent = time.process_time() - began
    assert kinds(timeline) == ["read", "rule", "write", "writeback"]
    assert spent < 1.0


def fill(app: Any, run_id: str, rows: int) -> None:
    """Deliveries and references of other objects, as many as wanted."""
    with installation_of(app).database.write() as session:
        run = session.get(Run, run_id)
        assert run is not None
        for start in range(0, rows, 20_000):
            some = range(start, min(rows, start + 20_000))
            deliveries.add(session, [
                Entry(run_id, 1, 9, "write", f"f{n}", f"f{n}", f"Filler {n}", "created", 4, now(), "books", "invoice",
                      "create", f"fid{n}", f"F-{n}", None, origin_slot="shop", origin_entity="order")
                for n in some
            ])  # fmt: skip
            pair = Pair("shop", "order", "books", "invoice")
            references.save(session, [Reference(pair, f"f{n}", f"fid{n}", f"F-{n}") for n in some])


def why(desk: Desk, run: str, key: str, node: str, field: str) -> Any:
    answer = desk.get(f"/api/runs/{run}/why", query_string={"key": key, "node": node, "field": field})
    assert answer.status_code == 200, answer.text
    return exact(answer)


def test_a_value_is_explained_from_its_source_to_who_changed_its_making(
    app: Any, desks: dict[str, Desk], orders: str
) -> None:
    """Source, lookup row, version, and the last change of this field's making, not of another's."""
    run = go(app, desks["editor"], orders, "o1")
    told = why(desks["viewer"], run, "o1", "write", "account")
    assert [(step["did"], step["value"]) for step in told["steps"]] == [
        ("account", "Widgets"), ("Look up (Accounts, row 1)", "4000")
    ]  # fmt: skip
    assert told["rules"] == [
        {"title": "Big orders", "because": told["rules"][0]["because"], "step": "Check the order"}
    ]
    assert "250" in told["rules"][0]["because"]
    assert (told["made"]["version"], told["made"]["change"]["version"]) == (1, 1)
    assert told["made"]["change"]["by"] == "editor@example.org"

    later = order_drawing()
    later["nodes"][3]["settings"]["rows"][0]["value"]["then"] = [{"function": "round", "args": {}}]
    save_and_publish(desks["admin"], orders, later, "Whole amounts")
    later["tables"]["accounts"]["rows"].append(["Consulting", "4200"])
    save_and_publish(desks["editor"], orders, later, "Consulting")
    run = go(app, desks["editor"], orders, "o2")
    total = why(desks["viewer"], run, "o2", "write", "total")
    assert [step["did"] for step in total["steps"]] == [
        "total",
        "Round (digits: 2, mode: half-up)",
    ]
    change = total["made"]["change"]
    assert (total["made"]["version"], change["version"], change["by"]) == (3, 2, "admin@example.org")
    assert (change["note"], change["node"], len(change["texts"])) == ("Whole amounts", "map", 1)
    account = why(desks["viewer"], run, "o2", "write", "account")
    assert account["made"]["change"]["version"] == 1
    none = desks["viewer"].get(
        f"/api/runs/{run}/why", query_string={"key": "o2", "node": "write", "field": "no"}
    )
    assert (none.status_code, exact(none)["code"]) == (404, "E-NOT-FOUND")


def test_what_a_rule_set_is_explained_by_the_rule(app: Any, desks: dict[str, Desk], orders: str) -> None:
    later = order_drawing()
    action = later["nodes"][2]["settings"]["rules"]["rules"][0]["then"][0]
    action.update({"target": "total", "value": {"kind": "constant", "value": 251}})
    save_and_publish(desks["editor"], orders, later, "Rounded up by rule")
    run = go(app, desks["editor"], orders, "o1")
    told = why(desks["viewer"], run, "o1", "write", "total")
    assert [(step["did"], step["value"], step["step"]) for step in told["steps"]] == [
        ("Rule «Big orders»", 251, "Check the order"), ("total", 251, "map")
    ]  # fmt: skip


def save_and_publish(desk: Desk, slug: str, document: dict[str, Any], note: str) -> None:
    revision = exact(desk.get(f"/api/flows/{slug}"))["revision"]
    saved = desk.put(f"/api/flows/{slug}/draft", {"document": document, "revision": revision})
    assert saved.status_code == 200, saved.text
    body = {"revision": exact(saved)["revision"], "note": note}
    published = desk.post(f"/api/flows/{slug}/publish", body)
    assert published.status_code == 200, published.text
