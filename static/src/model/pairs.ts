/** The pairs of fields that a two-way sync keeps equal, as the settings document has them, and their words. */

import type { Field } from "./flow";
import { likeness } from "./likeness";
import { valueText } from "./values";

export type SideName = "left" | "right";
export type Direction = "both" | "to_right" | "to_left";
export type Policy = "left" | "right" | "newest" | "first_filled_left" | "first_filled_right" | "by_state" | "rules" | "flow" | "ask";

export interface ByState {
  side: SideName;
  field: string;
  values: unknown[];
  then: SideName;
  else: SideName;
}

export interface Pair {
  left: string;
  right: string;
  direction?: Direction;
  policy?: Policy;
  state?: ByState | null;
  rules?: string | null;
  flow?: string | null;
  table?: { table: string; column?: string } | null;
  text?: "exact" | "trimmed";
}

/** What people call the two sides. */
export type Names = Record<SideName, string>;

export const WAYS: readonly Direction[] = ["both", "to_right", "to_left"];

export const POLICIES: readonly Policy[] = [
  "ask", "left", "right", "newest", "first_filled_left", "first_filled_right", "by_state", "rules", "flow",
];

/** Policies that need nothing beside themselves, so that one click sets them for many rows. */
export const PLAIN: readonly Policy[] = POLICIES.filter((one) => one !== "by_state" && one !== "rules" && one !== "flow");

export function policyText(policy: Policy, names: Names): string {
  const words: Record<Policy, string> = {
    ask: "Ask somebody",
    left: `${names.left} decides`,
    right: `${names.right} decides`,
    newest: "The later change wins",
    first_filled_left: `${names.left}, unless it is empty`,
    first_filled_right: `${names.right}, unless it is empty`,
    by_state: "Depends on a state",
    rules: "A rule set decides",
    flow: "A flow decides",
  };
  return words[policy];
}

export function wayText(direction: Direction, names: Names): string {
  return {
    both: `Both ways between ${names.left} and ${names.right}`,
    to_right: `From ${names.left} to ${names.right} only`,
    to_left: `From ${names.right} to ${names.left} only`,
  }[direction];
}

/** The way a direction key leads to: arrows point, everything else goes round. */
export function nextWay(direction: Direction, key: string): Direction {
  if (key === "ArrowRight") return "to_right";
  if (key === "ArrowLeft") return "to_left";
  return WAYS[(WAYS.indexOf(direction) + 1) % WAYS.length] ?? "both";
}

/** A row in one sentence, as somebody would say it. */
export function sentenceOf(pair: Pair, names: Names, title: string, tolerance: number, drift: string): string {
  const direction = pair.direction ?? "both";
  const translated = pair.table?.table ? " Values are translated by a table." : "";
  if (direction !== "both") {
    const owner = direction === "to_right" ? names.left : names.right;
    const receiver = direction === "to_right" ? names.right : names.left;
    const then = {
      restore: `what is changed in ${receiver} is put back`,
      leave: `what is changed in ${receiver} stays until ${owner} changes it`,
      ask: `what is changed in ${receiver} asks somebody`,
    }[drift] ?? "";
    return `${title} belongs to ${owner}; ${then}.${translated}`;
  }
  return `${title} goes both ways. If both changed it, ${whoDecides(pair, names, tolerance)}.${translated}`;
}

function whoDecides(pair: Pair, names: Names, tolerance: number): string {
  switch (pair.policy ?? "ask") {
    case "left":
      return `${names.left} wins`;
    case "right":
      return `${names.right} wins`;
    case "newest":
      return tolerance ? `the later change wins, and within ${durationText(tolerance)} somebody is asked` : "the later change wins";
    case "first_filled_left":
      return `${names.left} wins unless it is empty`;
    case "first_filled_right":
      return `${names.right} wins unless it is empty`;
    case "by_state":
      return stateText(pair.state ?? null, names);
    case "rules":
      return pair.rules ? "a rule set decides" : "a rule set decides, which is not chosen yet";
    case "flow":
      return pair.flow ? `the flow ${pair.flow} decides, and somebody while it has not answered` : "a flow decides, which is not chosen yet";
    default:
      return "somebody is asked";
  }
}

function stateText(state: ByState | null, names: Names): string {
  if (!state?.field) return "a state decides, which is not chosen yet";
  const values = state.values.map(valueText).join(" or ") || "nothing yet";
  return `${names[state.then]} wins while ${state.field} in ${names[state.side]} is ${values}, then ${names[state.else]}`;
}

export function durationText(seconds: number): string {
  if (seconds < 60) return `${seconds} seconds`;
  const minutes = Math.round(seconds / 60);
  return minutes === 1 ? "a minute" : `${minutes} minutes`;
}

export interface Leaf {
  name: string;
  title: string;
  field: Field;
}

/** The fields of an entity that hold one value, nested objects by dotted names. */
export function leavesOf(fields: readonly Field[], prefix = "", above = ""): Leaf[] {
  return fields.flatMap((field) => {
    if (field.type === "lines") return [];
    const leaf = { name: prefix + field.name, title: above + (field.title || field.name), field };
    return field.type === "object" ? leavesOf(field.fields, `${leaf.name}.`, `${leaf.title} › `) : [leaf];
  });
}

export interface Offer {
  pair: Pair;
  title: string;
  /** 0 to 1 */
  score: number;
}

const LEAST = 0.5;

/** Ids are each system's own: what they name stands for something else on the other side. */
const OWN: ReadonlySet<string> = new Set(["id", "reference"]);

/** Pairs that look alike and are not in the list yet, each field once, the most certain first. */
export function suggestPairs(left: readonly Leaf[], right: readonly Leaf[], pairs: readonly Pair[]): Offer[] {
  const free = (side: SideName, leaves: readonly Leaf[]) =>
    leaves.filter((leaf) => !pairs.some((pair) => pair[side] === leaf.name) && !OWN.has(leaf.field.type));
  const ranked = free("left", left)
    .flatMap((one) => free("right", right).map((two) => ({ one, two, score: scoreOf(one, two) })))
    .filter(({ one, two, score }) => score >= LEAST && !(one.field.read_only && two.field.read_only))
    .sort((a, b) => b.score - a.score);
  const taken = new Set<string>();
  return ranked.flatMap(({ one, two, score }) => {
    if (taken.has(`l${one.name}`) || taken.has(`r${two.name}`)) return [];
    taken.add(`l${one.name}`).add(`r${two.name}`);
    const direction: Direction = two.field.read_only ? "to_left" : one.field.read_only ? "to_right" : "both";
    return [{ pair: { left: one.name, right: two.name, direction, policy: "ask" as const }, title: `${one.title} ↔ ${two.title}`, score }];
  });
}

/** Either way round: what fits one way only could not come back. */
function scoreOf(one: Leaf, two: Leaf): number {
  const there = likeness(one.field, one.title, { ...two.field, name: two.name }, two.title);
  const back = likeness(two.field, two.title, { ...one.field, name: one.name }, one.title);
  return Math.min(there, back);
}

/** The pair with one thing changed; what a policy no longer needs is taken out. */
export function changed(pair: Pair, change: Partial<Pair>): Pair {
  const next = { ...pair, ...change };
  if (next.policy !== "by_state") delete next.state;
  else next.state ??= { side: "right", field: "", values: [], then: "left", else: "right" };
  if (next.policy !== "rules") delete next.rules;
  if (next.policy !== "flow") delete next.flow;
  if (next.table === null) delete next.table;
  return next;
}
