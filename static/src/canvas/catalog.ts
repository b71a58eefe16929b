/** The catalog for everything on the canvas: node types and systems by name. */

import { createContext, useContext } from "react";

import type { NodeInsight } from "../api/types";
import type { Catalog, Flow, FlowNode, NodeType, Port } from "../model/flow";

export interface Types {
  catalog: Catalog;
  byType: ReadonlyMap<string, NodeType>;
  systemTitle: (system: string) => string;
}

export function typesOf(catalog: Catalog): Types {
  const titles = new Map(catalog.systems.map((system) => [system.system, system.title]));
  return {
    catalog,
    byType: new Map(catalog.nodes.map((node) => [node.type, node])),
    systemTitle: (system) => titles.get(system) ?? system,
  };
}

const nothing: Types = typesOf({ nodes: [], systems: [], functions: [], operators: [] });
export const TypesContext = createContext<Types>(nothing);
export const useTypes = (): Types => useContext(TypesContext);

/** Title of the system that a node talks to, by its slot; empty for nodes that talk to none. */
export function systemOf(node: FlowNode, flow: Flow, types: Types): string {
  const slot = node.settings["slot"];
  const system = typeof slot === "string" ? flow.slots[slot]?.system : undefined;
  return system ? types.systemTitle(system) : "";
}

export interface Ports {
  inputs: Port[];
  /** Main ports, then `rejected`; ports that only a wire still knows come as ghosts, so that it stays visible. */
  outputs: (Port & { ghost?: boolean })[];
}

export function portsOf(
  type: NodeType | undefined,
  insight: NodeInsight | undefined,
  wiredIn: readonly string[],
  wiredOut: readonly string[],
): Ports {
  const known = insight?.outputs.length ? insight.outputs : (type?.outputs ?? []);
  const main = known.filter((port) => port.name !== "rejected");
  const rejected: Port = { name: "rejected", title: "Rejected", required: false };
  const names = new Set(known.map((port) => port.name).concat("rejected"));
  const ghosts = wiredOut.filter((name) => !names.has(name)).map((name) => ({ name, title: name, required: false, ghost: true }));
  const inputs = type?.inputs ?? wiredIn.map((name) => ({ name, title: "", required: true }));
  return { inputs, outputs: [...main, ...ghosts, rejected] };
}
