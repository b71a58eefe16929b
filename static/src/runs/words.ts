/** Words of the run screens. */

export function modeText(mode: string): string {
  return { live: "Live", "dry-run": "Dry run", sample: "Sample" }[mode] ?? mode;
}

export function recordAddress(run: string, key: string): string {
  return `/runs/${run}/records/${encodeURIComponent(key)}`;
}

/** Titles of steps by node id, from the drawing that the run used. */
export function stepTitles(nodes: readonly { id: string; title: string }[] | undefined): Record<string, string> {
  const drawn = (nodes ?? []).map((node) => [node.id, node.title || node.id] as const);
  return { "heddle-task": "Task for a person", ...Object.fromEntries(drawn) };
}

/** What became of a record at a write: a delete counts as an update, and is called what it is. */
export const outcomeOf = ({ outcome, operation }: { outcome: string; operation: string }): string =>
  operation === "delete" && outcome === "updated" ? "deleted" : outcome;
