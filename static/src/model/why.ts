/** How a value came about, and what the rules said, in words for people. */

import type { FunctionCard, Json } from "./flow";
import { valueText } from "./values";

export interface Step {
  did: string;
  value: unknown;
  with?: Json;
}

/** "add_days" with {days: 30} → "Add days (days: 30)", by the catalog's titles; a path stays a path. */
export function worded<S extends Step>(steps: readonly S[], functions: readonly FunctionCard[]): S[] {
  return steps.map((step) => {
    const card = functions.find((other) => other.name === step.did);
    const given = Object.entries(step.with ?? {}).map(([name, value]) => {
      const title = card?.args.find((arg) => arg.name === name)?.title ?? name;
      return `${title.toLowerCase()}: ${valueText(value)}`;
    });
    const said = step.did === "precedence" ? "Decided between both sides" : (card?.title ?? step.did);
    return { ...step, did: said + (given.length ? ` (${given.join(", ")})` : "") };
  });
}

export interface RuleNote {
  title: string;
  fired: boolean;
  because: string;
}

/** The notes that a rules step left: each rule, whether it fired, and why. */
export function ruleNotes(notes: readonly Json[]): RuleNote[] {
  return notes.flatMap(({ rule, title, fired, because }) =>
    typeof fired === "boolean" ? [{ title: valueText(title ?? rule), fired, because: valueText(because) }] : [],
  );
}
