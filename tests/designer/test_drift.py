"""A system that changes under a published flow: what is hit is named, and only the flows that use it are paused."""

from __future__ import annotations

from typing import Any

import pytest

from engine import watch
from engine.errors import RecordRejected, Unavailable
from engine.shape import Entity
from engine.shape import Field as ShapeField
from engine.store import findings
from tests.designer.conftest import Desk, Ledger, exact, installation_of
from tests.designer.test_forecast import reading

FIELDS = {
    "total": ShapeField(name="total", title="Total", type="money"),
    "account": ShapeField(name="account", title="Account"),
    "tax": ShapeField(name="tax", title="Tax code"),
    "product": ShapeField(name="product", title="Product"),
    "stage": ShapeField(name="stage", title="Stage"),
    "memo": ShapeField(name="memo", title="Memo"),
}


def shaped(monkeypatch: pytest.MonkeyPatch, **changed: ShapeField | None) -> None:
    """The ledger's invoice with some fields changed, added, or (None) gone."""
    fields = tuple(field for field in {**FIELDS, **changed}.values() if field is not None)
    shape = Entity(name="invoice", title="Invoice", fields=fields)
    monkeypatch.setattr(Ledger, "entity", lambda *_: shape)


@pytest.fixture
def slug(editor: Desk, connection: str, monkeypatch: pytest.MonkeyPatch) -> str:
    shaped(monkeypatch)
    made = exact(editor.post("/api/flows", {"document": reading()}))["slug"]
    assert editor.post(f"/api/flows/{made}/publish", {"revision": 1}).status_code == 200
    return str(made)


def looked(desk: Desk, slug: str) -> Any:
    answer = desk.post(f"/api/flows/{slug}/drift")
    assert answer.status_code == 200, answer.text
    return exact(answer)["drift"]


def state(desk: Desk, slug: str) -> str:
    return str(exact(desk.get(f"/api/flows/{slug}"))["state"])


def test_nothing_changed_or_nothing_that_is_used(
    operator: Desk, slug: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert looked(operator, slug)["drifts"] == []
    shaped(monkeypatch, memo=None, extra=ShapeField(name="extra"))
    assert looked(operator, slug)["drifts"] == []
    assert state(operator, slug) == "live"


def test_a_removed_field_pauses_the_flow_and_names_the_rows(
    operator: Desk, slug: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shaped(monkeypatch, tax=None, taxcode=ShapeField(name="taxcode", title="Tax code"))
    found = looked(operator, slug)
    (drift,) = found["drifts"]
    assert (drift["kind"], drift["field"], drift["renamed"], found["paused"]) == (
        "removed",
        "tax",
        "taxcode",
        True,
    )
    assert {(row["node"], row["row"]) for row in drift["rows"]} == {
        ("map", "fills tax"), ("map", "fills tax from tax")
    }  # fmt: skip
    assert "It is probably called taxcode now." in drift["message"]
    assert state(operator, slug) == "paused"
    (listed,) = exact(operator.get("/api/drifts"))["flows"]
    assert (listed["flow"]["slug"], listed["flow"]["state"]) == (slug, "paused")


def test_a_field_that_is_demanded_now_and_not_filled(
    operator: Desk, slug: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shaped(monkeypatch, memo=ShapeField(name="memo", title="Memo", required=True))
    (drift,) = looked(operator, slug)["drifts"]
    assert (drift["kind"], drift["field"]) == ("mandatory", "memo")
    assert [row["node"] for row in drift["rows"]] == ["write"]


def test_a_filled_field_may_become_mandatory(
    operator: Desk, slug: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shaped(monkeypatch, tax=ShapeField(name="tax", title="Tax code", required=True))
    assert looked(operator, slug)["drifts"] == []


def test_another_type_and_an_object_that_is_gone(
    operator: Desk, slug: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shaped(monkeypatch, total=ShapeField(name="total", title="Total", type="text"))
    (drift,) = looked(operator, slug)["drifts"]
    assert (drift["kind"], "was money and is text now" in drift["message"]) == ("type", True)

    def gone(*_: Any) -> Entity:
        raise RecordRejected("There is no invoice.")

    monkeypatch.setattr(Ledger, "entity", gone)
    (drift,) = looked(operator, slug)["drifts"]
    assert drift["kind"] == "gone"
    assert {row["node"] for row in drift["rows"]} >= {"deals", "map"}


def test_a_system_that_is_down_is_no_drift(
    operator: Desk, slug: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*_: Any) -> Entity:
        raise Unavailable("Down.")

    monkeypatch.setattr(Ledger, "entity", down)
    found = looked(operator, slug)
    assert (found["drifts"], found["unseen"]) == ([], ["books/invoice"])
    assert state(operator, slug) == "live"


def test_whoever_resumes_is_believed_and_a_new_version_starts_afresh(
    desks: dict[str, Desk], slug: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    operator, editor = desks["operator"], desks["editor"]
    shaped(monkeypatch, tax=None)
    assert looked(operator, slug)["paused"] is True
    assert editor.patch(f"/api/flows/{slug}", {"state": "live"}).status_code == 200
    assert len(looked(operator, slug)["drifts"]) == 1
    assert state(operator, slug) == "live"
    drawn = reading()
    drawn["nodes"][2]["settings"]["rows"] = drawn["nodes"][2]["settings"]["rows"][:2]
    saved = exact(editor.put(f"/api/flows/{slug}/draft", {"document": drawn, "revision": 1}))
    assert editor.post(f"/api/flows/{slug}/publish", {"revision": saved["revision"]}).status_code == 200
    assert exact(operator.get(f"/api/flows/{slug}/drift")) == {"drift": None}
    assert looked(operator, slug)["drifts"] == []


def test_the_daily_look_takes_every_live_flow_once(
    app: Any, operator: Desk, slug: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = installation_of(app).runtime
    shaped(monkeypatch, tax=None)
    assert len(watch.look_at_all(runtime)) == 1
    assert state(operator, slug) == "paused"
    assert watch.look_at_all(runtime) == []
    later = findings.now() + watch.DAY + 1
    monkeypatch.setattr(watch, "now", lambda: later)
    assert watch.look_at_all(runtime) == [], "what is paused is left alone"


def test_a_flow_that_the_daily_look_stumbles_over_keeps_no_other_from_being_looked_at(
    app: Any, editor: Desk, slug: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = exact(editor.post("/api/flows", {"document": reading()}))["slug"]
    assert editor.post(f"/api/flows/{second}/publish", {"revision": 1}).status_code == 200
    asked: list[str] = []

    def stumble(_: Any, flow_id: str) -> None:
        asked.append(flow_id)
        raise ZeroDivisionError("a fault of ours")

    monkeypatch.setattr(watch, "look", stumble)
    assert watch.look_at_all(installation_of(app).runtime) == asked
    assert len(set(asked)) == 2


@pytest.fixture
def operator(desks: dict[str, Desk]) -> Desk:
    return desks["operator"]
