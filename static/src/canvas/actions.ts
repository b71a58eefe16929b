/** Every gesture by name and key, in one table: the keyboard, the command palette and the `?` sheet read it. */

import type { ReactFlowInstance } from "@xyflow/react";

import { openOutput, type Wish } from "../model/autolink";
import { copyNodes } from "../model/clipboard";
import type { Position } from "../model/flow";
import { align, distribute, GRID, placeOf, tidy, type Side } from "../model/layout";
import { connect, moveNodes, reachable, toggleDisabled } from "../model/operations";
import { neighbour, type Arrow } from "../model/walk";
import { change, present, stepBack, stepForward, useEditor } from "../store/editor";
import { chosenEdges, chosenNodes, select, sizes, useView, type CanvasEdge, type CanvasNode, type Dialog } from "../store/view";
import { portsOf, type Types } from "./catalog";
import { askToRemove, paste, removeChosen } from "./clipping";
import { gently, reveal } from "./reveal";

export interface Hands {
  types: Types;
  canvas: ReactFlowInstance<CanvasNode, CanvasEdge>;
  open: string | null;
  openNode: (id: string | null, field?: string | null) => void;
  trySample: () => void;
  mayRun: boolean;
}

export type ActionGroup = "Draw" | "Select" | "Look" | "Flow";

export interface Action {
  title: string;
  group: ActionGroup;
  keys: string[];
  /** Changes the drawing: not offered where it can only be looked at. */
  edits: boolean;
  run: (hands: Hands) => void;
}

const only = (ids: ReadonlySet<string>): string | null => (ids.size === 1 ? ([...ids][0] ?? null) : null);
const dialog = (name: Dialog) => () => useView.setState({ dialog: name });

/** The middle of what is seen, in the coordinates of the drawing. */
export function middle({ canvas }: Pick<Hands, "canvas">): Position {
  const box = document.querySelector(".react-flow")?.getBoundingClientRect();
  return canvas.screenToFlowPosition({
    x: (box?.left ?? 0) + (box?.width ?? 0) / 2,
    y: (box?.top ?? 0) + (box?.height ?? 0) / 2,
  });
}

/** What "add a step" means now: behind the selected node or the only one, into the selected wire, or in the middle. */
export function wishNow(hands: Hands): Wish {
  const wire = only(chosenEdges());
  if (wire) return { kind: "edge", edge: wire };
  const { nodes } = present();
  const node = only(chosenNodes()) ?? (nodes.length === 1 ? nodes[0]?.id : undefined);
  const drawn = nodes.find((other) => other.id === node);
  if (node && drawn) {
    const ports = portsOf(hands.types.byType.get(drawn.type), useEditor.getState().insights[node], [], []);
    const output = openOutput(present(), node, ports.outputs);
    if (output) return { kind: "behind", node, output };
  }
  const at = middle(hands);
  return { kind: "place", at: { x: at.x - 128, y: at.y - 48 } };
}

function step(arrow: Arrow): Action {
  return {
    title: `Go ${arrow}`,
    group: "Select",
    keys: [`arrow${arrow}`],
    edits: false,
    run: ({ canvas, open, openNode }) => {
      const from = only(chosenNodes()) ?? present().nodes[0]?.id;
      if (!from) return;
      const to = chosenNodes().size ? neighbour(present(), from, arrow) : from;
      if (!to) return;
      select([to]);
      if (open) openNode(to);
      reveal(canvas, to);
    },
  };
}

function nudge(arrow: Arrow): Action {
  const by = { left: { x: -GRID, y: 0 }, right: { x: GRID, y: 0 }, up: { x: 0, y: -GRID }, down: { x: 0, y: GRID } }[arrow];
  return {
    title: `Move ${arrow}`,
    group: "Draw",
    keys: [`mod+arrow${arrow}`],
    edits: true,
    run: () =>
      change(
        "Move",
        (flow) =>
          moveNodes(
            flow,
            Object.fromEntries(
              [...chosenNodes()].map((id) => [id, { x: placeOf(flow, id).x + by.x, y: placeOf(flow, id).y + by.y }]),
            ),
          ),
        "nudge",
      ),
  };
}

function aligned(title: string, side: Side, key: string): Action {
  return { title, group: "Draw", keys: [key], edits: true, run: () => change(title, (flow) => align(flow, chosenNodes(), side, sizes())) };
}

function stream(title: string, way: "up" | "down", key: string): Action {
  return {
    title,
    group: "Select",
    keys: [key],
    edits: false,
    run: () => {
      const found = new Set(chosenNodes());
      for (const id of [...found]) reachable(present(), id, way).forEach((other) => found.add(other));
      select(found);
    },
  };
}

const act = (title: string, group: ActionGroup, keys: string[], edits: boolean, run: (hands: Hands) => void): Action => ({
  title,
  group,
  keys,
  edits,
  run,
});

