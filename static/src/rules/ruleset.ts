/** The rule set document of a rules node, with its edit operations and sentences. */

import { describeValue, showConstant, type Value } from "../model/value";
import { plainNumber } from "../model/values";
import { type Condition, describeCondition, type Words } from "../model/condition";

export type Action =
  | { do: "route"; port: string }
  | { do: "set"; target: string; value: Value }
  | { do: "hold"; message: string; owner?: string }
  | { do: "reject"; message: string }
  | { do: "conclude"; fact: string; value?: unknown };

export interface Rule {
  id: string;
  title?: string;
  when: Condition;
  then: Action[];
  stop?: boolean;
  enabled?: boolean;
  priority?: number;
}

export interface RuleSet {
  title?: string;
  policy?: "all" | "first";
  rules: Rule[];
}

export const ACTIONS: { value: Action["do"]; label: string }[] = [
  { value: "set", label: "set a field" },
  { value: "route", label: "send it to" },
  { value: "hold", label: "hold it" },
  { value: "reject", label: "reject it" },
];

export function startAction(kind: Action["do"]): Action {
  switch (kind) {
    case "route":
      return { do: "route", port: "" };
    case "set":
      return { do: "set", target: "", value: { kind: "constant", value: "" } };
    case "hold":
      return { do: "hold", message: "" };
    case "reject":
      return { do: "reject", message: "" };
    case "conclude":
      return { do: "conclude", fact: "" };
  }
}

/** A new rule under an id that no rule of the set has or had next to it. */
export function startRule(set: RuleSet): Rule {
  const taken = new Set(set.rules.map((rule) => rule.id));
  let number = set.rules.length + 1;
  while (taken.has(`rule_${number}`)) number += 1;
  return { id: `rule_${number}`, title: `Rule ${number}`, when: { all: [] }, then: [] };
}

export function setRule(set: RuleSet, index: number, rule: Rule): RuleSet {
  return { ...set, rules: set.rules.with(index, rule) };
}

export function removeRule(set: RuleSet, index: number): RuleSet {
  return { ...set, rules: set.rules.filter((_, at) => at !== index) };
}

export function moveRule(set: RuleSet, index: number, to: number): RuleSet {
  if (to < 0 || to >= set.rules.length) return set;
  const rules = [...set.rules];
  const [moved] = rules.splice(index, 1);
  if (!moved) return set;
  rules.splice(to, 0, moved);
  return { ...set, rules };
}

/** The ways out that enabled rules use, in the order in which they are judged, each once. */
export function portsOf(set: RuleSet): string[] {
  const judged = set.rules
    .filter((rule) => rule.enabled !== false)
    .sort((a, b) => plainNumber(a.priority ?? 0) - plainNumber(b.priority ?? 0));
  const used = judged.flatMap((rule) => rule.then.flatMap((action) => (action.do === "route" ? [action.port] : [])));
  return [...new Set(used)].filter(Boolean);
}

/** A port name made from what was typed: lower case, and only what an identifier may hold. */
export function portName(text: string): string {
  const name = text.toLowerCase().replace(/[^a-z0-9]+/g, "_").replace(/^[_0-9]+|_+$/g, "");
  return name.slice(0, 60);
}

export function describeAction(action: Action, words: Words = {}): string {
  switch (action.do) {
    case "route":
      return action.port ? `send it to “${action.port}”` : "send it nowhere yet";
    case "set":
      return `set ${action.target ? (words.path?.(`$.${action.target}`) ?? action.target) : "a field"} to ${describeValue(action.value, words)}`;
    case "hold":
      return action.message ? `hold it: ${action.message}` : "hold it, without a reason yet";
    case "reject":
      return action.message ? `reject it: ${action.message}` : "reject it, without a reason yet";
    case "conclude":
      return `conclude that “${action.fact}” is ${showConstant(action.value ?? true)}`;
  }
}

/** `When Amount is more than 10000, hold it: needs approval.` */
export function describeRule(rule: Rule, words: Words = {}): { when: string; then: string } {
  const then = rule.then.map((action) => describeAction(action, words)).join(", and ");
  return { when: describeCondition(rule.when, words), then: then || "do nothing yet" };
}
