/** The answers of the HTTP contract. Documents and shapes are in model/flow. */

import type { Entity, Flow, Json, Port, Problem } from "../model/flow";
import type { Wrong } from "../model/record";

export type Role = "viewer" | "operator" | "editor" | "admin";

export interface User {
  id: string;
  name: string;
  email: string;
  role: Role;
  must_change_password: boolean;
}

export interface Session {
  user: User | null;
  csrf: string;
  demo: boolean;
  version: string;
}

export interface Health {
  ok: boolean;
  message: string;
  identity: string | null;
  at: string;
}

export interface Connection {
  id: string;
  system: string;
  name: string;
  settings: Json;
  secrets: Record<string, boolean>;
  health: Health | null;
  used_by: { slug: string; name: string }[];
  revision: number;
  /** Since when nobody reaches it, and why; null while it answers. */
  outage: Outage | null;
}

/** Null is no limit; ``per_second`` is a decimal as text. */
export interface Limits {
  per_second: string | null;
  concurrent: number | null;
  per_day: number | null;
}

/** What a connection may do, what is used of it since midnight (UTC), and what the next 24 hours will need. */
export interface Board {
  limits: Limits;
  own: Limits;
  set: boolean;
  state: "shared" | "parted" | "alone";
  today: { calls: number; waited: number; refused: number; left: number | null };
  per_second: { now: string; most: string };
  flows: { flow: { slug: string; name: string } | null; calls: number; waited: number; refused: number }[];
  forecast: { calls: number; seconds: number | null; fits: boolean; beyond: number } | null;
}

export interface Outage {
  since: string;
  code: string;
  message: string;
  cure: string;
  next_try_at: string;
}

export interface NodeInsight {
  summary: string;
  outputs: Port[];
  shape_in: Entity | null;
  shapes: Record<string, Entity | null>;
}

export interface Check {
  problems: Problem[];
  nodes: Record<string, NodeInsight>;
}

export type FlowState = "draft" | "live" | "paused";

export interface Counts {
  read: number;
  created: number;
  updated: number;
  unchanged: number;
  skipped: number;
  held: number;
  failed: number;
  echo: number;
}

export interface FlowRow {
  slug: string;
  name: string;
  description: string;
  state: FlowState;
  live_version: number | null;
  draft_changed: boolean;
  owner: string;
  last_run: { id: string; state: RunState; at: string; counts: Counts } | null;
  problems: number;
  /** It is live and begins with a conflict, so it may decide what two systems disagree about. */
  decides: boolean;
  updated_at: string;
}

export interface FlowDetail {
  slug: string;
  document: Flow;
  revision: number;
  bindings: Record<string, string>;
  problems: Problem[];
  state: FlowState;
  live_version: number | null;
  draft_changed: boolean;
  /** Whether publishing needs a second person, and the request that waits for one. */
  guarded: boolean;
  request: number | null;
  hook: { url: string; secret: string } | null;
  plan: Check | null;
}

export interface Saved extends Check {
  revision: number;
}

export interface Template {
  slug: string;
  name: string;
  description: string;
  systems: string[];
}

export interface Version {
  number: number;
  at: string;
  by: string;
  note: string;
}

export interface Change {
  kind: string;
  node: string | null;
  title: string;
  text: string;
}

export interface Diff {
  changes: Change[];
  layout_changed: boolean;
}

export interface NodeCounts {
  in: number;
  ports: Record<string, number>;
  failed: number;
  held: number;
  ms?: number;
}

export interface WhyStep {
  did: string;
  value: unknown;
  /** Why a side won, where two systems are kept in step. */
  reason?: string;
  /** Arguments of a function, by name. */
  with?: Json;
}

export interface WrittenField {
  field: string;
  title: string;
  old: unknown;
  new: unknown;
  changed: boolean;
  why: WhyStep[];
}

export interface WriteIntent {
  operation: string;
  slot?: string;
  entity: string;
  entity_title?: string;
  message?: string;
  fields: WrittenField[];
}

export interface TraceStep {
  node: string;
  port: string | null;
  data: Json;
  notes: Json[];
  error: { code: string; message: string; cure: string } | null;
  /** Why the record ends here, when it was skipped. */
  reason?: string;
  write: WriteIntent | null;
  /** One for each side of a two-way sync. */
  writes?: WriteIntent[];
}

export interface Preview {
  records: { key: string; title: string }[];
  nodes: Record<string, NodeCounts>;
  trace: Record<string, TraceStep[]>;
}

