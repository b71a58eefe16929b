/** What is looked at: drawn places while dragging, selection, panels. Nothing here is saved with the flow. */

import { applyEdgeChanges, applyNodeChanges, type Edge, type EdgeChange, type Node, type NodeChange } from "@xyflow/react";
import { create } from "zustand";

import type { Wish } from "../model/autolink";
import { edgeId, type Flow } from "../model/flow";
import { placeOf, type Sizes } from "../model/layout";

export type CanvasNode = Node<Record<string, never>, "card">;
export type CanvasEdge = Edge<Record<string, never>, "line">;
export type Dialog = "run" | "publish" | "versions" | "policy" | "slots" | "tables" | "hook" | "shortcuts" | "commands" | "find" | "connect" | "switch" | null;

interface View {
  nodes: CanvasNode[];
  edges: CanvasEdge[];
  /** The palette with what shall happen to the chosen type; null while closed. */
  palette: Wish | { kind: "replace"; node: string } | null;
  /** The node whose title is being typed on the card. */
  renaming: string | null;
  focusField: string | null;
  panelWidth: number;
  problemsOpen: boolean;
  dialog: Dialog;
  /** A question before a big deletion. */
  deleting: { ids: ReadonlySet<string>; rejoin: boolean } | null;
}

const WIDTH_KEY = "heddle.panel.width";
const NO_DATA: Record<string, never> = {};

function rememberedWidth(): number {
  const width = Number(globalThis.localStorage.getItem(WIDTH_KEY));
  return width >= 420 ? width : 860;
}

export const useView = create<View>(() => ({
  nodes: [],
  edges: [],
  palette: null,
  renaming: null,
  focusField: null,
  panelWidth: rememberedWidth(),
  problemsOpen: false,
  dialog: null,
  deleting: null,
}));

const { getState, setState } = useView;

export function setPanelWidth(width: number): void {
  const panelWidth = Math.round(Math.max(420, Math.min(width, window.innerWidth - 120)));
  localStorage.setItem(WIDTH_KEY, String(panelWidth));
  setState({ panelWidth });
}

/** Draws the flow; what stands as before keeps its object, so that only changed cards render. */
export function drawFlow(flow: Flow): void {
  const { nodes: drawn, edges: wires } = getState();
  const before = new Map(drawn.map((node) => [node.id, node]));
  const nodes = flow.nodes.map((node): CanvasNode => {
    const old = before.get(node.id);
    const position = placeOf(flow, node.id);
    if (!old) return { id: node.id, type: "card", position, data: NO_DATA };
    return old.position.x === position.x && old.position.y === position.y ? old : { ...old, position };
  });
  const known = new Map(wires.map((edge) => [edge.id, edge]));
  const edges = flow.edges.map((edge): CanvasEdge => {
    const id = edgeId(edge);
    return (
      known.get(id) ?? {
        id,
        type: "line",
        source: edge.source,
        sourceHandle: edge.output,
        target: edge.target,
        targetHandle: edge.input,
        data: NO_DATA,
      }
    );
  });
  setState({ nodes, edges });
}

export function nodesChanged(changes: NodeChange<CanvasNode>[]): void {
  const kept = changes.filter((change) => change.type !== "remove");
  setState(({ nodes }) => ({ nodes: applyNodeChanges(kept, nodes) }));
}

export function edgesChanged(changes: EdgeChange<CanvasEdge>[]): void {
  const kept = changes.filter((change) => change.type !== "remove");
  setState(({ edges }) => ({ edges: applyEdgeChanges(kept, edges) }));
}

export function select(ids: Iterable<string>): void {
  const wanted = new Set(ids);
  setState(({ nodes, edges }) => ({
    nodes: nodes.map((node) => (Boolean(node.selected) === wanted.has(node.id) ? node : { ...node, selected: wanted.has(node.id) })),
    edges: edges.map((edge) => (edge.selected ? { ...edge, selected: false } : edge)),
  }));
}

export function selectEdge(id: string): void {
  setState(({ nodes, edges }) => ({
    nodes: nodes.map((node) => (node.selected ? { ...node, selected: false } : node)),
    edges: edges.map((edge) => (Boolean(edge.selected) === (edge.id === id) ? edge : { ...edge, selected: edge.id === id })),
  }));
}

export const chosenNodes = (): Set<string> =>
  new Set(getState().nodes.filter((node) => node.selected).map((node) => node.id));

export const chosenEdges = (): Set<string> =>
  new Set(getState().edges.filter((edge) => edge.selected).map((edge) => edge.id));

export function sizes(): Sizes {
  return Object.fromEntries(
    getState().nodes.flatMap(({ id, measured }) =>
      measured?.width && measured.height ? [[id, { width: measured.width, height: measured.height }]] : [],
    ),
  );
}

/** Everything closed and nothing selected: another flow is opened. */
export function resetView(): void {
  setState({ nodes: [], edges: [], palette: null, renaming: null, focusField: null, problemsOpen: false, dialog: null, deleting: null });
}
