/** What lies over the drawing: counts of a run while it goes, or of a try on a sample. */

import { create } from "zustand";

import { previewFlow } from "../api/queries";
import type { Preview, RunDetail } from "../api/types";
import type { NodeCount } from "../model/counts";
import type { Flow } from "../model/flow";

interface Overlay {
  nodes: Readonly<Record<string, NodeCount>>;
  edges: Readonly<Record<string, number>>;
  /** Records are moving right now. */
  moving: boolean;
  run: RunDetail | null;
  preview: Preview | null;
  /** The drawing that the preview was made with: a later change makes it stale. */
  previewOf: Flow | null;
  /** The sample record that is looked at. */
  key: string | null;
  trying: boolean;
  error: unknown;
}

const NOTHING: Overlay = {
  nodes: {},
  edges: {},
  moving: false,
  run: null,
  preview: null,
  previewOf: null,
  key: null,
  trying: false,
  error: null,
};

export const useOverlay = create<Overlay>(() => NOTHING);
const { getState, setState } = useOverlay;

export function clearOverlay(): void {
  setState(NOTHING);
}

export function showRun(run: RunDetail): void {
  setState({ run, nodes: run.nodes, edges: run.edges, moving: run.state === "running", preview: null, error: null });
}

export function look(key: string): void {
  setState({ key });
}

/** Reads a few records from the bound systems, walks them through this drawing, writes nothing. */
export async function tryOnSample(slug: string, document: Flow, limit: number, input?: unknown): Promise<void> {
  setState({ trying: true, error: null });
  try {
    const preview = await previewFlow(slug, { document, records: null, limit, ...(input === undefined ? {} : { input }) });
    const kept = preview.records.some((record) => record.key === getState().key);
    setState({
      preview,
      previewOf: document,
      nodes: preview.nodes,
      edges: {},
      run: null,
      moving: false,
      trying: false,
      key: kept ? getState().key : (preview.records[0]?.key ?? null),
    });
  } catch (error) {
    setState({ trying: false, error });
  }
}
