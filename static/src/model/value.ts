/** The Value document of the engine, its edit operations and its sentence. The document is the model. */

import { lastName } from "./path";
import { isExact, valueText } from "./values";
import { without } from "./without";

export interface Call {
  function: string;
  args?: Record<string, Value>;
}

export interface PathValue {
  kind: "path";
  path: string;
  may_be_empty?: boolean;
  default?: Value | null;
  then?: Call[];
}

export interface ConstantValue {
  kind: "constant";
  value: unknown;
  then?: Call[];
}

export type Value = PathValue | ConstantValue;

export const path = (text: string): PathValue => ({ kind: "path", path: text });
export const constant = (value: unknown): ConstantValue => ({ kind: "constant", value });

/** The same value started from a path; functions and the empty-handling stay. */
export function startAtPath(value: Value, text: string): Value {
  if (value.kind === "path") return { ...value, path: text };
  return value.then ? { kind: "path", path: text, then: value.then } : path(text);
}

export function startAtConstant(value: Value, fixed: unknown): Value {
  return value.then ? { kind: "constant", value: fixed, then: value.then } : constant(fixed);
}

export function withCalls(value: Value, calls: Call[]): Value {
  if (calls.length) return { ...value, then: calls };
  return without(value, "then") as Value;
}

export function addCall(value: Value, call: Call): Value {
  return withCalls(value, [...(value.then ?? []), call]);
}

export function setCall(value: Value, index: number, call: Call): Value {
  return withCalls(value, (value.then ?? []).map((old, at) => (at === index ? call : old)));
}

export function removeCall(value: Value, index: number): Value {
  return withCalls(value, (value.then ?? []).filter((_, at) => at !== index));
}

export function moveCall(value: Value, index: number, to: number): Value {
  const calls = [...(value.then ?? [])];
  const [moved] = calls.splice(index, 1);
  if (!moved) return value;
  calls.splice(Math.max(0, Math.min(to, calls.length)), 0, moved);
  return withCalls(value, calls);
}

/** Sets or clears one argument of a call; a cleared argument leaves no trace in the document. */
export function setArgument(call: Call, name: string, value: Value | null): Call {
  const args = call.args ?? {};
  return { ...call, args: value ? { ...args, [name]: value } : without(args, name) };
}

export function setMayBeEmpty(value: PathValue, allowed: boolean): PathValue {
  return allowed ? { ...value, may_be_empty: true } : without(value, "may_be_empty");
}

export function setDefault(value: PathValue, fallback: Value | null): PathValue {
  return fallback ? { ...value, default: fallback } : without(value, "default");
}

/** The table id when the value is looked up in one of the flow's tables. */
export function tableOf(value: Value): string | null {
  const call = value.then?.find((step) => step.function === "lookup");
  const table = call?.args?.table;
  return table?.kind === "constant" && typeof table.value === "string" ? table.value : null;
}

export interface Duration {
  count: unknown;
  unit: string;
}

export function isDuration(value: unknown): value is Duration {
  return typeof value === "object" && value !== null && "count" in value && "unit" in value;
}

export interface Names {
  /** Title of a path, as the shape calls it. */
  path?: (text: string) => string | undefined;
  /** Title of a function. */
  call?: (name: string) => string | undefined;
}

/** One line in plain words: `Account name, then upper case, then first 40`. */
export function describeValue(value: Value | null | undefined, names: Names = {}): string {
  if (!value) return "nothing";
  const start =
    value.kind === "path" ? (names.path?.(value.path) ?? lastName(value.path)) : showConstant(value.value);
  const steps = (value.then ?? []).map((call) => {
    const args = Object.values(call.args ?? {}).map((arg) => describeValue(arg, names));
    const title = (names.call?.(call.function) ?? call.function).toLowerCase();
    return args.length ? `${title} (${args.join(", ")})` : title;
  });
  return [start, ...steps].join(", then ");
}

/** A fixed value inside a sentence. */
export function showConstant(value: unknown): string {
  if (value === null || value === undefined || value === "") return "empty";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (isExact(value)) return valueText(value);
  if (isDuration(value)) return `${String(value.count)} ${value.unit}`;
  return `“${Array.isArray(value) ? value.map(valueText).join(", ") : valueText(value)}”`;
}
