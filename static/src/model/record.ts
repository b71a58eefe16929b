/** The data of a record as a form has it: what each value is, and how one is set. Nothing loses its kind or a digit. */

import type { Choice, Field, Json, ValueType } from "./flow";
import { isExact, valueText } from "./values";

export type Kind = "plain" | "group" | "list" | "lines" | "json";

export interface Entry {
  name: string;
  label: string;
  kind: Kind;
  /** Of a plain value, and of each value of a list. */
  type: ValueType;
  choices: readonly Choice[];
  /** What the shape says of the values inside. */
  fields: readonly Field[];
  /** Nothing that people fill in: an id, or what the system sets itself. */
  technical: boolean;
  value: unknown;
}

/** What somebody has to look at, by its dotted name: `Account.Name`, `Products.0.Price`. */
export interface Wrong {
  field: string;
  message: string;
}

const ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const DAY = /^\d{4}-\d{2}-\d{2}$/;
const NUMBERS = new Set<ValueType>(["integer", "number", "money"]);

export const isPlain = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !isExact(value);

const isScalar = (value: unknown): boolean => value === null || isExact(value) || ["string", "boolean"].includes(typeof value);

/** The values of an object: first what is wrong, then in their order, what people do not fill in last; with those that are
 *  wrong because they are not there at all. `within`: what another object holds counts, though it is not changed there. */
export function entriesOf(data: Json, fields: readonly Field[], wrong: readonly Wrong[] = [], within = false): Entry[] {
  const first = new Set(wrong.map((one) => one.field.split(".")[0] ?? ""));
  const names = [...first, ...Object.keys(data).filter((name) => !first.has(name))];
  const all = names.map((name) => entryOf(name, data[name], fields.find((one) => one.name === name), !within));
  const last = (one: Entry) => one.technical && !first.has(one.name);
  return [...all.filter((one) => !last(one)), ...all.filter(last)];
}

function entryOf(name: string, value: unknown, field: Field | undefined, own = false): Entry {
  const kind = kindOf(value, field);
  const first: unknown = Array.isArray(value) ? value.find((one) => one !== null) : value;
  return {
    name,
    label: field?.title || name,
    kind,
    type: kind === "plain" || kind === "list" ? typeOf(first, field?.type) : "any",
    choices: kind === "plain" && (typeof value === "string" || empty(value)) ? (field?.choices ?? []) : [],
    fields: field?.fields ?? [],
    technical: kind === "plain" && ((own && field?.read_only === true) || (typeof value === "string" && ID.test(value))),
    value,
  };
}

const empty = (value: unknown): boolean => value === null || value === undefined;

function kindOf(value: unknown, field: Field | undefined): Kind {
  if (isPlain(value)) return Object.keys(value).length ? "group" : "json";
  if (Array.isArray(value)) {
    if (value.length ? value.every(isPlain) : field?.type === "lines" && field.fields.length > 0) return "lines";
    return value.length && value.every(isScalar) ? "list" : "json";
  }
  return empty(value) && (field?.type === "lines" || field?.type === "object") ? "json" : "plain";
}

/** What it is decides; what it is meant to be only where it is empty, or a text that reads as a day. */
function typeOf(value: unknown, meant: ValueType | undefined): ValueType {
  if (typeof value === "boolean") return "boolean";
  if (isExact(value)) return meant && NUMBERS.has(meant) ? meant : "number";
  if (typeof value === "string") return DAY.test(value) && (meant ?? "date") === "date" ? "date" : "text";
  return meant && (meant === "boolean" || meant === "date" || NUMBERS.has(meant)) ? meant : "text";
}

/** The value at a path of names and places; undefined where there is none. */
export function at(data: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((inside, name) => (Array.isArray(inside) ? inside[Number(name)] : isPlain(inside) ? inside[name] : undefined), data);
}

/** The same data with another value at a path; what lacks on the way to it is made. */
export function put(data: unknown, path: readonly string[], value: unknown): unknown {
  const [name, ...rest] = path;
  if (name === undefined) return value;
  if (Array.isArray(data)) return data.with(Number(name), put(data[Number(name)], rest, value));
  const inside = isPlain(data) ? data : {};
  return { ...inside, [name]: put(inside[name], rest, value) };
}

/** A value that was entered; a text that is taken out again is as empty as it was before. */
export const entered = (next: unknown, before: unknown): unknown => (next === "" && empty(before) ? (before ?? null) : next);

/** The columns of lines as paths: names, nested ones too; ids last. */
export function columnsOf(lines: readonly unknown[], fields: readonly Field[]): string[][] {
  const found = new Map<string, string[]>();
  for (const line of lines) for (const path of leaves(line)) found.set(path.join("."), path);
  if (!found.size) for (const field of fields) found.set(field.name, [field.name]);
  const technical = (path: string[]) => {
    const texts = lines.map((line) => valueText(at(line, path)));
    return texts.some((text) => ID.test(text)) && texts.every((text) => text === "" || ID.test(text));
  };
  const paths = [...found.values()];
  return [...paths.filter((path) => !technical(path)), ...paths.filter(technical)];
}

function leaves(value: unknown, above: string[] = []): string[][] {
  if (!isPlain(value) || (!Object.keys(value).length && above.length)) return above.length ? [above] : [];
  return Object.entries(value).flatMap(([name, inner]) => leaves(inner, [...above, name]));
}

/** A cell of lines as an entry: what the other lines have there tells what an empty one is meant to be. */
export function cellOf(lines: readonly unknown[], line: number, path: readonly string[], fields: readonly Field[]): Entry {
  const field = path.reduce<{ field: Field | undefined; fields: readonly Field[] }>(
    (around, name) => {
      const found = around.fields.find((one) => one.name === name);
      return { field: found, fields: found?.fields ?? [] };
    },
    { field: undefined, fields },
  ).field;
  const entry = entryOf(path.at(-1) ?? "", at(lines[line], path), field);
  if (!empty(entry.value) || field) return entry;
  const like = lines.map((one) => at(one, path)).find((one) => !empty(one));
  return { ...entry, type: typeOf(like, undefined) };
}

/** A line with nothing in it, of the same make as the others. */
export const blankLine = (columns: readonly string[][]): Json =>
  columns.reduce<unknown>((line, path) => put(line, path, null), {}) as Json;
