/** The Condition document: groups of typed comparisons, and the pure operations of the builder. */

import { describeValue, type Names, path, showConstant, type Value } from "./value";

export type Joiner = "all" | "any" | "none";
export type Quantifier = "any" | "every" | "none";

/** The right side of a range operator; both ends belong to it. */
export interface Range {
  low: Value;
  high: Value;
}

export interface Comparison {
  left: Value;
  op: string;
  right?: Value | Range | null;
}

/** What another rule of the set concluded. */
export interface FactCondition {
  fact: string;
  op?: string;
  right?: unknown;
}

export interface LinesCondition {
  lines: string;
  quantifier: Quantifier;
  where: Condition;
}

export type Group = { [joiner in Joiner]?: Condition[] };
export type Condition = Comparison | LinesCondition | FactCondition | Group;

export const JOINERS: Joiner[] = ["all", "any", "none"];

/** The word of a setting as it is written now: drawings from before 0.1.0 may say `not-empty`. */
export const spelled = <Word extends string>(word: Word): Word => (word === "not-empty" ? ("not_empty" as Word) : word);

/** Where a part stands: indexes from the outermost group inwards; a lines part's inside is `0`. */
export type Place = number[];

export function joinerOf(condition: Condition): Joiner | null {
  return JOINERS.find((joiner) => Array.isArray((condition as Group)[joiner])) ?? null;
}

export function isLines(condition: Condition): condition is LinesCondition {
  return "lines" in condition;
}

export function isRange(right: Value | Range): right is Range {
  return "low" in right;
}

export function isFact(condition: Condition): condition is FactCondition {
  return "fact" in condition;
}

export function isComparison(condition: Condition): condition is Comparison {
  return "left" in condition;
}

export function partsOf(condition: Condition): Condition[] {
  const joiner = joinerOf(condition);
  if (joiner) return (condition as Group)[joiner] ?? [];
  return isLines(condition) ? [condition.where] : [];
}

function withParts(condition: Condition, parts: Condition[]): Condition {
  const joiner = joinerOf(condition);
  if (joiner) return { ...condition, [joiner]: parts };
  if (isLines(condition) && parts[0]) return { ...condition, where: parts[0] };
  return condition;
}

export function comparison(text = "$"): Comparison {
  return { left: path(text), op: "is", right: { kind: "constant", value: "" } };
}

/** A group to edit in: an outermost comparison is only wrapped once something is added beside it. */
export function asGroup(condition: Condition | null | undefined): Condition {
  if (!condition) return { all: [] };
  return joinerOf(condition) ? condition : { all: [condition] };
}

export function partAt(condition: Condition, place: Place): Condition | undefined {
  return place.reduce<Condition | undefined>((part, index) => part && partsOf(part)[index], condition);
}

/** Replaces the part at a place; `null` removes it. */
export function setPart(condition: Condition, place: Place, next: Condition | null): Condition {
  const [index, ...rest] = place;
  if (index === undefined) return next ?? { all: [] };
  const parts = partsOf(condition);
  const part = parts[index];
  if (!part) return condition;
  if (rest.length) return withParts(condition, parts.with(index, setPart(part, rest, next)));
  if (next) return withParts(condition, parts.with(index, next));
  if (isLines(condition)) return { ...condition, where: { all: [] } };
  return withParts(condition, parts.filter((_, at) => at !== index));
}

/** Adds a part at the end of the group at a place. */
export function addPart(condition: Condition, place: Place, added: Condition): Condition {
  const group = partAt(condition, place);
  if (!group) return condition;
  const target = asGroup(group);
  return setPart(condition, place, withParts(target, [...partsOf(target), added]));
}

export function setJoiner(condition: Condition, place: Place, joiner: Joiner): Condition {
  const group = partAt(condition, place);
  if (!group) return condition;
  return setPart(condition, place, { [joiner]: partsOf(group) });
}

/** Moves a part within its group by one step up (-1) or down (+1). */
export function movePart(condition: Condition, place: Place, by: number): Condition {
  const index = place.at(-1);
  const above = place.slice(0, -1);
  const group = partAt(condition, above);
  if (index === undefined || !group) return condition;
  const parts = [...partsOf(group)];
  const [moved] = parts.splice(index, 1);
  if (!moved || index + by < 0 || index + by > parts.length) return condition;
  parts.splice(index + by, 0, moved);
  return setPart(condition, above, withParts(group, parts));
}

export function countParts(condition: Condition | null | undefined): number {
  if (!condition) return 0;
  if (isComparison(condition) || isFact(condition)) return 1;
  return partsOf(condition).reduce((sum, part) => sum + countParts(part), 0);
}

const WORD: Record<Joiner, string> = { all: " and ", any: " or ", none: " or " };
const LINES: Record<Quantifier, string> = { any: "any line", every: "every line", none: "no line" };

export interface Words extends Names {
  operator?: (op: string) => string | undefined;
}

function describeRight(right: Value | Range, words: Words): string {
  if (isRange(right)) return `${describeValue(right.low, words)} and ${describeValue(right.high, words)}`;
  return describeValue(right, words);
}

/** A sentence for cards and lists: `Stage is Closed Won and Amount is more than 1000`. */
export function describeCondition(condition: Condition | null | undefined, words: Words = {}): string {
  if (!condition) return "always";
  if (isComparison(condition)) {
    const operator = words.operator?.(condition.op) ?? condition.op.replace(/[-_]/g, " ");
    const left = describeValue(condition.left, words);
    return condition.right ? `${left} ${operator} ${describeRight(condition.right, words)}` : `${left} ${operator}`;
  }
  if (isFact(condition)) {
    const operator = words.operator?.(condition.op ?? "is") ?? (condition.op ?? "is").replace(/_/g, " ");
    const right = condition.op?.endsWith("empty") ? "" : ` ${showConstant(condition.right ?? true)}`;
    return `${condition.fact} ${operator}${right}`;
  }
  if (isLines(condition)) return `${LINES[condition.quantifier]} has ${describeCondition(condition.where, words)}`;
  const joiner = joinerOf(condition);
  const parts = partsOf(condition);
  if (!joiner || !parts.length) return "always";
  const joined = parts
    .map((part) => {
      const text = describeCondition(part, words);
      return joinerOf(part) && partsOf(part).length > 1 ? `(${text})` : text;
    })
    .join(WORD[joiner]);
  if (joiner !== "none") return joined;
  return parts.length > 1 ? `neither ${joined.replaceAll(" or ", " nor ")}` : `not ${joined}`;
}
