"""Decision tables over HTTP: the check with its gaps, the way to Excel and DMN and back, plain cells."""

from __future__ import annotations

import io
from typing import Any

import pytest
from openpyxl import Workbook

from engine.record import to_json
from tests.designer.conftest import Desk, exact

TABLE: dict[str, Any] = {
    "title": "Entity",
    "hit_policy": "unique",
    "inputs": [
        {"id": "country", "title": "Country", "type": "text", "value": {"kind": "path", "path": "$.country"}},
        {"id": "amount", "title": "Amount", "type": "number", "value": {"kind": "path", "path": "$.amount"}},
    ],
    "outputs": [{"id": "entity", "title": "Entity", "target": "entity", "type": "text"}],
    "rows": [
        {"id": "r1", "when": ['"DE", "AT"', "-"], "then": ['"EU"']},
        {"id": "r2", "when": ['not("DE", "AT")', "< 1000"], "then": ['"Small"']},
    ],
}


def upload(desk: Desk, path: str, raw: bytes, name: str, **more: str) -> Any:
    data = {"file": (io.BytesIO(raw), name), **more}
    return desk.call("POST", path, data=data, content_type="multipart/form-data")


def test_the_row_that_the_check_offers_closes_the_gap(editor: Desk) -> None:
    found = exact(editor.post("/api/tables/check", {"table": TABLE}))
    (gap,) = found["gaps"]
    assert (found["problems"], found["complete"], gap["row"]) == ([], True, ['not("AT", "DE")', ">= 1000"])
    assert set(gap["example"]) == {"Country", "Amount"}
    cured = {**TABLE, "rows": [*TABLE["rows"], {"id": "r3", "when": gap["row"], "then": ['"Big"']}]}
    assert exact(editor.post("/api/tables/check", {"table": cured}))["gaps"] == []


def test_the_check_tells_overlaps_and_wrong_cells(editor: Desk) -> None:
    twice = {**TABLE, "rows": [*TABLE["rows"], {"id": "r3", "when": ['"DE"', "> 5"], "then": ['"X"']}]}
    (overlap,) = exact(editor.post("/api/tables/check", {"table": twice}))["overlaps"]
    assert (overlap["rows"], overlap["conflict"], overlap["example"]["Country"]) == (
        ["r1", "r3"],
        True,
        '"DE"',
    )
    wrong = {**TABLE, "rows": [{"id": "r1", "when": ["DE", "> "], "then": ['"X"']}]}
    fields = {
        problem["field"] for problem in exact(editor.post("/api/tables/check", {"table": wrong}))["problems"]
    }
    assert fields == {"rows.0.when.0", "rows.0.when.1"}
    refused = editor.post("/api/tables/check", {"table": {**TABLE, "outputs": []}})
    assert (refused.status_code, exact(refused)["code"]) == (422, "E-TABLE")


@pytest.mark.parametrize("form", ["xlsx", "dmn"])
def test_a_table_goes_out_and_comes_back(editor: Desk, form: str) -> None:
    sent = editor.post(f"/api/tables/export?format={form}", {"table": TABLE})
    assert sent.status_code == 200
    assert sent.headers["Content-Disposition"] == f'attachment; filename="entity.{form}"'
    back = upload(editor, "/api/tables/import", sent.data, f"entity.{form}", table=to_json(TABLE).decode())
    assert back.status_code == 200, back.text
    table = exact(back)["table"]
    assert [row["when"] for row in table["rows"]] == [row["when"] for row in TABLE["rows"]]
    assert [row["then"] for row in table["rows"]] == [row["then"] for row in TABLE["rows"]]
    if form == "xlsx":
        assert table["inputs"][0]["value"]["path"] == "$.country"


@pytest.mark.parametrize("raw", [b"", b"PK\x03\x04 nonsense", b"<html/>", b"not xml"])
def test_other_files_are_refused_in_words(editor: Desk, raw: bytes) -> None:
    refused = upload(editor, "/api/tables/import", raw, "table.xlsx")
    assert refused.status_code == 422
    assert exact(refused)["message"].startswith("The file")


def test_cells_come_from_csv_and_excel(editor: Desk) -> None:
    csv = "Product;Account\r\nConsulting;4000\r\n\r\n".encode("utf-8-sig")
    expected = [["Product", "Account"], ["Consulting", "4000"]]
    assert exact(upload(editor, "/api/tables/cells", csv, "accounts.csv"))["rows"] == expected
    book = Workbook()
    book.active.append(["Product", "Account"])
    book.active.append(["Consulting", 4000])
    raw = io.BytesIO()
    book.save(raw)
    assert exact(upload(editor, "/api/tables/cells", raw.getvalue(), "accounts.xlsx"))["rows"] == expected
    assert upload(editor, "/api/tables/cells", b"a,\x00", "x.csv").status_code == 422
