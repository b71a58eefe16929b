import fc from "fast-check";
import { expect, test } from "vitest";

import { addAsWished } from "../autolink";
import { pillOf } from "../counts";
import { find } from "../find";
import { edgeId, type Flow, type FlowEdge } from "../flow";
import { CARD } from "../layout";
import { freshId, mayConnect, nodeIds, reachable, removeAndRejoin, removeNodes, replaceNode, toggleDisabled } from "../operations";
import { groupDigits, valueText, parseExact } from "../values";
import { flowAndChoice, flows, plainType } from "./drawings";

const wire = (source: string, target: string, output = "out"): FlowEdge => ({ source, output, target, input: "in" });

function line(...edges: FlowEdge[]): Flow {
  const base = fc.sample(flows(), 1)[0] as Flow;
  const ids = [...new Set(edges.flatMap((edge) => [edge.source, edge.target]))];
  const nodes = ids.map((id) => ({ id, type: "map", version: 1, title: id, settings: {}, note: "", disabled: false }));
  return { ...base, nodes, edges, layout: Object.fromEntries(ids.map((id, index) => [id, { x: index * 400, y: 0 }])) };
}

test("deleting a node in the middle joins what led to it with what followed", () => {
  const after = removeAndRejoin(line(wire("a", "b"), wire("b", "c"), wire("b", "d")), new Set(["b"]));
  expect(after.edges.map(edgeId)).toEqual(["a.out>c.in", "a.out>d.in"]);
});

test("deleting several in a row joins across all of them, and not through side ports", () => {
  const flow = line(wire("a", "b"), wire("b", "c"), wire("c", "d"), wire("b", "errors", "rejected"), wire("c", "waiting", "held"));
  expect(removeAndRejoin(flow, new Set(["b", "c"])).edges.map(edgeId)).toEqual(["a.out>d.in"]);
});

test("delete and rejoin: among the rest, who could be reached on the main road still can, and no one else", () => {
  fc.assert(
    fc.property(flowAndChoice(), ([flow, chosen]) => {
      const road = { ...flow, edges: flow.edges.filter((edge) => edge.output === "out") };
      const after = removeAndRejoin(road, chosen);
      for (const node of after.nodes) {
        const before = [...reachable(road, node.id, "down")].filter((id) => !chosen.has(id));
        expect([...reachable(after, node.id, "down")].sort()).toEqual(before.sort());
      }
    }),
  );
});

test("plain delete leaves no wire of what is gone", () => {
  fc.assert(
    fc.property(flowAndChoice(), ([flow, chosen]) => {
      const after = removeNodes(flow, chosen);
      expect(after.edges).toEqual(flow.edges.filter((edge) => !chosen.has(edge.source) && !chosen.has(edge.target)));
    }),
  );
});

test("a wire may not close a circle, double another, or lead to itself", () => {
  const flow = line(wire("a", "b"), wire("b", "c"));
  expect(mayConnect(flow, wire("a", "c"))).toBe(true);
  expect(mayConnect(flow, wire("c", "a"))).toBe(false);
  expect(mayConnect(flow, wire("a", "b"))).toBe(false);
  expect(mayConnect(flow, wire("a", "a"))).toBe(false);
  expect(mayConnect(flow, wire("a", "nowhere"))).toBe(false);
});

test("inserting on a wire takes the wire over and covers no card", () => {
  const flow = line(wire("a", "b"), wire("b", "c"));
  const { flow: after, id } = addAsWished(flow, plainType("filter"), { kind: "edge", edge: "a.out>b.in" });
  expect(after.edges.map(edgeId)).toEqual(["b.out>c.in", `a.out>${id}.in`, `${id}.out>b.in`]);
  const at = after.layout[id];
  for (const [other, place] of Object.entries(after.layout)) {
    if (other === id || !at) continue;
    expect(Math.abs(place.x - at.x) >= CARD.width || Math.abs(place.y - at.y) >= CARD.height).toBe(true);
  }
});

