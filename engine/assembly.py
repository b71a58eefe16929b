"""From drawn nodes to working ones, or to the problems that keep them from working."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from engine.complaint import Complaint, complaints
from engine.errors import DefinitionError, Problem
from engine.flow import Flow
from engine.flow import Node as Drawn
from engine.node import Node, NodeContext, Outbox
from engine.registry import node_types


class Disabled(Node[Any]):
    """Stands in for a node that is switched off: what comes in passes through unchanged."""

    def process(self, records: Any, out: Outbox) -> None:
        out.send_all(records)


def make_nodes(flow: Flow, problems: list[Problem]) -> dict[str, Node[Any]]:
    nodes: dict[str, Node[Any]] = {}
    for drawn in flow.nodes:
        if drawn.id in nodes:
            problems.append(
                Problem(
                    "E-NODE-ID",
                    f"Two nodes have the id {drawn.id!r}.",
                    "Give one of them another id.",
                    drawn.id,
                )
            )
            continue
        made = _make_node(flow, drawn, problems)
        if made is not None:
            nodes[drawn.id] = made
    return nodes


def _make_node(flow: Flow, drawn: Drawn, problems: list[Problem]) -> Node[Any] | None:
    cls = node_types().get(drawn.type)
    if cls is None:
        problems.append(
            Problem(
                "E-NODE-TYPE",
                f"This installation has no node type {drawn.type!r}.",
                "Install the extension that brings it, or replace the node. It is kept as it is meanwhile.",
                drawn.id,
            )
        )
        return None
    if drawn.version > cls.version:
        problems.append(
            Problem(
                "E-NODE-VERSION",
                f"«{drawn.title or cls.title}» was drawn with a newer Heddle (version {drawn.version} of its type).",
                "Upgrade Heddle.",
                drawn.id,
            )
        )
        return None
    context = NodeContext.of(flow, drawn.id)
    if drawn.disabled:
        return Disabled(cls.Settings.model_construct(), context)
    try:
        settings = cls.Settings.model_validate(cls.upgrade(drawn.settings, drawn.version))
        return cls(settings, context)
    except ValidationError as error:
        problems.extend(_settings_problem(drawn, cls, one) for one in complaints(cls.Settings, error))
    except DefinitionError as error:
        problems.extend(replace(problem, node=drawn.id) for problem in error.problems)
    return None


def _settings_problem(drawn: Drawn, cls: type[Node[Any]], wrong: Complaint) -> Problem:
    title = drawn.title or cls.title
    if wrong.kind == "missing":
        message = f"«{title}» needs {wrong.place}."
        return Problem("E-SETTING-MISSING", message, "Fill it in.", drawn.id, field=wrong.path)
    if wrong.kind == "extra_forbidden":
        message = f"«{title}» has no setting {wrong.path!r}."
        return Problem("E-SETTING-UNKNOWN", message, "Remove it.", drawn.id, field=wrong.path)
    message = f"{wrong.place or 'The settings'} of «{title}» {wrong.reason}."
    return Problem("E-SETTING", message, "Correct it.", drawn.id, field=wrong.path)
