"""What every node type must hold, over the registry: a new one is tested without a new test.

A fresh node is drawn with default settings. ``EXAMPLES`` adds drawings that say more than the defaults can.
"""

from __future__ import annotations

import inspect
import json
from copy import deepcopy
from decimal import Decimal
from typing import Any

import pytest

from engine.errors import DefinitionError, Held, RecordRejected
from engine.flow import LookupTable
from engine.node import LookupNode, Node, NodeContext, Outbox, ReadNode, Trace, TriggerNode, WriteNode
from engine.record import Origin, Record, to_json
from engine.registry import card, node_types
from engine.shape import Entity, Field

TYPES = sorted(node_types().items())
CONTEXT = NodeContext(node="n", tables={"t": LookupTable(columns=["Key", "Value"], rows=[["Goods", "4000"]])})
PATH = {"kind": "path", "path": "$.Amount"}
BIG = {"left": PATH, "op": ">", "right": {"kind": "constant", "value": 100}}
TABLE = {"function": "lookup", "args": {"table": {"kind": "constant", "value": "t"}}}

EXAMPLES: list[tuple[str, dict[str, Any]]] = [
    (
        "map",
        {
            "entity": "INVOICE",
            "rows": [
                {"target": "TOTAL.AMOUNT", "value": PATH, "when": "create"},
                {"target": "ACCOUNT", "value": {"kind": "path", "path": "$.Kind", "then": [TABLE]}},
                {"target": "ITEMS", "lines": "$.Lines", "rows": [{"target": "P", "value": PATH}]},
            ],
        },
    ),
    ("map", {"keep": True, "rows": [{"target": "Amount", "value": {"kind": "constant", "value": 1}}]}),
    ("filter", {"condition": BIG}),
    ("switch", {"cases": [{"port": "big", "condition": BIG}], "otherwise": False}),
    ("split", {"path": "$.Lines"}),
    ("rules", {"rules": {"rules": [{"id": "r", "when": BIG, "then": [{"do": "route", "port": "vip"}]}]}}),
    (
        "lookup",
        {
            "slot": "erp",
            "entity": "C",
            "match": [{"field": "K", "value": PATH}],
            "missing": "empty",
            "as": "c",
        },
    ),
    ("lookup", {"slot": "erp", "entity": "C", "match": [{"field": "K", "value": PATH}], "many": True}),
    (
        "read",
        {
            "slot": "crm",
            "entity": "Deal",
            "title_field": "Kind",
            "filters": [{"field": "Stage", "value": "won"}],
        },
    ),
    (
        "write",
        {"slot": "erp", "entity": "INVOICE", "match": ["NUMBER"], "id": {**PATH, "may_be_empty": True}},
    ),
    ("webhook", {"record_path": "$.data"}),
]
DRAWINGS = [*((name, {}) for name, _ in TYPES), *EXAMPLES]

RECORDS = [
    Record(
        "1", {"Amount": Decimal("150.00"), "Kind": "Goods", "Lines": [{"Amount": 1}, {"Amount": "2.5"}]}, 0
    ),
    Record("2", {"Amount": 5, "Kind": "Nonsense", "Lines": []}, 1, Origin("crm", "Deal"), title="Deal 2"),
    Record("3", {"Amount": "many", "Kind": None}, 2),
    Record("4", {}, 3, deleted=True),
    Record("5", ["a", None], 4),
    Record("6", None, 5, steps={"earlier": {"id": "x"}}),
]
SHAPE = Entity(name="Deal", fields=(Field(name="Amount", type="money"), Field(name="Lines", type="lines")))


def draw(name: str, drawn: dict[str, Any]) -> Node[Any]:
    cls = node_types()[name]
    return cls(cls.Settings.model_validate(drawn), CONTEXT)


def through(node: Node[Any], trace: Trace | None = None) -> Outbox:
    answers = (
        {key: [{"K": 5}] for key in node.want(RECORDS).matches} if isinstance(node, LookupNode) else None
    )
    out = Outbox(answers, trace, run={"started": "2026-11-20T08:00:00Z"})
    node.process(RECORDS, out)
    return out


def faulty(node: Node[Any]) -> bool:
    return any(problem.severity == "error" for problem in node.check())


