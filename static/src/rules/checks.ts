/** Pre-flight checks: ready rules, and how a chosen field, list or day takes its place in one. */

import { LosslessNumber } from "lossless-json";

import { type SourceField, type SourceGroup, flatten } from "../model/sources";
import { childPath } from "../model/path";
import type { Rule, RuleSet } from "./ruleset";

export interface Asked {
  name: string;
  title: string;
  of?: "field" | "lines" | "line" | "list" | "date" | "text" | "table";
  suggest?: string[];
}

export interface Check {
  id: string;
  title: string;
  help: string;
  fields: Asked[];
  rule: Rule;
}

/** A field that is called as such a field often is; the first suggestion that is found wins. */
export function suggested(asked: Asked, fields: readonly SourceField[]): string {
  const names = (asked.suggest ?? []).map((name) => name.toLowerCase());
  const wanted = asked.of === "lines" ? fields.filter((field) => field.field.type === "lines") : fields;
  for (const name of names) {
    const found = wanted.find((field) => field.path.toLowerCase().endsWith(`.${name}`)) ?? wanted.find((field) => field.title.toLowerCase() === name);
    if (found) return found.path;
  }
  return asked.of === "lines" ? (wanted[0]?.path ?? "") : "";
}

/** The fields of a line, as paths that start at the line. */
export function lineFields(groups: SourceGroup[], lines: string): SourceField[] {
  const found = groups.flatMap((group) => flatten(group.fields)).find((field) => field.path === lines);
  return (found?.field.fields ?? []).map((field) => ({
    path: childPath("$", field.name),
    title: field.title || field.name,
    field,
    value: undefined,
    children: [],
  }));
}

/** The rule of a check with what was chosen in the places that stand for it, under an id that is free in the set. */
export function ruleOf(check: Check, chosen: Readonly<Record<string, string>>, set: RuleSet): Rule {
  const places = new Map<string, unknown>();
  for (const asked of check.fields) {
    const text = chosen[asked.name]?.trim() ?? "";
    if (asked.of === "list") places.set(`@${asked.name}`, text.split(/[,;\n]/).map((one) => one.trim()).filter(Boolean));
    else if (asked.of === "date" || asked.of === "text" || asked.of === "table") places.set(`@${asked.name}`, text);
    else if (text) places.set(`$.${asked.name}`, text);
  }
  const filled = fill(check.rule, places) as Rule;
  const taken = new Set(set.rules.map((rule) => rule.id));
  let id = check.id;
  for (let number = 2; taken.has(id); number += 1) id = `${check.id}_${number}`;
  return { ...filled, id, title: check.title };
}

function fill(part: unknown, places: ReadonlyMap<string, unknown>): unknown {
  if (Array.isArray(part)) return part.map((one) => fill(one, places));
  if (typeof part === "string") {
    if (places.has(part)) return places.get(part);
    return part.replace(/\{(\$\.[a-z_]+)\}/g, (whole, path: string) => {
      const found = places.get(path);
      return typeof found === "string" ? `{${found}}` : whole;
    });
  }
  if (typeof part !== "object" || part === null || part instanceof LosslessNumber) return part;
  return Object.fromEntries(Object.entries(part).map(([name, child]) => [name, fill(child, places)]));
}