export type RunMode = "live" | "dry-run" | "sample";
export type RunState = "queued" | "running" | "waiting" | "paused" | "done" | "failed" | "cancelled";

export interface Cause {
  kind: string;
  by: string | null;
}

export interface RunRow {
  id: string;
  flow: { slug: string; name: string };
  version: number | null;
  mode: RunMode;
  state: RunState;
  cause: Cause;
  counts: Counts;
  /** Records of batches under way that are through, about: they are counted with their batch. */
  answered: number;
  /** Of a run that waits for its turn: the runs of its flow that come first, oldest first. */
  before: string[];
  started_at: string | null;
  ended_at: string | null;
  message: string | null;
}

export interface RunDetail extends RunRow {
  seq: number;
  nodes: Record<string, NodeCounts>;
  edges: Record<string, number>;
  rate: number | null;
  left_s: number | null;
  /** Whether it still reads: then `total`, if a system told it, is only about. */
  reading: boolean;
  total: number | null;
  /** Or more: the system counts no further. */
  at_least: boolean;
  retry_at: string | null;
  /** What this run left waiting for people, by whom it is waited for. */
  approvals?: { count: number; by: string }[];
  parent: string | null;
  /** The runs that repeat a part of it or tell of it, and why each was started. */
  children: { id: string; cause: string }[];
  /** Since when no worker has given a sign of life, and when others take over; null while all is well. */
  silent: { since: string; until: string } | null;
  code?: string;
  /** The dry run whose plan it executes. */
  plan?: string | null;
  /** Of each step that read only what changed: from when until when; `since` null is from the beginning. */
  reads?: { node: string; since: string | null; until: string }[];
}

export interface Delivery {
  id: string;
  key: string;
  title: string;
  node: string;
  entity: string;
  outcome: string;
  operation: string;
  remote_id: string | null;
  number: string | null;
  link: string | null;
  source_link: string | null;
  message: string | null;
  code: string | null;
  cure: string | null;
  at: string;
}

export interface RunRecord {
  key: string;
  title: string;
  outcome: string;
  operation: string;
  message: string | null;
}

export interface Call {
  method: string;
  url: string;
  status: number | null;
  ms: number;
  request: unknown;
  response: unknown;
}

export interface RecordHistory {
  key: string;
  title: string;
  source: Json;
  /** What its system says of its fields, if it was read from one. */
  shape: Entity | null;
  /** The fields of the source that failures are about, as far as they tell. */
  wrong: Wrong[];
  steps: TraceStep[];
  deliveries: (Delivery & { sent: Json; before: Json | null; answer: unknown; calls: Call[] })[];
  history: RunRow[];
  /** Where its timeline is, over all runs. */
  object: { connection: string; entity: string; id: string } | null;
  corrections: { by: string; at: string; run: string; changes: { field: string; old: unknown; new: unknown }[] }[];
}

export interface PlanLine extends Delivery {
  root: string;
  step: string;
  entity_title: string;
  /** The connection that it would be written to, as the flow calls it. */
  place: string;
  fields: { field: string; title: string; old: unknown; new: unknown; changed: boolean; why: string }[];
}

export interface Plan {
  run: string;
  counts: Record<string, unknown>;
  steps: { node: string; title: string; entity: string; entity_title: string; outcome: string; count: unknown }[];
  sentence: string;
  /** What it would exceed of the flow's write budget, in sentences. */
  budget: string[];
  executable: boolean;
  why_not: string;
  executed_by: string | null;
  not_met: { key: string; title: string }[];
  writes: PlanLine[];
  next: string | null;
}

export interface FailedGroup {
  cause: string;
  flow: { slug: string; name: string } | null;
  node: string;
  step: string;
  code: string;
  message: string;
  example: string;
  cure: string;
  field: string | null;
  /** Where it is put right, the likeliest place first; those outside open the system's own page. */
  fix: { kind: "source" | "target" | "step" | "connection"; text: string; href: string; outside: boolean }[];
  count: number;
  runs: string[];
  records: {
    run: string;
    key: string;
    root: string;
    title: string;
    message: string;
    amount: string | null;
    currency: string;
    at: string;
    /** Where the record opens in its own system. */
    source: string | null;
  }[];
  money: { currency: string; amount: string }[];
  assignee: string;
  snoozed_until: string | null;
  since: string;
  last: string;
}

export interface Sandbox {
  system: string;
  title: string;
  url: string;
  home: string;
  vices: { name: string; title: string; options: Json; active: Json | null }[];
  /** Why it cannot be reached, empty when it can. */
  message?: string;
}
