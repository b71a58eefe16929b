/**
 * Edits of a drawing: each takes a flow and gives a new one, sharing what did not change.
 * An edit that changes nothing gives the very same object, so that it leaves no step in the history.
 */

import { edgeId, type Flow, type FlowEdge, type FlowNode, type Json, type NodeType, type Position, type Slot } from "./flow";

/** Output ports whose records have left the main road: a re-joined wire never starts here. */
const SIDE_PORTS: ReadonlySet<string> = new Set(["rejected", "failed", "held", "no"]);

/** `read`, `read_2`, …: no dash, because ids are spelt in paths (`$steps.read_2.id`). */
export function freshId(base: string, taken: ReadonlySet<string>): string {
  const stem = base.toLowerCase().replace(/[^a-z0-9_]+/g, "_").replace(/^[^a-z]+/, "").slice(0, 50) || "step";
  let id = stem;
  for (let number = 2; taken.has(id); number += 1) id = `${stem}_${number}`;
  return id;
}

export function nodeIds(flow: Flow): Set<string> {
  return new Set(flow.nodes.map((node) => node.id));
}

export function findNode(flow: Flow, id: string): FlowNode | undefined {
  return flow.nodes.find((node) => node.id === id);
}

/** @returns the flow with a new node of this type, and the node's id */
export function addNode(flow: Flow, type: NodeType, at: Position, settings: Json = {}): { flow: Flow; id: string } {
  const id = freshId(type.type, nodeIds(flow));
  const node: FlowNode = { id, type: type.type, version: type.version, title: type.title, settings, note: "", disabled: false };
  return { id, flow: { ...flow, nodes: [...flow.nodes, node], layout: { ...flow.layout, [id]: rounded(at) } } };
}

export function changeNode(flow: Flow, id: string, change: Partial<Omit<FlowNode, "id">>): Flow {
  const node = findNode(flow, id);
  if (!node || Object.entries(change).every(([key, value]) => node[key as keyof FlowNode] === value)) return flow;
  return { ...flow, nodes: flow.nodes.map((other) => (other === node ? { ...node, ...change } : other)) };
}

/** Switches all of them off, or on again when all are off already. */
export function toggleDisabled(flow: Flow, ids: ReadonlySet<string>): Flow {
  const chosen = flow.nodes.filter((node) => ids.has(node.id));
  if (!chosen.length) return flow;
  const disabled = chosen.some((node) => !node.disabled);
  return { ...flow, nodes: flow.nodes.map((node) => (ids.has(node.id) ? { ...node, disabled } : node)) };
}

export function moveNodes(flow: Flow, to: Readonly<Record<string, Position>>): Flow {
  const moved = Object.entries(to)
    .map(([id, at]) => [id, rounded(at)] as const)
    .filter(([id, at]) => findNode(flow, id) && !samePlace(flow.layout[id], at));
  return moved.length ? { ...flow, layout: { ...flow.layout, ...Object.fromEntries(moved) } } : flow;
}

/** True when the wire may be drawn: two existing nodes, not there yet, and no way back from target to source. */
export function mayConnect(flow: Flow, edge: FlowEdge): boolean {
  if (edge.source === edge.target) return false;
  if (!findNode(flow, edge.source) || !findNode(flow, edge.target)) return false;
  if (flow.edges.some((other) => edgeId(other) === edgeId(edge))) return false;
  return !reachable(flow, edge.target, "down").has(edge.source);
}

export function connect(flow: Flow, edge: FlowEdge): Flow {
  return mayConnect(flow, edge) ? { ...flow, edges: [...flow.edges, edge] } : flow;
}

export function disconnect(flow: Flow, ids: ReadonlySet<string>): Flow {
  const edges = flow.edges.filter((edge) => !ids.has(edgeId(edge)));
  return edges.length === flow.edges.length ? flow : { ...flow, edges };
}

