"""Tasks in a system for the people who have to act: what is written where, with places for what there is to say.

| place              | stands for                                                                             |
|--------------------|----------------------------------------------------------------------------------------|
| {title}            | one line: «4 invoices wait: no ledger account for Consulting»                           |
| {text}             | what happened and the cure, in a few sentences                                          |
| {count}            | how many records                                                                        |
| {link}             | where Heddle shows them                                                                 |
| {record_link}      | where the source system shows the first of them                                         |
| {record.Field}     | a field of the first of them, as it was read; dotted inside nested objects              |
| {id.Object}        | the id of the first of them if it is such an object of the system with the tasks         |
| {now} {tomorrow}   | moments                                                                                 |
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from engine import compare
from engine.assembly import make_nodes
from engine.errors import Problem
from engine.flow import Flow, Task
from engine.flow import Node as Drawn
from engine.node import WriteNode
from engine.shape import Entity

NODE = "heddle-task"
"""The write node that every plan with tasks has besides what is drawn."""

TITLE = "Task for a person"
ENTITY = "alert"
"""What a task stands for in the cross references."""

PLACES = ("title", "text", "count", "link", "record_link", "now", "tomorrow")
_PLACE = re.compile(r"\{([^{}]*)\}")
_NAMED = re.compile(r"record(?:\.\w+)+|id\.\w+")


def fill(text: str, values: Mapping[str, Any]) -> str:
    """The text with its places filled; what is not known is empty. ``values``: as the module says, nested."""

    def put(found: re.Match[str]) -> str:
        name = found[1]
        value = values.get(name) if name in PLACES else compare.dig(values, name)
        return "" if value is None else str(value)

    return _PLACE.sub(put, text).strip()


def rendered(fields: Mapping[str, str], values: Mapping[str, Any]) -> dict[str, str]:
    """Target field → value; what came out empty is left to the system."""
    found = {name: fill(text, values) for name, text in fields.items()}
    return {name: value for name, value in found.items() if value}


def task_node(flow: Flow, problems: list[Problem]) -> WriteNode[Any] | None:
    """The node that writes the tasks of a flow, None if it has none; what is wrong with them goes to ``problems``."""
    task = flow.policy.alerts.task if flow.policy.alerts else None
    if task is None:
        return None
    problems.extend(_problems(flow, task))
    settings = {"slot": task.slot, "entity": task.entity, "operation": "upsert"}
    drawn = Drawn(id=NODE, type="write", settings=settings, title=TITLE)
    made = make_nodes(flow.model_copy(update={"nodes": [drawn]}), problems).get(NODE)
    return made if isinstance(made, WriteNode) else None


def unfit(task: Task, entity: Entity) -> list[Problem]:
    """What the object that tasks are written as does not have, or must have besides."""
    what = entity.title or entity.name
    found = [
        Problem(
            "E-FIELD-UNKNOWN",
            f"{what} has no field {name}, which the task for a person fills.",
            "Choose one of its fields under «How it runs».",
            field=f"policy.alerts.task.{part}.{name}",
        )
        for part in ("fields", "done")
        for name in getattr(task, part)
        if entity.field(name.split(".")[0]) is None
    ]
    found += [
        Problem(
            "E-FIELD-REQUIRED",
            f"{what} needs {missing.label()}, and the task for a person does not fill it.",
            "Fill it under «How it runs».",
            field="policy.alerts.task.fields",
        )
        for missing in entity.required()
        if missing.name not in {name.split(".")[0] for name in task.fields}
    ]
    return found if entity.fields else []


def _problems(flow: Flow, task: Task) -> list[Problem]:
    found = []
    if task.slot not in flow.slots:
        found.append(
            Problem(
                "E-SLOT",
                f"Tasks are to be made over a connection {task.slot!r} that the flow does not have.",
                "Choose one of the flow's connections under «How it runs».",
                field="policy.alerts.task.slot",
            )
        )
    for part in ("fields", "done"):
        for name, text in getattr(task, part).items():
            for place in _PLACE.findall(text):
                if place not in PLACES and not _NAMED.fullmatch(place):
                    known = ", ".join(f"{{{one}}}" for one in (*PLACES, "record.Field", "id.Object"))
                    found.append(
                        Problem(
                            "E-PLACE",
                            f"The task's field {name} has a place {{{place}}} that stands for nothing.",
                            f"Use one of {known}.",
                            field=f"policy.alerts.task.{part}.{name}",
                        )
                    )
    return found
