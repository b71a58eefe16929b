import { describe, expect, it } from "vitest";

import type { Field } from "./flow";
import { blankLine, cellOf, columnsOf, entered, entriesOf, put } from "./record";
import { parseExact, stringifyExact } from "./values";

const field = (name: string, type: Field["type"], more: Partial<Field> = {}): Field => ({
  name, title: "", type, required: false, read_only: false, create_only: false, max_length: null,
  refers_to: null, choices: [], fields: [], description: "", ...more,
});
const text = `{"Id":"4d1e7e3c-9f1b-4b1e-8f38-2f8e5c9c1a01","Amount":1234567890123456.70,"Paid":false,"Due":"2026-03-01","When":"2026-03-01T10:00:00Z",
 "Stage":"won","Tags":["a","b"],"Account":{"Name":"Acme","City":null},"Products":[{"Price":{"Net":10.10},"Note":null},{"Price":{"Net":null},"Note":"x"}],"Odd":[[1]],"None":{}}`;
const data = parseExact(text) as Record<string, unknown>;
const shape = [
  field("Amount", "money", { title: "Total" }), field("Paid", "boolean"), field("Start", "date"),
  field("Stage", "choice", { choices: [{ value: "won", title: "Closed won" }] }),
];

describe("a record as a form", () => {
  it("tells what each value is, by itself and by its shape, ids last", () => {
    const told = entriesOf(data, shape).map((one) => [one.name, one.kind === "plain" ? one.type : one.kind]);
    expect(told).toEqual([
      ["Amount", "money"], ["Paid", "boolean"], ["Due", "date"], ["When", "text"], ["Stage", "text"], ["Tags", "list"],
      ["Account", "group"], ["Products", "lines"], ["Odd", "json"], ["None", "json"], ["Id", "text"],
    ]);
    const [amount, , , , stage] = entriesOf(data, shape);
    expect([amount?.label, stage?.label, stage?.choices.length]).toEqual(["Total", "Stage", 1]);
  });
  it("asks for what is wrong because it is not there", () => {
    const wrong = [{ field: "Start", message: "It is missing." }, { field: "Account.Name", message: "Too long." }];
    const told = entriesOf(data, shape, wrong);
    expect(told.slice(0, 3).map((one) => [one.name, one.type, one.value === undefined])).toEqual([
      ["Start", "date", true], ["Account", "any", false], ["Amount", "money", false],
    ]);
  });
  it("sets one value and leaves the rest to the digit", () => {
    const once = put(data, ["Products", "1", "Price", "Net"], parseExact("20.50"));
    const made = put(once, ["Account", "Name"], "Acme Ltd");
    expect(stringifyExact(made)).toBe(
      stringifyExact(data).replace('"Name":"Acme"', '"Name":"Acme Ltd"').replace('"Net":null', '"Net":20.50'),
    );
    expect(stringifyExact(put({}, ["Owner", "Name"], "Ann"))).toBe('{"Owner":{"Name":"Ann"}}');
    expect([entered("", null), entered("", undefined), entered("", "x")]).toEqual([null, null, ""]);
  });
  it("has lines as rows of plain cells", () => {
    const lines = data["Products"] as unknown[];
    const columns = columnsOf(lines, []);
    expect(columns).toEqual([["Price", "Net"], ["Note"]]);
    expect(cellOf(lines, 1, ["Price", "Net"], []).type).toBe("number");
    expect(cellOf(lines, 0, ["Note"], []).type).toBe("text");
    expect(blankLine(columns)).toEqual({ Price: { Net: null }, Note: null });
    expect(columnsOf([], [field("Qty", "number")])).toEqual([["Qty"]]);
  });
});
