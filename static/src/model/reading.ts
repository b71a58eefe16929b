/** What a run that is started by hand shall read: everything, a span of time, certain records, or what a trigger would bring. */

import type { Flow } from "./flow";
import { parseExact } from "./values";

export type ReadingKind = "all" | "time" | "ids" | "json";

export interface Reading {
  kind: ReadingKind;
  /** As `<input type="datetime-local">` tells it, by the clock of whoever looks. */
  since: string;
  until: string;
  ids: string[];
  json: string;
}

export interface Readable {
  /** Whether something reads only what changed, so that a span of time means something. */
  time: boolean;
  /** The field in which a trigger names records, if there is one plain field. */
  idField: string | null;
}

export interface Wanted {
  input?: unknown;
  window?: { since?: string; until?: string };
}

export const EVERYTHING: Reading = { kind: "all", since: "", until: "", ids: [], json: "" };

export function readableOf(flow: Pick<Flow, "nodes">): Readable {
  const reads = flow.nodes.filter((node) => node.type === "read" && !node.disabled).map((node) => node.settings);
  const paths = reads.map((settings) => fieldOf(settings["only"])).filter((field) => field !== null);
  const [first] = paths;
  return {
    time: reads.some((settings) => settings["changes"] === true),
    idField: first !== undefined && paths.every((path) => path === first) ? first : null,
  };
}

/** `$.id` names the field `id`; anything deeper has to be written as JSON. */
function fieldOf(value: unknown): string | null {
  const path = typeof value === "object" && value !== null && "path" in value ? String(value.path) : "";
  return /^\$\.([A-Za-z_]\w*)$/.exec(path)?.[1] ?? null;
}

/** The part of the request that says it, or why it cannot be said yet. */
export function wantedOf(reading: Reading, { idField }: Readable): { wanted: Wanted; error: string | null } {
  const fine = (wanted: Wanted) => ({ wanted, error: null });
  const not = (error: string) => ({ wanted: {}, error });
  switch (reading.kind) {
    case "all":
      return fine({});
    case "time": {
      const since = instant(reading.since);
      const until = instant(reading.until);
      if (!since && !until) return not("Say from when or until when.");
      if (since && until && since >= until) return not("The end is not behind the beginning.");
      return fine({ window: { ...(since ? { since } : {}), ...(until ? { until } : {}) } });
    }
    case "ids":
      if (!reading.ids.length || !idField) return not("Enter at least one id.");
      return fine({ input: { [idField]: reading.ids } });
    case "json":
      if (!reading.json.trim()) return not("Enter what the trigger would bring.");
      try {
        return fine({ input: parseExact(reading.json) });
      } catch {
        return not("This is not JSON yet.");
      }
  }
}

function instant(local: string): string | null {
  const at = local ? new Date(local) : null;
  return at && !Number.isNaN(at.getTime()) ? at.toISOString() : null;
}
