"""From a drawing to a plan that can run, or to the list of everything that is wrong with it.

``check`` never raises for a bad drawing: it collects Problems, each with node, port, field and cure, and
tells the editor what each node needs to be drawn. ``build`` makes the plan of a drawing without errors.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import networkx as nx

from engine import tasks
from engine.assembly import Disabled, make_nodes
from engine.errors import DefinitionError, Problem
from engine.flow import Edge, Flow, Port
from engine.node import (
    OUT,
    REJECTED,
    LookupNode,
    Node,
    ReadNode,
    SyncNode,
    TriggerNode,
    WriteNode,
)
from engine.record import to_json
from engine.registry import node_types
from engine.shape import Entity, named_after
from engine.sides import judge_sides

ShapeSource = Callable[[str, str], Entity | None]
"""(slot, entity name) → its live shape, or None when the connection cannot say."""


@dataclass(frozen=True)
class NodeCard:
    """What the editor needs to draw one node after a change."""

    summary: str
    outputs: tuple[Port, ...]
    shape_in: Entity | None
    shapes: Mapping[str, Entity | None]


@dataclass(frozen=True)
class Plan:
    """A drawing in order. ``edges`` maps (node, output port) to the nodes that follow."""

    flow: Flow
    nodes: Mapping[str, Node[Any]]
    order: tuple[str, ...]
    edges: Mapping[tuple[str, str], tuple[str, ...]]
    triggers: tuple[str, ...]
    sources: tuple[str, ...]
    writes: tuple[str, ...]

    @cached_property
    def looks_back(self) -> bool:
        """Whether anything in the drawing asks for what an earlier step answered (``$steps``)."""
        asking = self.flow.model_dump(mode="json", include={"nodes", "rules", "decisions", "policy"})
        return b"$steps" in to_json(asking)

    def behind(self, trigger: str) -> tuple[str, ...]:
        """The read nodes that stand behind a trigger; behind any of them if none is named."""
        if not trigger:
            return self.sources
        following = {
            target for (node, _), targets in self.edges.items() if node == trigger for target in targets
        }
        return tuple(source for source in self.sources if source in following)

    def trigger(self, kind: str) -> str:
        """The trigger node of this type; empty (any) when the drawing has none of it."""
        found = (node.id for node in self.flow.nodes if node.type == kind and node.id in self.triggers)
        return next(found, "")

    def connected(self, node: str, port: str) -> bool:
        return bool(self.edges.get((node, port)))

    def title(self, node: str) -> str:
        """What people call a node: its own title, or that of its type."""
        if node == tasks.NODE:
            return tasks.TITLE
        drawn = self.flow.node(node)
        return (drawn.title if drawn else "") or getattr(self.nodes.get(node), "title", node)


@dataclass
class Check:
    """The judgement of a drawing: problems, and per node what the editor shows."""

    problems: list[Problem] = field(default_factory=list)
    nodes: dict[str, NodeCard] = field(default_factory=dict)
    plan: Plan | None = None

    @property
    def errors(self) -> list[Problem]:
        return [problem for problem in self.problems if problem.severity == "error"]


def build(flow: Flow) -> Plan:
    """The plan of a drawing. Raises DefinitionError with every problem if it has errors."""
    checked = check(flow)
    if checked.errors or checked.plan is None:
        raise DefinitionError(checked.errors, "The flow cannot run: " + _sentence(checked.errors))
    return checked.plan


def check(flow: Flow, shapes: ShapeSource | None = None) -> Check:
    """Judges a drawing as a whole; ``shapes`` adds what the connected systems say of their fields."""
    result = Check()
    nodes = make_nodes(flow, result.problems)
    edges = _follow_edges(flow, nodes, result)
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(node.id for node in flow.nodes)
    graph.add_edges_from((source, target) for (source, _), targets in edges.items() for target in targets)
    if not nx.is_directed_acyclic_graph(graph):
        loop = [source for source, _ in nx.find_cycle(graph)]
        names = " → ".join(_title(flow, node) for node in [*loop, loop[0]])
        result.problems.append(
            Problem(
                "E-CYCLE", f"The drawing goes in a circle: {names}.", "Remove one of these edges.", loop[0]
            )
        )
        return result
    position = {node.id: at for at, node in enumerate(flow.nodes)}
    order = tuple(nx.lexicographical_topological_sort(graph, key=position.__getitem__))
    _judge_shape_of_graph(flow, nodes, graph, result)
    _infer(flow, nodes, edges, order, shapes, result)
    task = tasks.task_node(flow, result.problems)
    if task is not None and shapes is not None and flow.policy.alerts and flow.policy.alerts.task:
        target = task.target()
        entity = shapes(target.slot, target.entity)
        result.problems.extend(tasks.unfit(flow.policy.alerts.task, entity) if entity else ())
    if len(nodes) == len(flow.nodes):
        if task is not None:  # first, because the last write node is settled together with its batch
            nodes, order = {tasks.NODE: task, **nodes}, (tasks.NODE, *order)
        result.plan = Plan(
            flow=flow,
            nodes=nodes,
            order=order,
            edges=edges,
            triggers=tuple(node for node in order if isinstance(nodes[node], TriggerNode)),
            sources=tuple(node for node in order if isinstance(nodes[node], ReadNode)),
            writes=tuple(node for node in order if isinstance(nodes[node], WriteNode)),
        )
    return result


def _follow_edges(
    flow: Flow, nodes: Mapping[str, Node[Any]], result: Check
) -> dict[tuple[str, str], tuple[str, ...]]:
    edges: dict[tuple[str, str], tuple[str, ...]] = {}
    known = {node.id for node in flow.nodes}
    for edge in flow.edges:
        if edge.source not in known or edge.target not in known:
            missing = edge.source if edge.source not in known else edge.target
            result.problems.append(
                Problem(
                    "E-EDGE", f"An edge leads to a node {missing!r} that is not there.", "Remove the edge."
                )
            )
            continue
        port = _output(nodes.get(edge.source), flow, edge, result)
        target = nodes.get(edge.target)
        if target is not None and not isinstance(target, Disabled):
            inputs = [port.name for port in target.inputs]
            if edge.input not in inputs:
                title = _title(flow, edge.target)
                message = (
                    f"«{title}» has no input {edge.input!r}."
                    if inputs
                    else f"Nothing can lead into «{title}»."
                )
                result.problems.append(
                    Problem("E-PORT", message, "Remove the edge.", edge.target, edge.input)
                )
                continue
        if port is not None and edge.target not in edges.get((edge.source, port), ()):
            edges[(edge.source, port)] = (*edges.get((edge.source, port), ()), edge.target)
    return edges


def _output(source: Node[Any] | None, flow: Flow, edge: Edge, result: Check) -> str | None:
    if source is None:
        return edge.output
    if isinstance(source, Disabled):
        drawn = flow.node(edge.source)
        outputs = node_types()[drawn.type].outputs if drawn else ()
        main = outputs[0].name if outputs else OUT.name
        return OUT.name if edge.output == main else None
    ports = [port.name for port in (*source.ports_out(source.settings), REJECTED)]
    if edge.output in ports:
        return edge.output
    result.problems.append(
        Problem(
            "E-PORT",
            f"«{_title(flow, edge.source)}» has no output {edge.output!r} (it has {', '.join(ports)}).",
            "Connect another output, or remove the edge.",
            edge.source,
            edge.output,
        )
    )
    return None


def _judge_shape_of_graph(flow: Flow, nodes: Mapping[str, Node[Any]], graph: Any, result: Check) -> None:
    triggers = [node for node, made in nodes.items() if isinstance(made, TriggerNode)]
    if not triggers:
        wrong = "Nothing starts this flow." if flow.nodes else "Nothing is drawn yet."
        cure = "Start with a trigger: a button, a schedule, a change, or by hand."
        result.problems.append(Problem("E-NO-TRIGGER", wrong, cure))
    reached = set(triggers).union(*(nx.descendants(graph, trigger) for trigger in triggers))
    for node, made in nodes.items():
        title = _title(flow, node)
        if isinstance(made, ReadNode) and not all(
            isinstance(nodes.get(before), TriggerNode) for before in graph.predecessors(node)
        ):
            result.problems.append(
                Problem(
                    "E-READ-POSITION",
                    f"«{title}» reads, so it must stand right behind a trigger.",
                    "Connect it to a trigger, or use a look-up node to fetch something for each record.",
                    node,
                )
            )
        if isinstance(made, TriggerNode) and made.wants_changes:
            result.problems.extend(_judge_poll(flow, node, nodes, graph))
        result.problems.extend(
            Problem(
                "E-SLOT",
                f"«{title}» uses a connection {slot!r} that the flow does not have.",
                "Choose one of the flow's connections.",
                node,
                field=field,
            )
            for field, slot in slots_of(made).items()
            if slot and slot not in flow.slots
        )
        if triggers and node not in reached:
            result.problems.append(
                Problem(
                    "E-UNREACHED",
                    f"Nothing leads to «{title}», so it never does anything.",
                    "Connect it, or delete it.",
                    node,
                    severity="warning",
                )
            )


def _judge_poll(flow: Flow, trigger: str, nodes: Mapping[str, Node[Any]], graph: Any) -> list[Problem]:
    """A trigger that asks for changes needs a read node behind it that reads nothing else."""
    behind = {node: nodes[node] for node in graph.successors(trigger) if node in nodes}
    reads = {node: made for node, made in behind.items() if isinstance(made, ReadNode)}
    title = _title(flow, trigger)
    if not reads:
        message, cure = f"Nothing is read behind «{title}».", "Connect it to a read step."
        return [Problem("E-CHANGES", message, cure, trigger)]
    return [
        Problem(
            "E-CHANGES",
            f"«{_title(flow, node)}» stands behind «{title}» and would read everything each time.",
            "Switch on «Only what changed».",
            node,
            field="changes",
        )
        for node, made in reads.items()
        if not made.incremental
    ]


def _infer(
    flow: Flow,
    nodes: Mapping[str, Node[Any]],
    edges: Mapping[tuple[str, str], tuple[str, ...]],
    order: tuple[str, ...],
    shapes: ShapeSource | None,
    result: Check,
) -> None:
    arriving: dict[str, Entity | None] = {}
    for node_id in order:
        node = nodes.get(node_id)
        if node is None:
            continue
        shape_in = arriving.get(node_id)
        result.problems.extend(replace(problem, node=node_id) for problem in node.check())
        leaving = dict(node.infer({"in": shape_in}))
        if isinstance(node, ReadNode) and shapes is not None:
            read = shapes(node.slot, node.query(None).entity)
            leaving = dict.fromkeys(leaving, read)
        filled = shapes(*node.fills) if shapes is not None and node.fills is not None else None
        if filled is not None:
            for port, made in leaving.items():
                leaving[port] = made and made.model_copy(update={"fields": named_after(filled, made.fields)})
        if isinstance(node, SyncNode):
            result.problems.extend(judge_sides(node_id, node, shapes) if shapes is not None else ())
        elif isinstance(node, WriteNode) and shapes is not None:
            result.problems.extend(_judge_write(flow, node_id, node, shape_in, shapes))
        ports = node.ports_out(node.settings)
        result.nodes[node_id] = NodeCard(node.summary(), ports, shape_in, leaving)
        for port, shape in leaving.items():
            for target in edges.get((node_id, port), ()):
                arriving.setdefault(target, shape)


def _judge_write(
    flow: Flow, node_id: str, node: WriteNode[Any], shape: Entity | None, shapes: ShapeSource
) -> list[Problem]:
    target = node.target()
    entity = shapes(target.slot, target.entity)
    if entity is None or shape is None or not shape.fields or target.operation == "delete":
        return []  # a delete sends nothing but the id
    given = {given.name.split(".")[0] for given in shape.fields}
    title = _title(flow, node_id)
    unknown = [name for name in sorted(given) if entity.field(name) is None]
    problems = [_unknown_field(entity, name, node_id) for name in unknown if entity.fields or not entity.open]
    if target.operation != "update":
        problems += [
            Problem(
                "E-FIELD-REQUIRED",
                f"{entity.title or entity.name} needs {missing.label()}, and «{title}» does not get it.",
                "Map it in the mapping before this node.",
                node_id,
                field=missing.name,
            )
            for missing in entity.required()
            if missing.name not in given
        ]
    return problems


def _unknown_field(entity: Entity, name: str, node_id: str) -> Problem:
    title = entity.title or entity.name
    if entity.open:
        return Problem(
            "E-FIELD-NEW", f"No {title} that Heddle has seen has a field {name}.", "It is written all the same.",
            node_id, field=name, severity="warning",
        )  # fmt: skip
    return Problem(
        "E-FIELD-UNKNOWN", f"{title} has no field {name}.", "Choose one of its fields in the mapping before this node.",
        node_id, field=name,
    )  # fmt: skip


def slots_of(node: Node[Any]) -> dict[str, str]:
    """The connection slots that a node uses, by the setting that names each."""
    if isinstance(node, SyncNode):
        left, right = node.sides()
        return {"left.slot": left.slot, "right.slot": right.slot}
    if isinstance(node, WriteNode):
        return {"slot": node.target().slot}
    if isinstance(node, ReadNode | LookupNode):
        return {"slot": node.slot}
    return {}


def entry_points(plan: Plan, trigger: str) -> list[str]:
    """The nodes at which what a trigger brought enters, besides the read nodes behind it."""
    return [
        target
        for node in plan.triggers
        if not trigger or node == trigger
        for target in plan.edges.get((node, OUT.name), ())
        if target not in plan.sources
    ]


def _title(flow: Flow, node_id: str) -> str:
    node = flow.node(node_id)
    cls = node_types().get(node.type) if node else None
    return (node.title if node else "") or (cls.title if cls else "") or node_id


def _sentence(problems: list[Problem]) -> str:
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return (problems[0].message if problems else "it is empty.") + more
