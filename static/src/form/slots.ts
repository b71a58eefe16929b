/** Slots of a flow and the connections of this installation behind them. */

import type { NodeEditorProps } from "../model/editing";

type Around = Pick<NodeEditorProps, "flow" | "bindings" | "onFlow" | "onBind">;

export function connectionOf({ bindings }: Pick<Around, "bindings">, slot: string): string | undefined {
  return slot ? bindings[slot] : undefined;
}

/**
 * Makes a node use a connection and answers the slot for its settings: one that is bound to it already, the
 * node's own open slot of that system, else a new one named after the system.
 */
export function bindConnection(
  { flow, bindings, onFlow, onBind }: Around,
  slot: string,
  connection: { id: string; system: string; name: string },
): string {
  const bound = Object.keys(flow.slots).find((id) => bindings[id] === connection.id);
  if (bound) return bound;
  const open = [slot, ...Object.keys(flow.slots)].find((id) => flow.slots[id]?.system === connection.system && !bindings[id]);
  if (open) {
    onBind(open, connection.id);
    return open;
  }
  const stem = connection.system.toLowerCase().replace(/[^a-z0-9_-]/g, "_").replace(/^[^a-z]+/, "") || "system";
  let id = stem;
  for (let number = 2; id in flow.slots; number += 1) id = `${stem}_${number}`;
  onFlow({ slots: { ...flow.slots, [id]: { system: connection.system, title: connection.name } } });
  onBind(id, connection.id);
  return id;
}
