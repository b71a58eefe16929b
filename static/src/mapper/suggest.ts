/** Suggestions: which source field most likely fills which target, by name, title and type. */

import type { Field } from "../model/flow";
import { likeness, wordsOf } from "../model/likeness";
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

/** Shown as possible at most: right often enough to be offered, wrong too often to be taken unseen. */
const DOUBTED = 0.7;

/** Ids are each system's own: they can stand for one object only where the other side has an id as well. */
const OWN: ReadonlySet<string> = new Set(["id", "reference"]);

/** @param of what is filled ("Customer") */
export function score(candidate: Candidate, target: Target, of: string): number {
  const alike = likeness(candidate.field, candidate.title, { ...target.field, name: target.name }, target.title);
  if (OWN.has(candidate.field.type)) return OWN.has(target.field.type) ? alike * DOUBTED : 0;
  return speaksOf(candidate, target, of) ? alike : alike * DOUBTED;
}

/** Whether a field behind references belongs to what the target is about: the account's name to a customer, its stage's not. */
function speaksOf({ title }: Candidate, target: Target, of: string): boolean {
  const about = new Set(wordsOf(`${of} ${target.title} ${target.name}`));
  return title.split(" › ").slice(0, -1).every((above) => wordsOf(above).some((word) => about.has(word)));
}

/**
 * The best candidate for every target that has no row yet, most certain first.
 *
 * @param of what is filled ("Customer")
 */
export function suggest(candidates: Candidate[], targets: Target[], rows: Row[], of = ""): Suggestion[] {
  const filled = new Set(rows.map((row) => row.target));
  return targets
    .filter((target) => !filled.has(target.name) && target.field.type !== "object")
    .flatMap((target) => {
      const ranked = candidates
        .map((candidate) => ({ target, candidate, score: score(candidate, target, of) }))
        .sort((a, b) => b.score - a.score);
      const best = ranked[0];
      return best && best.score >= LEAST ? [best] : [];
    })
    .sort((a, b) => Number(b.target.field.required) - Number(a.target.field.required) || b.score - a.score);
}
