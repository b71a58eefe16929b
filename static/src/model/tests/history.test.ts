import fc from "fast-check";
import { expect, test } from "vitest";

import { copyNodes, pasteClip, readClip } from "../clipboard";
import type { Flow } from "../flow";
import { commit, redo, startHistory, undo } from "../history";
import { align, distribute, tidy } from "../layout";
import { addNode, changeNode, connect, disconnect, moveNodes, removeAndRejoin, removeNodes, replaceNode, toggleDisabled } from "../operations";
import { edgeId } from "../flow";
import { choiceOf, flows, plainType } from "./drawings";

type Edit = (flow: Flow, chosen: Set<string>) => Flow;

const edits: Record<string, Edit> = {
  add: (flow) => addNode(flow, plainType("filter"), { x: 3, y: 4 }).flow,
  rename: (flow, chosen) => changeNode(flow, [...chosen][0] ?? "", { title: "Other" }),
  move: (flow, chosen) => moveNodes(flow, Object.fromEntries([...chosen].map((id) => [id, { x: 7, y: 9 }]))),
  remove: removeNodes,
  rejoin: removeAndRejoin,
  disable: toggleDisabled,
  cut: (flow) => disconnect(flow, new Set(flow.edges.slice(0, 1).map(edgeId))),
  wire: (flow, chosen) => {
    const [source = "", target = ""] = [...chosen];
    return connect(flow, { source, output: "out", target, input: "in" });
  },
  replace: (flow, chosen) => replaceNode(flow, [...chosen][0] ?? "", plainType("split")),
  tidy: (flow, chosen) => tidy(flow, chosen, {}),
  align: (flow, chosen) => align(flow, chosen, "left", {}),
  spread: (flow, chosen) => distribute(flow, chosen, "x", {}),
  paste: (flow, chosen) => {
    const clip = readClip(copyNodes(flow, chosen));
    return clip ? pasteClip(flow, clip, { x: 0, y: 0 }).flow : flow;
  },
};

const sessions = flows().chain((flow) =>
  fc.tuple(fc.constant(flow), fc.array(fc.tuple(fc.constantFrom(...Object.keys(edits)), choiceOf(flow)), { maxLength: 12 })),
);

test("undoing everything gives the first drawing, redoing everything the last", () => {
  fc.assert(
    fc.property(sessions, ([flow, steps]) => {
      let history = startHistory(flow);
      for (const [name, chosen] of steps) history = commit(history, name, (edits[name] as Edit)(history.present, chosen), null, 0);
      const last = history.present;
      const deep = history.past.length;
      for (let step = 0; step < deep; step += 1) history = undo(history);
      expect(history.present).toBe(flow);
      for (let step = 0; step < deep; step += 1) history = redo(history);
      expect(history.present).toBe(last);
    }),
  );
});

test("no edit changes the drawing that it was given", () => {
  fc.assert(
    fc.property(sessions, ([flow, steps]) => {
      const before = JSON.stringify(flow);
      for (const [name, chosen] of steps) (edits[name] as Edit)(flow, chosen);
      expect(JSON.stringify(flow)).toBe(before);
    }),
  );
});

test("every edit keeps wires between existing nodes, ids unique and the drawing free of cycles", () => {
  fc.assert(
    fc.property(sessions, ([first, steps]) => {
      let flow = first;
      for (const [name, chosen] of steps) flow = (edits[name] as Edit)(flow, chosen);
      const ids = new Set(flow.nodes.map((node) => node.id));
      expect(ids.size).toBe(flow.nodes.length);
      expect(new Set(flow.edges.map(edgeId)).size).toBe(flow.edges.length);
      expect(flow.edges.every((edge) => ids.has(edge.source) && ids.has(edge.target))).toBe(true);
      expect(Object.keys(flow.layout).every((id) => ids.has(id))).toBe(true);
      expect(sortable(flow)).toBe(true);
    }),
  );
});

test("typing in one field is one step; a pause or another field starts the next", () => {
  const flow = fc.sample(flows(), 1)[0] as Flow;
  const typed = (title: string) => ({ ...flow, name: title });
  let history = commit(startHistory(flow), "Rename", typed("a"), "name", 0);
  history = commit(history, "Rename", typed("ab"), "name", 1000);
  history = commit(history, "Rename", typed("abc"), "name", 2000);
  expect(history.past).toHaveLength(1);
  expect(undo(history).present).toBe(flow);
  history = commit(history, "Rename", typed("abcd"), "name", 9000);
  history = commit(history, "Note", typed("abcde"), "note", 9100);
  expect(history.past).toHaveLength(3);
});

test("typing after an undo starts a step of its own and drops what was undone", () => {
  const flow = fc.sample(flows(), 1)[0] as Flow;
  let history = commit(startHistory(flow), "Rename", { ...flow, name: "a" }, "name", 0);
  history = undo(history);
  history = commit(history, "Rename", { ...flow, name: "b" }, "name", 10);
  expect(history.future).toHaveLength(0);
  expect(undo(history).present).toBe(flow);
});

/** True when the nodes can be put in an order that every wire follows. */
function sortable(flow: Flow): boolean {
  let open = flow.nodes.map((node) => node.id);
  let wires = flow.edges;
  while (open.length) {
    const free = open.filter((id) => !wires.some((edge) => edge.target === id));
    if (!free.length) return false;
    open = open.filter((id) => !free.includes(id));
    wires = wires.filter((edge) => !free.includes(edge.source));
  }
  return true;
}