@pytest.mark.parametrize(("name", "cls"), TYPES)
def test_the_card_tells_everything_and_serialises(name: str, cls: type[Node[Any]]) -> None:
    told = card(cls)
    assert json.loads(json.dumps(told)) == told
    assert (told["type"], cls.title != "", cls.glyph != "") == (name, True, True)
    assert told["group"] in ("trigger", "read", "shape", "decide", "write")
    assert len(inspect.cleandoc(cls.__doc__ or "")) > 40, "the docstring is the help text"
    assert cls.__doc__ is not Node.__doc__


@pytest.mark.parametrize(("name", "cls"), TYPES)
def test_every_setting_has_a_title_and_a_description(name: str, cls: type[Node[Any]]) -> None:
    lacking = [
        field for field, info in cls.Settings.model_fields.items() if not (info.title and info.description)
    ]
    assert lacking == []


@pytest.mark.parametrize(("name", "drawn"), DRAWINGS)
def test_settings_survive_saving_and_reopening(name: str, drawn: dict[str, Any]) -> None:
    document = node_types()[name].Settings.model_validate(drawn)
    dumped = json.loads(to_json(document.model_dump(mode="python", by_alias=True)))
    assert node_types()[name].Settings.model_validate(dumped) == document


@pytest.mark.parametrize(("name", "drawn"), DRAWINGS)
def test_the_editor_can_draw_it(name: str, drawn: dict[str, Any]) -> None:
    node = draw(name, drawn)
    ports = {port.name for port in node.ports_out(node.settings)}
    assert "rejected" not in ports
    for shape in (None, SHAPE):
        assert set(node.infer({"in": shape})) == ports
    assert isinstance(node.summary(), str)
    for problem in node.check():
        assert problem.message.endswith(".")
        assert problem.cure.endswith((".", "?"))
        assert problem.code.startswith("E-")


@pytest.mark.parametrize(("name", "drawn"), DRAWINGS)
def test_every_record_leaves_and_nothing_else_happens(name: str, drawn: dict[str, Any]) -> None:
    node = draw(name, drawn)
    if isinstance(node, WriteNode):
        return  # delivered, not processed: see below
    if faulty(node):
        with pytest.raises(DefinitionError):
            through(node)
        return
    before = deepcopy(RECORDS)
    out = through(node)
    assert before == RECORDS, "the records that came in were changed"
    leaving = [record for some in out.ports.values() for record in some]
    ended = [record for record, _ in (*out.failures, *out.skipped)]
    assert {record.root for record in (*leaving, *ended)} == {record.root for record in RECORDS}
    assert set(out.ports) <= {port.name for port in node.ports_out(node.settings)}
    assert all(isinstance(error, RecordRejected | Held) for _, error in out.failures)
    assert all(error.message.endswith((".", ")", "?")) for _, error in out.failures)
    assert all(reason for _, reason in out.skipped)
    kept = {record.key: record for record in RECORDS}
    for record in leaving:
        source = kept[record.key.partition("#")[0]]
        assert (record.root, record.origin, record.deleted) == (source.root, source.origin, source.deleted)
        assert record.steps.items() >= source.steps.items()

    for again in (through(node), through(draw(name, drawn)), through(node, Trace())):
        assert to_json(again.ports) == to_json(out.ports)
        assert [str(error) for _, error in again.failures] == [str(error) for _, error in out.failures]


@pytest.mark.parametrize(("name", "drawn"), DRAWINGS)
def test_the_rim_says_what_it_wants(name: str, drawn: dict[str, Any]) -> None:
    node = draw(name, drawn)
    if isinstance(node, WriteNode):
        assert {port.name for port in node.outputs} == {"written", "unchanged", "held", "failed"}
        target = node.target()
        assert node.target() == target
        for record in RECORDS:
            remote_id, entity, source_id = node.identify(record)
            assert node.identify(record) == (remote_id, entity, source_id)
            assert source_id
            assert set(node.conditions(record).values()) <= {"create", "update"}
    if isinstance(node, ReadNode):
        assert node.query(None) == node.query(None)
        assert node.query(None).keys is None
    if isinstance(node, TriggerNode):
        assert node.inputs == ()
        brought = node.bring({"data": [{"id": "a"}], "id": "b"})
        assert brought
        assert len({record.key for record in brought}) == len(brought)
