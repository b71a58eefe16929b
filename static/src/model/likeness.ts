/** How much two fields look alike: by name, title and type, in whichever systems they stand. */

import type { Field } from "./flow";

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

/** 0 to 1: 1 for the same name, else by the words of names and titles; 0 when one's values do not fit the other. */
export function likeness(from: Field, fromTitle: string, to: Field, toTitle: string): number {
  if (!fits(from, to)) return 0;
  const plain = (text: string) => text.toLowerCase().replace(/[^a-z0-9]/g, "");
  const last = to.name.split(".").at(-1) ?? to.name;
  if (plain(from.name) === plain(last)) return 1;
  const pairs: [string, string][] = [
    [fromTitle, toTitle],
    [fromTitle, last],
    [from.name, last],
    [from.name, to.title || last],
  ];
  const best = Math.max(...pairs.map(([one, other]) => overlap(wordsOf(one), wordsOf(other))));
  const typed = from.type === to.type && from.type !== "text" ? 0.1 : 0;
  return best ? Math.min(0.95, best + typed) : 0;
}

function overlap(left: string[], right: string[]): number {
  const a = new Set(left);
  const b = new Set(right);
  const both = [...a].filter((word) => b.has(word)).length;
  const all = new Set([...a, ...b]).size;
  return all ? both / all : 0;
}
