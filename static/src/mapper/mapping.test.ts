import fc from "fast-check";
import { describe, expect, it } from "vitest";

import type { Field, ValueType } from "../model/flow";
import { plainField } from "../model/sources";
import { constant } from "../model/value";
import { parseExact, stringifyExact } from "../model/values";
import { reach } from "./context";
import { addRow, isLines, mapPath, missing, moveRow, type Place, type Row, rowAt, setRow, setWhen, targetsOf } from "./mapping";
import { resultsOf } from "./results";
import { sourceKey, usedPaths } from "./SourceTree";
import { suggest } from "./suggest";

const value = fc.oneof(
  fc.record({ kind: fc.constant("constant" as const), value: fc.oneof(fc.string(), fc.integer(), fc.boolean()) }),
  fc.record({ kind: fc.constant("path" as const), path: fc.constantFrom("$.Name", "$.Amount", "$steps.won.Id") }),
);
const { row } = fc.letrec<{ row: Row }>((tie) => ({
  row: fc.oneof(
    { maxDepth: 3 },
    fc.record({ target: fc.string({ minLength: 1 }), value }),
    fc.record({ target: fc.string({ minLength: 1 }), lines: fc.constant("$.Lines"), rows: fc.array(tie("row"), { maxLength: 4 }) }),
  ),
}));
const rows = fc.array(row, { maxLength: 6 });

function places(list: Row[], above: Place = []): Place[] {
  return list.flatMap((one, at) => [[...above, at], ...(isLines(one) ? places(one.rows, [...above, at]) : [])]);
}

const field = (name: string, title: string, type: ValueType = "text", more: Partial<Field> = {}): Field => ({
  ...plainField(name, title, type),
  ...more,
});

describe("mapping rows", () => {
  it("are the same after saving and opening again", () => {
    fc.assert(
      fc.property(rows, (list) => {
        expect(parseExact(stringifyExact(list))).toEqual(list);
      }),
    );
  });

  it("do not change when a row is set to itself, moved there and back, or added and removed", () => {
    fc.assert(
      fc.property(rows, (list) => {
        for (const place of places(list)) {
          const one = rowAt(list, place);
          if (!one) throw new Error("a place without a row");
          expect(setRow(list, place, one)).toEqual(list);
          const moved = moveRow(list, place, 1);
          if (moved !== list) expect(moveRow(moved, [...place.slice(0, -1), (place.at(-1) ?? 0) + 1], -1)).toEqual(list);
        }
        const added = addRow(list, [], { target: "NEW", value: constant("") });
        expect(setRow(added, [list.length], null)).toEqual(list);
      }),
    );
  });

  it("keep their functions when another field is mapped to them", () => {
    const before: Row[] = [{ target: "NAME", value: { kind: "path", path: "$.Name", then: [{ function: "upper" }] }, when: "create" }];
    expect(mapPath(before, "NAME", "$.Title")).toEqual([
      { target: "NAME", value: { kind: "path", path: "$.Title", then: [{ function: "upper" }] }, when: "create" },
    ]);
    expect(mapPath([], "NAME", "$.Title")).toEqual([{ target: "NAME", value: { kind: "path", path: "$.Title" } }]);
  });

  it("say «always» by saying nothing", () => {
    const plain: Row = { target: "NAME", value: constant("x") };
    expect(setWhen(setWhen(plain, "create"), "always")).toEqual(plain);
  });
});

describe("targets", () => {
  const contact = field("CONTACT", "Contact", "object", { required: true, fields: [field("PRINTAS", "Print as", "text", { required: true })] });
  const targets = targetsOf([field("ID", "Id", "id", { read_only: true }), field("NAME", "Name", "text", { required: true }), contact]);

  it("open objects to dotted names and leave out what cannot be written", () => {
    expect(targets.map((target) => target.name)).toEqual(["NAME", "CONTACT", "CONTACT.PRINTAS"]);
    expect(targets[2]?.title).toBe("Contact › Print as");
  });

  it("are missing until they, what is inside, or what is around them is filled", () => {
    const names = (list: Row[]) => missing(targets, list).map((target) => target.name);
    expect(names([])).toEqual(["NAME", "CONTACT", "CONTACT.PRINTAS"]);
    expect(names([{ target: "CONTACT.PRINTAS", value: constant("x") }])).toEqual(["NAME"]);
    expect(names([{ target: "CONTACT", value: constant("x") }])).toEqual(["NAME"]);
  });

  it("are not missing within an object that nobody needs, until it is begun", () => {
    const inner = [field("NAME", "Name", "text", { required: true }), field("TOWN", "Town", "text")];
    const optional = targetsOf([field("CUSTOMER", "Customer", "object", { fields: inner })]);
    const names = (list: Row[]) => missing(optional, list).map((target) => target.name);
    expect(names([])).toEqual([]);
    expect(names([{ target: "CUSTOMER.TOWN", value: constant("x") }])).toEqual(["CUSTOMER.NAME"]);
  });
});

