"""Keeps objects of two systems in step, both ways."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, ValidationError

from engine.agreement import SIDES, Agreement, FieldPair, Side, SideName
from engine.errors import DefinitionError, Problem
from engine.functions import BadInput
from engine.node import NodeContext, NodeSettings, SyncNode
from engine.rules import RuleSet, check_rule_set
from engine.translation import Translator

WAYS = {"both": "↔", "to_right": "→", "to_left": "←"}
"""How the direction of a pair of fields is written."""


class SyncSettings(NodeSettings):
    left: Side = Field(default=Side(), title="Left side", description="One of the two systems.")
    right: Side = Field(default=Side(), title="Right side", description="The other one.")
    fields: list[FieldPair] = Field(
        default=[],
        title="Fields",
        description="Which fields are kept equal, which way changes go, and who decides when both changed.",
        json_schema_extra={"x-widget": "matrix"},
    )
    tolerance_seconds: int = Field(
        default=300,
        ge=0,
        le=86_400,
        title="Clock tolerance, in seconds",
        description="Two changes nearer to each other than this cannot be put in order, because clocks "
        "differ: «newest» then asks.",
    )
    drift: Literal["restore", "leave", "ask"] = Field(
        default="restore",
        title="When a receiving field was changed",
        description="A field that goes one way only was changed on the side that receives it. restore: the "
        "owner's value comes back; leave: it stays until the owner changes it; ask: somebody decides.",
    )


class SyncRecordsNode(SyncNode[SyncSettings]):
    """Keeps the objects of two systems in step, both ways, field by field. Lead the changes of both systems
    here: whichever arrives, both objects are looked at as they are now and compared with what they last agreed
    on. A change on one side goes to the other; where both changed the same field, its policy decides or a
    person is asked. Our own writes that come back as changes are recognised and counted as echo."""

    Settings = SyncSettings
    type = "sync"
    title = "Keep in step"
    group = "write"
    glyph = "arrows-exchange"
    editor = "matrix"

    def __init__(self, settings: SyncSettings, context: NodeContext) -> None:
        super().__init__(settings, context)
        self.problems: list[Problem] = [
            *_side_problems("left", settings.left),
            *_side_problems("right", settings.right),
            *self._pair_problems(),
        ]

    def agreement(self) -> Agreement:
        """Raises DefinitionError when the settings do not say what to keep in step."""
        wrong = [problem for problem in self.problems if problem.severity == "error"]
        if wrong:
            raise DefinitionError(wrong)
        settings = self.settings
        return Agreement(
            settings.left,
            settings.right,
            tuple(settings.fields),
            float(settings.tolerance_seconds),
            settings.drift,
        )

    def sides(self) -> tuple[Side, Side]:
        return self.settings.left, self.settings.right

    def pairs(self) -> tuple[FieldPair, ...]:
        return tuple(self.settings.fields)

    def check(self) -> list[Problem]:
        return self.problems

    def summary(self) -> str:
        left, right = self.settings.left.entity, self.settings.right.entity
        if not left or not right:
            return ""
        ways = {pair.direction for pair in self.settings.fields}
        way = WAYS[ways.pop()] if len(ways) == 1 else WAYS["both"]
        count = len(self.settings.fields)
        return f"{left} {way} {right}, {count} field{'' if count == 1 else 's'}"

    def _pair_problems(self) -> list[Problem]:
        settings = self.settings
        problems: list[Problem] = []
        left, right = settings.left, settings.right
        if left.slot and (left.slot, left.entity) == (right.slot, right.entity):
            message = "Both sides are the same objects of the same system."
            problems.append(Problem("E-SYNC-SIDES", message, "Choose another one.", field="right.entity"))
        if len(left.match) != len(right.match):
            problems.append(
                Problem(
                    "E-SYNC-MATCH",
                    "The fields by which objects are recognised are compared one by one, and one side has more.",
                    "Choose as many on the left as on the right.",
                    field="left.match",
                )
            )
        elif not left.match:
            problems.append(
                Problem(
                    "E-SYNC-MATCH",
                    "Nothing says which objects belong together, so every object is new on the other side.",
                    "Choose the fields under «Recognise by» on both sides.",
                    field="left.match",
                )
            )
        if not settings.fields:
            message = "No fields are kept equal."
            problems.append(Problem("E-SYNC-NONE", message, "Add a pair of fields.", field="fields"))
        seen: dict[tuple[SideName, str], None] = {}
        for index, pair in enumerate(settings.fields):
            problems += self._field_problems(pair, f"fields.{index}", seen)
        return problems

    def _field_problems(
        self, pair: FieldPair, place: str, seen: dict[tuple[SideName, str], None]
    ) -> list[Problem]:
        problems = [
            Problem(
                "E-SYNC-FIELD", f"A pair of fields has no {side} one.", "Choose it.", field=f"{place}.{side}"
            )
            for side in SIDES
            if not pair.path(side)
        ]
        for side in SIDES:
            path = pair.path(side)
            if path and pair.flows_to(side) and (side, path) in seen:
                message = f"{path} on the {side} side receives two fields."
                cure = "Remove one of them, or let it go the other way only."
                problems.append(Problem("E-SYNC-TWICE", message, cure, field=f"{place}.{side}"))
            if pair.flows_to(side):
                seen[side, path] = None
        if pair.policy == "by_state" and (pair.state is None or not pair.state.field):
            message = f"It is not said which state decides on {pair.left}."
            problems.append(Problem("E-SYNC-STATE", message, "Choose the field.", field=f"{place}.state"))
        if pair.policy == "flow" and not pair.flow:
            message = f"It is not said which flow decides on {pair.left}."
            problems.append(Problem("E-SYNC-FLOW", message, "Choose it.", field=f"{place}.flow"))
        problems += self._table_problems(pair, f"{place}.table")
        problems += self._rule_problems(pair, f"{place}.rules")
        return problems

    def _table_problems(self, pair: FieldPair, place: str) -> list[Problem]:
        try:
            Translator(pair, self.context.tables)
        except KeyError:
            message = "The flow has no such table."
            return [Problem("E-TABLE", message, "Choose a table of this flow.", field=place)]
        except BadInput as error:
            text = f"{str(error)[:1].upper()}{str(error)[1:]}."
            return [Problem("E-TABLE", text, "Choose one of its columns.", field=place)]
        return []

    def _rule_problems(self, pair: FieldPair, place: str) -> list[Problem]:
        if pair.policy != "rules":
            return []
        if not pair.rules or pair.rules not in self.context.rules:
            message = f"The flow has no rule set {pair.rules!r}." if pair.rules else "No rule set is chosen."
            return [Problem("E-RULES-UNKNOWN", message, "Choose one of this flow.", field=place)]
        try:
            document = RuleSet.model_validate(self.context.rules[pair.rules])
        except ValidationError as error:
            message = f"The rule set “{pair.rules}” is damaged: {error.errors()[0]['msg']}."
            return [Problem("E-RULES-DAMAGED", message, "Open it and correct it there.", field=place)]
        strange = set(document.ports()) - {"left", "right", "ask"}
        if strange:
            message = f"The rule set “{pair.rules}” routes to {', '.join(sorted(strange))}, which is no side."
            cure = "Let it route to left, right or ask."
            return [Problem("E-SYNC-RULES", message, cure, field=place)]
        return check_rule_set(document, self.context.tables, place)


def _side_problems(name: SideName, side: Side) -> list[Problem]:
    problems = []
    if not side.slot:
        problems.append(
            Problem("E-SLOT-NONE", "No connection is chosen.", "Choose one.", field=f"{name}.slot")
        )
    if not side.entity:
        problems.append(
            Problem("E-ENTITY-NONE", "No kind of object is chosen.", "Choose one.", field=f"{name}.entity")
        )
    if side.survivor == "field" and not side.survivor_field:
        message = "It is not said which field names the survivor of a merge."
        problems.append(Problem("E-SYNC-SURVIVOR", message, "Choose it.", field=f"{name}.survivor_field"))
    if "mark" in (side.deleted, side.surplus) and (side.mark is None or not side.mark.field):
        message = "It is not said how an object is marked when the other one is gone."
        problems.append(Problem("E-SYNC-MARK", message, "Choose the field.", field=f"{name}.mark"))
    return problems
