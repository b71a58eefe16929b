import { describe, expect, it } from "vitest";

import { halves, secretNames } from "./settings";

const schema = {
  properties: {
    url: { type: "string" },
    password: { type: "string", format: "password", writeOnly: true },
    token: { anyOf: [{ type: "string", format: "password" }, { type: "null" }] },
  },
};

describe("connection settings", () => {
  it("know their secrets, optional ones too", () => {
    expect(secretNames(schema)).toEqual(["password", "token"]);
  });

  it("never send a secret among the settings, nor one that was not typed", () => {
    expect(halves(schema, { url: "u", password: "p", token: "" })).toEqual({ settings: { url: "u" }, secrets: { password: "p" } });
  });
});