describe("suggestions", () => {
  const candidates = [
    { path: "$.Amount", title: "Amount", field: field("Amount", "Amount", "money") },
    { path: "$.Account.Name", title: "Account › Name", field: field("Name", "Name") },
    { path: "$.Lines", title: "Products", field: field("Lines", "Products", "lines") },
  ];

  it("match by name and by words that mean the same, and never against the type", () => {
    const targets = targetsOf([field("AMOUNT", "Amount", "money"), field("CUSTNAME", "Customer name"), field("LINES", "Lines", "lines"), field("NOTE", "Amount", "boolean")]);
    const found = Object.fromEntries(suggest(candidates, targets, []).map((one) => [one.target.name, one.candidate.path]));
    expect(found).toEqual({ AMOUNT: "$.Amount", CUSTNAME: "$.Account.Name", LINES: "$.Lines" });
  });

  it("take what is behind a reference for sure only where the target is about that, and no ids of the other system", () => {
    const behind = (title: string, type: ValueType = "text") => {
      const words = title.split(" › ");
      return { path: `$.${words.join(".")}`, title, field: field(words.at(-1) ?? "", words.at(-1) ?? "", type) };
    };
    const sources = [
      behind("Stage › Name"), behind("Account › Name"), behind("Account › Type › Name"),
      behind("Owner › Phone"), behind("Contact › Phone"), behind("Owner › Fax"), behind("Account", "reference"),
    ];
    const contact = field("CONTACT", "Contact", "object", { fields: [field("PHONE", "Phone"), field("FAX", "Fax")] });
    const found = suggest(sources, targetsOf([field("NAME", "Name"), field("ACCOUNT", "Account"), contact]), [], "Customer");
    expect(Object.fromEntries(found.map((one) => [one.target.name, [one.candidate.title, one.score >= 0.8]]))).toEqual({
      NAME: ["Account › Name", true],
      ACCOUNT: ["Account › Name", false],
      "CONTACT.PHONE": ["Contact › Phone", true],
      "CONTACT.FAX": ["Owner › Fax", false],
    });
  });

  it("leave alone what is mapped", () => {
    const targets = targetsOf([field("AMOUNT", "Amount", "money")]);
    expect(suggest(candidates, targets, [{ target: "AMOUNT", value: constant(0) }])).toEqual([]);
  });
});

describe("sources", () => {
  it("are reached from inside a line through what is around it", () => {
    expect(reach({ path: "$.Price", line: "$.Lines", title: "" }, "$.Lines[*]")).toBe("$.Price");
    expect(reach({ path: "$.Name", line: null, title: "" }, "$.Lines")).toBe("$parent.Name");
    expect(reach({ path: "$steps.won.Id", line: null, title: "" }, "$.Lines")).toBe("$steps.won.Id");
    expect(reach({ path: "$.Price", line: "$.Lines", title: "" }, null)).toBeNull();
  });

  it("are marked as used wherever a row starts from them", () => {
    const list: Row[] = [{ target: "L", lines: "$.Lines[*]", rows: [{ target: "P", value: { kind: "path", path: "$parent.Name" } }] }];
    expect([...usedPaths(list)]).toEqual(["|$.Lines", "|$.Name"]);
    expect(sourceKey("$.Price", "$.Lines")).toBe("$.Lines|$.Price");
  });

  it("bring the notes of a try to their rows, lines gathered", () => {
    const found = resultsOf([
      { row: 0, field: "A", steps: [{ did: "Name", value: "x" }, { did: "upper", value: "X" }] },
      { row: 1, sub: 2, line: 1, field: "B", steps: [{ did: "Price", value: 1 }] },
      { row: 1, sub: 2, line: 2, field: "B", steps: [], error: { message: "No account.", cure: "Add a row." } },
    ]);
    expect(found.get("0")?.[0]?.value).toBe("X");
    expect(found.get("1.2")?.map((one) => one.error?.message)).toEqual([undefined, "No account."]);
  });
});
