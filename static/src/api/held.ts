/** What documents wait for, and the forms that answer it. */

import type { Json } from "../model/flow";

export interface HeldGroup {
  question: Json;
  /** When the oldest of them began to wait. */
  since?: string;
  flow?: { slug: string; name: string };
  titles?: string[];
  cure?: string;
  message: string;
  count: number;
  keys: string[];
  runs: string[];
  form:
    | LookupForm
    | ChoiceForm
    | { kind: "in-doubt"; entity: string; system: string }
    | GoneForm
    | { kind: "closed-period"; field: string; date: string }
    | null;
  /** What sets them free beside an answer, the likeliest first. */
  acts: { do: "again" | "read"; title: string; help: string }[];
  /** Who looks after questions like this one: an e-mail, or `role:` and a role. */
  owner: { value: string; name: string } | null;
  mine: boolean;
}

/** A row that a table lacks, or what a rule asks for. */
export interface LookupForm {
  kind: "lookup" | "rate" | "translate" | "ask";
  table: string;
  key: string;
  columns: { name: string; options: { value: string; title: string }[] }[];
  /** Column → what it probably is, and why. */
  proposals?: Record<string, { value: string; title: string; why: string }>;
}

/** What has become of an object that is gone, and so of its counterpart. */
export interface GoneForm {
  kind: "gone";
  title: string;
  entity: string;
  /** Where the object was: its connection, for looking for the one into which it was merged. */
  connection: string;
  lost_in: string;
  left_in: string;
  left: string;
  choices: ("merged" | "delete" | "mark" | "keep")[];
}

/** Which of several objects a record is. */
export interface ChoiceForm {
  kind: "choice";
  entity: string;
  /** What people call that kind of object. */
  thing: string;
  match: Record<string, string>;
  candidates: {
    id: string;
    number: string | null;
    link: string | null;
    values: Record<string, string>;
    /** The same value, not one that only looks like it. */
    exact: boolean;
    /** What people call it; empty or missing where the system does not say. */
    title?: string;
  }[];
}
