import { describe, expect, it } from "vitest";

import type { Board } from "../api/types";
import { duration, forecastText, limitsOf, limitsText } from "./limits";

const board = (forecast: Board["forecast"], per_second: string | null = "10"): Board => ({
  limits: { per_second, concurrent: null, per_day: 100_000 },
  own: { per_second: null, concurrent: 2, per_day: null },
  set: true,
  state: "shared",
  today: { calls: 0, waited: 0, refused: 0, left: 100_000 },
  per_second: { now: "0.0", most: "0.0" },
  flows: [],
  forecast,
});

describe("limits", () => {
  it("keeps an empty field as no limit, and a typed one as it is", () => {
    const limits = { per_second: "2.5", concurrent: null, per_day: 5000 };
    expect(limitsOf(limitsText(limits))).toEqual(limits);
    expect(limitsOf({ per_second: " 3 ", concurrent: "4", per_day: "" })).toEqual({ per_second: "3", concurrent: 4, per_day: null });
  });

  it.each([
    [0.2, "1 s"],
    [59, "59 s"],
    [3600, "1 h"],
    [13_200, "3 h 40 min"],
    [300, "5 min"],
  ])("says %d seconds as %s", (seconds, words) => {
    expect(duration(seconds)).toBe(words);
  });

  it("tells what the next day needs, and when a day is too short for it", () => {
    expect(forecastText(board({ calls: 132_000, seconds: 13_200, fits: false, beyond: 32_000 }))).toBe(
      "The next 24 hours will need about 132,000 calls: 3 h 40 min at 10 a second. That is 32,000 more than a day allows; what is left goes on after midnight (UTC).",
    );
    expect(forecastText(board({ calls: 7, seconds: null, fits: true, beyond: 0 }, null))).toBe("The next 24 hours will need about 7 calls.");
    expect(forecastText(board(null))).toBe("Known once flows have used this connection.");
  });
});
