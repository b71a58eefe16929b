import { describe, expect, it } from "vitest";

import type { Field } from "./flow";
import { changed, leavesOf, nextWay, type Pair, sentenceOf, suggestPairs } from "./pairs";

const field = (name: string, more: Partial<Field> = {}): Field => ({
  name, title: "", type: "text", required: false, read_only: false, create_only: false, max_length: null, refers_to: null,
  choices: [], fields: [], description: "", ...more,
});
const names = { left: "Creatio", right: "Intacct" };

describe("pairs of a two-way sync", () => {
  it("are suggested by name, title and type, each field once, and never twice", () => {
    const left = leavesOf([field("Name"), field("Phone"), field("Web"), field("Id", { type: "id" }), field("Owner", { type: "reference" }), field("Active", { type: "boolean" })]);
    const right = leavesOf([
      field("NAME"),
      field("DISPLAYCONTACT", { type: "object", fields: [field("PHONE1", { title: "Phone" }), field("FAX", { title: "Fax" })] }),
      field("RECORDNO", { type: "id", title: "Id" }),
      field("OWNER", { title: "Owner" }),
      field("ACTIVE", { title: "Active", type: "money" }),
    ]);
    const offers = suggestPairs(left, right, []);
    expect(offers.map(({ pair }) => [pair.left, pair.right])).toEqual([["Name", "NAME"], ["Phone", "DISPLAYCONTACT.PHONE1"]]);
    const rest = suggestPairs(left, right, offers.slice(0, 1).map(({ pair }) => pair));
    expect(rest.map(({ pair }) => pair.left)).toEqual(["Phone"]);
  });

  it("go one way where the other side cannot be written", () => {
    const [offer] = suggestPairs(leavesOf([field("Balance")]), leavesOf([field("Balance", { read_only: true })]), []);
    expect(offer?.pair.direction).toBe("to_left");
  });

  it("are told in one sentence", () => {
    const pair: Pair = { left: "Phone", right: "PHONE1", policy: "newest" };
    const told = (change: Partial<Pair>, drift = "restore") => sentenceOf(changed(pair, change), names, "Phone", 300, drift);
    expect(told({})).toBe("Phone goes both ways. If both changed it, the later change wins, and within 5 minutes somebody is asked.");
    expect(told({ direction: "to_left" })).toBe("Phone belongs to Intacct; what is changed in Creatio is put back.");
    expect(told({ direction: "to_right" }, "leave")).toBe(
      "Phone belongs to Creatio; what is changed in Intacct stays until Creatio changes it.",
    );
    const state = { side: "left" as const, field: "Stage", values: ["Draft", "Open"], then: "left" as const, else: "right" as const };
    expect(told({ policy: "by_state", state })).toContain("Creatio wins while Stage in Creatio is Draft or Open, then Intacct");
  });

  it("keep only what their policy needs", () => {
    const ruled = changed({ left: "a", right: "b" }, { policy: "by_state" });
    expect(ruled.state?.then).toBe("left");
    expect(changed(ruled, { policy: "ask" })).toEqual({ left: "a", right: "b", policy: "ask" });
    expect(changed({ left: "a", right: "b", table: { table: "t" } }, { table: null })).toEqual({ left: "a", right: "b" });
  });

  it("turn by keys", () => {
    expect([nextWay("both", "Enter"), nextWay("to_right", " "), nextWay("to_left", "Enter")]).toEqual(["to_right", "to_left", "both"]);
    expect([nextWay("both", "ArrowLeft"), nextWay("to_left", "ArrowRight")]).toEqual(["to_left", "to_right"]);
  });
});
