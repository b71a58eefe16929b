import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { childPath, formatPath, parsePath, valueAt } from "./path";
import {
  addCall, constant, describeValue, moveCall, path, removeCall, setArgument, setDefault, setMayBeEmpty, startAtConstant,
  startAtPath, tableOf, type Value,
} from "./value";

describe("paths", () => {
  it("come back as they were written, whatever the names hold", () => {
    const part = fc.oneof(fc.string({ minLength: 1 }).filter((text) => text !== "*"), fc.nat(99));
    fc.assert(
      fc.property(fc.constantFrom("$", "$steps", "$parent"), fc.array(part), (root, parts) => {
        expect(parsePath(formatPath(root as "$", parts))).toEqual({ root, parts });
      }),
    );
  });

  it("reach nested fields, earlier steps and the first line", () => {
    const scope = { data: { Account: { Name: "Kestrel" }, Lines: [{ Price: 3 }] }, steps: { won: { Id: "7" } }, key: "k" };
    expect(valueAt("$.Account.Name", scope)).toBe("Kestrel");
    expect(valueAt("$.Lines[*].Price", scope)).toBe(3);
    expect(valueAt("$steps.won.Id", scope)).toBe("7");
    expect(valueAt("$key", scope)).toBe("k");
    expect(valueAt("$.Account.Name.Deeper", scope)).toBeUndefined();
  });

  it("are not taken for what they are not", () => {
    expect(parsePath("$keyring")).toBeNull();
    expect(parsePath("$.Lines[?(@.Type=='x')]")).toBeNull();
    expect(parsePath("Name")).toBeNull();
  });

  it("follow dotted field names step by step", () => {
    expect(childPath("$", "Account.Name")).toBe("$.Account.Name");
    expect(childPath("$", "Net amount")).toBe("$['Net amount']");
  });
});

describe("values", () => {
  const chain: Value = { kind: "path", path: "$.Name", then: [{ function: "trim" }, { function: "upper" }] };

  it("keep their functions when the start changes", () => {
    expect(startAtPath(chain, "$.Title")).toEqual({ ...chain, path: "$.Title" });
    expect(startAtConstant(chain, "x")).toEqual({ kind: "constant", value: "x", then: chain.then });
    expect(startAtPath(constant("x"), "$.Name")).toEqual(path("$.Name"));
  });

  it("leave no trace of what was taken back", () => {
    const name = path("$.Name");
    expect(removeCall(addCall(name, { function: "trim" }), 0)).toEqual(name);
    expect(setDefault(setDefault(name, constant("?")), null)).toEqual(name);
    expect(setMayBeEmpty(setMayBeEmpty(name, true), false)).toEqual(name);
    const call = { function: "left", args: { count: constant(3) } };
    expect(setArgument(setArgument(call, "fill", constant("0")), "fill", null)).toEqual(call);
  });

  it("move functions within their chain only", () => {
    expect(moveCall(chain, 0, 1).then?.map((call) => call.function)).toEqual(["upper", "trim"]);
    expect(moveCall(chain, 0, 9).then?.map((call) => call.function)).toEqual(["upper", "trim"]);
    expect(moveCall(chain, 5, 0)).toEqual(chain);
  });

  it("say what they are", () => {
    expect(describeValue(chain)).toBe("Name, then trim, then upper");
    expect(describeValue(constant(30))).toBe("30");
    expect(describeValue(constant({ count: 30, unit: "days" }))).toBe("30 days");
    expect(tableOf(addCall(path("$.Type"), { function: "lookup", args: { table: constant("ledger") } }))).toBe("ledger");
  });
});
