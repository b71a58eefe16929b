import { describe, expect, it } from "vitest";

import { hintOf } from "./hints";
import { branchOf, branchTitle, gist, kindOf, labelOf, type Schema, setProperty, split, startObject, startValue, switchBranch, unwrap } from "./schema";
import { bindConnection } from "./slots";

const root: Schema = {
  type: "object",
  required: ["url", "auth"],
  properties: {
    url: { type: "string", title: "Address" },
    auth: { discriminator: { propertyName: "kind" }, oneOf: [{ $ref: "#/$defs/Forms" }, { $ref: "#/$defs/OAuth" }] },
    lanes: { anyOf: [{ type: "integer" }, { type: "null" }], default: null, title: "Lanes" },
    proxy: { type: "string", default: "", "x-advanced": true },
  },
  $defs: {
    Forms: {
      title: "User name and password",
      type: "object",
      required: ["user", "password"],
      properties: { kind: { const: "forms" }, user: { type: "string" }, password: { type: "string", format: "password" } },
    },
    OAuth: {
      title: "OAuth",
      type: "object",
      required: ["user", "secret"],
      properties: { kind: { const: "oauth" }, user: { type: "string" }, secret: { type: "string", writeOnly: true } },
    },
  },
};
const auth = root.properties?.auth ?? {};

describe("schema forms", () => {
  it("see through references and optional values", () => {
    const lanes = unwrap(root.properties?.lanes ?? {}, root);
    expect([kindOf(lanes.schema), lanes.nullable, lanes.schema.title]).toEqual(["integer", true, "Lanes"]);
    expect(kindOf({ type: "string", format: "password" })).toBe("secret");
    expect(kindOf({ type: "object", additionalProperties: { type: "string" } })).toBe("map");
  });

  it("start with what is required and say nothing else", () => {
    expect(startObject(root, root)).toEqual({ url: "", auth: { kind: "forms", user: "", password: "" } });
    expect(startValue({ type: "array", items: {} }, root)).toEqual([]);
  });

  it("find the branch of a union and switch it, keeping what both have", () => {
    const value = { kind: "forms", user: "heddle", password: "x" };
    expect(branchOf(auth, value, root)).toBe(0);
    expect(branchOf(auth, { kind: "oauth" }, root)).toBe(1);
    expect(switchBranch(auth, value, 1, root)).toEqual({ kind: "oauth", user: "heddle", secret: "" });
    expect(branchTitle({ $ref: "#/$defs/Forms" }, "kind", root)).toBe("User name and password");
    expect(branchTitle({ $ref: "#/$defs/OAuth" }, "kind", root)).toBe("Oauth");
  });

  it("set and take back a property without touching the rest, unknown keys included", () => {
    const value = { url: "u", later: 1 };
    expect(setProperty(value, "url", undefined)).toEqual({ later: 1 });
    expect(Object.keys(setProperty(value, "url", "v"))).toEqual(["url", "later"]);
  });

  it("put rare settings apart and make labels of names", () => {
    expect(split(root, root).more.map(([name]) => name)).toEqual(["proxy"]);
    expect(labelOf("Object 1: sales_orders", {})).toBe("Object 1: sales_orders");
    expect(labelOf("on_missing", { title: "On Missing" })).toBe("On missing");
    expect(labelOf("url", { title: "Address" })).toBe("Address");
  });

  it("know special fields by their hint, or by what they hold", () => {
    expect(hintOf("x", { "x-widget": "entity" })).toBe("entity");
    expect(hintOf("id", { anyOf: [{ oneOf: [{ $ref: "#/$defs/PathValue" }] }, { type: "null" }] })).toBe("value");
    expect(hintOf("condition", { oneOf: [{ $ref: "#/$defs/AllOf" }] })).toBe("condition");
    expect(hintOf("name", { type: "string" })).toBeUndefined();
  });
});

describe("an object in one line", () => {
  const rule: Schema = {
    properties: {
      name: { type: "string" },
      status: { type: "string" },
      path: { type: "string" },
      then: { enum: ["retry", "reject"], type: "string", default: "reject", "x-titles": { retry: "Try later" } },
      times: { type: "integer" },
    },
  };

  it("tells its short values, choices as the form calls them, and what holds where nothing is said", () => {
    expect(gist(rule, { name: "one", status: "409", path: "", then: "retry", times: 3 }, rule)).toBe("409 · Try later");
    expect(gist(rule, { status: "4xx" }, rule)).toBe("4xx · Reject");
    expect(gist(rule, null, rule)).toBe("");
  });
});

describe("connections of a node", () => {
  const around = (slots: Record<string, { system: string; title: string }>, bindings: Record<string, string>) => {
    const said: unknown[] = [];
    const flow = { slots } as Parameters<typeof bindConnection>[0]["flow"];
    const slot = bindConnection(
      { flow, bindings, onFlow: (change) => said.push(change), onBind: (...pair) => said.push(pair) },
      "",
      { id: "c1", system: "creatio", name: "Creatio live" },
    );
    return { slot, said };
  };

  it("use the slot that is bound already, else an open one of the system, else a new one", () => {
    expect(around({ crm: { system: "creatio", title: "" } }, { crm: "c1" })).toEqual({ slot: "crm", said: [] });
    expect(around({ crm: { system: "creatio", title: "" } }, {})).toEqual({ slot: "crm", said: [["crm", "c1"]] });
    const fresh = around({ creatio: { system: "creatio", title: "" } }, { creatio: "c0" });
    expect(fresh.slot).toBe("creatio_2");
    expect(fresh.said[1]).toEqual(["creatio_2", "c1"]);
  });
});
