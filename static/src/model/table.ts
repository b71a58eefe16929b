/** Lookup tables of a flow: edits, and paste from a spreadsheet. Rows are as long as the columns. */

import type { LookupTable } from "./flow";

export function startTable(title: string): LookupTable {
  return { title, columns: ["From", "To"], rows: [], description: "" };
}

/** An id for a new table: lower case, unique in the flow, made from its title. */
export function tableId(title: string, taken: string[]): string {
  const stem = title.toLowerCase().replace(/[^a-z0-9]+/g, "_").replace(/^[_0-9]+|_+$/g, "").slice(0, 50) || "table";
  let id = stem;
  for (let number = 2; taken.includes(id); number += 1) id = `${stem}_${number}`;
  return id;
}

export function setCell(table: LookupTable, row: number, column: number, text: string): LookupTable {
  const rows = padded(table);
  const value = text === "" && column > 0 ? null : text;
  while (rows.length <= row) rows.push(table.columns.map((_, at) => (at === 0 ? "" : null)));
  return { ...table, rows: rows.map((cells, at) => (at === row ? cells.with(column, value) : cells)) };
}

export function removeRow(table: LookupTable, row: number): LookupTable {
  return { ...table, rows: padded(table).filter((_, at) => at !== row) };
}

export function addColumn(table: LookupTable, name: string): LookupTable {
  return { ...table, columns: [...table.columns, name], rows: padded(table).map((cells) => [...cells, null]) };
}

export function renameColumn(table: LookupTable, column: number, name: string): LookupTable {
  const known = Object.entries(table.options ?? {});
  const options = Object.fromEntries(known.map(([old, from]) => [old === table.columns[column] ? name : old, from]));
  const old = table.columns[column];
  const named = (other: string | undefined) => (other === old && other ? name : (other ?? ""));
  const days = table.valid_from ? { valid_from: named(table.valid_from), valid_to: named(table.valid_to) } : {};
  const rates = table.rates
    ? { rates: { ...table.rates, to: named(table.rates.to), rate: named(table.rates.rate), type: named(table.rates.type) } }
    : {};
  return { ...table, columns: table.columns.with(column, name), ...(known.length ? { options } : {}), ...days, ...rates };
}

/** The key column stays, and at least one that it stands for. */
export function removeColumn(table: LookupTable, column: number): LookupTable {
  if (column === 0 || table.columns.length <= 2) return table;
  const without = <T>(list: T[]) => list.filter((_, at) => at !== column);
  const kept = Object.entries(table.options ?? {}).filter(([name]) => name !== table.columns[column]);
  const options = table.options ? { options: Object.fromEntries(kept) } : {};
  return { ...table, columns: without(table.columns), rows: padded(table).map(without), ...options };
}

/** Cells of text from a spreadsheet: tabs between columns, quotes around cells with line breaks. */
export function parseCells(text: string): string[][] {
  const rows: string[][] = [];
  let cells: string[] = [];
  let cell = "";
  let quoted = false;
  const body = text.replace(/\r\n?/g, "\n").replace(/\n$/, "");
  for (let at = 0; at < body.length; at += 1) {
    const mark = body.charAt(at);
    if (quoted) {
      if (mark !== '"') cell += mark;
      else if (body[at + 1] === '"') {
        cell += '"';
        at += 1;
      } else quoted = false;
    } else if (mark === '"' && cell === "") quoted = true;
    else if (mark === "\t") {
      cells.push(cell);
      cell = "";
    } else if (mark === "\n") {
      rows.push([...cells, cell]);
      cells = [];
      cell = "";
    } else cell += mark;
  }
  return [...rows, [...cells, cell]];
}

/** Pastes cells with their upper left corner at a cell; a first row that equals the headings is left out. */
export function paste(table: LookupTable, row: number, column: number, text: string): LookupTable {
  const cells = parseCells(text);
  const heading = cells[0]?.every(
    (cell, at) => cell.trim().toLowerCase() === table.columns[column + at]?.toLowerCase(),
  );
  return (heading ? cells.slice(1) : cells).reduce(
    (made, line, down) =>
      line.reduce(
        (wide, cell, right) =>
          column + right < table.columns.length ? setCell(wide, row + down, column + right, cell.trim()) : wide,
        made,
      ),
    table,
  );
}

/** Keys that stand in more than one row, compared as the engine does: without case and outer blanks. */
export function doubledKeys(table: LookupTable): string[] {
  if (table.valid_from || table.rates) return []; // the day, or the other currency, tells rows apart
  const seen = new Map<string, string[]>();
  for (const [key] of table.rows) {
    const plain = key?.trim().toLowerCase();
    if (key && plain) seen.set(plain, [...(seen.get(plain) ?? []), key]);
  }
  return [...seen.values()].filter((keys) => keys.length > 1).flatMap((keys) => [...new Set(keys)]);
}

function padded(table: LookupTable): (string | null)[][] {
  return table.rows.map((cells) => table.columns.map((_, at) => cells[at] ?? (at === 0 ? "" : null)));
}

/** Rows of a file in place of the table's own, where a key may stand in many; a first row that is the headings is left out. */
export function replaceRows(table: LookupTable, rows: readonly (readonly string[])[]): LookupTable {
  const heads = table.columns.map((column) => column.toLowerCase()).join("\t");
  const body = rows[0]?.map((head) => head.trim().toLowerCase()).join("\t") === heads ? rows.slice(1) : rows;
  return { ...table, rows: body.map((row) => table.columns.map((_, at) => row[at]?.trim() || null)) };
}

/** Rows of a file: under its own headings when they name the key column, else in order; known keys are overwritten. */
export function fillTable(table: LookupTable, rows: readonly (readonly string[])[]): LookupTable {
  if (table.valid_from || table.rates) return replaceRows(table, rows);
  const heads = (rows[0] ?? []).map((head) => head.trim().toLowerCase());
  const named = heads.includes(table.columns[0]?.toLowerCase() ?? "");
  const fresh = !table.rows.length && !named;
  const columns = fresh && rows[0] && rows[0].length > 1 ? rows[0].map((head, at) => head || `Column ${at + 1}`) : table.columns;
  const places = named ? columns.map((column) => heads.indexOf(column.toLowerCase())) : columns.map((_, at) => at);
  const known = new Map(padded({ ...table, columns }).map((cells) => [cells[0]?.trim().toLowerCase() ?? "", cells]));
  for (const row of named || fresh ? rows.slice(1) : rows) {
    const key = row[places[0] ?? 0]?.trim() ?? "";
    const before = known.get(key.toLowerCase());
    if (key) known.set(key.toLowerCase(), columns.map((_, at) => row[places[at] ?? -1] ?? before?.[at] ?? (at ? null : key)));
  }
  return { ...table, columns, rows: [...known.values()] };
}
