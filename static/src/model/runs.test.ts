import { describe, expect, it } from "vitest";

import { againText, cameOf, countsText, durationText, leftText, paceText, rateText, runSentence, silenceText, statusText } from "./runs";

const none = { read: 0, created: 0, updated: 0, unchanged: 0, skipped: 0, held: 0, failed: 0, echo: 0 };
const run = { state: "done", mode: "live", counts: none, message: "", started_at: null, ended_at: null };

describe("run sentences", () => {
  it("name only what happened, with separators", () => {
    expect(countsText({ ...none, read: 1240, created: 1236, held: 4 })).toBe("1,236 created, 4 held");
    expect(runSentence({ ...run, counts: { ...none, read: 1240, created: 1236, held: 4 } })).toBe("1,240 records read: 1,236 created, 4 held.");
  });

  it("say that a dry run wrote nothing, and that nothing was there", () => {
    expect(runSentence({ ...run, mode: "dry-run", counts: { ...none, read: 3, created: 1, updated: 1, held: 1 } })).toBe(
      "3 records read: 1 to create, 1 to update, 1 held. Nothing was written: it was only a dry run.",
    );
    expect(runSentence(run)).toBe("There was nothing to do.");
  });

  it("have words even when the server had none", () => {
    expect(runSentence({ ...run, state: "waiting" })).not.toBe("");
    expect(runSentence({ ...run, state: "failed" })).toBe("It could not go on.");
  });

  it("say what a run waits for that has not begun", () => {
    expect(runSentence({ ...run, state: "queued", before: [] })).toBe("It waits for a worker.");
    expect(runSentence({ ...run, state: "queued", before: ["a"] })).toBe("An older run of this flow comes first.");
    expect(runSentence({ ...run, state: "queued", before: ["a", "b"] })).toBe("2 older runs of this flow come first.");
    expect(cameOf({ state: "queued", counts: none, message: "" })).toBe("it waits for its turn");
    expect(cameOf({ state: "cancelled", counts: none, message: "Left out." })).toBe("Left out.");
    expect(cameOf({ state: "cancelled", counts: { ...none, read: 2, created: 2 }, message: "Cancelled." })).toBe("2 created");
    expect(cameOf({ state: "done", counts: none, message: "" })).toBe("nothing to do");
  });

  it("say since when a worker is silent, and when another one comes", () => {
    const silent = { since: "2026-03-01T10:00:00Z", until: "2026-03-01T10:00:45Z" };
    const at = (moment: string) => silenceText(silent, Date.parse(moment));
    expect(at("2026-03-01T10:00:30Z")).toBe("No worker has given a sign of life for 30 s. Another one takes over in 15 s.");
    expect(at("2026-03-01T10:02:00Z")).toBe("No worker has given a sign of life for 2 min 0 s. Whoever is free next takes over.");
  });

  it("say how much there is as exactly as it is known", () => {
    const busy = { ...run, state: "running", counts: { ...none, read: 340, created: 338, held: 2 } };
    expect(runSentence({ ...busy, reading: true, total: null })).toBe("340 records so far: 338 created, 2 held.");
    expect(runSentence({ ...busy, reading: true, total: 2000 })).toBe("340 of about 2,000 records so far: 338 created, 2 held.");
    expect(runSentence({ ...busy, reading: false, total: 2100 })).toBe("340 of 2,100 records so far: 338 created, 2 held.");
    expect(runSentence({ ...busy, reading: true, total: 5000, at_least: true })).toBe("340 of at least 5,000 records so far: 338 created, 2 held.");
    expect(paceText({ rate: 33.4, left_s: null, reading: true, total: 5000, at_least: true })).toContain("known when all has been read");
    expect(runSentence({ ...busy, reading: true, total: 300 })).toBe("340 records so far: 338 created, 2 held.");
    expect(runSentence({ ...busy, answered: 60, reading: false, total: 2100 })).toBe("400 of 2,100 records so far: 338 created, 2 held, 60 not yet counted.");
    expect(runSentence({ ...run, state: "running", answered: 37, reading: false, total: 500 })).toBe("37 of 500 records so far: 37 not yet counted.");
    expect(paceText({ rate: 33.4, left_s: 53, reading: true, total: 2000 })).toBe("33 records a second, about 55 s left");
    expect(paceText({ rate: 33.4, left_s: null, reading: true, total: null })).toContain("known when all has been read");
    expect(paceText({ rate: null, left_s: null, reading: false, total: 90 })).toBe("Time left: – until the pace is known");
    expect(paceText({ rate: 33.4, left_s: 0, reading: false, total: 340 })).toBe("33 records a second");
  });

  it("tell a pace in the unit that fits", () => {
    expect([1234.4, 1, 0.4, 0.01].map(rateText)).toEqual(["1,234 records a second", "1 record a second", "24 records a minute", "36 records an hour"]);
  });

  it("tell what is left only as exactly as it is known", () => {
    const words = [0.2, 8, 53, 57.5, 89, 3569, 3571, 4000, 86_000, 90_000].map(leftText);
    expect(words).toEqual(["a few seconds", "10 s", "55 s", "1 min", "1 min", "59 min", "1 h 0 min", "1 h 5 min", "23 h 55 min", "25 h"]);
  });

  it("say what is waited for and until when, also while it is tried again", () => {
    const counts = { ...none, read: 40, created: 40 };
    const waiting = { ...run, state: "waiting", message: "Books has had too many requests.", counts, reading: true, total: 90 };
    expect(runSentence(waiting)).toBe("Books has had too many requests. 40 of about 90 records so far: 40 created.");
    const now = Date.parse("2026-07-01T12:00:00Z");
    expect(againText("2026-07-01T12:01:05Z", now)).toBe("It tries again in 1 min 5 s.");
    expect(againText("2026-07-01T11:59:59Z", now)).toBe("It is trying again now.");
  });

  it("show what a done run left over", () => {
    expect(statusText({ state: "done", counts: { ...none, held: 3 } })).toEqual({ status: "held", text: "Done, 3 held" });
    expect(statusText({ state: "done", counts: { ...none, held: 3, failed: 1 } }).status).toBe("failed");
    expect(statusText({ state: "running", counts: { ...none, failed: 1 } })).toEqual({ status: "running" });
  });

  it("tell time in the unit that fits", () => {
    expect([0.2, 42, 62, 119.7, 7260].map(durationText)).toEqual(["under a second", "42 s", "1 min 2 s", "2 min 0 s", "2 h 1 min"]);
  });
});
