"""A value that a table does not translate, or not clearly, is answered in the inbox, whichever way it goes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.designer.conftest import Desk, exact, work
from tests.designer.test_conflicts import (
    Crm,
    Erp,
    publish,
    sync,
    two,  # noqa: F401 - the fixture of every test here
)
from tests.engine.two_systems import PAIRS

pytestmark = pytest.mark.usefixtures("two")

ROWS = [["new", "N"], ["open", None], ["old", "O"], ["gone", "O"]]


@pytest.fixture
def slug(app: Any, editor: Desk) -> str:
    """A live flow that translates the state; both toys have customers 1 to 3, in step."""
    fields = [
        {**pair, **({"table": {"table": "states"}} if pair["left"] == "state" else {})} for pair in PAIRS
    ]
    tables = {"states": {"columns": ["CRM", "ERP"], "rows": ROWS}}
    made = publish(editor, fields=fields, tables=tables)
    sync(app, editor, made)
    return made


def asked(desk: Desk) -> Any:
    (group,) = exact(desk.get("/api/reviews"))["groups"]
    return group


def answer(app: Any, desk: Desk, group: Any, status: int = 200, **given: str) -> Any:
    done = desk.post("/api/reviews/answer", {"question": group["question"], "answer": given})
    assert done.status_code == status, done.text
    work(app)
    return exact(done)


def rows(desk: Desk, slug: str) -> Any:
    return exact(desk.get(f"/api/flows/{slug}"))["document"]["tables"]["states"]["rows"]


def test_a_value_of_the_right_side_gets_its_row(app: Any, editor: Desk, slug: str) -> None:
    Erp.world_of.edit("B1", state="P")
    Erp.world_of.edit("B2", state="P")
    sync(app, editor, slug)
    group = asked(editor)
    assert (group["count"], group["form"]["key"]) == (2, "P")
    (column,) = group["form"]["columns"]
    assert (column["name"], [one["value"] for one in column["options"]]) == (
        "CRM", ["gone", "new", "old", "open"]
    )  # fmt: skip
    assert answer(app, editor, group, 422)["code"] == "E-MISSING"
    assert answer(app, editor, group, 422, CRM="new")["message"] == "new stands for N already."
    answer(app, editor, group, CRM="open")
    assert [Crm.world_of.objects[f"A{number}"]["state"] for number in (1, 2)] == ["open", "open"]
    assert rows(editor, slug) == [["new", "N"], ["open", "P"], ["old", "O"], ["gone", "O"]]
    Erp.world_of.edit("B3", state="Q")
    sync(app, editor, slug)
    answer(app, editor, asked(editor), CRM="parked")
    assert rows(editor, slug)[-1] == ["parked", "Q"]
    assert Crm.world_of.objects["A3"]["state"] == "parked"


def test_of_several_rows_one_is_chosen(app: Any, editor: Desk, slug: str) -> None:
    Erp.world_of.edit("B1", state="O")
    sync(app, editor, slug)
    group = asked(editor)
    (column,) = group["form"]["columns"]
    assert [one["value"] for one in column["options"]] == ["old", "gone"]
    assert answer(app, editor, group, 422, CRM="new")["code"] == "E-CHOICE"
    answer(app, editor, group, CRM="old")
    assert Crm.world_of.objects["A1"]["state"] == "old"
    assert rows(editor, slug) == [["new", "N"], ["open", None], ["old", "O"], ["gone", None]]
    Crm.world_of.edit("A2", state="gone")
    sync(app, editor, slug)
    group = asked(editor)
    assert group["question"]["kind"] == "lookup", "the other one asks when it is met"
    answer(app, editor, group, ERP="G")
    assert Erp.world_of.objects["B2"]["STATE"] == "G"
