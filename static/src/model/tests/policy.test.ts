import { LosslessNumber } from "lossless-json";
import { describe, expect, it } from "vitest";

import { budgetOf, minutesOf, policyText } from "../policy";

const policy = { lanes: 2, batch_size: 100, retry_minutes: [1, 5], sample_size: 10 };

describe("the policy of a flow as text", () => {
  it("comes back as it was", () => {
    const budget = { creates: 500, updates: null, deletes: 0, amount: { field: "TOTAL", limit: new LosslessNumber("10000.10") } };
    expect(budgetOf(policyText({ ...policy, budget }))).toEqual(budget);
    expect(budgetOf(policyText(policy))).toBeNull();
    expect(budgetOf({ ...policyText(policy), deletes: "5" })).toEqual({ creates: null, updates: null, deletes: 5, amount: null });
    expect(minutesOf(policyText(policy).minutes)).toEqual([1, 5]);
  });

  it("writes whole minutes without a fraction", () => {
    const retry_minutes = [new LosslessNumber("1.0"), new LosslessNumber("0.5"), 15] as number[];
    expect(policyText({ ...policy, retry_minutes }).minutes).toBe("1, 0.5, 15");
  });

  it("keeps a budget of nothing, which is not the same as none", () => {
    expect(budgetOf({ ...policyText(policy), creates: "0" })).toEqual({ creates: 0, updates: null, deletes: 0, amount: null });
  });

  it("says what is wrong with an amount", () => {
    const text = policyText(policy);
    expect(budgetOf({ ...text, limit: "5" })).toContain("field");
    expect(budgetOf({ ...text, field: "TOTAL", limit: "5,00" })).toContain("plain number");
  });

  it("takes minutes however they are parted, and nothing else", () => {
    expect(minutesOf("1 5;15")).toEqual([1, 5, 15]);
    expect(minutesOf("")).toEqual([]);
    expect(minutesOf("1, soon")).toBeNull();
    expect(minutesOf("-1")).toBeNull();
  });
});
