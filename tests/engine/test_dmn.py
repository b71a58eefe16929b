"""DMN models: requirements, knowledge, types, versions, and files that must be refused."""

from __future__ import annotations

from decimal import Decimal

import pytest

from engine.dmn import NAMESPACES, read_model
from engine.errors import DefinitionError, RecordRejected
from engine.feel import FeelError, parse_expression
from engine.meaning import evaluate

MODEL = """<?xml version="1.0"?>
<definitions xmlns="NAMESPACE" id="m" name="Freight" namespace="urn:freight">
  <itemDefinition name="tZone"><typeRef>string</typeRef>
    <allowedValues><text>"near", "far"</text></allowedValues></itemDefinition>
  <inputData id="i1" name="Zone"><variable name="Zone" typeRef="tZone"/></inputData>
  <inputData id="i2" name="Gross weight"><variable name="Gross weight" typeRef="number"/></inputData>
  <businessKnowledgeModel id="b" name="per kilo"><encapsulatedLogic>
    <formalParameter name="w"/><formalParameter name="rate"/>
    <literalExpression><text>w * rate</text></literalExpression></encapsulatedLogic></businessKnowledgeModel>
  <decision id="d1" name="Rate"><variable name="Rate" typeRef="number"/>
    <informationRequirement><requiredInput href="#i1"/></informationRequirement>
    <decisionTable hitPolicy="UNIQUE">
      <input label="Zone"><inputExpression typeRef="tZone"><text>Zone</text></inputExpression></input>
      <output/>
      <rule><inputEntry><text>"near"</text></inputEntry><outputEntry><text>0.5</text></outputEntry></rule>
      <rule><inputEntry><text>"far"</text></inputEntry><outputEntry><text>2</text></outputEntry></rule>
    </decisionTable></decision>
  <decision id="d2" name="Freight cost"><variable name="Freight cost"/>
    <informationRequirement><requiredDecision href="#d1"/></informationRequirement>
    <informationRequirement><requiredInput href="#i2"/></informationRequirement>
    <knowledgeRequirement><requiredKnowledge href="#b"/></knowledgeRequirement>
    <invocation><literalExpression><text>per kilo</text></literalExpression>
      <binding><parameter name="rate"/><literalExpression><text>Rate</text></literalExpression></binding>
      <binding><parameter name="w"/><literalExpression><text>Gross weight</text></literalExpression></binding>
    </invocation></decision>
  <decision id="d3" name="Total"><variable name="Total"/>
    <informationRequirement><requiredDecision href="#d2"/></informationRequirement>
    <knowledgeRequirement><requiredKnowledge href="#b"/></knowledgeRequirement>
    <literalExpression><text>Freight cost + per kilo(rate: 3, w: 1)</text></literalExpression></decision>
</definitions>"""


@pytest.mark.parametrize("namespace", NAMESPACES)
def test_works_out_a_decision_and_what_it_requires(namespace: str) -> None:
    model = read_model(MODEL.replace("NAMESPACE", namespace).encode())
    inputs = {"Zone": "far", "Gross weight": Decimal(10)}
    assert model.decisions() == ["Rate", "Freight cost", "Total"]
    assert (model.decide("Freight cost", inputs), model.decide("Total", inputs)) == (20, 23)
    assert model.decide("Total", {"Zone": "near"}) is None
    assert model.tables()["Rate"].inputs[0].type == "text"
    with pytest.raises(RecordRejected, match="does not allow"):
        model.decide("Rate", {"Zone": "moon"})
    with pytest.raises(DefinitionError, match="no decision"):
        model.decide("Nothing", {})


ENTITY = '<!DOCTYPE definitions [<!ENTITY x SYSTEM "file:///etc/hostname">]>'


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "<definitions/>",
        "<html xmlns='NAMESPACE'/>",
        "<definitions xmlns='urn:other'/>",
        ENTITY + "<definitions xmlns='NAMESPACE' name='&x;'/>",
        MODEL.replace("w * rate", "w * "),
        MODEL.replace("UNIQUE", "SOMETIMES"),
        MODEL.replace('<literalExpression><text>w * rate</text></literalExpression>', "<context/>"),
    ],
)  # fmt: skip
def test_what_is_no_model_is_refused_with_words(raw: str) -> None:
    with pytest.raises(DefinitionError) as refused:
        read_model(raw.replace("NAMESPACE", NAMESPACES[2]).encode())
    assert refused.value.problems[0].message
    assert refused.value.problems[0].cure


def test_a_circle_of_decisions_is_named() -> None:
    model = read_model(MODEL.replace("NAMESPACE", NAMESPACES[2]).replace('href="#i1"', 'href="#d1"').encode())
    with pytest.raises(DefinitionError, match="requires itself"):
        model.decide("Rate", {})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2 * 3 ** 2", 19), ("-2 ** 2", 4), ("(1 + 2) / 0", None), ("9 ** (9 ** 99)", None), ('"a" + "b"', "ab"), ("1 + null", None),
        ('"1" = 1', None), ("null = null", True), ("true and null", None), ("false and null", False), ("true or null", True),
        ('date("2026-01-31") + duration("P1M") = date("2026-02-28")', True), ('date("2026-02-30")', None),
        ('date("2026-03-01") - date("2026-02-01") = duration("P28D")', True), ("not(1)", None), ("a.b", 7), ("a.c.d", None),
        ("Net amount - 1", 41), ("2 between 1 and 3", True), ('"\\u00e9\\n"', "é\n"), ("unknown(1)", None),
        ('time("10:00:00") < time("11:00:00")', True), ('date and time("2026-01-01T00:00:00Z") < date and time("2026-01-01T00:00:01Z")', True),
    ],
)  # fmt: skip
def test_expressions(text: str, expected: object) -> None:
    names = {"a": {"b": 7}, "Net amount": Decimal(42)}
    found = evaluate(parse_expression(text, names), names)
    assert found == expected
    assert type(found) is type(expected) or isinstance(found, Decimal)


@pytest.mark.parametrize(
    "text",
    ["", "1 +", "(1", '"open', "a b", "1 2", "f(", "[1", "((((" * 50, "-" * 500 + "1", "1" * 5000, "and"],
)
def test_what_is_no_expression_says_so(text: str) -> None:
    with pytest.raises(FeelError):
        parse_expression(text)