export function removeNodes(flow: Flow, ids: ReadonlySet<string>): Flow {
  if (!flow.nodes.some((node) => ids.has(node.id))) return flow;
  const nodes = flow.nodes.filter((node) => !ids.has(node.id));
  return {
    ...flow,
    nodes,
    edges: flow.edges.filter((edge) => !ids.has(edge.source) && !ids.has(edge.target)),
    layout: Object.fromEntries(Object.entries(flow.layout).filter(([id]) => !ids.has(id))),
  };
}

/** Removes the nodes and joins what led into them with what they led to, along the main road only. */
export function removeAndRejoin(flow: Flow, ids: ReadonlySet<string>): Flow {
  const road = flow.edges.filter((edge) => !ids.has(edge.source) || !SIDE_PORTS.has(edge.output));
  const entries = road.filter((edge) => !ids.has(edge.source) && ids.has(edge.target));
  const within = { ...flow, edges: road.filter((edge) => ids.has(edge.source) && ids.has(edge.target)) };
  let rest = removeNodes(flow, ids);
  for (const entry of entries) {
    const passed = reachable(within, entry.target, "down").add(entry.target);
    for (const exit of road.filter((edge) => passed.has(edge.source) && !ids.has(edge.target))) {
      rest = connect(rest, { source: entry.source, output: entry.output, target: exit.target, input: exit.input });
    }
  }
  return rest;
}

/** Puts an existing node into a wire; `input` and `output` name the ports of the node that take part. */
export function spliceIntoEdge(flow: Flow, id: string, wire: string, input: string, output: string): Flow {
  const edge = flow.edges.find((other) => edgeId(other) === wire);
  if (!edge || edge.source === id || edge.target === id) return flow;
  const cut = disconnect(flow, new Set([wire]));
  const joined = connect(cut, { source: edge.source, output: edge.output, target: id, input });
  return connect(joined, { source: id, output, target: edge.target, input: edge.input });
}

/** Another type in the same place: wiring stays where the new type has such a port, settings start afresh. */
export function replaceNode(flow: Flow, id: string, type: NodeType): Flow {
  const node = findNode(flow, id);
  if (!node || node.type === type.type) return flow;
  const input = type.inputs[0]?.name;
  const outputs = new Set(type.outputs.map((port) => port.name));
  const fallback = type.outputs[0]?.name ?? "out";
  const changed = changeNode(flow, id, { type: type.type, version: type.version, title: type.title, settings: {} });
  const edges = changed.edges.flatMap((edge) => {
    if (edge.target === id) return input ? [{ ...edge, input }] : [];
    if (edge.source === id && !outputs.has(edge.output)) return [{ ...edge, output: fallback }];
    return [edge];
  });
  return { ...changed, edges: [...new Map(edges.map((edge) => [edgeId(edge), edge])).values()] };
}

/** Nodes that can be reached from one, not counting itself. */
export function reachable(flow: Flow, from: string, way: "up" | "down"): Set<string> {
  const next = new Map<string, string[]>();
  for (const { source, target } of flow.edges) {
    const [near, far] = way === "down" ? [source, target] : [target, source];
    next.set(near, [...(next.get(near) ?? []), far]);
  }
  const found = new Set<string>();
  const queue = [...(next.get(from) ?? [])];
  for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
    if (found.has(id)) continue;
    found.add(id);
    queue.push(...(next.get(id) ?? []));
  }
  return found;
}

/** The name of a slot for this system: the one that the flow has, or a new one. */
export function slotFor(flow: Flow, system: string, title: string): { flow: Flow; slot: string } {
  const existing = Object.entries(flow.slots).find(([, slot]) => slot.system === system);
  if (existing) return { flow, slot: existing[0] };
  const slot = freshId(system, new Set(Object.keys(flow.slots)));
  const made: Slot = { system, title };
  return { slot, flow: { ...flow, slots: { ...flow.slots, [slot]: made } } };
}

function rounded({ x, y }: Position): Position {
  return { x: Math.round(x), y: Math.round(y) };
}

function samePlace(one: Position | undefined, other: Position): boolean {
  return one !== undefined && one.x === other.x && one.y === other.y;
}
