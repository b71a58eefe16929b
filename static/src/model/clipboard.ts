/** Copy and paste as JSON text: flows travel between tabs and installations, connections and secrets do not. */

import type { Flow, FlowEdge, FlowNode, Json, LookupTable, Position, Slot } from "./flow";
import { freshId, nodeIds, slotFor } from "./operations";
import { parseExact, stringifyExact } from "./values";

interface Clip {
  heddle_clip: 1;
  nodes: FlowNode[];
  edges: FlowEdge[];
  layout: Record<string, Position>;
  slots: Record<string, Slot>;
  tables: Record<string, LookupTable>;
  rules: Record<string, Json>;
}

/** The chosen nodes, the wires between them, and what their settings speak of. */
export function copyNodes(flow: Flow, ids: ReadonlySet<string>): string {
  const nodes = flow.nodes.filter((node) => ids.has(node.id));
  const words = new Set<string>();
  nodes.forEach((node) => texts(node.settings, (text) => words.add(text)));
  const named = <T>(things: Record<string, T>) => Object.fromEntries(Object.entries(things).filter(([name]) => words.has(name)));
  const clip: Clip = {
    heddle_clip: 1,
    nodes,
    edges: flow.edges.filter((edge) => ids.has(edge.source) && ids.has(edge.target)),
    layout: Object.fromEntries(Object.entries(flow.layout).filter(([id]) => ids.has(id))),
    slots: named(flow.slots),
    tables: named(flow.tables),
    rules: named(flow.rules),
  };
  return stringifyExact(clip);
}

/** @returns the clip in this text, or null when the text is something else */
export function readClip(text: string): Clip | null {
  try {
    const clip = parseExact(text) as Clip | null;
    return clip?.heddle_clip === 1 && Array.isArray(clip.nodes) && Array.isArray(clip.edges) ? clip : null;
  } catch {
    return null;
  }
}

/**
 * Pastes with new ids; paths into pasted nodes (`$steps.<id>`) follow them, slots are bound to this flow's own.
 *
 * @param at where the top left of the pasted nodes goes
 * @returns the flow and the new ids, in the order of the clip
 */
export function pasteClip(flow: Flow, clip: Clip, at: Position): { flow: Flow; ids: string[] } {
  const taken = nodeIds(flow);
  const ids = new Map<string, string>();
  for (const node of clip.nodes) {
    const id = freshId(node.id.replace(/_\d+$/, ""), taken);
    taken.add(id);
    ids.set(node.id, id);
  }
  let target = flow;
  const slots = new Map<string, string>();
  for (const [name, slot] of Object.entries(clip.slots)) {
    if (flow.slots[name]?.system === slot.system) continue;
    const found = slotFor(target, slot.system, slot.title);
    target = found.flow;
    slots.set(name, found.slot);
  }
  const places = clip.nodes.map((node) => clip.layout[node.id] ?? { x: 0, y: 0 });
  const left = Math.min(...places.map((place) => place.x));
  const top = Math.min(...places.map((place) => place.y));
  const layout = { ...target.layout };
  const nodes = clip.nodes.map((node, index) => {
    const id = ids.get(node.id) ?? node.id;
    const place = places[index] ?? { x: left, y: top };
    layout[id] = { x: Math.round(at.x + place.x - left), y: Math.round(at.y + place.y - top) };
    return { ...node, id, settings: mapTexts(node.settings, (text, key) => repointed(text, key, ids, slots)) as Json };
  });
  const edges = clip.edges.map((edge) => ({
    ...edge,
    source: ids.get(edge.source) ?? edge.source,
    target: ids.get(edge.target) ?? edge.target,
  }));
  return {
    ids: [...ids.values()],
    flow: {
      ...target,
      nodes: [...target.nodes, ...nodes],
      edges: [...target.edges, ...edges],
      tables: { ...clip.tables, ...target.tables },
      rules: { ...clip.rules, ...target.rules },
      layout,
    },
  };
}

function repointed(text: string, key: string, ids: ReadonlyMap<string, string>, slots: ReadonlyMap<string, string>): string {
  if (key === "slot") return slots.get(text) ?? text;
  return text.replace(/^(\$steps\.)([a-z][a-z0-9_-]*)/, (whole, head: string, id: string) => {
    const moved = ids.get(id);
    return moved ? head + moved : whole;
  });
}

function texts(value: unknown, visit: (text: string) => void): void {
  mapTexts(value, (text) => {
    visit(text);
    return text;
  });
}

function mapTexts(value: unknown, change: (text: string, key: string) => string, key = ""): unknown {
  if (typeof value === "string") return change(value, key);
  if (Array.isArray(value)) return value.map((item) => mapTexts(item, change, key));
  if (value !== null && typeof value === "object" && Object.getPrototypeOf(value) === Object.prototype) {
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, mapTexts(item, change, name)]));
  }
  return value;
}
