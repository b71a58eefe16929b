"""Triggers, read and write: what they ask for, identify and say."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from engine import compare
from engine.connector import Filter
from engine.errors import DefinitionError, RecordRejected, RequestError
from engine.node import NodeContext, Outbox
from engine.record import Origin, Record, fingerprint
from engine.scope import CONDITIONS
from nodes.move.read import ReadRecordsNode
from nodes.move.write import WriteRecordsNode
from nodes.trigger.manual import ManualNode
from nodes.trigger.webhook import WebhookNode


def make(cls: type[Any], **drawn: Any) -> Any:
    return cls(cls.Settings.model_validate(drawn), NodeContext(node="n"))


def path(text: str, **more: Any) -> dict[str, Any]:
    return {"kind": "path", "path": text, **more}


# triggers ------------------------------------------------------------------------------------------------


def test_a_webhook_brings_records_with_their_keys() -> None:
    node = make(WebhookNode, record_path="$.data", key_path="$.Id")
    one = node.bring({"data": {"Id": 12345678901234567890, "x": 1}})
    assert [(record.key, record.data["x"]) for record in one] == [("12345678901234567890", 1)]
    two = node.bring({"data": [{"Id": "a"}, {"Id": ""}]})
    assert [record.key for record in two] == ["a", fingerprint({"Id": ""})]


def test_a_webhook_without_records_is_the_callers_mistake() -> None:
    with pytest.raises(RequestError, match="brought nothing at") as refused:
        make(WebhookNode, record_path="$.data").bring({"other": 1})
    assert refused.value.status == 422


def test_a_webhook_checks_its_paths() -> None:
    node = make(WebhookNode, record_path="$.a[", key_path="$.b[")
    assert [problem.field for problem in node.check()] == ["record_path", "key_path"]
    with pytest.raises(DefinitionError):
        node.bring({})


def test_by_hand_brings_what_it_is_given() -> None:
    assert [record.key for record in make(ManualNode).bring([{"id": 1}, {"id": 2}])] == ["1", "2"]


# read ----------------------------------------------------------------------------------------------------


def test_old_drawings_spell_an_operator_another_way() -> None:
    for op in ("not-empty", "not_empty"):
        node = make(ReadRecordsNode, slot="crm", entity="E", filters=[{"field": "Code", "op": op}])
        assert (node.check(), node.query(None).filters[0].op) == ([], "not_empty")
        assert node.summary() == "E where Code is not empty"


def test_a_read_asks_for_what_was_drawn() -> None:
    node = make(
        ReadRecordsNode,
        slot="crm",
        entity="Opportunity",
        fields=["Id", "Account.Name"],
        lines=["Products"],
        filters=[
            {"field": "Stage", "value": "60d5310c", "shown": "Closed won"},
            {"field": "Amount", "op": "gt", "value": 0.1},
        ],
        changes=True,
    )
    query = node.query(None)
    assert (query.entity, query.fields, query.lines, query.keys) == (
        "Opportunity", ("Id", "Account.Name"), ("Products",), None,
    )  # fmt: skip
    assert query.filters == (
        Filter(field="Stage", value="60d5310c"),
        Filter(field="Amount", op="gt", value=Decimal("0.1")),
    )
    assert node.incremental
    assert node.summary() == "Changed Opportunity where Stage is Closed won and Amount is more than 0.1"
    assert node.check() == []


@pytest.mark.parametrize(
    ("brought", "keys"),
    [(None, None), ({"id": 7}, ("7",)), ({"id": ["a", "b", "a"]}, ("a", "b")), ({"id": []}, ())],
)
def test_a_trigger_can_name_the_records(brought: Any, keys: Any) -> None:
    node = make(ReadRecordsNode, slot="s", entity="E", only=path("$.id"))
    trigger = None if brought is None else Record("trigger", brought)
    assert node.query(trigger).keys == keys


def test_a_trigger_that_names_nothing_does_not_read_everything() -> None:
    node = make(ReadRecordsNode, slot="s", entity="E", only=path("$.id"))
    for brought in ({}, [], "", 7, "text", [1], {"other": 1}, {"id": None}, {"id": ""}, {"id": [[1]]}):
        with pytest.raises(DefinitionError, match="does not name the records"):
            node.query(Record("trigger", brought))
    lenient = make(ReadRecordsNode, slot="s", entity="E", only=path("$.id", may_be_empty=True))
    assert lenient.query(Record("trigger", {"other": 1})).keys is None


def test_the_record_as_read_stays_at_hand_and_gets_its_title() -> None:
    out = Outbox()
    make(ReadRecordsNode, slot="s", entity="E", title_field="A.Name").process(
        [Record("1", {"A": {"Name": "Acme"}}), Record("2", {}, title="T")], out
    )
    first, second = out.ports["out"]
    assert (first.title, first.steps) == ("Acme", {"n": {"A": {"Name": "Acme"}}})
    assert second.title == "T"


def test_a_read_checks_its_drawing() -> None:
    assert [problem.field for problem in make(ReadRecordsNode).check()] == ["slot", "entity"]
    filters = [
        {"field": ""},
        {"field": "a"},
        {"field": "a", "op": "in", "value": "x"},
        {"field": "a", "op": "empty"},
    ]
    node = make(ReadRecordsNode, slot="s", entity="E", filters=filters, only=path("$.x["))
    assert [problem.field for problem in node.check()] == [
        "filters.0.field", "filters.1.value", "filters.2.value", "only.path",
    ]  # fmt: skip


# write ---------------------------------------------------------------------------------------------------


def test_a_write_stands_for_the_record_itself_by_default() -> None:
    node = make(WriteRecordsNode, slot="erp", entity="ARINVOICE", match=["RECORDID"], number_field="RECORDID")
    target = node.target()
    assert (target.slot, target.entity, target.operation, target.match, target.number_field) == (
        "erp", "ARINVOICE", "upsert", ("RECORDID",), "RECORDID",
    )  # fmt: skip
    record = Record("7", {}, origin=Origin("crm", "Opportunity"))
    assert node.identify(record) == (None, "Opportunity", "7")
    assert node.summary() == "Create or update ARINVOICE, recognised by RECORDID"
    assert node.check() == []


def test_a_write_can_stand_for_another_object_and_know_the_id() -> None:
    node = make(
        WriteRecordsNode,
        slot="erp",
        entity="CUSTOMER",
        id=path("$steps.find.CUSTOMERID", may_be_empty=True),
        source={"entity": "Account", "id": path("$steps.read.AccountId")},
    )
    record = Record("7", {}, steps={"read": {"AccountId": 12}, "find": {"CUSTOMERID": "C1"}})
    assert node.identify(record) == ("C1", "Account", "12")
    assert node.identify(Record("7", {}, steps={"read": {"AccountId": "A"}})) == (None, "Account", "A")
    for steps in ({}, {"read": {"AccountId": ""}}, {"read": {"AccountId": ["x"]}}):
        with pytest.raises(RecordRejected):
            node.identify(Record("7", {}, steps=steps))


def test_values_for_one_operation_reach_the_delivery() -> None:
    node = make(WriteRecordsNode, slot="s", entity="E")
    assert node.conditions(Record("1", {})) == {}
    assert node.conditions(Record("1", {}, steps={CONDITIONS: {"A": "create"}})) == {"A": "create"}


def test_nested_values_for_the_other_operation_are_left_out() -> None:
    data = {"A": 1, "C": {"D": 2, "E": {"F": 3}}, "X.Y": 4}
    assert compare.without(data, ["A", "C.E.F", "X.Y", "C.Z", "Q.R"]) == {"C": {"D": 2, "E": {}}}
    assert data == {"A": 1, "C": {"D": 2, "E": {"F": 3}}, "X.Y": 4}


def test_a_write_checks_its_drawing() -> None:
    found = make(WriteRecordsNode, id=path("$.x[")).check()
    assert [(problem.field, problem.severity) for problem in found] == [
        ("slot", "error"), ("entity", "error"), ("id.path", "error"),
    ]  # fmt: skip
    (warning,) = make(WriteRecordsNode, slot="s", entity="E").check()
    assert (warning.code, warning.severity) == ("E-WRITE-MATCH", "warning")
    assert make(WriteRecordsNode, slot="s", entity="E", operation="create").check() == []
