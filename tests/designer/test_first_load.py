"""A first load: the report tells, people decide, the load does exactly that, and incremental reads go on from there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import pytest

from engine import clock, registry
from engine.connector import Query
from engine.record import Change, Outcome, Page, Record, Remote, Result
from engine.shape import Entity, Summary
from engine.shape import Field as ShapeField
from engine.stamps import earlier, stamp
from tests.designer.conftest import Desk, Ledger, exact, work


class Books(Ledger):
    """Customers of a CRM with their stamps, and customers of the books."""

    crm: ClassVar[dict[str, dict[str, Any]]] = {}
    books: ClassVar[dict[str, dict[str, Any]]] = {}

    def entities(self) -> list[Summary]:
        return [Summary(name=name, title=name.title()) for name in ("account", "customer")]

    def entity(self, name: str) -> Entity:
        modified = "at" if name == "account" else None
        fields = tuple(ShapeField(name=field) for field in ("id", "name", "city", "at"))
        return Entity(name=name, title=name.title(), modified=modified, title_field="name", fields=fields)

    def read(self, query: Query, cursor: Any, limit: int) -> Page:
        rows = self.crm if query.entity == "account" else self.books
        keys = sorted(
            key
            for key, row in rows.items()
            if query.entity != "account"
            or (
                (query.since is None or row["at"] >= query.since)
                and (query.until is None or row["at"] <= query.until)
            )
        )
        start = int(cursor or 0)
        some = keys[start : start + 3]
        following = start + 3 if start + 3 < len(keys) else None
        mark = max((rows[key].get("at", "") for key in some), default="") or None
        return Page(
            [Record(key, {"id": key, **rows[key]}, title=rows[key]["name"]) for key in some], following, mark
        )

    def find(
        self, entity: str, matches: Sequence[Mapping[str, Any]], fields: Sequence[str] = ()
    ) -> list[list[Remote]]:
        return [
            [
                Remote(key, {**row, "id": key}, number=f"C-{key}")
                for key, row in self.books.items()
                if all(
                    str({**row, "id": key}.get(name)).lower() == str(value).lower()
                    for name, value in match.items()
                )
            ]
            for match in matches
        ]

    def _write(self, entity: str, changes: Sequence[Change]) -> list[Result]:
        results = []
        for change in changes:
            known = change.remote_id or f"n{len(self.books)}"
            self.books.setdefault(known, {}).update(change.data)
            done = Outcome.UPDATED if change.operation == "update" else Outcome.CREATED
            results.append(Result(done, known, f"C-{known}"))
        return results


NAMES = {"1": "Acme", "2": "Birch", "3": "Cedar", "4": "Dogwood", "5": "Elm", "6": "Fir"}


@pytest.fixture(autouse=True)
def _systems(monkeypatch: pytest.MonkeyPatch, _pretend: None) -> None:
    monkeypatch.setitem(registry.connectors(), "ledger", Books)
    old = "2026-01-01T00:00:00.000000Z"
    crm = {key: {"name": name, "city": "Bonn", "at": old} for key, name in NAMES.items()}
    there = {"a": "acme", "b": "Birch GmbH", "c1": "Cedar", "c2": "cedar", "e1": "Elm Ltd", "e2": "Elm KG"}
    monkeypatch.setattr(Books, "crm", crm)
    monkeypatch.setattr(Books, "books", {key: {"name": name, "city": ""} for key, name in there.items()})


@pytest.fixture
def loading(editor: Desk, connection: str) -> str:
    """A published flow from changed accounts to customers, recognised by name."""
    rows = [{"target": name, "value": {"kind": "path", "path": f"$.{name}"}} for name in ("name", "city")]
    document = {
        "heddle": 1,
        "name": "Customers",
        "slots": {"books": {"system": "ledger", "title": "The books"}},
        "nodes": [
            {"id": "hand", "type": "manual"},
            {"id": "read", "type": "read", "settings": {"slot": "books", "entity": "account", "changes": True}},
            {"id": "map", "type": "map", "settings": {"slot": "books", "entity": "customer", "rows": rows}},
            {
                "id": "write",
                "type": "write",
                "settings": {
                    "slot": "books", "entity": "customer", "operation": "upsert", "match": ["name"],
                    "alike": [{"field": "name", "how": "letters"}],
                },
            },
        ],
        "edges": [
            {"source": "hand", "target": "read"},
            {"source": "read", "target": "map"},
            {"source": "map", "target": "write"},
        ],
    }  # fmt: skip
    made = exact(editor.post("/api/flows", {"document": document}))
    published = editor.post(f"/api/flows/{made['slug']}/publish", {"revision": 1})
    assert published.status_code == 200, published.text
    return str(made["slug"])


def begin(app: Any, desk: Desk, slug: str) -> str:
    started = desk.post(f"/api/flows/{slug}/first-load")
    assert started.status_code == 202, started.text
    work(app)
    return str(exact(started)["run"])


def band(desk: Desk, run: str, name: str, query: str = "") -> dict[str, Any]:
    told = exact(desk.get(f"/api/runs/{run}/matches?band={name}{query}"))
    return {row["title"]: row for row in told["rows"]}


def bands(desk: Desk, run: str) -> dict[str, int]:
    return {name: n for name, n in exact(desk.get(f"/api/runs/{run}/matches"))["bands"].items() if n}


def decide(desk: Desk, run: str, key: str, choice: str) -> Any:
    return desk.post(
        f"/api/runs/{run}/matches", {"choice": choice, "records": [{"node": "write", "key": key}]}
    )


def load(app: Any, desk: Desk, run: str) -> Any:
    done = desk.post(f"/api/runs/{run}/execute")
    assert done.status_code == 202, done.text
    work(app)
    return exact(desk.get(f"/api/runs/{exact(done)['run']}"))


def names() -> dict[str, str]:
    return {key: row["name"] for key, row in Books.books.items()}


def test_the_report_tells_what_is_there_and_writes_nothing(
    app: Any, desks: dict[str, Desk], loading: str
) -> None:
    before = names()
    run = begin(app, desks["operator"], loading)
    viewer = desks["viewer"]
    assert bands(viewer, run) == {"exact": 1, "likely": 2, "ambiguous": 1, "new": 2, "open": 3}
    assert list(band(viewer, run, "exact")) == ["Acme"]
    assert sorted(band(viewer, run, "new")) == ["Dogwood", "Fir"]
    likely = band(viewer, run, "likely")
    assert {name: [one["id"] for one in row["candidates"]] for name, row in likely.items()} == {
        "Birch": ["b"], "Elm": ["e1", "e2"]
    }  # fmt: skip
    cedar = band(viewer, run, "ambiguous")["Cedar"]
    assert [one["id"] for one in cedar["candidates"]] == ["c1", "c2"]
    assert cedar["message"] == "2 customers match name Cedar."
    assert {
        row["thing"] for kind in ("exact", "likely", "new") for row in band(viewer, run, kind).values()
    } == {"customer"}
    assert cedar["thing"] == "customer"
    assert list(band(viewer, run, "new", "&q=Fir")) == ["Fir"]
    assert names() == before
    assert exact(viewer.get("/api/reviews?kind=held"))["groups"] == []
    first = exact(viewer.get(f"/api/runs/{run}/matches?band=likely&limit=1"))
    assert list(band(viewer, run, "likely", f"&after={first['next']}")) == ["Elm"]


def test_the_load_does_exactly_what_was_decided(app: Any, editor: Desk, loading: str) -> None:
    run = begin(app, editor, loading)
    for key, choice in (("2", "b"), ("3", "c2"), ("4", "out"), ("1", "new")):
        assert exact(decide(editor, run, key, choice)) == {"decided": 1}
    assert bands(editor, run)["open"] == 1
    assert band(editor, run, "likely")["Birch"]["decision"] == {
        "choice": "b", "number": "C-b", "linked": False
    }  # fmt: skip
    assert band(editor, run, "new")["Dogwood"]["decision"]["choice"] == "out"
    done = load(app, editor, run)
    counts = {name: n for name, n in done["counts"].items() if n}
    assert counts == {"read": 6, "created": 2, "updated": 2, "skipped": 1, "held": 1}
    birch = band(editor, run, "likely")["Birch"]["decision"]
    assert (birch["choice"], birch["linked"]) == ("b", True), "the report still says what it was taken for"
    made = sorted(name for key, name in names().items() if key.startswith("n"))
    assert made == ["Acme", "Fir"]
    assert (Books.books["b"]["name"], Books.books["c2"]["city"], Books.books["a"]["city"]) == (
        "Birch",
        "Bonn",
        "",
    )
    (group,) = exact(editor.get("/api/reviews?kind=held"))["groups"]
    assert group["form"]["match"] == {"name": "Elm"}
    again = exact(editor.post(f"/api/runs/{run}/execute"))
    assert again["run"] == done["id"], "a load is executed once"


def test_a_band_is_decided_at_once(app: Any, editor: Desk, loading: str) -> None:
    run = begin(app, editor, loading)
    path = f"/api/runs/{run}/matches"
    assert exact(editor.post(path, {"choice": "best", "band": "likely"})) == {"decided": 1}
    assert exact(editor.post(path, {"choice": "out", "band": "likely"})) == {"decided": 1}
    assert exact(editor.post(path, {"choice": "new", "band": "ambiguous"})) == {"decided": 1}
    decisions = {**band(editor, run, "likely"), **band(editor, run, "ambiguous")}
    assert {name: row["decision"]["choice"] for name, row in decisions.items()} == {
        "Birch": "b", "Elm": "out", "Cedar": "new"
    }  # fmt: skip
    assert "open" not in bands(editor, run)


def test_a_decision_is_taken_back(app: Any, editor: Desk, loading: str) -> None:
    run = begin(app, editor, loading)
    decide(editor, run, "2", "out")
    decide(editor, run, "2", "undo")
    assert band(editor, run, "likely")["Birch"]["decision"] is None
    assert bands(editor, run)["open"] == 3
    assert exact(editor.get("/api/references"))["references"] == []


def test_decisions_outlive_the_report(app: Any, editor: Desk, loading: str) -> None:
    decide(editor, begin(app, editor, loading), "2", "b")
    again = begin(app, editor, loading)
    assert bands(editor, again) == {"exact": 2, "likely": 1, "ambiguous": 1, "new": 2, "open": 2}


@pytest.mark.parametrize(
    ("key", "choice", "code"),
    [
        ("2", "zz", "E-NO-OBJECT"),
        ("5", "best", "E-CHOICE"),
        ("99", "new", "E-NOT-FOUND"),
        ("6", "best", "E-CHOICE"),
    ],
)
def test_what_cannot_be_decided_is_refused(
    app: Any, editor: Desk, loading: str, key: str, choice: str, code: str
) -> None:
    run = begin(app, editor, loading)
    assert exact(decide(editor, run, key, choice))["code"] == code
    assert exact(editor.get("/api/references"))["references"] == []


def test_another_run_is_no_report(app: Any, editor: Desk, loading: str) -> None:
    run = exact(editor.post(f"/api/flows/{loading}/runs", {"mode": "dry-run", "version": 1}))["run"]
    work(app)
    assert exact(editor.get(f"/api/runs/{run}/matches"))["code"] == "E-NO-REPORT"
    assert exact(decide(editor, run, "2", "new"))["code"] == "E-NO-REPORT"
    for body in ({"choice": "new"}, {"choice": "b", "band": "likely"}):
        assert exact(editor.post(f"/api/runs/{run}/matches", body))["code"] in ("E-BODY", "E-VALUE")


def test_incremental_reads_go_on_without_a_gap(
    app: Any, editor: Desk, loading: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What changes after the report is neither held by the load nor lost: the next run reads it."""
    monkeypatch.setattr(clock, "_skew", 0.0)
    run = begin(app, editor, loading)
    for choice in ("likely", "ambiguous"):
        editor.post(f"/api/runs/{run}/matches", {"choice": "out", "band": choice})
    monkeypatch.setattr(clock, "_skew", 3600.0)
    Books.crm["1"].update(city="Rome", at=clock.iso())
    Books.crm["7"] = {"name": "Gingko", "city": "Rome", "at": clock.iso()}
    monkeypatch.setattr(clock, "_skew", 7200.0)
    loaded = load(app, editor, run)
    assert {name: n for name, n in loaded["counts"].items() if n} == {"read": 5, "created": 2, "skipped": 3}
    assert "Gingko" not in names().values()
    started = exact(editor.post(f"/api/flows/{loading}/runs", {"mode": "live"}))["run"]
    work(app)
    counts = exact(editor.get(f"/api/runs/{started}"))["counts"]
    assert {name: n for name, n in counts.items() if n} == {"read": 2, "created": 1, "updated": 1}
    assert (Books.books["a"]["city"], "Gingko" in names().values()) == ("Rome", True)


def test_how_far_changes_were_read_is_told_before_and_after_a_run(
    app: Any, editor: Desk, loading: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "_skew", 0.0)
    (before,) = exact(editor.get(f"/api/flows/{loading}/watermarks"))["reads"]
    assert (before["mark"], before["since"], before["run"]) == (None, None, None)
    newest = max(row["at"] for row in Books.crm.values())
    told = []
    for hours in (1, 2):
        monkeypatch.setattr(clock, "_skew", hours * 3600.0)
        run = exact(editor.post(f"/api/flows/{loading}/runs", {"mode": "live"}))["run"]
        work(app)
        (read,) = exact(editor.get(f"/api/runs/{run}"))["reads"]
        assert read["node"] == before["node"]
        told.append(read)
    (after,) = exact(editor.get(f"/api/flows/{loading}/watermarks"))["reads"]
    assert after["mark"] == stamp(newest)
    assert told[0]["since"] is None
    assert told[1]["since"] == after["since"] == earlier(newest)
    assert told[0]["until"] < told[1]["until"]
