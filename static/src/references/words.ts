/** What the states of a cross reference are called, and the outcome whose look they borrow. */

import type { ReferenceState } from "../api/references";

export const STATES: Record<ReferenceState, { text: string; status: string }> = {
  linked: { text: "Linked", status: "done" },
  new: { text: "To be created", status: "queued" },
  out: { text: "Left out", status: "skipped" },
  deleted: { text: "Deleted", status: "cancelled" },
  creating: { text: "Being created", status: "running" },
  doubt: { text: "In doubt", status: "in_doubt" },
};
