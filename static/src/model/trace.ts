/** One record's way through a drawing: what a node got, what it gave. */

import type { SampleRecord } from "./editing";
import type { Flow, Json } from "./flow";

interface Step {
  node: string;
  port: string | null;
  data: Json;
  steps?: Json;
}

/** What came into the node for this record: what the nearest wired node before it gave. */
export function inputOf<S extends Step>(flow: Flow, trace: readonly S[], node: string): S | null {
  const leading = flow.edges.filter((edge) => edge.target === node);
  const own = trace.findIndex((step) => step.node === node);
  const before = own < 0 ? trace : trace.slice(0, own);
  return (
    before.findLast((step) => leading.some((edge) => edge.source === step.node && (!step.port || edge.output === step.port))) ??
    null
  );
}

export function outputsOf<S extends Step>(trace: readonly S[], node: string): S[] {
  return trace.filter((step) => step.node === node);
}

/** What an editor of the node's settings may show of the record: its data, and results of earlier nodes. */
export function sampleFor(flow: Flow, trace: readonly Step[], node: string, key: string, title: string): SampleRecord | null {
  const step = inputOf(flow, trace, node);
  return step ? { key, title, data: step.data, steps: step.steps ?? {} } : null;
}
