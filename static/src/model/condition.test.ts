import fc from "fast-check";
import { describe, expect, it } from "vitest";

import {
  addPart, asGroup, type Condition, countParts, describeCondition, isLines, type Joiner, joinerOf, movePart, partAt, partsOf,
  type Place, setJoiner, setPart,
} from "./condition";

const comparison = fc.record({
  left: fc.record({ kind: fc.constant("path" as const), path: fc.constantFrom("$.Amount", "$.Stage", "$steps.won.Id") }),
  op: fc.constantFrom("is", ">", "empty"),
  right: fc.option(fc.record({ kind: fc.constant("constant" as const), value: fc.oneof(fc.string(), fc.integer()) })),
});

const { condition } = fc.letrec<{ condition: Condition }>((tie) => ({
  condition: fc.oneof(
    { maxDepth: 4 },
    comparison,
    ...(["all", "any", "none"] as Joiner[]).map((joiner) =>
      fc.array(tie("condition"), { maxLength: 4 }).map((parts) => ({ [joiner]: parts })),
    ),
    fc.record({ lines: fc.constant("$.Lines"), quantifier: fc.constantFrom("any" as const, "every" as const), where: tie("condition") }),
  ),
}));

function places(part: Condition, place: Place = []): Place[] {
  return [place, ...partsOf(part).flatMap((child, index) => places(child, [...place, index]))];
}

describe("conditions", () => {
  it("stay the same document when a part is replaced by itself, wherever it stands", () => {
    fc.assert(
      fc.property(condition, (whole) => {
        for (const place of places(whole)) {
          const part = partAt(whole, place);
          if (part) expect(setPart(whole, place, part)).toEqual(whole);
        }
      }),
    );
  });

  it("are as before once what was added is removed", () => {
    const added: Condition = { left: { kind: "path", path: "$.New" }, op: "empty" };
    fc.assert(
      fc.property(condition.filter((whole) => joinerOf(whole) !== null), (whole) => {
        const more = addPart(whole, [], added);
        expect(countParts(more)).toBe(countParts(whole) + 1);
        expect(setPart(more, [partsOf(whole).length], null)).toEqual(whole);
      }),
    );
  });

  it("come back when a part is moved there and back", () => {
    fc.assert(
      fc.property(condition, (whole) => {
        for (const place of places(whole).filter((one) => one.length)) {
          const last = place.at(-1) ?? 0;
          const moved = movePart(whole, place, 1);
          if (moved !== whole) expect(movePart(moved, [...place.slice(0, -1), last + 1], -1)).toEqual(whole);
        }
      }),
    );
  });

  it("never lose the question to the lines with its last comparison", () => {
    const lines: Condition = { lines: "$.Lines", quantifier: "any", where: { left: { kind: "path", path: "$.Price" }, op: "empty" } };
    const left = setPart({ all: [lines] }, [0, 0], null);
    const [part] = partsOf(left);
    expect(part && isLines(part)).toBe(true);
    expect(countParts(left)).toBe(0);
  });

  it("wrap a single comparison only to put something beside it", () => {
    const one: Condition = { left: { kind: "path", path: "$.Amount" }, op: ">", right: { kind: "constant", value: 1000 } };
    expect(asGroup(one)).toEqual({ all: [one] });
    expect(asGroup({ any: [one] })).toEqual({ any: [one] });
    expect(setJoiner({ all: [one] }, [], "none")).toEqual({ none: [one] });
  });

  it("read as a sentence", () => {
    const words = { path: (text: string) => text.replace("$.", ""), operator: (op: string) => ({ ">": "is more than", is: "is" })[op] };
    const amount: Condition = { left: { kind: "path", path: "$.Amount" }, op: ">", right: { kind: "constant", value: 1000 } };
    const stage: Condition = { left: { kind: "path", path: "$.Stage" }, op: "is", right: { kind: "constant", value: "Won" } };
    expect(describeCondition({ all: [amount, { any: [stage, amount] }] }, words)).toBe(
      "Amount is more than 1000 and (Stage is “Won” or Amount is more than 1000)",
    );
    expect(describeCondition({ none: [stage, amount] }, words)).toBe("neither Stage is “Won” nor Amount is more than 1000");
    expect(describeCondition({ all: [] })).toBe("always");
  });
});
