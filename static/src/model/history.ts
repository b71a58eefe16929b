/** Undo and redo. Flows share what did not change, so a snapshot costs a few references. */

import type { Flow } from "./flow";

interface Step {
  label: string;
  flow: Flow;
}

export interface History {
  past: readonly Step[];
  present: Flow;
  future: readonly Step[];
  /** What the last step may still grow by: typing in one field is one step, not one a letter. */
  open: { merge: string; until: number } | null;
}

const LONGEST = 200;
const PAUSE_MS = 1500;

export function startHistory(flow: Flow): History {
  return { past: [], present: flow, future: [], open: null };
}

/**
 * One gesture, one step. Steps with the same `merge` that follow each other within 1.5 s count as one gesture.
 *
 * @param now milliseconds
 */
export function commit(history: History, label: string, flow: Flow, merge: string | null, now: number): History {
  if (flow === history.present) return history;
  const grows = merge !== null && history.open?.merge === merge && now < history.open.until && history.past.length > 0;
  return {
    past: grows ? history.past : [...history.past, { label, flow: history.present }].slice(-LONGEST),
    present: flow,
    future: [],
    open: merge === null ? null : { merge, until: now + PAUSE_MS },
  };
}

export function undo(history: History): History {
  const step = history.past.at(-1);
  if (!step) return history;
  return {
    past: history.past.slice(0, -1),
    present: step.flow,
    future: [{ label: step.label, flow: history.present }, ...history.future],
    open: null,
  };
}

export function redo(history: History): History {
  const step = history.future[0];
  if (!step) return history;
  return {
    past: [...history.past, { label: step.label, flow: history.present }],
    present: step.flow,
    future: history.future.slice(1),
    open: null,
  };
}

export const undoLabel = (history: History): string | null => history.past.at(-1)?.label ?? null;
export const redoLabel = (history: History): string | null => history.future[0]?.label ?? null;
