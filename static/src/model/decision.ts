/** Decision tables: the document (mirrors engine/decisions.py) and its edits. Every row has a cell a column. */

import type { Value } from "./value";

export const TYPES = [
  { value: "text", label: "Text" },
  { value: "number", label: "Number" },
  { value: "integer", label: "Whole number" },
  { value: "money", label: "Money" },
  { value: "boolean", label: "Yes or no" },
  { value: "date", label: "Date" },
  { value: "datetime", label: "Date and time" },
  { value: "time", label: "Time" },
  { value: "duration", label: "Duration" },
  { value: "any", label: "Anything" },
];

export interface DecisionInput {
  id: string;
  title: string;
  value: Value | null;
  expression: string;
  type: string;
  values: string;
}

export interface DecisionOutput {
  id: string;
  title: string;
  target: string;
  type: string;
  values: string;
  default: string;
}

export interface DecisionRow {
  id: string;
  when: string[];
  then: string[];
  note: string;
}

export type HitPolicy = "unique" | "any" | "first" | "priority" | "rule-order" | "output-order" | "collect";
export type Aggregate = "sum" | "min" | "max" | "count" | "list";

export interface DecisionTable {
  title: string;
  hit_policy: HitPolicy;
  aggregate: Aggregate | null;
  inputs: DecisionInput[];
  outputs: DecisionOutput[];
  rows: DecisionRow[];
}

/** What several matching rows mean, as a person would say it. */
export const POLICIES: { value: HitPolicy; label: string; help: string }[] = [
  { value: "unique", label: "One row only", help: "At most one row may fit. If two do, the record is rejected and both rows are named." },
  { value: "first", label: "First that fits", help: "The rows are read from the top; the first that fits decides. Order matters." },
  { value: "any", label: "Any, if they agree", help: "Several rows may fit as long as they say the same." },
  { value: "priority", label: "Most important answer", help: "Of the rows that fit, the answer that stands first in the output's list of values wins." },
  { value: "collect", label: "All, added up or listed", help: "Every row that fits counts: as a list, or as their sum, smallest, largest or number." },
  { value: "rule-order", label: "All, in this order", help: "The answers of all rows that fit, as a list in the order of the rows." },
  { value: "output-order", label: "All, by importance", help: "The answers of all rows that fit, as a list, the most important answer first." },
];

export const AGGREGATES: { value: Aggregate; label: string }[] = [
  { value: "list", label: "as a list" },
  { value: "sum", label: "their sum" },
  { value: "min", label: "the smallest" },
  { value: "max", label: "the largest" },
  { value: "count", label: "how many" },
];

const fresh = (stem: string, taken: readonly { id: string }[]): string => {
  const known = new Set(taken.map((one) => one.id));
  let number = taken.length + 1;
  while (known.has(`${stem}${number}`)) number += 1;
  return `${stem}${number}`;
};

export function startInput(taken: readonly DecisionInput[]): DecisionInput {
  return { id: fresh("in_", taken), title: "", value: null, expression: "", type: "any", values: "" };
}

export function startOutput(taken: readonly DecisionOutput[]): DecisionOutput {
  return { id: fresh("out_", taken), title: "", target: "", type: "any", values: "", default: "" };
}

export function startDecision(title: string): DecisionTable {
  const table: DecisionTable = { title, hit_policy: "unique", aggregate: null, inputs: [startInput([])], outputs: [startOutput([])], rows: [] };
  return addRow(table);
}

/** A document as it is stored, with what its defaults leave out. */
export function readDecision(stored: unknown): DecisionTable | null {
  if (typeof stored !== "object" || stored === null) return null;
  const given = stored as Partial<DecisionTable>;
  return {
    title: given.title ?? "",
    hit_policy: given.hit_policy ?? "unique",
    aggregate: given.aggregate ?? null,
    inputs: (given.inputs ?? []).map((input) => ({ ...startInput([]), ...input })),
    outputs: (given.outputs ?? []).map((output) => ({ ...startOutput([]), ...output })),
    rows: (given.rows ?? []).map((row) => ({ ...row, note: (row as Partial<DecisionRow>).note ?? "" })),
  };
}

/** The cells of a row from left to right: conditions, answers, note. */
export const widthOf = (table: DecisionTable): number => table.inputs.length + table.outputs.length + 1;

export function cellOf(table: DecisionTable, row: number, column: number): string {
  const found = table.rows[row];
  const at = column - table.inputs.length;
  if (!found) return "";
  if (at < 0) return found.when[column] ?? "";
  return at < table.outputs.length ? (found.then[at] ?? "") : found.note;
}

/** Sets one cell; a row further down than the last appends the rows that are missing. */
export function setCell(table: DecisionTable, row: number, column: number, text: string): DecisionTable {
  return setCells(table, [[row, column, text]]);
}

export function setCells(table: DecisionTable, cells: readonly (readonly [row: number, column: number, text: string])[]): DecisionTable {
  const rows = [...table.rows];
  const taken = new Set(rows.map((one) => one.id));
  const last = cells.reduce((most, [row]) => Math.max(most, row), -1);
  for (let number = rows.length + 1; rows.length <= last; number += 1) {
    if (!taken.has(`r${number}`)) rows.push({ ...blankRow(table), id: `r${number}` });
  }
  const inputs = table.inputs.length;
  for (const [at, column, text] of cells) {
    const row = rows[at];
    if (!row) continue;
    if (column < inputs) rows[at] = { ...row, when: row.when.with(column, text) };
    else if (column < inputs + table.outputs.length) rows[at] = { ...row, then: row.then.with(column - inputs, text) };
    else rows[at] = { ...row, note: text };
  }
  return { ...table, rows };
}

