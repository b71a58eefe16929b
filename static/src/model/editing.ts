/** What the node panel hands to the editor of a node's settings (SchemaForm, Mapper, RulesEditor). */

import type { ComponentType } from "react";

import type { Catalog, Entity, Flow, FlowNode, Json, NodeType, Problem } from "./flow";

/** One record on its way: what a node sees of it. */
export interface SampleRecord {
  key: string;
  title: string;
  data: Json;
  steps: Json;
}

export interface NodeEditorProps {
  /** The node's settings; hand a whole new object to onChange, never change it in place. */
  value: Json;
  onChange: (settings: Json) => void;
  node: FlowNode;
  /** The node type's card: JSON Schema of the settings, ports, help. */
  card: NodeType;
  catalog: Catalog;
  flow: Flow;
  /** For what lives in the flow beside the node: lookup tables, rule sets, connection slots. */
  onFlow: (change: Partial<Pick<Flow, "tables" | "rules" | "decisions" | "shared" | "slots">>) => void;
  /** slot → connection id of this installation */
  bindings: Readonly<Record<string, string>>;
  onBind: (slot: string, connection: string) => void;
  /** What comes in; null while unknown. */
  shapeIn: Entity | null;
  /** The sample record as it comes in, from the last preview; null before one. */
  sample: SampleRecord | null;
  problems: readonly Problem[];
  /** Dotted path into the settings that a click in the problems list asked for. */
  focusField: string | null;
  readOnly: boolean;
}

export type NodeEditor = ComponentType<NodeEditorProps>;

/** Editors by name: `schema` serves every type that names none. */
export type NodeEditors = Readonly<Record<"schema", NodeEditor> & Partial<Record<string, NodeEditor>>>;