export const actions: readonly Action[] = [
  act("Add a step", "Draw", ["n"], true, (hands) => useView.setState({ palette: wishNow(hands) })),
  act("Connect to another step", "Draw", ["c"], true, dialog("connect")),
  act("Undo", "Draw", ["mod+z"], true, stepBack),
  act("Redo", "Draw", ["mod+shift+z", "mod+y"], true, stepForward),
  act("Copy", "Draw", ["mod+c"], false, () => void navigator.clipboard.writeText(copyNodes(present(), chosenNodes()))),
  act("Cut", "Draw", ["mod+x"], true, () => {
    void navigator.clipboard.writeText(copyNodes(present(), chosenNodes()));
    removeChosen(false);
  }),
  act("Paste", "Draw", ["mod+v"], true, (hands) => void navigator.clipboard.readText().then((text) => paste(text, middle(hands)))),
  act("Duplicate", "Draw", ["mod+d"], true, () => {
    const [first] = chosenNodes();
    if (first) paste(copyNodes(present(), chosenNodes()), null);
  }),
  act("Delete", "Draw", ["delete", "backspace"], true, () => askToRemove(false)),
  act("Delete and join the neighbours", "Draw", ["mod+delete", "mod+backspace"], true, () => askToRemove(true)),
  act("Rename", "Draw", ["f2"], true, () => useView.setState({ renaming: only(chosenNodes()) })),
  act("Switch off or on", "Draw", ["d"], true, () => change("Switch off or on", (flow) => toggleDisabled(flow, chosenNodes()))),
  act("Replace by another type", "Draw", ["r"], true, () => {
    const node = only(chosenNodes());
    if (node) useView.setState({ palette: { kind: "replace", node } });
  }),
  act("Tidy up", "Draw", ["alt+shift+t"], true, ({ canvas }) => {
    const chosen = chosenNodes();
    change("Tidy up", (flow) => tidy(flow, chosen.size > 1 ? chosen : null, sizes()));
    requestAnimationFrame(() => void canvas.fitView({ maxZoom: 1, padding: 0.15, ...gently() }));
  }),
  aligned("Align left", "left", "alt+arrowleft"),
  aligned("Align right", "right", "alt+arrowright"),
  aligned("Align top", "top", "alt+arrowup"),
  aligned("Align bottom", "bottom", "alt+arrowdown"),
  aligned("Align centres", "centre", "alt+c"),
  aligned("Align middles", "middle", "alt+m"),
  act("Spread across", "Draw", ["alt+h"], true, () => change("Spread across", (flow) => distribute(flow, chosenNodes(), "x", sizes()))),
  act("Spread down", "Draw", ["alt+v"], true, () => change("Spread down", (flow) => distribute(flow, chosenNodes(), "y", sizes()))),
  ...(["left", "right", "up", "down"] as const).map(nudge),
  act("Select all", "Select", ["mod+a"], false, () => select(present().nodes.map((node) => node.id))),
  act("Open the step", "Select", ["enter"], false, ({ openNode }) => openNode(only(chosenNodes()))),
  act("Close, or select nothing", "Select", ["escape"], false, ({ open, openNode }) => {
    const { palette } = useView.getState();
    if (palette) useView.setState({ palette: null });
    else if (open) openNode(null);
    else select([]);
  }),
  ...(["left", "right", "up", "down"] as const).map(step),
  stream("Select what leads here", "up", "shift+arrowleft"),
  stream("Select what follows", "down", "shift+arrowright"),
  act("Zoom in", "Look", ["+", "mod++"], false, ({ canvas }) => void canvas.zoomIn(gently())),
  act("Zoom out", "Look", ["-", "mod+-"], false, ({ canvas }) => void canvas.zoomOut(gently())),
  act("Real size", "Look", ["0", "mod+0"], false, ({ canvas }) => void canvas.zoomTo(1, gently())),
  act("See everything", "Look", ["1", "mod+1"], false, ({ canvas }) => void canvas.fitView({ padding: 0.15, maxZoom: 1, ...gently() })),
  act("Find in this flow", "Look", ["mod+f"], false, dialog("find")),
  act("Commands", "Look", ["mod+k", "mod+shift+p"], false, dialog("commands")),
  act("Keys", "Look", ["?"], false, dialog("shortcuts")),
  act("Problems", "Look", ["p"], false, () => useView.setState(({ problemsOpen }) => ({ problemsOpen: !problemsOpen }))),
  act("Try on a sample", "Flow", ["t"], true, ({ trySample }) => trySample()),
  act("Run", "Flow", ["mod+enter"], false, ({ mayRun }) => {
    if (mayRun) useView.setState({ dialog: "run" });
  }),
  act("Publish", "Flow", ["mod+shift+enter"], true, dialog("publish")),
  act("Version history", "Flow", [], false, dialog("versions")),
  act("Connections of this flow", "Flow", [], true, dialog("slots")),
  act("Lookup tables", "Flow", [], false, dialog("tables")),
  act("Address for webhooks and buttons", "Flow", [], true, dialog("hook")),
];

/** Wires two nodes by the keyboard. */
export function joinNodes(source: string, output: string, target: string, input: string): void {
  change("Connect", (flow) => connect(flow, { source, output, target, input }));
}
