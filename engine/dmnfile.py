"""Writes a decision table as a DMN 1.3 file with one decision. Source: XML schema DMN13.xsd."""

from __future__ import annotations

from collections.abc import Mapping

from lxml import etree

from engine.decisions import DecisionTable
from engine.dmn import NAMESPACE, POLICIES, TYPES


def write_table(table: DecisionTable, name: str = "") -> bytes:
    """A decision table as a DMN 1.3 file with one decision."""
    title = name or table.title or "Decision"
    root = etree.Element(f"{{{NAMESPACE}}}definitions", None, {None: NAMESPACE})  # type: ignore[dict-item] # lxml-stubs lack the default namespace
    root.set("id", "definitions")
    root.set("name", title)
    root.set("namespace", "urn:heddle:decision")
    sources = {given.expression or given.label(): given for given in table.inputs}
    decision = _child(root, "decision", id="decision", name=title)
    _child(decision, "variable", name=title)
    for number in range(1, len(sources) + 1):
        _child(
            _child(decision, "informationRequirement", id=f"needs-{number}"),
            "requiredInput",
            href=f"#data-{number}",
        )
    policy = {ours: theirs for theirs, ours in POLICIES.items()}[table.hit_policy]
    written = _child(decision, "decisionTable", id="table", hitPolicy=policy)
    if table.aggregate not in (None, "list"):
        written.set("aggregation", str(table.aggregate).upper())
    types = {"money": "number", "integer": "number"} | {
        ours: theirs for theirs, ours in reversed(TYPES.items())
    }
    for number, given in enumerate(table.inputs, 1):
        column = _child(written, "input", id=f"input-{number}", label=given.label())
        expression = _child(column, "inputExpression", **_type(types, given.type))
        _child(expression, "text").text = given.expression or given.label()
        _values(column, "inputValues", given.values)
    for number, output in enumerate(table.outputs, 1):
        column = _child(written, "output", id=f"output-{number}", name=output.id, **_type(types, output.type))
        _values(column, "outputValues", output.values)
        _values(column, "defaultOutputEntry", output.default)
    for number, row in enumerate(table.rows, 1):
        rule = _child(written, "rule", id=f"rule-{number}")
        if row.note:
            _child(rule, "description").text = row.note
        for tag, cells in (("inputEntry", row.when), ("outputEntry", row.then)):
            for text in cells:
                _child(_child(rule, tag), "text").text = text
    for number, source in enumerate(sources, 1):
        data = _child(root, "inputData", id=f"data-{number}", name=source)
        _child(data, "variable", name=source, **_type(types, sources[source].type))
    written_bytes: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return written_bytes


def _child(parent: etree._Element, tag: str, **attributes: str) -> etree._Element:
    return etree.SubElement(parent, f"{{{NAMESPACE}}}{tag}", attributes)


def _type(types: Mapping[str, str], name: str) -> dict[str, str]:
    return {"typeRef": types[name]} if name in types else {}


def _values(parent: etree._Element, tag: str, text: str) -> None:
    if text.strip():
        _child(_child(parent, tag), "text").text = text
