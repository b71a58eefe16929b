import fc from "fast-check";
import { expect, test } from "vitest";

import { CARD, TALL, placed } from "../layout";
import { flows } from "./drawings";

const draft = flows().chain((flow) => fc.tuple(fc.constant(flow), fc.subarray(flow.nodes.map((node) => node.id))));

test("every step gets a place of its own, and those that have one keep it", () => {
  fc.assert(
    fc.property(draft, ([flow, known]) => {
      const kept = Object.fromEntries(known.map((id) => [id, flow.layout[id]]));
      const { layout } = placed({ ...flow, layout: kept as typeof flow.layout });
      expect(Object.keys(layout).sort()).toEqual(flow.nodes.map((node) => node.id).sort());
      expect(layout).toMatchObject(kept);
      const found = Object.entries(layout);
      for (const [id, at] of found.filter(([id]) => !known.includes(id)))
        for (const [other, there] of found)
          if (other !== id) expect(Math.abs(at.x - there.x) >= CARD.width || Math.abs(at.y - there.y) >= TALL).toBe(true);
    }),
  );
});

test("a drawing without steps stays as it is", () => {
  const empty = { ...(fc.sample(flows(), 1)[0] as Parameters<typeof placed>[0]), nodes: [], edges: [], layout: {} };
  expect(placed(empty)).toBe(empty);
});
