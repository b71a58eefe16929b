/** Suggestions: which source field most likely fills which target, by name, title and type. */

import type { Field } from "../model/flow";
import { likeness } from "../model/likeness";
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

const LEAST = 0.45;

/** Objects are filled field by field, never from one value. */
export function valueKindFits(to: Field): boolean {
  return to.type !== "object";
}

export function score(candidate: Candidate, target: Target): number {
  return likeness(candidate.field, candidate.title, { ...target.field, name: target.name }, target.title);
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
