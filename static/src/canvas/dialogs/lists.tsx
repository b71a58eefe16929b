/** Dialogs that are a searched list: commands, find, connect; and the sheet of keys. */

import { Modal } from "@mantine/core";
import { useState, type ReactNode } from "react";

import { find } from "../../model/find";
import { findNode, mayConnect } from "../../model/operations";
import { titleOf } from "../../model/problems";
import { present, useDocument, useEditor } from "../../store/editor";
import { chosenNodes, select } from "../../store/view";
import { Keys } from "../../ui/parts";
import { actions, joinNodes, type ActionGroup, type Hands } from "../actions";
import { portsOf } from "../catalog";
import { shownKey } from "../keys";
import { PickList, type Choice } from "../PickList";
import { reveal } from "../reveal";
import { StepGlyph } from "../StepGlyph";
import canvasCss from "../canvas.module.css";
import css from "./dialogs.module.css";

interface ListProps {
  hands: Hands;
  close: () => void;
}

function ListModal({ close, label, children }: { close: () => void; label: string; children: ReactNode }) {
  return (
    <Modal.Root opened onClose={close} size={560} yOffset="12vh">
      <Modal.Overlay backgroundOpacity={0.35} />
      <Modal.Content radius="lg" aria-label={label}>
        <div className={css.list}>{children}</div>
      </Modal.Content>
    </Modal.Root>
  );
}

export function CommandsDialog({ hands, close }: ListProps) {
  const readOnly = useEditor((editor) => editor.readOnly);
  const shown = actions.filter((action) => !(readOnly && action.edits));
  return (
    <ListModal close={close} label="Commands">
      <PickList
        label="Commands"
        placeholder="What would you like to do?"
        choices={shown.map((action) => ({
          id: action.title,
          title: action.title,
          group: action.group,
          aside: action.keys[0] ? <Keys of={shownKey(action.keys[0])} /> : null,
        }))}
        onClose={close}
        onPick={(title) => {
          close();
          setTimeout(() => shown.find((action) => action.title === title)?.run(hands), 0);
        }}
      />
    </ListModal>
  );
}

export function FindDialog({ hands, close }: ListProps) {
  const flow = useDocument();
  const [text, setText] = useState("");
  const hits = find(flow, text);
  const choices: Choice[] = hits.map((hit, index) => {
    const type = hands.types.byType.get(hit.node.type);
    return {
      id: String(index),
      title: hit.where === "name" ? hit.text : titleOf(hit.node),
      detail: hit.where === "name" ? "" : `${hit.where.replace(/\.(\d+)/g, " $1")}: ${hit.text}`,
      mark: (
        <span className={canvasCss.tile} data-group={type?.group}>
          <StepGlyph type={type} size={17} />
        </span>
      ),
    };
  });
  return (
    <ListModal close={close} label="Find">
      <PickList
        label="Find in this flow"
        placeholder="Find names, fields, expressions…"
        choices={choices}
        empty="Type to search names, notes, fields and expressions."
        onSearch={setText}
        onClose={close}
        onPick={(index) => {
          const hit = hits[Number(index)];
          close();
          if (!hit) return;
          select([hit.node.id]);
          if (hit.where !== "name") hands.openNode(hit.node.id, hit.where === "note" ? null : hit.where);
          reveal(hands.canvas, hit.node.id, 0.6);
        }}
      />
    </ListModal>
  );
}

/** Drawing a wire by the keyboard: from the selected step to another. */
export function ConnectDialog({ hands, close }: ListProps) {
  const [source] = chosenNodes();
  const node = source ? findNode(present(), source) : undefined;
  const { byType } = hands.types;
  const ports = node ? portsOf(byType.get(node.type), useEditor.getState().insights[node.id], [], []).outputs : [];
  const targets = new Map<string, [output: string, target: string, input: string]>();
  const choices: Choice[] = [];
  for (const port of ports) {
    for (const other of present().nodes) {
      for (const input of byType.get(other.type)?.inputs ?? []) {
        if (!node || !mayConnect(present(), { source: node.id, output: port.name, target: other.id, input: input.name })) continue;
        const id = `${port.name}>${other.id}.${input.name}`;
        targets.set(id, [port.name, other.id, input.name]);
        choices.push({ id, title: titleOf(other), detail: input.title, group: ports.length > 1 ? `From ${port.title || "the output"}` : undefined });
      }
    }
  }
  return (
    <ListModal close={close} label="Connect">
      <PickList
        label="Connect to"
        placeholder={node ? `Connect ${titleOf(node)} to…` : "Select a step first"}
        choices={choices}
        onClose={close}
        onPick={(id) => {
          const target = targets.get(id);
          if (node && target) joinNodes(node.id, ...target);
          close();
        }}
      />
    </ListModal>
  );
}

const GROUPS: ActionGroup[] = ["Draw", "Select", "Look", "Flow"];
const MOUSE: [string, string][] = [
  ["Drag on the empty canvas", "Select what it touches"],
  ["Space or middle button and drag, wheel", "Move the view"],
  ["Ctrl and wheel, pinch", "Zoom"],
  ["Drag from a port into the open", "Add a step there, wired"],
  ["Alt while dragging", "Leave the grid"],
  ["Double click", "Open the step"],
];

export function ShortcutsDialog({ close }: { close: () => void }) {
  return (
    <Modal opened onClose={close} title="Keys and gestures" size={860} radius="lg">
      <div className={css.keys}>
        {GROUPS.map((group) => (
          <section key={group}>
            <h3>{group}</h3>
            {actions
              .filter((action) => action.group === group && action.keys.length)
              .map((action) => (
                <div key={action.title} className={css.key}>
                  <span>{action.title}</span>
                  <Keys of={shownKey(action.keys[0] ?? "")} />
                </div>
              ))}
          </section>
        ))}
        <section>
          <h3>Mouse and touch</h3>
          {MOUSE.map(([gesture, does]) => (
            <div key={gesture} className={css.key}>
              <span>{does}</span>
              <small>{gesture}</small>
            </div>
          ))}
        </section>
      </div>
    </Modal>
  );
}
