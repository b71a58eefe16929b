/** Counts on the canvas, from a run or from a try on a sample. */

import { edgeId, type Flow, type FlowEdge } from "./flow";

export interface NodeCount {
  in: number;
  ports: Readonly<Record<string, number>>;
  failed: number;
  held: number;
  ms?: number;
}

export interface Pill {
  passed: number;
  held: number;
  failed: number;
}

const SIDE: Readonly<Record<string, "held" | "failed">> = { held: "held", failed: "failed", rejected: "failed" };

/**
 * What the pill of a wire says. What its target held or failed stands apart, as long as the wire is the only
 * one that leads there, so that no record is counted on two wires. A wire from a node that took no part says
 * nothing: of two triggers only one started the run.
 */
export function pillOf(
  flow: Flow,
  edge: FlowEdge,
  nodes: Readonly<Record<string, NodeCount>>,
  edges: Readonly<Record<string, number>>,
): Pill | null {
  const source = nodes[edge.source];
  const total = edges[edgeId(edge)] ?? source?.ports[edge.output];
  if (total === undefined || (!source && total === 0)) return null;
  const side = SIDE[edge.output];
  if (side) return { passed: 0, held: 0, failed: 0, [side]: total };
  const target = nodes[edge.target];
  const alone = flow.edges.filter((other) => other.target === edge.target).length === 1;
  if (!target || !alone) return { passed: total, held: 0, failed: 0 };
  return { passed: Math.max(0, total - target.held - target.failed), held: target.held, failed: target.failed };
}

/** What left a node on the main road: everything but the side ports. */
export function passedOf(count: NodeCount): number {
  return Object.entries(count.ports)
    .filter(([port]) => !SIDE[port])
    .reduce((sum, [, number]) => sum + number, 0);
}

/** "850 ms", "12 s", "3 min 20 s". */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const rest = seconds % 60;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min${rest ? ` ${rest} s` : ""}`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}
