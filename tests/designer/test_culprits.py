"""A failure names what was to be written; whoever corrects the record is led to what was read."""

from __future__ import annotations

from typing import Any

import pytest

from designer.culprits import culprits
from engine.flow import Flow
from engine.plan import build
from engine.store.deliveries import Delivery
from tests.designer.conftest import Desk, exact, pipeline
from tests.designer.test_runs import WIDGET, run


def path(text: str, **more: Any) -> dict[str, Any]:
    return {"kind": "path", "path": text, **more}


def drawing() -> Flow:
    """Two mappings before the write: the second takes what the first has made."""
    drawn = pipeline()
    add = {"function": "add", "args": {"number": path("$.Fee['in full']")}}
    inner = [
        {"target": "Sum", "value": path("$.Price.Net")},
        {"target": "Who", "value": path("$parent.Owner.Name")},
    ]
    drawn["nodes"][2]["settings"]["rows"] = [
        {"target": "amount", "value": path("$.Amount", then=[add])},
        {"target": "Items", "lines": "$.Products[*]", "rows": inner},
        {"target": "made", "value": path("$key")},
    ]
    last = [
        {"target": "total", "value": path("$.amount")},
        {"target": "account", "value": path("$.account")},
        {"target": "Lines", "lines": "$.Items", "rows": [{"target": "Sum", "value": path("$.Sum")}]},
        {"target": "made", "value": path("$.made")},
    ]
    drawn["nodes"].insert(
        3, {"id": "last", "type": "map", "settings": {"slot": "books", "entity": "invoice", "rows": last}}
    )
    drawn["edges"][2:] = [{"source": "map", "target": "last"}, {"source": "last", "target": "write"}]
    return Flow.model_validate(drawn)


DATA = {
    "Amount": 12, "Fee": {"in full": 1}, "Owner": None, "account": "4000",
    "Products": [{"Price": {"Net": 1}}, {"Price": {"Net": "?"}}],
}  # fmt: skip


@pytest.mark.parametrize(
    ("node", "field", "sources"),
    [
        ("write", "total", ["Amount", "Fee.in full"]),
        ("write", "TOTAL", ["Amount", "Fee.in full"]),
        ("write", "account", ["account"]),
        ("write", "Lines[2].Sum", ["Products.1.Price.Net"]),
        ("write", "Lines", ["Products"]),
        ("map", "Items[1].Who", []),  # there is no owner whose name could be corrected
        ("map", "amount", ["Amount", "Fee.in full"]),
        ("write", "made", []),
        ("tell-people", "Owner", ["Owner"]),
        ("write", "Nowhere.at.all", []),
    ],
)
def test_a_failure_is_followed_back_to_what_was_read(node: str, field: str, sources: list[str]) -> None:
    row = Delivery(
        run_id="r", lane=0, batch=0, node=node, key="1", root="1", outcome="failed", weight=9,
        message="It does not fit.", field=field,
    )  # fmt: skip
    found = culprits(build(drawing()), [row], DATA)
    assert [one["field"] for one in found] == sources
    assert {one["message"] for one in found} <= {"It does not fit."}


def test_the_page_of_a_record_names_them(app: Any, editor: Desk, live: str) -> None:
    key = WIDGET["id"]
    failed = run(editor, live, app, [{name: value for name, value in WIDGET.items() if name != "total"}])
    record = exact(editor.get(f"/api/runs/{failed}/records/{key}"))
    (wrong,) = record["wrong"]
    assert (wrong["field"], record["shape"]) == ("total", None)
    assert wrong["message"] == record["deliveries"][0]["message"]
