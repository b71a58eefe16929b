/** Where a new node goes and what it is wired to, by the gesture that asked for it. */

import { edgeId, type Flow, type Json, type NodeType, type Port, type Position } from "./flow";
import { CARD, freePlace, heightWith, makeRoom, placeBehind, placeOf, type Sizes } from "./layout";
import { addNode, connect, reachable, spliceIntoEdge } from "./operations";

/** The gesture: into the open, behind a node, from a dropped connection, or into a wire. */
export type Wish =
  | { kind: "place"; at: Position }
  | { kind: "behind"; node: string; output: string }
  | { kind: "dropped"; node: string; port: string; side: "source" | "target"; at: Position }
  | { kind: "edge"; edge: string };

/** Adds a node as wished, wired and with room around it, in one step. */
export function addAsWished(flow: Flow, type: NodeType, wish: Wish, settings: Json = {}, sizes: Sizes = {}): { flow: Flow; id: string } {
  const input = type.inputs[0]?.name;
  const output = type.outputs[0]?.name;
  const height = heightWith(type.outputs.length);
  switch (wish.kind) {
    case "place":
      return addNode(flow, type, freePlace(flow, wish.at, sizes, height), settings);
    case "behind": {
      const added = addNode(flow, type, placeBehind(flow, wish.node, sizes, height), settings);
      if (!input) return added;
      return { ...added, flow: connect(added.flow, { source: wish.node, output: wish.output, target: added.id, input }) };
    }
    case "dropped": {
      const forward = wish.side === "source";
      const at = { x: wish.at.x - (forward ? 0 : CARD.width), y: wish.at.y - CARD.height / 2 };
      const added = addNode(flow, type, freePlace(flow, at, sizes, height), settings);
      const edge = forward
        ? input && { source: wish.node, output: wish.port, target: added.id, input }
        : output && { source: added.id, output, target: wish.node, input: wish.port };
      return edge ? { ...added, flow: connect(added.flow, edge) } : added;
    }
    case "edge": {
      const wire = flow.edges.find((edge) => edgeId(edge) === wish.edge);
      if (!wire || !input || !output) return addNode(flow, type, freePlace(flow, { x: 0, y: 0 }, sizes, height), settings);
      const from = placeOf(flow, wire.source);
      const roomy = makeRoom(flow, reachable(flow, wire.source, "down"), from);
      const to = placeOf(roomy, wire.target);
      const added = addNode(roomy, type, freePlace(roomy, { x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 }, sizes, height), settings);
      return { ...added, flow: spliceIntoEdge(added.flow, added.id, wish.edge, input, output) };
    }
  }
}

/** The first main output that nothing hangs on yet, else the first. */
export function openOutput(flow: Flow, node: string, outputs: readonly Port[]): string | null {
  const main = outputs.filter((port) => port.name !== "rejected");
  const free = main.find((port) => !flow.edges.some((edge) => edge.source === node && edge.output === port.name));
  return (free ?? main[0])?.name ?? null;
}

/** Types that can stand there, the likeliest first: a trigger has no input, nothing follows into it. */
export function fitting(types: readonly NodeType[], flow: Flow, wish: Wish): NodeType[] {
  const hasTrigger = flow.nodes.some((node) => types.find((type) => type.type === node.type)?.group === "trigger");
  const fits = types.filter((type) => {
    if (wish.kind === "place") return true;
    if (wish.kind === "dropped" && wish.side === "target") return type.outputs.length > 0;
    return type.inputs.length > 0;
  });
  const first = hasTrigger ? ["read", "shape", "decide", "write", "trigger"] : ["trigger", "read", "shape", "decide", "write"];
  return fits.sort((one, other) => first.indexOf(one.group) - first.indexOf(other.group));
}
