import { describe, expect, it } from "vitest";

import { readPlaces } from "./DaysPanel";

describe("decimal places by currency", () => {
  it("are read as people write them, and refused when they are something else", () => {
    expect(readPlaces("jpy 0,  KWD 3,")).toEqual({ JPY: 0, KWD: 3 });
    expect(readPlaces("")).toEqual({});
    expect(readPlaces("JPY")).toBeNull();
    expect(readPlaces("JPY 9")).toBeNull();
  });
});
