/** The policy of a flow as its form holds it: texts, so that a half-typed number is no number yet. */

import { LosslessNumber } from "lossless-json";

import type { Budget, Policy } from "./flow";
import { valueText } from "./values";

export interface PolicyText {
  lanes: string;
  batch: string;
  sample: string;
  minutes: string;
  creates: string;
  updates: string;
  deletes: string;
  field: string;
  limit: string;
  fourEyes: boolean;
}

export function policyText(policy: Policy): PolicyText {
  const budget = policy.budget;
  return {
    lanes: valueText(policy.lanes),
    batch: valueText(policy.batch_size),
    sample: valueText(policy.sample_size),
    minutes: policy.retry_minutes.map(Number).join(", "),
    creates: valueText(budget?.creates),
    updates: valueText(budget?.updates),
    deletes: valueText(budget ? budget.deletes : 0),
    field: budget?.amount?.field ?? "",
    limit: valueText(budget?.amount?.limit),
    fourEyes: policy.four_eyes ?? false,
  };
}

/** `1, 5, 15` → [1, 5, 15]; null when it is no list of numbers. */
export function minutesOf(text: string): number[] | null {
  const parts = text.split(/[\s,;]+/).filter(Boolean);
  const minutes = parts.map(Number);
  return minutes.every((minute) => Number.isFinite(minute) && minute >= 0) ? minutes : null;
}

/** The budget, null for none, or why the amount cannot be taken. */
export function budgetOf({ creates, updates, deletes, field, limit }: PolicyText): Budget | null | string {
  if (limit.trim() && !field.trim()) return "Name the field with the amount too.";
  if (field.trim() && !/^\d+(\.\d+)?$/.test(limit.trim())) return "A plain number, like 10000.00.";
  const amount = field.trim() ? { field: field.trim(), limit: new LosslessNumber(limit.trim()) } : null;
  const count = (text: string) => (text === "" ? null : Number(text));
  const budget = { creates: count(creates), updates: count(updates), deletes: count(deletes), amount };
  return budget.creates === null && budget.updates === null && budget.deletes === 0 && !amount ? null : budget;
}