test("a step that is added behind another stands below the cards that are there, however tall they are", () => {
  const flow = line(wire("a", "b"));
  const first = addAsWished(flow, plainType("approve"), { kind: "behind", node: "b", output: "out" });
  const tall = { [first.id]: { width: CARD.width, height: 3 * CARD.height } };
  const second = addAsWished(first.flow, plainType("filter"), { kind: "behind", node: "b", output: "out" }, {}, tall);
  const [above, below] = [second.flow.layout[first.id], second.flow.layout[second.id]];
  expect(below?.x).toBe(above?.x);
  expect((below?.y ?? 0) - (above?.y ?? 0)).toBeGreaterThan(3 * CARD.height);
});

test("a dropped connection wires the new node on the side it came from", () => {
  const flow = line(wire("a", "b"));
  const behind = addAsWished(flow, plainType("filter"), { kind: "dropped", node: "b", port: "rejected", side: "source", at: { x: 900, y: 0 } });
  expect(behind.flow.edges.map(edgeId)).toContain(`b.rejected>${behind.id}.in`);
  const before = addAsWished(flow, plainType("filter"), { kind: "dropped", node: "a", port: "in", side: "target", at: { x: -300, y: 0 } });
  expect(before.flow.edges.map(edgeId)).toContain(`${before.id}.out>a.in`);
  const trigger = addAsWished(flow, plainType("manual", "trigger"), { kind: "behind", node: "b", output: "out" });
  expect(trigger.flow.edges).toEqual(flow.edges);
});

test("replacing keeps the wiring, through the first port where the old one has no name in the new type", () => {
  const flow = line(wire("a", "b"), wire("b", "c", "written"), wire("b", "d", "rejected"));
  const after = replaceNode(flow, "b", plainType("filter"));
  expect(after.edges.map(edgeId).sort()).toEqual(["a.out>b.in", "b.out>c.in", "b.rejected>d.in"]);
});

test("switching off twice is as before", () => {
  fc.assert(
    fc.property(flowAndChoice(), ([flow, chosen]) => {
      expect(toggleDisabled(toggleDisabled(flow, chosen), chosen)).toEqual(flow);
    }),
  );
});

test("new ids fit the server's pattern and are not taken", () => {
  fc.assert(
    fc.property(fc.string(), flows(), (base, flow) => {
      const id = freshId(base, nodeIds(flow));
      expect(id).toMatch(/^[a-z][a-z0-9_-]{0,62}$/);
      expect(nodeIds(flow).has(id)).toBe(false);
    }),
  );
});

test("a pill tells passed, held and failed apart and never counts a record twice", () => {
  const flow = line(wire("a", "b"), wire("b", "c", "held"));
  const nodes = { a: { in: 10, ports: { out: 10 }, failed: 0, held: 0 }, b: { in: 10, ports: { held: 3 }, failed: 1, held: 3 } };
  expect(pillOf(flow, wire("a", "b"), nodes, {})).toEqual({ passed: 6, held: 3, failed: 1 });
  expect(pillOf(flow, wire("b", "c", "held"), nodes, {})).toEqual({ passed: 0, held: 3, failed: 0 });
  const joined = line(wire("a", "b"), wire("x", "b"));
  expect(pillOf(joined, wire("a", "b"), nodes, { "a.out>b.in": 4 })).toEqual({ passed: 4, held: 0, failed: 0 });
  expect(pillOf(joined, wire("x", "b"), nodes, {})).toBeNull();
  expect(pillOf(joined, wire("x", "b"), nodes, { "x.out>b.in": 0 })).toBeNull();
  expect(pillOf(joined, wire("x", "b"), nodes, { "x.out>b.in": 10 })).toEqual({ passed: 10, held: 0, failed: 0 });
});

test("find looks into names and settings and says where", () => {
  const flow = line(wire("a", "b"));
  const node = flow.nodes[0];
  if (!node) throw new Error("no node");
  const mapped = { ...flow, nodes: [{ ...node, settings: { rows: [{ target: "TERMNAME" }] } }, ...flow.nodes.slice(1)] };
  expect(find(mapped, "termname").map((hit) => hit.where)).toEqual(["rows.0.target"]);
  expect(find(mapped, "  ")).toEqual([]);
});

test("amounts are shown as written", () => {
  expect(groupDigits(valueText(parseExact("1234567.50")))).toBe("1,234,567.50");
  expect(groupDigits(valueText(parseExact("-1000")))).toBe("-1,000");
  expect(groupDigits("12345678901234567890")).toBe("12,345,678,901,234,567,890");
  expect(groupDigits("INV-1000")).toBe("INV-1000");
});
