import { describe, expect, it } from "vitest";

import { EVERYTHING, readableOf, wantedOf } from "../reading";

const read = (settings: Record<string, unknown>, disabled = false) => ({
  nodes: [{ id: "read", type: "read", version: 1, title: "", settings, note: "", disabled }],
});

describe("what a run can be told to read", () => {
  it("is a span of time where something reads only what changed", () => {
    expect(readableOf(read({ changes: true })).time).toBe(true);
    expect(readableOf(read({ changes: false })).time).toBe(false);
    expect(readableOf(read({ changes: true }, true)).time).toBe(false);
  });

  it("is certain records where a trigger names them in one field", () => {
    expect(readableOf(read({ only: { kind: "path", path: "$.id" } })).idField).toBe("id");
    expect(readableOf(read({ only: { kind: "path", path: "$.records[*].id" } })).idField).toBeNull();
    expect(readableOf(read({ only: null })).idField).toBeNull();
  });
});

describe("what is asked for", () => {
  const readable = { time: true, idField: "id" };

  it("is nothing for everything", () => {
    expect(wantedOf(EVERYTHING, readable)).toEqual({ wanted: {}, error: null });
  });

  it("is a window with one or two ends, in UTC", () => {
    const from = { ...EVERYTHING, kind: "time" as const, since: "2026-03-01T08:00" };
    expect(wantedOf(from, readable).wanted).toEqual({ window: { since: new Date("2026-03-01T08:00").toISOString() } });
    expect(wantedOf({ ...from, until: "2026-03-01T07:00" }, readable).error).toContain("behind");
    expect(wantedOf({ ...from, since: "" }, readable).error).toContain("from when");
  });

  it("is ids as the trigger would bring them", () => {
    const ids = { ...EVERYTHING, kind: "ids" as const, ids: ["A1", "A2"] };
    expect(wantedOf(ids, readable).wanted).toEqual({ input: { id: ["A1", "A2"] } });
    expect(wantedOf({ ...ids, ids: [] }, readable).error).toContain("at least one");
  });

  it("is JSON, or not yet", () => {
    const json = { ...EVERYTHING, kind: "json" as const };
    expect(wantedOf({ ...json, json: '{"a": 1}' }, readable).error).toBeNull();
    expect(wantedOf({ ...json, json: "{" }, readable).error).toContain("not JSON");
  });
});
