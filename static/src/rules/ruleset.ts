/** The rule set document of a rules node, with its edit operations and sentences. */

import { describeValue, showConstant, type Value } from "../model/value";
import { plainNumber } from "../model/values";
import { type Condition, describeCondition, type Words } from "../model/condition";

export type Action =
  | { do: "route"; port: string }
  | { do: "set"; target: string; value: Value }
  | { do: "hold"; message: string; owner?: string }
  | { do: "reject"; message: string }
  | { do: "conclude"; fact: string; value?: unknown }
  | { do: "choose"; what: What; target: string; value: string; title?: string; source?: ChoiceSource | null }
  | { do: "approve"; port: string; roles?: string[]; users?: string[]; reason?: string }
  | { do: "ask"; message: string; target: string; choices?: Value[]; conflict?: boolean; owner?: string };

export type What = "legal_entity" | "company" | "currency" | "price_book" | "other";

/** Where a list of choices is read live: two fields of an entity of a system. */
export interface ChoiceSource {
  system: string;
  entity: string;
  value: string;
  title: string;
}

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

/** What an action is called where one is chosen; a conflict is a question with two given answers. */
export type ActionKind = Action["do"] | "conflict";

export const ACTIONS: { value: ActionKind; label: string }[] = [
  { value: "set", label: "set a field" },
  { value: "choose", label: "choose" },
  { value: "route", label: "send it to" },
  { value: "approve", label: "require approval" },
  { value: "hold", label: "hold it" },
  { value: "ask", label: "ask for a value" },
  { value: "conflict", label: "raise a conflict" },
  { value: "reject", label: "reject it" },
  { value: "conclude", label: "conclude" },
];

export const WHAT: { value: What; label: string }[] = [
  { value: "legal_entity", label: "a legal entity" },
  { value: "company", label: "a company" },
  { value: "currency", label: "a currency" },
  { value: "price_book", label: "a price book" },
  { value: "other", label: "a value" },
];

export const kindOfAction = (action: Action): ActionKind => (action.do === "ask" && action.conflict ? "conflict" : action.do);

export function startAction(kind: ActionKind): Action {
  switch (kind) {
    case "route":
      return { do: "route", port: "" };
    case "set":
      return { do: "set", target: "", value: { kind: "constant", value: "" } };
    case "choose":
      return { do: "choose", what: "legal_entity", target: "", value: "" };
    case "approve":
      return { do: "approve", port: "approval", roles: ["editor"], reason: "" };
    case "hold":
      return { do: "hold", message: "" };
    case "ask":
      return { do: "ask", message: "", target: "" };
    case "conflict":
      return { do: "ask", message: "", target: "", conflict: true, choices: [startSide(), startSide()] };
    case "reject":
      return { do: "reject", message: "" };
    case "conclude":
      return { do: "conclude", fact: "" };
  }
}

const startSide = (): Value => ({ kind: "path", path: "$", may_be_empty: true });

/** The names of everything that rules of the set conclude, each once. */
export function factsOf(set: RuleSet): string[] {
  return [...new Set(set.rules.flatMap((rule) => rule.then.flatMap((action) => (action.do === "conclude" && action.fact ? [action.fact] : []))))];
}

/** Whether rules are judged in another order than they stand in. */
export const isReordered = (set: RuleSet): boolean => set.rules.some((rule) => plainNumber(rule.priority ?? 0) !== 0);

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
  const used = judged.flatMap((rule) => rule.then.flatMap((action) => (action.do === "route" || action.do === "approve" ? [action.port] : [])));
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
    case "choose":
      return `choose ${action.title || action.value || "nothing yet"} as ${action.target ? (words.path?.(`$.${action.target}`) ?? action.target) : "a field"}`;
    case "approve":
      return `require approval${action.roles?.length || action.users?.length ? ` by ${[...(action.roles ?? []), ...(action.users ?? [])].join(" or ")}` : ""}${action.reason ? `: ${action.reason}` : ""}`;
    case "ask":
      return `${action.conflict ? "raise a conflict over" : "ask for"} ${action.target || "a field"}${action.message ? `: ${action.message}` : ""}`;
    case "conclude":
      return `conclude that “${action.fact}” is ${showConstant(action.value ?? true)}`;
  }
}

/** `When Amount is more than 10000, hold it: needs approval.` */
export function describeRule(rule: Rule, words: Words = {}): { when: string; then: string } {
  const last = rule.then.length - 1;
  const told = rule.then.map((action) => describeAction(action, words));
  const then = told.map((text, at) => (at < last ? text.replace(/\.$/, "") : text)).join(", and ");
  return { when: describeCondition(rule.when, words), then: then || "do nothing yet" };
}
