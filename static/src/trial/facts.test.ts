import { describe, expect, it } from "vitest";

import { stringifyExact } from "../model/values";
import { askedFor, recordOf } from "./facts";

const amount = { kind: "path", path: "$.Amount" };
const rules = {
  rules: [
    { when: { all: [{ left: amount, op: ">", right: { kind: "constant", value: 5 } }, { left: { kind: "path", path: "$.Account.Name" }, op: "empty" }] } },
    { when: { lines: "$.Lines", where: { left: { kind: "path", path: "$.Qty" }, op: ">" } } },
    { when: { left: amount, op: "<" } },
  ],
};

describe("a typed record", () => {
  const asked = askedFor(rules, []);
  it("asks for each field once, and for none inside lines", () => {
    expect(asked.map((one) => one.path)).toEqual(["$.Amount", "$.Account.Name"]);
  });
  it("keeps what the sample has beside it, and numbers exact", () => {
    const sample = { Amount: 1, Account: { Name: "Acme", City: "Ulm" }, Lines: [{ Qty: 1 }] };
    const made = recordOf(asked, { "$.Amount": "1000000000000000.10", "$.Account.Name": "" }, sample);
    expect(stringifyExact(made)).toBe('{"Amount":1000000000000000.10,"Account":{"Name":null,"City":"Ulm"},"Lines":[{"Qty":1}]}');
    expect(sample.Account.Name).toBe("Acme");
  });
});
