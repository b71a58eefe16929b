import { describe, expect, it } from "vitest";

import { addInput, addOutput, addRow, cellOf, type DecisionTable, moveColumn, moveRow, pasteCells, removeColumn, setCell, startDecision, writeCell } from "./decision";

function table(): DecisionTable {
  const made = addOutput(addInput(startDecision("Entity")));
  return { ...made, inputs: made.inputs.map((input, at) => ({ ...input, title: at ? "Amount" : "Country", type: at ? "number" : "text" })) };
}

const fits = (made: DecisionTable) =>
  made.rows.every((row) => row.when.length === made.inputs.length && row.then.length === made.outputs.length) &&
  new Set(made.rows.map((row) => row.id)).size === made.rows.length;

describe("decision tables", () => {
  it("keeps a cell for every column through every edit", () => {
    let made = setCell(table(), 0, 0, '"DE"');
    made = setCell(made, 0, 2, '"EU"');
    expect(fits(made)).toBe(true);
    const swapped = moveColumn(made, 0, 1);
    expect(cellOf(swapped, 0, 1)).toBe('"DE"');
    expect(fits(removeColumn(swapped, 0))).toBe(true);
    expect(cellOf(removeColumn(swapped, 0), 0, 0)).toBe('"DE"');
    expect(removeColumn(removeColumn(made, 3), 2).outputs).toHaveLength(1);
    expect(moveRow(addRow(made), 0, 1).rows.map((row) => row.id)).toEqual(["r2", "r1"]);
    expect(moveRow(made, 0, 5)).toEqual(made);
  });

  it("pastes 200 rows and appends what is missing", () => {
    const cells = Array.from({ length: 200 }, (_, at) => ["DE, AT", `>= ${at}`, "EU", "x", "note", "over the edge"]);
    const made = pasteCells(table(), 0, 0, cells);
    expect(made.rows).toHaveLength(200);
    expect(fits(made)).toBe(true);
    expect(made.rows[199]).toEqual({ id: "r200", when: ['"DE", "AT"', ">= 199"], then: ['"EU"', '"x"'], note: "note" });
  });

  it.each([
    ["DE", "text", '"DE"'],
    ["DE, AT", "text", '"DE", "AT"'],
    ["not(DE, AT)", "text", 'not("DE", "AT")'],
    ['"DE"', "text", '"DE"'],
    ["", "text", "-"],
    ["-", "text", "-"],
    ["4000", "text", '"4000"'],
    ["> 5", "number", "> 5"],
    ["[1..5]", "any", "[1..5]"],
    ["Germany", "any", '"Germany"'],
    ["Country", "text", "Country"],
    [">= 2026-01-01", "date", '>= date("2026-01-01")'],
    ['date("2026-01-01")', "date", 'date("2026-01-01")'],
    ["true", "boolean", "true"],
  ])("reads %s in a %s column as %s", (typed, type, expected) => {
    expect(writeCell(typed, type, ["Country"])).toBe(expected);
    expect(writeCell(expected, type, ["Country"])).toBe(expected);
  });
});
