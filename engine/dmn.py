"""DMN models: import of decision models (1.1 to 1.5, compliance level 2) their evaluation.

``read_model`` gives a Model: decisions with decision tables, literal expressions, invocations and business
knowledge models, by name. ``Model.decide`` works out a decision and what it requires. Files
are read without entities and without network; engine.dmnfile writes them.
Source: OMG DMN 1.3, chapters 6 to 8 and the XML schema DMN13.xsd.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from engine.decisions import DecisionTable, Input, Output, Row, Table
from engine.errors import DefinitionError, Problem, RecordRejected
from engine.feel import FeelError, Tests, Tree, parse_expression, parse_tests
from engine.meaning import evaluate, fulfils
from engine.readings import show

NAMESPACE = "https://www.omg.org/spec/DMN/20191111/MODEL/"
NAMESPACES = (
    "http://www.omg.org/spec/DMN/20151101/dmn.xsd",
    "http://www.omg.org/spec/DMN/20180521/MODEL/",
    NAMESPACE,
    "https://www.omg.org/spec/DMN/20211108/MODEL/",
    "https://www.omg.org/spec/DMN/20230324/MODEL/",
)
MAX_BYTES = 5_000_000

POLICIES: dict[str, Any] = {
    "UNIQUE": "unique",
    "ANY": "any",
    "FIRST": "first",
    "PRIORITY": "priority",
    "RULE ORDER": "rule-order",
    "OUTPUT ORDER": "output-order",
    "COLLECT": "collect",
}
TYPES: dict[str, Any] = {
    "string": "text",
    "number": "number",
    "boolean": "boolean",
    "date": "date",
    "time": "time",
    "dateTime": "datetime",
    "date and time": "datetime",
    "dayTimeDuration": "duration",
    "days and time duration": "duration",
    "yearMonthDuration": "duration",
    "years and months duration": "duration",
}

Logic = Callable[[Mapping[str, Any]], Any]


@dataclass(slots=True)
class Decision:
    """A decision, an input or a business knowledge model of a model.

    requires  ids of what it needs      type  the name of its type, "" if the file does not say
    tables    the decision tables inside, by the title of the decision
    """

    id: str
    name: str
    type: str = ""
    requires: list[str] = field(default_factory=list)
    logic: Logic | None = None
    callable: bool = False
    table: DecisionTable | None = None


class Model:
    """A decision model. Raises DefinitionError, with the place in words, for what cannot be read."""

    def __init__(self, root: etree._Element) -> None:
        self.elements: dict[str, Decision] = {}
        self._problems: list[Problem] = []
        self._allowed: dict[str, Tests] = {}
        named = [each for each in root if _tag(each) in ("decision", "inputData", "businessKnowledgeModel")]
        self._names = [_name(each) for each in named] + [
            str(part.get("name", ""))
            for part in root.iter("{*}itemComponent", "{*}formalParameter", "{*}parameter")
        ]
        self._types = {each.get("name", ""): each for each in root if _tag(each) == "itemDefinition"}
        for element in named:
            self._add(element)
        if self._problems:
            raise DefinitionError(self._problems)

    def decisions(self) -> list[str]:
        """The names of all decisions."""
        return [each.name for each in self.elements.values() if each.logic is not None and not each.callable]

    def tables(self) -> dict[str, DecisionTable]:
        """The decision tables, by the name of their decision."""
        return {each.name: each.table for each in self.elements.values() if each.table is not None}

    def decide(self, name: str, inputs: Mapping[str, Any]) -> Any:
        """The value of a decision, for inputs by name. Raises RecordRejected; DefinitionError for no such decision."""
        for each in self.elements.values():
            if each.name == name and each.logic is not None and not each.callable:
                return self._value(each, inputs, {}, ())
        problem = Problem("E-DMN", f"The model has no decision “{name}”.", "Choose one of its decisions.")
        raise DefinitionError([problem])

    def _value(
        self, element: Decision, inputs: Mapping[str, Any], done: dict[str, Any], way: tuple[str, ...]
    ) -> Any:
        if element.id in done:
            return done[element.id]
        if element.id in way:
            raise DefinitionError(
                [Problem("E-DMN", f"“{element.name}” requires itself.", "Break the circle.")]
            )
        if element.logic is None:
            value = self._checked(element, inputs.get(element.name))
        else:
            needed = [self.elements[each] for each in element.requires if each in self.elements]
            names = {each.name: self._value(each, inputs, done, (*way, element.id)) for each in needed}
            value = element.logic(names)
        done[element.id] = value
        return value

    def _checked(self, element: Decision, value: Any) -> Any:
        allowed = self._allowed.get(element.type)
        if value is not None and allowed is not None and fulfils(value, allowed, {}) is not True:
            raise RecordRejected(
                f"{element.name} is {show(value)}, which the model does not allow.",
                code="E-TABLE-INPUT",
                field=element.name,
                cure=f"Allowed is {allowed.text}.",
            )
        return value

    def _add(self, element: etree._Element) -> None:
        variable = element.find("{*}variable")
        found = Decision(element.get("id", _name(element)), _name(element))
        found.type = variable.get("typeRef", "") if variable is not None else ""
        found.requires = [
            str(each.get("href", "")).rpartition("#")[2]
            for each in element.iter("{*}requiredInput", "{*}requiredDecision", "{*}requiredKnowledge")
        ]
        self._learn(found.type)
        try:
            if _tag(element) == "businessKnowledgeModel":
                found.callable = True
                found.logic = self._knowledge(element)
            elif _tag(element) == "decision":
                found.logic = self._logic(element, found)
        except FeelError as error:
            self._problems.append(
                Problem("E-FEEL", f"{found.name}: {error}", "Correct the expression in the file.")
            )
        except DefinitionError as error:
            self._problems += error.problems
        self.elements[found.id] = found

    def _learn(self, name: str) -> None:
        """Reads the allowed values of a type, once."""
        definition = self._types.get(name)
        text = _text(definition.find("{*}allowedValues")) if definition is not None else ""
        if (
            text
            and name not in self._allowed
            and definition is not None
            and definition.get("isCollection") != "true"
        ):
            self._allowed[name] = parse_tests(text)

    def _knowledge(self, element: etree._Element) -> Logic:
        body = element.find("{*}encapsulatedLogic")
        if body is None:
            raise FeelError("The business knowledge model has no logic.")
        parameters = [str(each.get("name", "")) for each in body.findall("{*}formalParameter")]
        logic = self._logic(body, None)

        def call(names: Mapping[str, Any]) -> Any:
            def function(arguments: Sequence[Any], keys: Sequence[str]) -> Any:
                given = dict(zip(keys or parameters, arguments, strict=False))
                if len(arguments) != len(parameters) or given.keys() != set(parameters):
                    return None
                return logic({**names, **given})

            return function

        return call

    def _logic(self, element: etree._Element, owner: Decision | None) -> Logic:
        """What a decision (or the body of a knowledge model) computes."""
        for child in element:
            tag = _tag(child)
            if tag == "literalExpression":
                tree = parse_expression(_text(child), self._names)
                return _evaluating(tree)
            if tag == "decisionTable":
                document = self._table(child, owner.name if owner else "")
                if owner is not None:
                    owner.table = document
                return _deciding(Table(document, known=self._names))
            if tag == "invocation":
                return self._invocation(child)
            if tag in ("context", "relation", "list", "functionDefinition", "conditional", "filter", "for"):
                raise FeelError(f"A {tag} goes beyond DMN compliance level 2.")
        raise FeelError("It has no logic.")

    def _invocation(self, element: etree._Element) -> Logic:
        called = parse_expression(_text(element.find("{*}literalExpression")), self._names)
        bindings = []
        for binding in element.findall("{*}binding"):
            parameter = binding.find("{*}parameter")
            bindings.append(
                (str(parameter.get("name", "")) if parameter is not None else "", self._logic(binding, None))
            )

        def invoke(names: Mapping[str, Any]) -> Any:
            function = evaluate(called, names)
            arguments = [logic(names) for _, logic in bindings]
            return function(arguments, [name for name, _ in bindings]) if callable(function) else None

        return invoke

    def _table(self, element: etree._Element, title: str) -> DecisionTable:
        policy = element.get("hitPolicy", "UNIQUE")
        if policy not in POLICIES:
            raise FeelError(f"“{policy}” is no hit policy.")
        if element.get("preferredOrientation") == "CrossTable":
            raise FeelError("A cross table is not read; store it with its rules as rows.")
        aggregate = element.get("aggregation")
        return DecisionTable(
            title=title,
            hit_policy=POLICIES[policy],
            aggregate=aggregate.lower() if aggregate else None,
            inputs=[self._input(each, number) for number, each in enumerate(element.findall("{*}input"), 1)],
            outputs=[
                self._output(each, number) for number, each in enumerate(element.findall("{*}output"), 1)
            ],
            rows=[_row(each, number) for number, each in enumerate(element.findall("{*}rule"), 1)],
        )

    def _input(self, element: etree._Element, number: int) -> Input:
        expression = element.find("{*}inputExpression")
        text = _text(expression)
        type_name = expression.get("typeRef", "") if expression is not None else ""
        return Input(
            id=element.get("id") or f"input-{number}",
            title=element.get("label") or text,
            expression=text,
            type=self._base(type_name),
            values=_text(element.find("{*}inputValues")),
        )

    def _output(self, element: etree._Element, number: int) -> Output:
        name = element.get("name") or ""
        return Output(
            id=name or element.get("id") or f"output-{number}",
            title=name or element.get("label") or "",
            target=name,
            type=self._base(element.get("typeRef") or ""),
            values=_text(element.find("{*}outputValues")),
            default=_text(element.find("{*}defaultOutputEntry")),
        )

    def _base(self, name: str) -> Any:
        """The column type of a type name, through the file's own types."""
        for _ in range(10):
            plain = name.rpartition(":")[2] if name not in self._types else name
            if plain in TYPES:
                return TYPES[plain]
            definition = self._types.get(name)
            if definition is None or definition.get("isCollection") == "true":
                return "any"
            name = _text_of(definition.find("{*}typeRef"))
        return "any"


