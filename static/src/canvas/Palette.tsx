import { ActionIcon } from "@mantine/core";
import { IconX } from "@tabler/icons-react";
import { useReactFlow } from "@xyflow/react";
import { useState } from "react";

import { useConnections } from "../api/queries";
import type { Connection } from "../api/types";
import { addAsWished, fitting, type Wish } from "../model/autolink";
import type { Json, NodeType, SystemCard } from "../model/flow";
import { changeNode, findNode, replaceNode, slotFor } from "../model/operations";
import { bind, change, present, useDocument, useEditor } from "../store/editor";
import { select, sizes, useView, type CanvasEdge, type CanvasNode } from "../store/view";
import css from "./canvas.module.css";
import { useTypes } from "./catalog";
import { groupTitles } from "./glyphs";
import { useOpenNode } from "./openNode";
import { PickList, type Choice } from "./PickList";
import { reveal } from "./reveal";
import { StepGlyph } from "./StepGlyph";

export const DRAG_TYPE = "application/x-heddle-step";

interface Entry {
  type: NodeType;
  system: SystemCard | null;
}

/** Whether there is anything to fill in: then the form opens with the new step, instead of being looked for. */
const asksSomething = (type: NodeType): boolean => Object.keys((type.settings["properties"] ?? {})).length > 0;

/** The types of step, searched by typing; with a system's name also "Read · Vtiger", bound at once. */
export function Palette() {
  const wish = useView((view) => view.palette);
  return wish ? <OpenPalette wish={wish} /> : null;
}

function OpenPalette({ wish }: { wish: Wish | { kind: "replace"; node: string } }) {
  const { catalog } = useTypes();
  const flow = useDocument();
  const { openNode } = useOpenNode();
  const canvas = useReactFlow<CanvasNode, CanvasEdge>();
  const [text, setText] = useState("");
  const connections = useConnections().data ?? [];
  const close = () => useView.setState({ palette: null });
  const types = wish.kind === "replace" ? [...catalog.nodes] : fitting(catalog.nodes, flow, wish);
  const entries = entriesOf(types, catalog.systems, text);
  const pick = (id: string) => {
    const entry = entries.get(id);
    if (!entry) return;
    const added = placeStep(entry, wish, connections);
    close();
    select([added]);
    if (wish.kind !== "replace") {
      setTimeout(() => {
        reveal(canvas, added);
        document.querySelector<HTMLElement>(`.react-flow__node[data-id="${added}"]`)?.focus({ preventScroll: true });
      }, 60);
    }
    if (wish.kind === "replace" || asksSomething(entry.type)) openNode(added);
  };
  return (
    <aside className={css.palette} data-testid="palette">
      <PickList
        label={wish.kind === "replace" ? "Replace this step by" : "Add a step"}
        placeholder={wish.kind === "replace" ? "Replace by…" : "Add a step: map, filter, Intacct…"}
        choices={[...entries].map(([id, entry]) => choiceOf(id, entry))}
        onSearch={setText}
        onPick={pick}
        onClose={close}
        onDragStart={(id, event) => {
          event.dataTransfer.setData(DRAG_TYPE, id);
          event.dataTransfer.effectAllowed = "copy";
        }}
      />
      <ActionIcon variant="subtle" color="gray" className={css.paletteClose} aria-label="Close" onClick={close}>
        <IconX size={16} />
      </ActionIcon>
    </aside>
  );
}

/**
 * Draws the step that an entry (`write:intacct`) stands for, and connects its system where there is one connection to
 * choose from.
 *
 * @returns the node's id
 */
export function placeStep({ type, system }: Entry, wish: Wish | { kind: "replace"; node: string }, connections: readonly Connection[]): string {
  let added = "";
  change(wish.kind === "replace" ? "Replace the step" : `Add ${type.title}`, (flow) => {
    const bound = system ? slotFor(flow, system.system, system.title) : { flow, slot: null };
    const settings: Json = bound.slot ? { slot: bound.slot } : {};
    if (wish.kind === "replace") {
      added = wish.node;
      const replaced = replaceNode(bound.flow, wish.node, type);
      return bound.slot ? changeNode(replaced, wish.node, { settings }) : replaced;
    }
    const done = addAsWished(bound.flow, type, wish, settings, sizes());
    added = done.id;
    return system ? changeNode(done.flow, done.id, { title: `${type.title} · ${system.title}` }) : done.flow;
  });
  const [only, ...others] = connections.filter((connection) => connection.system === system?.system);
  const slot = findNode(present(), added)?.settings["slot"];
  if (typeof slot === "string" && only && !others.length && !useEditor.getState().bindings[slot]) bind(slot, only.id);
  return added;
}

export function entryOf(id: string, types: readonly NodeType[], systems: readonly SystemCard[]): Entry | null {
  const [name, systemName] = id.split(":");
  const type = types.find((other) => other.type === name);
  return type ? { type, system: systems.find((other) => other.system === systemName) ?? null } : null;
}

function entriesOf(types: readonly NodeType[], systems: readonly SystemCard[], text: string): Map<string, Entry> {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const found = new Map<string, Entry>();
  const matches = (words_: string) => words.every((word) => words_.toLowerCase().includes(word));
  for (const type of types) {
    const own = `${type.title} ${type.type} ${groupTitles[type.group]} ${type.help}`;
    if (matches(own)) found.set(type.type, { type, system: null });
    if (!words.length || !talksToSystem(type)) continue;
    for (const system of systems) {
      if (matches(`${type.title} ${type.type} ${system.title} ${system.system}`)) found.set(`${type.type}:${system.system}`, { type, system });
    }
  }
  return found;
}

function talksToSystem(type: NodeType): boolean {
  const properties = type.settings["properties"];
  return typeof properties === "object" && properties !== null && "slot" in properties;
}

function choiceOf(id: string, { type, system }: Entry): Choice {
  return {
    id,
    title: system ? `${type.title} · ${system.title}` : type.title,
    detail: sentenceOf(type.help),
    group: groupTitles[type.group],
    mark: (
      <span className={css.tile} data-group={type.group}>
        <StepGlyph type={type} size={18} />
      </span>
    ),
  };
}

/** The first sentence of a help, whose lines are broken and whose names stand in asterisks. */
function sentenceOf(help: string): string {
  return (/^.*?[.](?=\s|$)/.exec(help.replace(/\s+/g, " "))?.[0] ?? help).replace(/\*([^*]+)\*/g, "«$1»");
}
