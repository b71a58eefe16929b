/** Cutting, pasting and deleting on the canvas: what needs both the document and the selection. */

import { copyNodes, pasteClip, readClip } from "../model/clipboard";
import type { Position } from "../model/flow";
import { CARD, freePlace, GRID, placeOf } from "../model/layout";
import { disconnect, removeAndRejoin, removeNodes } from "../model/operations";
import { change, present, useEditor } from "../store/editor";
import { chosenEdges, chosenNodes, select, sizes, useView } from "../store/view";

/** More than this, or a trigger, is only deleted after a question. */
const MANY = 10;

export function removeChosen(rejoin: boolean): void {
  const nodes = chosenNodes();
  const edges = chosenEdges();
  const count = nodes.size;
  change(count > 1 ? `Delete ${count} steps` : count ? "Delete the step" : "Delete the wire", (flow) => {
    const cut = disconnect(flow, edges);
    return rejoin ? removeAndRejoin(cut, nodes) : removeNodes(cut, nodes);
  });
}

export function askToRemove(rejoin: boolean): void {
  const ids = chosenNodes();
  const starts = present().nodes.some((node) => ids.has(node.id) && !present().edges.some((edge) => edge.target === node.id));
  const wired = present().edges.some((edge) => ids.has(edge.source));
  if (ids.size > MANY || (starts && wired && ids.size > 0)) useView.setState({ deleting: { ids, rejoin } });
  else removeChosen(rejoin);
}

/** @param at where the middle goes; null puts the copy beside what was copied */
export function paste(text: string, at: Position | null): void {
  const clip = readClip(text);
  if (!clip || useEditor.getState().readOnly) return;
  const first = Object.values(clip.layout)[0];
  const beside = first ? { x: first.x + GRID * 2, y: first.y + CARD.height + GRID * 2 } : { x: 0, y: 0 };
  const wanted = at ? { x: at.x - CARD.width / 2, y: at.y - CARD.height / 2 } : beside;
  let ids: string[] = [];
  change(clip.nodes.length === 1 ? "Paste a step" : `Paste ${clip.nodes.length} steps`, (flow) => {
    const pasted = pasteClip(flow, clip, freePlace(flow, wanted, sizes()));
    ids = pasted.ids;
    return pasted.flow;
  });
  select(ids);
}

/** The system clipboard: works across tabs and installations, and leaves text that is selected elsewhere alone. */
export function clipboardEvents(): () => void {
  const ours = (event: ClipboardEvent) =>
    !(event.target instanceof HTMLInputElement || event.target instanceof HTMLTextAreaElement) &&
    (window.getSelection()?.isCollapsed ?? true) &&
    useView.getState().dialog === null;
  const copy = (event: ClipboardEvent) => {
    if (!ours(event) || chosenNodes().size === 0) return;
    event.clipboardData?.setData("text/plain", copyNodes(present(), chosenNodes()));
    event.preventDefault();
    if (event.type === "cut") removeChosen(false);
  };
  const insert = (event: ClipboardEvent) => {
    const text = event.clipboardData?.getData("text/plain") ?? "";
    const clip = ours(event) ? readClip(text) : null;
    if (!clip) return;
    event.preventDefault();
    const [id] = chosenNodes();
    const origin = id ? placeOf(present(), id) : null;
    paste(text, origin ? { x: origin.x + CARD.width / 2 + GRID * 2, y: origin.y + CARD.height * 2 } : null);
  };
  document.addEventListener("copy", copy);
  document.addEventListener("cut", copy);
  document.addEventListener("paste", insert);
  return () => {
    document.removeEventListener("copy", copy);
    document.removeEventListener("cut", copy);
    document.removeEventListener("paste", insert);
  };
}
