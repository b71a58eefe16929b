import { describe, expect, it } from "vitest";

import { addColumn, doubledKeys, fillTable, parseCells, paste, removeColumn, removeRow, setCell, startTable, tableId } from "./table";

const table = { title: "Ledger", columns: ["Category", "Account"], rows: [["Hardware", "4000"], ["Service", null]], description: "" };

describe("lookup tables", () => {
  it("take cells from a spreadsheet, headings and quoted line breaks included", () => {
    const pasted = paste(startTable("T"), 0, 0, 'From\tTo\r\nA\t"two\nlines"\r\nB\t"say ""hi"""\r\n');
    expect(pasted.rows).toEqual([["A", "two\nlines"], ["B", 'say "hi"']]);
  });

  it("paste from a cell on, and never beyond the last column", () => {
    expect(paste(table, 1, 1, "4100\textra\n4200").rows).toEqual([["Hardware", "4000"], ["Service", "4100"], ["", "4200"]]);
  });

  it("keep every row of a key where days tell them apart", () => {
    const dated = { ...table, columns: ["Code", "Rate", "From"], rows: [], valid_from: "From" };
    const filled = fillTable(dated, [["code", "Rate", "from"], ["V19", "19", "2021-01-01"], ["V19", "16", "2020-07-01"]]);
    expect(filled.rows).toEqual([["V19", "19", "2021-01-01"], ["V19", "16", "2020-07-01"]]);
    expect(doubledKeys(filled)).toEqual([]);
    expect(doubledKeys({ ...filled, valid_from: "" })).toEqual(["V19"]);
  });

  it("read the last empty cell as a cell", () => {
    expect(parseCells("a\t")).toEqual([["a", ""]]);
  });

  it("keep rows as long as the columns", () => {
    const wide = addColumn(table, "Tax");
    expect(wide.rows.every((row) => row.length === 3)).toBe(true);
    expect(removeColumn(wide, 2)).toEqual(table);
    expect(removeColumn(table, 1)).toBe(table);
    expect(removeRow(setCell(table, 4, 0, "X"), 4).rows).toHaveLength(4);
  });

  it("empty a cell to nothing, but a key to a blank text", () => {
    expect(setCell(table, 0, 1, "").rows[0]).toEqual(["Hardware", null]);
    expect(setCell(table, 0, 0, "").rows[0]).toEqual(["", "4000"]);
  });

  it("find keys that only differ in case or blanks", () => {
    expect(doubledKeys({ ...table, rows: [["Service", "1"], [" service ", "2"], ["Other", "3"]] })).toEqual(["Service", " service "]);
    expect(doubledKeys(table)).toEqual([]);
  });

  it("get ids that the engine takes", () => {
    expect(tableId("Ledger accounts (UK)", ["ledger_accounts_uk"])).toBe("ledger_accounts_uk_2");
    expect(tableId("2026", [])).toBe("table");
  });
});

describe("rows of a file", () => {
  const table = { title: "Accounts", columns: ["Product", "Account"], rows: [["Widgets", "4000"]], description: "" };
  it("go under their headings, over the rows that have their keys", () => {
    const made = fillTable(table, [["Account", "Note", "Product"], ["4100", "x", "widgets"], ["4200", "y", "Hours"]]);
    expect(made.rows).toEqual([["widgets", "4100"], ["Hours", "4200"]]);
  });
  it("bring their headings into an empty table", () => {
    const made = fillTable({ ...table, rows: [] }, [["Code", "Name", "Tax"], ["A", "Alpha", "19"]]);
    expect(made).toMatchObject({ columns: ["Code", "Name", "Tax"], rows: [["A", "Alpha", "19"]] });
  });
});
