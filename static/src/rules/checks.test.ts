import { describe, expect, it } from "vitest";

import { type Check, ruleOf } from "./checks";

const check: Check = {
  id: "tax_code",
  title: "Tax known",
  help: "",
  fields: [
    { name: "lines", title: "Lines", of: "lines" },
    { name: "tax", title: "Tax", of: "line" },
    { name: "taxes", title: "Taxes", of: "list" },
  ],
  rule: {
    id: "tax_code",
    when: { lines: "$.lines", quantifier: "any", where: { left: { kind: "path", path: "$.tax" }, op: "not_one_of", right: { kind: "constant", value: "@taxes" } } },
    then: [{ do: "hold", message: "Held: {$.tax} is unknown." }],
  },
};

describe("a check", () => {
  it("takes what was chosen into its rule, message included, under a free id", () => {
    const rule = ruleOf(check, { lines: "$.Items", tax: "$.VAT.Code", taxes: "V19, V7" }, { rules: [{ id: "tax_code", when: { all: [] }, then: [] }] });
    expect(rule.id).toBe("tax_code_2");
    expect(JSON.stringify(rule.when)).toBe(
      '{"lines":"$.Items","quantifier":"any","where":{"left":{"kind":"path","path":"$.VAT.Code"},"op":"not_one_of","right":{"kind":"constant","value":["V19","V7"]}}}',
    );
    expect(rule.then).toEqual([{ do: "hold", message: "Held: {$.VAT.Code} is unknown." }]);
  });
});
