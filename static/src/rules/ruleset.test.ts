import { describe, expect, it } from "vitest";

import { describeRule, moveRule, portName, portsOf, removeRule, type RuleSet, setRule, startRule } from "./ruleset";

const set: RuleSet = {
  rules: [
    { id: "a", when: { all: [] }, then: [{ do: "route", port: "vip" }], priority: 2 },
    { id: "b", when: { all: [] }, then: [{ do: "route", port: "late" }, { do: "hold", message: "Ask the CFO." }] },
    { id: "c", when: { all: [] }, then: [{ do: "route", port: "off" }], enabled: false },
  ],
};

describe("rule sets", () => {
  it("use the ways out of enabled rules in the order of judging", () => {
    expect(portsOf(set)).toEqual(["late", "vip"]);
  });

  it("come back when a rule is set to itself, or moved there and back", () => {
    const [first] = set.rules;
    if (!first) throw new Error("no rule");
    expect(setRule(set, 0, first)).toEqual(set);
    expect(moveRule(moveRule(set, 0, 2), 2, 0)).toEqual(set);
    expect(moveRule(set, 0, 3)).toBe(set);
  });

  it("give every new rule an id of its own", () => {
    const fresh = startRule({ rules: [{ ...startRule({ rules: [] }) }, { ...startRule({ rules: [] }), id: "rule_3" }] });
    expect(fresh.id).toBe("rule_4");
    expect(removeRule(set, 1).rules.map((rule) => rule.id)).toEqual(["a", "c"]);
  });

  it("make port names that the engine takes", () => {
    expect(portName("VIP customers!")).toBe("vip_customers");
    expect(portName("2nd level")).toBe("nd_level");
  });

  it("read as sentences", () => {
    expect(describeRule(set.rules[1] ?? startRule(set))).toEqual({ when: "always", then: "send it to “late”, and hold it: Ask the CFO." });
    expect(describeRule(startRule(set)).then).toBe("do nothing yet");
  });
});
