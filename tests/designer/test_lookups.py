"""Shared lookup tables: a hundred thousand rows, edits in place, files, and tables read live from a system."""

from __future__ import annotations

import io
from typing import Any

import pytest
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from designer import feeds
from engine import clock
from tests.designer.conftest import Desk, Ledger, exact, installation_of, pipeline
from tests.designer.test_answers import held, send
from tests.designer.test_library import publish, shared, taken

HUNDRED_THOUSAND = 100_000


def upload(editor: Desk, slug: str, text: str, base: int) -> Any:
    file = FileStorage(io.BytesIO(text.encode()), "rows.csv")
    boundary, body = encode_multipart({"file": file, "base": str(base)})
    kind = f'multipart/form-data; boundary="{boundary}"'
    return editor.call("POST", f"/api/library/{slug}/import", data=body, content_type=kind)


@pytest.fixture
def big(editor: Desk) -> str:
    shared(editor, "lookup", "Accounts", {"columns": ["Product", "Account"], "rows": []})
    text = "Product;Account\n" + "".join(f"P{n};{n}\n" for n in range(HUNDRED_THOUSAND))
    answer = upload(editor, "accounts", text, 1)
    assert answer.status_code == 201, answer.text
    assert (exact(answer)["version"], exact(answer)["rows"]) == (2, HUNDRED_THOUSAND)
    return "accounts"


def test_a_hundred_thousand_rows_stay_out_of_the_drawing_and_decide(
    app: Any, editor: Desk, connection: str, big: str
) -> None:
    drawn = pipeline(tables={})
    mapping = next(node for node in drawn["nodes"] if node["id"] == "map")
    mapping["settings"]["rows"][1]["value"]["then"][0]["args"]["table"]["value"] = f"shared:{big}"
    complete = taken(editor, drawn, big)
    assert complete["tables"][f"shared:{big}"]["rows"] == []
    assert complete["shared"][big]["large"] is True
    slug = publish(editor, complete)
    assert len(editor.get(f"/api/flows/{slug}").text) < 50_000
    orders = [{"id": "a", "product": "p99999 ", "total": 1}, {"id": "b", "product": "P100000", "total": 2}]
    send(app, editor, slug, *orders)
    assert [row["account"] for row in Ledger.written] == ["99999"]
    group = held(editor)
    answer = {"question": group["question"], "answer": {"Account": "4200"}}
    assert editor.post("/api/reviews/answer", answer).status_code == 200
    entry = exact(editor.get(f"/api/library/{big}"))
    assert (entry["version"], entry["rows"], entry["used_by"][0]["live"]) == (3, HUNDRED_THOUSAND + 1, 3)
    found = exact(editor.get(f"/api/library/{big}/rows?search=p10000"))
    assert found["total"] == 2
    assert found["rows"][-1] == {"place": HUNDRED_THOUSAND, "cells": ["P100000", "4200"]}


def test_a_large_table_is_turned_page_by_page_and_edited_in_place(editor: Desk, big: str) -> None:
    page = exact(editor.get(f"/api/library/{big}/rows?offset=50000&limit=2"))
    assert page["rows"] == [{"place": n, "cells": [f"P{n}", str(n)]} for n in (50_000, 50_001)]
    edits = {"changed": {"50000": ["P50000", "new"], "50001": None}, "added": [["Q", "1"]]}
    saved = editor.post(f"/api/library/{big}/rows", {"base": 2, **edits})
    assert (saved.status_code, exact(saved)["rows"]) == (201, HUNDRED_THOUSAND)
    page = exact(editor.get(f"/api/library/{big}/rows?offset=50000&limit=2"))
    assert [row["cells"] for row in page["rows"]] == [["P50000", "new"], ["P50002", "50002"]]
    stale = editor.post(f"/api/library/{big}/rows", {"base": 2, **edits})
    assert (stale.status_code, exact(stale)["code"]) == (409, "E-REVISION")
    old = exact(editor.get(f"/api/library/{big}/rows?version=2&offset=50000&limit=1"))
    assert old["rows"][0]["cells"] == ["P50000", "50000"], "a version never changes"


def test_a_file_that_does_not_fit_is_refused(editor: Desk) -> None:
    shared(editor, "lookup", "Accounts", {"columns": ["Product", "Account"], "rows": []})
    wide = upload(editor, "accounts", "a,b,c\n", 1)
    assert (wide.status_code, exact(wide)["code"]) == (422, "E-COLUMN")
    assert exact(upload(editor, "accounts", "", 1))["code"] == "E-FILE"
    shared(editor, "rules", "Not a table", {"rules": []})
    assert exact(editor.get("/api/library/not-a-table/rows"))["code"] == "E-SHARED-KIND"


def test_rows_whose_days_overlap_are_refused(editor: Desk) -> None:
    document = {"columns": ["Code", "Rate", "From", "Until"], "valid_from": "From", "valid_to": "Until"}
    shared(editor, "lookup", "Taxes", {**document, "rows": []})
    rows = "V19,19,2021-01-01,\nV19,16,2020-07-01,2020-12-31\n"
    assert upload(editor, "taxes", rows, 1).status_code == 201
    refused = upload(editor, "taxes", rows + "V19,17,2020-12-31,2020-12-31\n", 2)
    assert exact(refused)["problems"][0]["code"] == "E-LOOKUP-OVERLAP"
    refused = upload(editor, "taxes", "V19,17,1.1.2021,\n", 2)
    assert exact(refused)["problems"][0]["code"] == "E-LOOKUP-DAY"


def test_a_table_is_read_live_and_becomes_a_version_when_something_changed(
    app: Any, editor: Desk, connection: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared(editor, "lookup", "Accounts", {"columns": ["Account", "Total"], "rows": []})
    body = {"connection": connection, "entity": "invoice", "fields": {"Account": "account", "Total": "total"}}
    assert exact(editor.post("/api/library/accounts/refresh"))["code"] == "E-FEED-NONE"
    wrong = editor.put("/api/library/accounts/source", {**body, "fields": {"Total": "total"}})
    assert (wrong.status_code, exact(wrong)["code"]) == (422, "E-COLUMN")
    assert editor.put("/api/library/accounts/source", {**body, "hours": 6}).status_code == 200
    Ledger.stored.update(b={"account": "4200", "total": 20}, a={"account": "4000", "total": 10})
    told = exact(editor.post("/api/library/accounts/refresh"))
    assert told == {"version": 2, "rows": 2, "changed": True}
    document = exact(editor.get("/api/library/accounts"))["document"]
    assert document["rows"] == [["4000", "10"], ["4200", "20"]]
    assert exact(editor.post("/api/library/accounts/refresh"))["changed"] is False

    runtime = installation_of(app).runtime
    Ledger.stored["c"] = {"account": "5000", "total": 1}
    feeds.refresh_due(runtime)
    assert exact(editor.get("/api/library/accounts"))["version"] == 2, "not due yet"
    later = clock.now() + 6 * 3600
    monkeypatch.setattr(clock, "now", lambda: later)
    feeds.refresh_due(runtime)
    assert exact(editor.get("/api/library/accounts"))["rows"] == 3
    Ledger.stored.clear()
    refused = editor.post("/api/library/accounts/refresh")
    assert exact(refused)["problems"][0]["code"] == "E-FEED-EMPTY"
    assert exact(editor.get("/api/library/accounts"))["rows"] == 3
    assert editor.delete("/api/library/accounts/source").status_code == 204
    assert exact(editor.get("/api/library/accounts/source")) is None
