import { describe, expect, it } from "vitest";

import { firingText, offsetText } from "../firings";

describe("a firing", () => {
  it("shows the time of its own clock, whatever the browser's is", () => {
    expect(firingText("2026-11-20T06:00:00+01:00")).toBe("Fri, 20 Nov 2026, 06:00");
    expect(firingText("2026-11-20T23:30:00-08:00")).toBe("Fri, 20 Nov 2026, 23:30");
  });

  it("shows seconds only when there are any", () => {
    expect(firingText("2026-11-20T06:00:10+00:00")).toBe("Fri, 20 Nov 2026, 06:00:10");
  });

  it("names its offset", () => {
    expect([offsetText("2026-11-20T06:00:00+05:30"), offsetText("2026-11-20T06:00:00+00:00")]).toEqual(["+05:30", "UTC"]);
  });
});
