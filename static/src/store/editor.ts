/** The document with its history, and what the server says of it. Dragging, selecting and progress live elsewhere. */

import { create } from "zustand";

import type { Check, FlowDetail, FlowState, NodeInsight } from "../api/types";
import type { Flow, Problem } from "../model/flow";
import { commit, redo, startHistory, undo, type History } from "../model/history";
import { placed } from "../model/layout";
import { byNode, inOrder } from "../model/problems";

export type SaveState = "saved" | "waiting" | "saving" | "offline" | "conflict" | "refused";

/** What the server holds when somebody else saved first. */
export interface Theirs {
  revision: number;
  document: Flow;
}

interface Editor {
  /** What was opened; null while a drawing is only looked at. */
  opened: FlowDetail | null;
  slug: string;
  readOnly: boolean;
  history: History;
  revision: number;
  /** The document as the server has it; the draft is saved when it is the present one. */
  stored: Flow;
  save: SaveState;
  saveMessage: string;
  theirs: Theirs | null;
  state: FlowState;
  liveVersion: number | null;
  draftChanged: boolean;
  hook: { url: string; secret: string } | null;
  bindings: Record<string, string>;
  problems: readonly Problem[];
  problemsByNode: ReadonlyMap<string, readonly Problem[]>;
  insights: Readonly<Record<string, NodeInsight>>;
}

const EMPTY: Flow = {
  heddle: 1,
  name: "",
  description: "",
  slots: {},
  nodes: [],
  edges: [],
  tables: {},
  rules: {},
  policy: { lanes: 1, batch_size: 200, retry_minutes: [1, 5, 15], sample_size: 10 },
  layout: {},
};

export const useEditor = create<Editor>(() => ({
  opened: null,
  slug: "",
  readOnly: false,
  history: startHistory(EMPTY),
  revision: 0,
  stored: EMPTY,
  save: "saved",
  saveMessage: "",
  theirs: null,
  state: "draft",
  liveVersion: null,
  draftChanged: false,
  hook: null,
  bindings: {},
  problems: [],
  problemsByNode: new Map(),
  insights: {},
}));

const { getState, setState } = useEditor;

export const present = (): Flow => getState().history.present;
export const useDocument = (): Flow => useEditor((editor) => editor.history.present);

export function openFlow(detail: FlowDetail, readOnly = false): void {
  const document = placed(detail.document);
  setState({
    opened: detail,
    slug: detail.slug,
    readOnly,
    history: startHistory(document),
    revision: detail.revision,
    stored: document,
    save: "saved",
    saveMessage: "",
    theirs: null,
    state: detail.state,
    liveVersion: detail.live_version,
    draftChanged: detail.draft_changed,
    hook: detail.hook,
    bindings: detail.bindings,
  });
  paint(detail.plan ?? { problems: detail.problems, nodes: {} });
}

/** A version to look at (a run's drawing): nothing can be changed. */
export function showDocument(slug: string, document: Flow): void {
  setState({
    opened: null,
    slug,
    readOnly: true,
    history: startHistory(document),
    stored: document,
    save: "saved",
    theirs: null,
    bindings: {},
  });
  paint({ problems: [], nodes: {} });
}

/** What the server says of the drawing: problems, one line a node, ports, shapes. */
export function paint(check: Partial<Check>): void {
  const problems = inOrder(check.problems ?? [], present());
  setState({ problems, problemsByNode: byNode(problems), ...(check.nodes ? { insights: check.nodes } : {}) });
}

/**
 * One gesture of the user: one step of the history.
 *
 * @param merge steps with the same word that follow each other closely are one (typing)
 */
export function change(label: string, edit: (flow: Flow) => Flow, merge: string | null = null): void {
  const { history, readOnly } = getState();
  if (readOnly) return;
  const next = commit(history, label, edit(history.present), merge, Date.now());
  if (next !== history) setState({ history: next });
}

export function stepBack(): void {
  if (!getState().readOnly) setState(({ history }) => ({ history: undo(history) }));
}

export function stepForward(): void {
  if (!getState().readOnly) setState(({ history }) => ({ history: redo(history) }));
}

export function bind(slot: string, connection: string): void {
  setState(({ bindings }) => ({ bindings: { ...bindings, [slot]: connection } }));
}

/** The answer to "somebody else saved first": their drawing replaces mine (as a step that can be undone). */
export function takeTheirs(): void {
  const { theirs, history } = getState();
  if (!theirs) return;
  setState({
    history: commit(history, "Take the other version", theirs.document, null, Date.now()),
    stored: theirs.document,
    revision: theirs.revision,
    save: "saved",
    theirs: null,
  });
}

/** Mine goes over theirs: the next save speaks of their revision. */
export function keepMine(): void {
  const { theirs } = getState();
  if (!theirs) return;
  setState({ revision: theirs.revision, stored: theirs.document, save: "waiting", theirs: null });
}
