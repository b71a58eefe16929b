/** Values that flow: exact numbers keep the text that the server wrote. */

import { isLosslessNumber, LosslessNumber, parse, stringify } from "lossless-json";

export type Exact = number | LosslessNumber;

/** Numbers that a JavaScript number shows as written stay numbers; the rest keep their text. */
function exactNumber(text: string): Exact {
  const value = Number(text);
  return String(value) === text ? value : new LosslessNumber(text);
}

export function parseExact(text: string): unknown {
  return parse(text, undefined, { parseNumber: exactNumber });
}

export function stringifyExact(value: unknown): string {
  return stringify(value) ?? "null";
}

/** The same in lines, for people who edit it. */
export function indentExact(value: unknown): string {
  return stringify(value, undefined, 2) ?? "null";
}

/** A plain number for what is drawn (positions, counts), whichever way it came. */
export function plainNumber(value: unknown): number {
  return isLosslessNumber(value) ? Number(value.toString()) : Number(value);
}

/** The value as people read it in one line; never rounds a number. */
export function valueText(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "string") return value;
  if (typeof value === "boolean") return value ? "Yes" : "No";
  if (typeof value === "number") return String(value);
  if (isLosslessNumber(value)) return value.toString();
  if (Array.isArray(value)) return value.length === 1 ? "1 line" : `${value.length} lines`;
  return stringifyExact(value);
}

/** `1234567.50` → `1,234,567.50`, working on the text alone. */
export function groupDigits(text: string): string {
  const match = /^(-?)(\d+)(\.\d+)?$/.exec(text);
  if (!match) return text;
  const [, sign = "", whole = "", fraction = ""] = match;
  return sign + whole.replace(/\B(?=(\d{3})+$)/g, ",") + fraction;
}

/** A moment by the clock of whoever looks: `22 Nov 2026, 04:35:16`. */
export const momentText = (iso: string): string => new Date(iso).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "medium" });

export function isExact(value: unknown): value is Exact {
  return typeof value === "number" || isLosslessNumber(value);
}
