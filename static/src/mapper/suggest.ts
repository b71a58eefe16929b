/** Suggestions: which source field most likely fills which target, by name, title and type. */

import type { Field } from "../model/flow";
import type { Row, Target } from "./mapping";

export interface Candidate {
  path: string;
  title: string;
  field: Field;
}

export interface Suggestion {
  target: Target;
  candidate: Candidate;
  /** 0 to 1; shown as likely or possible, never accepted without being asked. */
  score: number;
}

const ALIKE = [
  ["name", "title", "subject", "description"],
  ["email", "mail", "emailaddress"],
  ["phone", "telephone", "phonenumber", "mobile"],
  ["zip", "postal", "postcode", "postalcode"],
  ["number", "no", "num", "code"],
  ["amount", "total", "sum", "value"],
  ["customer", "account", "client", "company", "organization", "organisation"],
  ["street", "address", "address1", "line1"],
  ["state", "region", "province"],
  ["quantity", "qty"],
  ["price", "rate", "unitprice"],
  ["item", "product", "article"],
  ["date", "day", "when"],
  ["vendor", "supplier"],
  ["memo", "notes", "comment", "comments", "note"],
  ["currency", "curr"],
];
const MEANING = new Map(ALIKE.flatMap((words) => words.map((word) => [word, words[0] ?? word] as const)));
const EMPTY_WORDS = new Set(["the", "of", "a", "ar", "ap", "usr"]);
const NUMERIC = new Set(["integer", "number", "money"]);
const TIMES = new Set(["date", "datetime"]);
const LEAST = 0.45;

/** Words of a name: `BillTo.ContactName` and `Bill-to contact name` are the same ones. */
export function wordsOf(text: string): string[] {
  return text
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word && !EMPTY_WORDS.has(word))
    .map((word) => MEANING.get(word) ?? word);
}

export function fits(from: Field, to: Field): boolean {
  if (from.type === to.type || from.type === "any" || to.type === "any") return true;
  if (from.type === "lines" || to.type === "lines" || from.type === "object" || to.type === "object") return false;
  if (NUMERIC.has(to.type)) return NUMERIC.has(from.type);
  if (TIMES.has(to.type)) return TIMES.has(from.type);
  if (to.type === "boolean") return false;
  return from.type !== "boolean";
}

/** Objects are filled field by field, never from one value. */
export function valueKindFits(to: Field): boolean {
  return to.type !== "object";
}

export function score(candidate: Candidate, target: Target): number {
  if (!fits(candidate.field, target.field)) return 0;
  const plain = (text: string) => text.toLowerCase().replace(/[^a-z0-9]/g, "");
  const last = target.name.split(".").at(-1) ?? target.name;
  if (plain(candidate.field.name) === plain(last)) return 1;
  const pairs: [string, string][] = [
    [candidate.title, target.title],
    [candidate.title, last],
    [candidate.field.name, last],
    [candidate.field.name, target.field.title || last],
  ];
  const best = Math.max(...pairs.map(([from, to]) => overlap(wordsOf(from), wordsOf(to))));
  const typed = candidate.field.type === target.field.type && candidate.field.type !== "text" ? 0.1 : 0;
  return best ? Math.min(0.95, best + typed) : 0;
}

function overlap(left: string[], right: string[]): number {
  const a = new Set(left);
  const b = new Set(right);
  const both = [...a].filter((word) => b.has(word)).length;
  const all = new Set([...a, ...b]).size;
  return all ? both / all : 0;
}

/** The best candidate for every target that has no row yet, most certain first. */
export function suggest(candidates: Candidate[], targets: Target[], rows: Row[]): Suggestion[] {
  const filled = new Set(rows.map((row) => row.target));
  return targets
    .filter((target) => !filled.has(target.name) && target.field.type !== "object")
    .flatMap((target) => {
      const ranked = candidates
        .map((candidate) => ({ target, candidate, score: score(candidate, target) }))
        .sort((a, b) => b.score - a.score);
      const best = ranked[0];
      return best && best.score >= LEAST ? [best] : [];
    })
    .sort((a, b) => Number(b.target.field.required) - Number(a.target.field.required) || b.score - a.score);
}