def read_model(raw: bytes) -> Model:
    """The decision model in a DMN file. Raises DefinitionError."""
    if len(raw) > MAX_BYTES:
        raise DefinitionError([Problem("E-DMN", "The file is larger than 5 MB.", "Split the model.")])
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(raw, parser)
    except etree.XMLSyntaxError as error:
        problem = Problem("E-DMN", f"The file is no XML: {error.msg}.", "Choose a DMN file.")
        raise DefinitionError([problem]) from None
    name = etree.QName(root)
    if _has_doctype(root) or name.localname != "definitions" or name.namespace not in NAMESPACES:
        problem = Problem("E-DMN", "The file is no DMN model of version 1.1 to 1.5.", "Export it as DMN 1.3.")
        raise DefinitionError([problem])
    return Model(root)


def _evaluating(tree: Tree) -> Logic:
    return lambda names: evaluate(tree, names)


def _deciding(table: Table) -> Logic:
    """A decision table within a model: one unnamed output is the value itself, several are a context."""
    document = table.document
    expressions = [parse_expression(given.expression, table.known) for given in document.inputs]
    single = len(document.outputs) == 1

    def decide(names: Mapping[str, Any]) -> Any:
        answer, _ = table.decide([evaluate(expression, names) for expression in expressions], names)
        if not single or answer is None:
            return answer
        name = document.outputs[0].id
        return [row[name] for row in answer] if isinstance(answer, list) else answer[name]

    return decide


def _row(element: etree._Element, number: int) -> Row:
    return Row(
        id=element.get("id") or f"row-{number}",
        when=[_text(each) or "-" for each in element.findall("{*}inputEntry")],
        then=[_text(each) for each in element.findall("{*}outputEntry")],
        note=_text_of(element.find("{*}description")),
    )


def _tag(element: etree._Element) -> str:
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


def _name(element: etree._Element) -> str:
    return " ".join(str(element.get("name", "")).split())


def _text(element: etree._Element | None) -> str:
    return _text_of(element.find("{*}text")) if element is not None else ""


def _text_of(element: etree._Element | None) -> str:
    return (element.text or "").strip() if element is not None else ""


def _has_doctype(root: etree._Element) -> bool:
    return root.getroottree().docinfo.internalDTD is not None
