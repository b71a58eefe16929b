/** Search through a drawing: names, notes, and every text in the settings (fields, expressions, mapping rows). */

import type { Flow, FlowNode } from "./flow";
import { titleOf } from "./problems";
import { valueText } from "./values";

export interface Hit {
  node: FlowNode;
  /** Where it was found: "name", "note", or the dotted path into the settings. */
  where: string;
  text: string;
}

const MOST = 100;

export function find(flow: Flow, wanted: string): Hit[] {
  const needle = wanted.trim().toLowerCase();
  if (!needle) return [];
  const hits: Hit[] = [];
  for (const node of flow.nodes) {
    const look = (where: string, text: string) => {
      if (hits.length < MOST && text.toLowerCase().includes(needle)) hits.push({ node, where, text });
    };
    look("name", titleOf(node));
    look("note", node.note);
    leaves(node.settings, "", look);
  }
  return hits;
}

function leaves(value: unknown, path: string, visit: (path: string, text: string) => void): void {
  if (Array.isArray(value)) {
    value.forEach((item, index) => leaves(item, `${path}.${index}`, visit));
  } else if (value !== null && typeof value === "object" && Object.getPrototypeOf(value) === Object.prototype) {
    Object.entries(value).forEach(([name, item]) => leaves(item, path ? `${path}.${name}` : name, visit));
  } else {
    visit(path, valueText(value));
  }
}
