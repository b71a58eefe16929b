import { describe, expect, it } from "vitest";

import { countsText, durationText, runSentence, statusText } from "./runs";

const none = { read: 0, created: 0, updated: 0, unchanged: 0, skipped: 0, held: 0, failed: 0, echo: 0 };
const run = { state: "done", mode: "live", counts: none, message: "", started_at: null, ended_at: null };

describe("run sentences", () => {
  it("name only what happened, with separators", () => {
    expect(countsText({ ...none, read: 1240, created: 1236, held: 4 })).toBe("1,236 created, 4 held");
    expect(runSentence({ ...run, counts: { ...none, read: 1240, created: 1236, held: 4 } })).toBe("1,240 records read: 1,236 created, 4 held.");
  });

  it("say that a dry run wrote nothing, and that nothing was there", () => {
    expect(runSentence({ ...run, mode: "dry-run", counts: { ...none, read: 1, created: 1 } })).toContain("Nothing was written");
    expect(runSentence(run)).toBe("There was nothing to do.");
  });

  it("have words even when the server had none", () => {
    expect(runSentence({ ...run, state: "waiting" })).not.toBe("");
    expect(runSentence({ ...run, state: "failed" })).toBe("It could not go on.");
  });

  it("show what a done run left over", () => {
    expect(statusText({ state: "done", counts: { ...none, held: 3 } })).toEqual({ status: "held", text: "Done, 3 held" });
    expect(statusText({ state: "done", counts: { ...none, held: 3, failed: 1 } }).status).toBe("failed");
    expect(statusText({ state: "running", counts: { ...none, failed: 1 } })).toEqual({ status: "running" });
  });

  it("tell time in the unit that fits", () => {
    expect([0.2, 42, 62, 7260].map(durationText)).toEqual(["under a second", "42 s", "1 min 2 s", "2 h 1 min"]);
  });
});
