/** What each row gives for the sample record that is looked at, kept fresh while rows change. */

import { useEffect, useMemo } from "react";

import type { Flow, Json } from "../model/flow";
import { plainNumber } from "../model/values";
import { useEditor } from "../store/editor";
import { tryOnSample, useOverlay } from "../store/run";
import type { Place } from "./mapping";

export interface Result {
  value: unknown;
  steps: { did: string; value: unknown }[];
  error: { message: string; cure: string } | null;
}

/** Results by place of the row; a row of lines has one for each line of the sample. */
export type Results = ReadonlyMap<string, Result[]>;

interface Note extends Json {
  steps?: { did: string; value: unknown }[];
  error?: { message: string; cure: string } | null;
}

const NO_RESULTS: Results = new Map();

export const placeKey = (place: Place): string => place.join(".");

export function resultsOf(notes: readonly Json[]): Results {
  const found = new Map<string, Result[]>();
  for (const note of notes as readonly Note[]) {
    if (note["row"] === undefined) continue;
    const place = note["sub"] === undefined ? [note["row"]] : [note["row"], note["sub"]];
    const key = placeKey(place.map(plainNumber));
    const steps = note.steps ?? [];
    const result = { value: steps.at(-1)?.value, steps, error: note.error ?? null };
    found.set(key, [...(found.get(key) ?? []), result]);
  }
  return found;
}

export function useResults(node: string): { results: Results; error: { message: string; cure: string } | null } {
  const step = useOverlay((overlay) => overlay.preview?.trace[overlay.key ?? ""]?.find((one) => one.node === node));
  const results = useMemo(() => (step ? resultsOf(step.notes) : NO_RESULTS), [step]);
  return { results, error: step?.error ?? null };
}

const PAUSE_MS = 600;

/** Once a sample is looked at, tries again a moment after each change, so that results follow the typing. */
export function useFreshSample(flow: Flow, active: boolean): void {
  const slug = useEditor((editor) => editor.slug);
  const stale = useOverlay((overlay) => overlay.preview !== null && overlay.previewOf !== flow);
  useEffect(() => {
    if (!stale || !active || !slug) return;
    const timer = setTimeout(() => void tryOnSample(slug, flow, flow.policy.sample_size), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [stale, active, slug, flow]);
}
