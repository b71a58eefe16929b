/** The fields that rules or a table look at, as a small form; what is typed becomes a record to judge. */

import { LosslessNumber } from "lossless-json";

import type { Json, ValueType } from "../model/flow";
import { parsePath, valueAt } from "../model/path";
import { fieldAt, type SourceGroup } from "../model/sources";
import { valueText } from "../model/values";

export interface Asked {
  path: string;
  title: string;
  type: ValueType;
}

/** Every field of the record itself that is read anywhere in the document, each once; lines stay as they are. */
export function askedFor(document: unknown, groups: SourceGroup[]): Asked[] {
  const paths = new Set<string>();
  const visit = (part: unknown, inLines: boolean): void => {
    if (Array.isArray(part)) part.forEach((one) => visit(one, inLines));
    else if (typeof part === "object" && part !== null) {
      const here = part as Json;
      const path = here["kind"] === "path" ? here["path"] : null;
      if (typeof path === "string" && !inLines && plainly(path)) paths.add(path);
      for (const child of Object.values(here)) visit(child, inLines || "lines" in here);
    }
  };
  visit(document, false);
  return [...paths].map((path) => {
    const source = fieldAt(groups, path);
    return { path, title: source?.title ?? (path.slice(2) || path), type: source?.field.type ?? "any" };
  });
}

const plainly = (path: string): boolean => {
  const parsed = parsePath(path);
  return parsed?.root === "$" && parsed.parts.length > 0 && parsed.parts.every((part) => typeof part === "string" && part !== "*");
};

export const startText = (asked: Asked, sample: unknown): string => {
  const value = valueAt(asked.path, { data: sample });
  return typeof value === "boolean" ? String(value) : valueText(value);
};

const NUMBER = /^-?\d+(\.\d+)?$/;

/** What was typed, over the sample: numbers and truth values by the kind of field, nothing for an empty one. */
export function recordOf(asked: readonly Asked[], typed: Readonly<Record<string, string>>, sample: unknown): Json {
  return asked.reduce<Json>(
    (data, one) => {
      const text = typed[one.path] ?? startText(one, sample);
      const parts = parsePath(one.path)?.parts.map(String) ?? [];
      return put(data, parts, valueOf(text.trim(), one.type));
    },
    typeof sample === "object" && sample !== null ? (sample as Json) : {},
  );
}

function valueOf(text: string, type: ValueType): unknown {
  if (text === "") return null;
  const numeric = type === "number" || type === "money" || type === "integer" || type === "any";
  if (numeric && NUMBER.test(text)) return new LosslessNumber(text);
  if ((type === "boolean" || type === "any") && /^(true|false|yes|no)$/i.test(text)) return /^(true|yes)$/i.test(text);
  return text;
}

function put(data: Json, [name, ...rest]: string[], value: unknown): Json {
  if (name === undefined) return data;
  const inner = data[name];
  const below = typeof inner === "object" && inner !== null && !Array.isArray(inner) ? (inner as Json) : {};
  return { ...data, [name]: rest.length ? put(below, rest, value) : value };
}