function blankRow(table: DecisionTable): DecisionRow {
  return { id: fresh("r", table.rows), when: table.inputs.map(() => "-"), then: table.outputs.map(() => ""), note: "" };
}

export function addRow(table: DecisionTable, at = table.rows.length, when?: readonly string[]): DecisionTable {
  const blank = blankRow(table);
  return { ...table, rows: table.rows.toSpliced(at, 0, when ? { ...blank, when: [...when] } : blank) };
}

export function copyRow(table: DecisionTable, at: number): DecisionTable {
  const row = table.rows[at];
  return row ? { ...table, rows: table.rows.toSpliced(at + 1, 0, { ...row, id: fresh("r", table.rows) }) } : table;
}

export function removeRow(table: DecisionTable, at: number): DecisionTable {
  return { ...table, rows: table.rows.toSpliced(at, 1) };
}

export function moveRow(table: DecisionTable, from: number, to: number): DecisionTable {
  return { ...table, rows: moved(table.rows, from, to) };
}

export function addInput(table: DecisionTable): DecisionTable {
  const rows = table.rows.map((row) => ({ ...row, when: [...row.when, "-"] }));
  return { ...table, inputs: [...table.inputs, startInput(table.inputs)], rows };
}

export function addOutput(table: DecisionTable): DecisionTable {
  const rows = table.rows.map((row) => ({ ...row, then: [...row.then, ""] }));
  return { ...table, outputs: [...table.outputs, startOutput(table.outputs)], rows };
}

export function setInput(table: DecisionTable, at: number, input: DecisionInput): DecisionTable {
  return { ...table, inputs: table.inputs.with(at, input) };
}

export function setOutput(table: DecisionTable, at: number, output: DecisionOutput): DecisionTable {
  return { ...table, outputs: table.outputs.with(at, output) };
}

/** Removes a column with its cells; the last output stays. */
export function removeColumn(table: DecisionTable, column: number): DecisionTable {
  const at = column - table.inputs.length;
  if (at < 0) {
    const rows = table.rows.map((row) => ({ ...row, when: row.when.toSpliced(column, 1) }));
    return { ...table, inputs: table.inputs.toSpliced(column, 1), rows };
  }
  if (table.outputs.length < 2) return table;
  const rows = table.rows.map((row) => ({ ...row, then: row.then.toSpliced(at, 1) }));
  return { ...table, outputs: table.outputs.toSpliced(at, 1), rows };
}

/** Moves a column one place, among the inputs or among the outputs. */
export function moveColumn(table: DecisionTable, column: number, by: number): DecisionTable {
  const at = column - table.inputs.length;
  if (at < 0) {
    const rows = table.rows.map((row) => ({ ...row, when: moved(row.when, column, column + by) }));
    return { ...table, inputs: moved(table.inputs, column, column + by), rows };
  }
  const rows = table.rows.map((row) => ({ ...row, then: moved(row.then, at, at + by) }));
  return { ...table, outputs: moved(table.outputs, at, at + by), rows };
}

function moved<T>(list: readonly T[], from: number, to: number): T[] {
  const one = list[from];
  if (one === undefined || to < 0 || to >= list.length) return [...list];
  return list.toSpliced(from, 1).toSpliced(to, 0, one);
}

const WORD = /^[\p{L}_][^"<>=()[\]]*$/u;
const DATE = /(?<!["\d-])(\d{4}-\d{2}-\d{2})(?!["\d-])/g;
const KEPT = /^(-|true|false|null)$/;

/**
 * What was typed as the engine reads it: plain words in quotes, ISO dates as dates.
 * Names of columns, numbers, tests and what has quotes already stay as they are.
 */
export function writeCell(text: string, type: string, names: readonly string[], answer = false): string {
  const plain = text.trim();
  if (!plain) return answer ? "" : "-";
  if (KEPT.test(plain) || plain.includes('"') || names.includes(plain)) return plain;
  if (type === "date" || (type === "any" && /^\d{4}-/.test(plain))) return plain.replace(DATE, 'date("$1")');
  if (type !== "text" && !(type === "any" && WORD.test(plain))) return plain;
  if (answer) return quoted(plain);
  const negated = /^not\s*\((.*)\)$/.exec(plain);
  if (negated?.[1]) return `not(${words(negated[1])})`;
  return /[<>=[\]()]/.test(plain) ? plain : words(plain);
}

const quoted = (word: string) => `"${word.replaceAll("\\", "\\\\")}"`;
const words = (text: string) => text.split(",").map((word) => word.trim()).filter(Boolean).map(quoted).join(", ");

/** Pastes cells of a spreadsheet with the upper left corner at a cell; what goes over the right edge is left out. */
export function pasteCells(table: DecisionTable, row: number, column: number, cells: readonly (readonly string[])[]): DecisionTable {
  const width = widthOf(table);
  const names = namesOf(table);
  return setCells(
    table,
    cells.flatMap((line, down) =>
      line.slice(0, width - column).map((text, right) => [row + down, column + right, written(table, column + right, text, names)] as const),
    ),
  );
}

/** What was typed into a column, as the engine reads it there. */
export function written(table: DecisionTable, column: number, text: string, names = namesOf(table)): string {
  const at = column - table.inputs.length;
  const input = table.inputs[column];
  if (input) return writeCell(text, input.type, names);
  const output = table.outputs[at];
  return output ? writeCell(text, output.type, names, true) : text.trim();
}

export const namesOf = (table: DecisionTable): string[] => table.inputs.flatMap((input) => [input.id, input.title]).filter(Boolean);

/** How a row is called: by its number, as people count. */
export function rowNumber(table: DecisionTable, id: string): number {
  return table.rows.findIndex((row) => row.id === id) + 1;
}
