/** Drawings made at random for the property tests: acyclic, with paths into each other and slots. */

import fc from "fast-check";

import type { Flow, FlowEdge, FlowNode, NodeType } from "../flow";

export const plainType = (type: string, group: NodeType["group"] = "shape"): NodeType => ({
  type,
  version: 1,
  title: type,
  group,
  glyph: "box",
  help: "",
  editor: null,
  inputs: group === "trigger" ? [] : [{ name: "in", title: "", required: true }],
  outputs: [
    { name: "out", title: "", required: true },
    { name: "rejected", title: "Rejected", required: false },
  ],
  settings: {},
});

const idOf = (index: number) => `n${index}`;

/** Nodes n0…; wires only from lower to higher numbers, so that there is no cycle. */
export const flows = (): fc.Arbitrary<Flow> =>
  fc.integer({ min: 1, max: 9 }).chain((count) =>
    fc
      .record({
        pairs: fc.uniqueArray(fc.tuple(fc.nat(count - 1), fc.nat(count - 1), fc.constantFrom("out", "rejected")), {
          maxLength: 14,
          selector: (pair) => pair.join(),
        }),
        places: fc.array(fc.record({ x: fc.integer({ min: -800, max: 800 }), y: fc.integer({ min: -800, max: 800 }) }), {
          minLength: count,
          maxLength: count,
        }),
        refers: fc.array(fc.nat(count - 1), { minLength: count, maxLength: count }),
      })
      .map(({ pairs, places, refers }): Flow => {
        const nodes = places.map(
          (_, index): FlowNode => ({
            id: idOf(index),
            type: "map",
            version: 1,
            title: `Step ${index}`,
            settings: { slot: "crm", value: { kind: "path", path: `$steps.${idOf(refers[index] ?? 0)}.id` } },
            note: "",
            disabled: false,
          }),
        );
        const edges = pairs
          .filter(([from, to]) => from < to)
          .map(([from, to, output]): FlowEdge => ({ source: idOf(from), output, target: idOf(to), input: "in" }));
        return {
          heddle: 1,
          name: "Drawn",
          description: "",
          slots: { crm: { system: "vtiger", title: "CRM" } },
          nodes,
          edges,
          tables: {},
          rules: {},
          policy: { lanes: 1, batch_size: 200, retry_minutes: [1], sample_size: 10 },
          layout: Object.fromEntries(places.map((place, index) => [idOf(index), place])),
        };
      }),
  );

export const choiceOf = (flow: Flow): fc.Arbitrary<Set<string>> =>
  fc.subarray(flow.nodes.map((node) => node.id)).map((ids) => new Set(ids));

export const flowAndChoice = (): fc.Arbitrary<[Flow, Set<string>]> =>
  flows().chain((flow) => fc.tuple(fc.constant(flow), choiceOf(flow)));
