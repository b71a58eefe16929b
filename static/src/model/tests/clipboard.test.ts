import fc from "fast-check";
import { expect, test } from "vitest";

import { copyNodes, pasteClip, readClip } from "../clipboard";
import type { Flow } from "../flow";
import { parseExact, stringifyExact } from "../values";
import { flowAndChoice, flows } from "./drawings";

const clipOf = (flow: Flow, ids: ReadonlySet<string>) => {
  const clip = readClip(copyNodes(flow, ids));
  if (!clip) throw new Error("a copy must be readable");
  return clip;
};

test("pasting gives new ids, keeps the wiring among the copies, and leaves the rest alone", () => {
  fc.assert(
    fc.property(flowAndChoice(), ([flow, chosen]) => {
      const clip = clipOf(flow, chosen);
      const pasted = pasteClip(flow, clip, { x: 40, y: 50 });
      const fresh = new Map(clip.nodes.map((node, index) => [node.id, pasted.ids[index]]));
      expect(new Set(pasted.ids).size).toBe(chosen.size);
      expect(pasted.ids.some((id) => flow.nodes.some((node) => node.id === id))).toBe(false);
      const inner = flow.edges.filter((edge) => chosen.has(edge.source) && chosen.has(edge.target));
      expect(pasted.flow.edges.slice(flow.edges.length)).toEqual(
        inner.map((edge) => ({ ...edge, source: fresh.get(edge.source), target: fresh.get(edge.target) })),
      );
      expect(pasted.flow.nodes.slice(0, flow.nodes.length)).toEqual(flow.nodes);
      expect(pasted.flow.edges.slice(0, flow.edges.length)).toEqual(flow.edges);
    }),
  );
});

test("paths into copied nodes follow the copies, paths into others stay", () => {
  fc.assert(
    fc.property(flowAndChoice(), ([flow, chosen]) => {
      const clip = clipOf(flow, chosen);
      const pasted = pasteClip(flow, clip, { x: 0, y: 0 });
      clip.nodes.forEach((node, index) => {
        const pathOf = (settings: unknown) => (settings as { value: { path: string } }).value.path;
        const [, aimed = ""] = pathOf(node.settings).split(".");
        const at = clip.nodes.findIndex((other) => other.id === aimed);
        const copy = pasted.flow.nodes.find((other) => other.id === pasted.ids[index]);
        expect(pathOf(copy?.settings)).toBe(`$steps.${at < 0 ? aimed : (pasted.ids[at] ?? "")}.id`);
      });
    }),
  );
});

test("copies keep their places to each other", () => {
  fc.assert(
    fc.property(flowAndChoice(), ([flow, chosen]) => {
      fc.pre(chosen.size > 0);
      const clip = clipOf(flow, chosen);
      const { flow: after, ids } = pasteClip(flow, clip, { x: 100, y: 200 });
      const corners = ids.map((id) => after.layout[id] ?? { x: NaN, y: NaN });
      expect(Math.min(...corners.map((at) => at.x))).toBe(100);
      expect(Math.min(...corners.map((at) => at.y))).toBe(200);
      const first = clip.layout[clip.nodes[0]?.id ?? ""];
      clip.nodes.forEach((node, index) => {
        const old = clip.layout[node.id];
        expect((corners[index]?.x ?? 0) - (corners[0]?.x ?? 0)).toBe((old?.x ?? 0) - (first?.x ?? 0));
      });
    }),
  );
});

test("in another flow a slot is bound to the one that it has for the system, or made", () => {
  const source = fc.sample(flows(), 1)[0] as Flow;
  const clip = clipOf(source, new Set(["n0"]));
  const empty: Flow = { ...source, nodes: [], edges: [], layout: {}, slots: {} };
  const made = pasteClip(empty, clip, { x: 0, y: 0 }).flow;
  expect(Object.values(made.slots)).toEqual([{ system: "vtiger", title: "CRM" }]);
  expect(Object.keys(made.slots)).toEqual([made.nodes[0]?.settings["slot"]]);
  const other: Flow = { ...empty, slots: { crm: { system: "kommo", title: "" }, sales: { system: "vtiger", title: "Sales" } } };
  const joined = pasteClip(other, clip, { x: 0, y: 0 }).flow;
  expect(joined.nodes[0]?.settings["slot"]).toBe("sales");
  expect(joined.slots).toEqual(other.slots);
});

test("other text is no clip", () => {
  for (const text of ["", "hello", "{}", "null", "[1]", '{"heddle_clip": 2}']) expect(readClip(text)).toBeNull();
});

test("numbers keep their text through a copy", () => {
  const text = '{"price":100.10,"id":9007199254740993,"rate":0.175,"count":3}';
  expect(stringifyExact(parseExact(text))).toBe(text);
});
