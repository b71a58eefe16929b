/** Words and glyphs of the timeline. */

import {
  IconAlertTriangle,
  IconArrowBackUp,
  IconArrowsJoin,
  IconArrowsLeftRight,
  IconCash,
  IconCircleX,
  IconDatabaseExport,
  IconDatabaseImport,
  IconEqual,
  IconGitBranch,
  IconHandStop,
  IconPencil,
  IconRepeat,
  IconUserCheck,
  IconUserQuestion,
  type Icon,
} from "@tabler/icons-react";

import type { Thing } from "../api/records";

export interface Kind {
  icon: Icon;
  tone: "ok" | "held" | "failed" | "busy" | "quiet";
  text: string;
}

const KINDS: Record<string, Kind> = {
  read: { icon: IconDatabaseExport, tone: "quiet", text: "Read" },
  rule: { icon: IconGitBranch, tone: "busy", text: "Rule" },
  write: { icon: IconDatabaseImport, tone: "ok", text: "Written" },
  writeback: { icon: IconArrowBackUp, tone: "ok", text: "Written back" },
  payment: { icon: IconCash, tone: "ok", text: "Payment" },
  merge: { icon: IconArrowsJoin, tone: "busy", text: "Merged" },
  retry: { icon: IconRepeat, tone: "busy", text: "Retry" },
  held: { icon: IconHandStop, tone: "held", text: "Held" },
  conflict: { icon: IconArrowsLeftRight, tone: "held", text: "Conflict" },
  failed: { icon: IconCircleX, tone: "failed", text: "Failed" },
  asked: { icon: IconUserQuestion, tone: "held", text: "Approval asked" },
  approval: { icon: IconUserCheck, tone: "busy", text: "Approval" },
  decision: { icon: IconUserCheck, tone: "busy", text: "Decision" },
  correction: { icon: IconPencil, tone: "busy", text: "Correction" },
  quiet: { icon: IconEqual, tone: "quiet", text: "Nothing to change" },
};

export const kindOf = (name: string): Kind => KINDS[name] ?? { icon: IconAlertTriangle, tone: "quiet", text: name };

/** "Invoice INV-204 in Sage Intacct" */
export function thingText(thing: Thing): string {
  const place = thing.connection_name ? ` in ${thing.connection_name}` : "";
  return `${thing.entity_title} ${thing.number ?? thing.id}${place}`;
}

/** The day of a moment, as a heading. */
export function dayOf(iso: string): string {
  return new Date(iso).toLocaleDateString("en-GB", { weekday: "long", day: "numeric", month: "long", year: "numeric" });
}

export function clockOf(iso: string): string {
  return new Date(iso).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
}
