/** Where things stand: tidy layout from left to right, alignment, free places. */

import { graphlib, layout as dagreLayout } from "@dagrejs/dagre";

import type { Flow, Position } from "./flow";
import { moveNodes } from "./operations";

export const GRID = 16;
export const CARD = { width: 256, height: 96 };
/** The height of a card with outputs of its own, such as that of a step that writes. */
export const TALL = 192;
const MAIN: ReadonlySet<string> = new Set(["out", "written"]);
const GAP = { across: 96, down: 12 };

/** Below the top edge of a card: where its first ports are. */
export const PORT_LINE = 27;

export type Sizes = Readonly<Record<string, { width: number; height: number }>>;

/**
 * A layered drawing of the whole flow or of the chosen nodes, which keep their top left corner. Cards are laid
 * out by the line of their ports, not by their middle, so that the main road is straight.
 */
export function tidy(flow: Flow, chosen: ReadonlySet<string> | null, sizes: Sizes): Flow {
  const nodes = flow.nodes.filter((node) => !chosen || chosen.has(node.id));
  if (nodes.length < 2) return flow;
  const graph = new graphlib.Graph();
  graph.setGraph({ rankdir: "LR", ranksep: GAP.across, nodesep: GAP.down });
  graph.setDefaultEdgeLabel(() => ({}));
  nodes.forEach(({ id }) => {
    const { width, height } = sizes[id] ?? CARD;
    graph.setNode(id, { width, height: 2 * Math.max(PORT_LINE, height - PORT_LINE) });
  });
  flow.edges
    .filter((edge) => graph.hasNode(edge.source) && graph.hasNode(edge.target))
    .forEach((edge) => graph.setEdge(edge.source, edge.target, { weight: MAIN.has(edge.output) ? 4 : 1 }));
  dagreLayout(graph);
  const found = nodes.map(({ id }) => {
    const { x, y, width } = graph.node(id) as { x: number; y: number; width: number };
    return { id, x: x - width / 2, y: y - PORT_LINE };
  });
  const before = nodes.map((node) => placeOf(flow, node.id));
  const shift = {
    x: Math.min(...before.map((at) => at.x)) - Math.min(...found.map((at) => at.x)),
    y: Math.min(...before.map((at) => at.y)) - Math.min(...found.map((at) => at.y)),
  };
  return moveNodes(flow, Object.fromEntries(found.map(({ id, x, y }) => [id, snapped({ x: x + shift.x, y: y + shift.y })])));
}

export type Side = "left" | "centre" | "right" | "top" | "middle" | "bottom";

export function align(flow: Flow, ids: ReadonlySet<string>, side: Side, sizes: Sizes): Flow {
  const boxes = boxesOf(flow, ids, sizes);
  if (boxes.length < 2) return flow;
  const [axis, extent] = side === "left" || side === "centre" || side === "right" ? (["x", "width"] as const) : (["y", "height"] as const);
  const part = side === "left" || side === "top" ? 0 : side === "right" || side === "bottom" ? 1 : 0.5;
  const low = Math.min(...boxes.map((box) => box[axis]));
  const high = Math.max(...boxes.map((box) => box[axis] + box[extent]));
  const line = low + (high - low) * part;
  return moveNodes(
    flow,
    Object.fromEntries(boxes.map((box) => [box.id, { x: box.x, y: box.y, [axis]: line - box[extent] * part }])),
  );
}

/** Equal gaps between the first and the last, along one axis. */
export function distribute(flow: Flow, ids: ReadonlySet<string>, axis: "x" | "y", sizes: Sizes): Flow {
  const extent = axis === "x" ? "width" : "height";
  const boxes = boxesOf(flow, ids, sizes).sort((one, other) => one[axis] - other[axis]);
  const [first, last] = [boxes[0], boxes.at(-1)];
  if (boxes.length < 3 || !first || !last) return flow;
  const filled = boxes.reduce((sum, box) => sum + box[extent], 0);
  const gap = (last[axis] + last[extent] - first[axis] - filled) / (boxes.length - 1);
  let at = first[axis];
  const places: Record<string, Position> = {};
  for (const box of boxes) {
    places[box.id] = { x: box.x, y: box.y, [axis]: at };
    at += box[extent] + gap;
  }
  return moveNodes(flow, places);
}

/** The height of a card with so many outputs of its own. */
export const heightWith = (outputs: number): number => (outputs > 1 ? TALL : CARD.height);

/**
 * The nearest place at or below this one where a card covers no other. `sizes` are those of the cards as they stand, and
 * `height` that of the new one, and of cards whose size is not known.
 */
export function freePlace(flow: Flow, wanted: Position, sizes: Sizes = {}, height = CARD.height): Position {
  const at = snapped(wanted);
  const covers = (place: Position) =>
    Object.entries(flow.layout).some(
      ([id, other]) =>
        Math.abs(other.x - place.x) < CARD.width + GRID &&
        place.y < other.y + (sizes[id]?.height ?? height) + GRID &&
        other.y < place.y + height + GRID,
    );
  while (covers(at)) at.y += GRID;
  return at;
}

export function placeBehind(flow: Flow, id: string, sizes: Sizes = {}, height = CARD.height): Position {
  const at = placeOf(flow, id);
  return freePlace(flow, { x: at.x + CARD.width + GAP.across, y: at.y }, sizes, height);
}

export function placeOf(flow: Flow, id: string): Position {
  return flow.layout[id] ?? { x: 0, y: 0 };
}

/** The drawing with a place for every step: what a program drew may lack some, or all. */
export function placed(flow: Flow): Flow {
  const lost = flow.nodes.filter((node) => !flow.layout[node.id]);
  if (lost.length > 1 && lost.length === flow.nodes.length) return tidy(flow, null, unseen(flow));
  return lost.reduce((drawn, { id }) => {
    const before = flow.edges.find((edge) => edge.target === id && drawn.layout[edge.source]);
    const at = before ? placeBehind(drawn, before.source, {}, TALL) : freePlace(drawn, { x: 0, y: 0 }, {}, TALL);
    return { ...drawn, layout: { ...drawn.layout, [id]: at } };
  }, flow);
}

/** How large cards are reckoned that nobody has seen yet: as tall as they may be, so that none covers another. */
function unseen(flow: Flow): Sizes {
  return Object.fromEntries(flow.nodes.map(({ id }) => [id, { width: CARD.width, height: TALL }]));
}

/** Moves everything that stands downstream to the right until a card fits behind `from`. */
export function makeRoom(flow: Flow, downstream: ReadonlySet<string>, from: Position): Flow {
  const needed = from.x + 2 * (CARD.width + GAP.across);
  const nearest = Math.min(...[...downstream].map((id) => placeOf(flow, id).x));
  const shift = needed - nearest;
  if (!Number.isFinite(shift) || shift <= 0) return flow;
  return moveNodes(
    flow,
    Object.fromEntries([...downstream].map((id) => [id, { x: placeOf(flow, id).x + shift, y: placeOf(flow, id).y }])),
  );
}

function boxesOf(flow: Flow, ids: ReadonlySet<string>, sizes: Sizes) {
  return flow.nodes
    .filter((node) => ids.has(node.id))
    .map(({ id }) => ({ id, ...placeOf(flow, id), ...(sizes[id] ?? CARD) }));
}

function snapped({ x, y }: Position): Position {
  return { x: Math.round(x / GRID) * GRID, y: Math.round(y / GRID) * GRID };
}
