/** The mapping document: the rows of a map node. What the screen shows is exactly this. */

import type { Field } from "../model/flow";
import { without } from "../model/without";
import { path, startAtPath, type Value } from "../model/value";
import type { Condition } from "../model/condition";

export type When = "always" | "create" | "update" | "not_empty";

export interface ValueRow {
  target: string;
  value: Value;
  when?: When;
}

export interface LinesRow {
  target: string;
  lines: string;
  rows: Row[];
  where?: Condition | null;
  when?: When;
}

export type Row = ValueRow | LinesRow;

/** Where a row stands: its index, and for rows of lines the index of each lines row around it. */
export type Place = number[];

export function isLines(row: Row): row is LinesRow {
  return "lines" in row;
}

export function rowAt(rows: Row[], place: Place): Row | undefined {
  const [index, ...rest] = place;
  const row = index === undefined ? undefined : rows[index];
  if (!row || !rest.length) return row;
  return isLines(row) ? rowAt(row.rows, rest) : undefined;
}

/** Replaces the row at a place; `null` removes it. */
export function setRow(rows: Row[], place: Place, next: Row | null): Row[] {
  const [index, ...rest] = place;
  const row = index === undefined ? undefined : rows[index];
  if (index === undefined || !row) return rows;
  if (rest.length) return isLines(row) ? rows.with(index, { ...row, rows: setRow(row.rows, rest, next) }) : rows;
  return next ? rows.with(index, next) : rows.filter((_, at) => at !== index);
}

/** Adds a row at the end of the list at a place (`[]` is the outermost list). */
export function addRow(rows: Row[], place: Place, row: Row): Row[] {
  if (!place.length) return [...rows, row];
  const around = rowAt(rows, place);
  if (!around || !isLines(around)) return rows;
  return setRow(rows, place, { ...around, rows: [...around.rows, row] });
}

export function moveRow(rows: Row[], place: Place, by: number): Row[] {
  const above = place.slice(0, -1);
  const index = place.at(-1);
  const around = above.length ? rowAt(rows, above) : undefined;
  const list = above.length ? (around && isLines(around) ? around.rows : []) : rows;
  if (index === undefined || index + by < 0 || index + by >= list.length) return rows;
  const moved = [...list];
  const [row] = moved.splice(index, 1);
  if (!row) return rows;
  moved.splice(index + by, 0, row);
  return around && isLines(around) ? setRow(rows, above, { ...around, rows: moved }) : moved;
}

/** Maps a path to a target: the row that is there keeps its functions, otherwise there is a new one. */
export function mapPath(rows: Row[], target: string, text: string): Row[] {
  const index = rows.findIndex((row) => row.target === target);
  const row = rows[index];
  if (!row) return [...rows, { target, value: path(text) }];
  return isLines(row) ? rows : rows.with(index, { ...row, value: startAtPath(row.value, text) });
}

export function setWhen<R extends Row>(row: R, when: When): R {
  return (when === "always" ? without(row, "when") : { ...row, when }) as R;
}

export interface Target {
  name: string;
  field: Field;
  /** Titles from the outside in: `Display contact › Print as`. */
  title: string;
  depth: number;
}

/** The fields that a row can fill: nested objects are opened to dotted names, lines stay one target. */
export function targetsOf(fields: readonly Field[], prefix = "", above = "", depth = 0): Target[] {
  return fields
    .filter((field) => !field.read_only)
    .flatMap((field) => {
      const name = prefix + field.name;
      const title = above + (field.title || field.name);
      const own: Target = { name, field, title, depth };
      if (field.type !== "object" || !field.fields.length) return [own];
      return [own, ...targetsOf(field.fields, `${name}.`, `${title} › `, depth + 1)];
    });
}

/** Required targets without a row. An object counts as filled when any row writes into it; what one that is not needed
 *  needs within is only missing once it is. */
export function missing(targets: Target[], rows: Row[]): Target[] {
  const filled = rows.map((row) => row.target);
  const needed = new Set(targets.filter(({ field }) => field.required).map(({ name }) => name));
  const opened = (name: string) => filled.some((target) => target.startsWith(`${name}.`));
  return targets.filter(({ name, field }) => {
    if (!field.required || filled.includes(name)) return false;
    const parts = name.split(".").slice(0, -1);
    const parents = parts.map((_, at) => parts.slice(0, at + 1).join("."));
    if (parents.some((parent) => filled.includes(parent))) return false;
    if (!parents.every((parent) => needed.has(parent) || opened(parent))) return false;
    return field.type !== "object" || !opened(name);
  });
}
