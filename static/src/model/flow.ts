/** The documents that people draw, as the server stores them (mirrors engine/flow.py and engine/shape.py). */

export type Json = Record<string, unknown>;

export interface Port {
  name: string;
  title: string;
  required: boolean;
}

export interface FlowNode {
  id: string;
  type: string;
  version: number;
  title: string;
  settings: Json;
  note: string;
  disabled: boolean;
}

export interface FlowEdge {
  source: string;
  output: string;
  target: string;
  input: string;
}

export interface Slot {
  system: string;
  title: string;
}

export interface LookupTable {
  title: string;
  columns: string[];
  rows: (string | null)[][];
  description: string;
  /** Column → where its choices are read live. */
  options?: Record<string, ColumnOptions>;
  /** Columns with the first and the last day of a row; empty: rows have no days. */
  valid_from?: string;
  valid_to?: string;
  rates?: Rates | null;
}

/** What makes a table one of currency rates: its columns, and the decimal places of each currency. */
export interface Rates {
  to: string;
  rate: string;
  type: string;
  digits: Record<string, unknown>;
  usual: unknown;
  inverse: boolean;
}

/** Which version of something in the library a drawing uses. */
export interface Pin {
  kind: "rules" | "decision" | "lookup";
  version: number;
  title: string;
  large: boolean;
}

/** Fields of an entity behind a slot: what is stored, and how it is called. */
export interface ColumnOptions {
  slot: string;
  entity: string;
  value: string;
  title: string;
}

export interface Budget {
  creates: number | null;
  updates: number | null;
  /** Nothing is deleted unless it says how many; null is no limit. */
  deletes: number | null;
  amount: { field: string; limit: unknown } | null;
}

/** A task in a system; texts have places in braces. */
export interface Task {
  slot: string;
  entity: string;
  fields: Record<string, string>;
  done: Record<string, string>;
}

/** Who is told once when records fail for good or wait, and again when that is settled. */
export interface Alerts {
  failed: boolean;
  held: boolean;
  mail: string[];
  task: Task | null;
}

export interface Policy {
  lanes: number;
  batch_size: number;
  retry_minutes: number[];
  sample_size: number;
  /** What one run may write before it stops and asks; amounts keep their text. */
  budget?: Budget | null;
  /** What becomes of a run that is to start while others are not over; a flow drawn before has no word on it. */
  /** It posts to the ledger, so a second person publishes it. */
  four_eyes?: boolean;
  /** Null or absent: nobody is told, the inbox alone has it. */
  alerts?: Alerts | null;
  overlap?: { kind: "parallel" | "queue" | "skip" | "cancel-older"; parallel: number };
}

export interface Position {
  x: number;
  y: number;
}

export interface Flow {
  heddle: 1;
  name: string;
  description: string;
  slots: Record<string, Slot>;
  nodes: FlowNode[];
  edges: FlowEdge[];
  tables: Record<string, LookupTable>;
  rules: Record<string, Json>;
  /** Copies of shared decision tables; a drawing from before there were any has none. */
  decisions?: Record<string, Json>;
  shared?: Record<string, Pin>;
  policy: Policy;
  layout: Record<string, Position>;
}

export type ValueType =
  | "text"
  | "integer"
  | "number"
  | "money"
  | "boolean"
  | "date"
  | "datetime"
  | "id"
  | "reference"
  | "choice"
  | "lines"
  | "object"
  | "any";

export interface Choice {
  value: string;
  title: string;
}

export interface Field {
  name: string;
  title: string;
  type: ValueType;
  required: boolean;
  read_only: boolean;
  create_only: boolean;
  max_length: number | null;
  refers_to: string | null;
  choices: Choice[];
  fields: Field[];
  description: string;
}

export interface Entity {
  name: string;
  title: string;
  plural: string;
  key: string;
  title_field: string | null;
  modified: string | null;
  match: string[];
  operations: ("read" | "create" | "update" | "delete")[];
  /** It may have fields besides these. */
  open: boolean;
  fields: Field[];
  description: string;
}

export interface Summary {
  name: string;
  title: string;
  description: string;
  common: boolean;
}

export interface Problem {
  code: string;
  message: string;
  cure: string;
  node: string | null;
  port: string | null;
  field: string | null;
  severity: "error" | "warning";
}

export type Group = "trigger" | "read" | "shape" | "decide" | "write";

export interface NodeType {
  type: string;
  version: number;
  title: string;
  group: Group;
  glyph: string;
  help: string;
  editor: string | null;
  inputs: Port[];
  outputs: Port[];
  settings: Json;
}

/** How a system takes a task for a person. */
export type TaskForm = Pick<Task, "entity" | "fields" | "done">;

export interface SystemCard {
  system: string;
  title: string;
  help: string;
  settings: Json;
  capability: Json;
  task?: TaskForm | null;
}

export interface FunctionArgument {
  name: string;
  title: string;
  type: ValueType;
  required: boolean;
  default: unknown;
  choices: (string | Choice)[];
  /** Fixed while drawing; a path cannot stand here. */
  constant?: boolean;
  widget?: string | null;
}

export interface FunctionCard {
  name: string;
  title: string;
  group: string;
  help: string;
  input: ValueType;
  output: ValueType;
  args: FunctionArgument[];
}

export interface OperatorCard {
  op: string;
  title: string;
  types: ValueType[];
  right: "value" | "list" | "range" | "none" | "duration" | "table";
}

export interface Catalog {
  nodes: NodeType[];
  systems: SystemCard[];
  functions: FunctionCard[];
  operators: OperatorCard[];
}

/** `a.out>b.in`: how an edge is named in counts and on the canvas. */
export function edgeId(edge: FlowEdge): string {
  return `${edge.source}.${edge.output}>${edge.target}.${edge.input}`;
}
