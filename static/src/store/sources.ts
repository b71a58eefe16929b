/** What a node's values can start from, with the sample's values: from the drawing, its shapes and the last try. */

import { useMemo } from "react";

import type { NodeEditorProps } from "../model/editing";
import type { Entity, Json } from "../model/flow";
import { type SourceGroup, sourcesOf } from "../model/sources";
import { useEditor } from "./editor";
import { useOverlay } from "./run";

export function useSources({ flow, node, shapeIn, sample }: NodeEditorProps): SourceGroup[] {
  const insights = useEditor((editor) => editor.insights);
  const trace = useOverlay((overlay) => overlay.preview?.trace[overlay.key ?? ""]);
  return useMemo(() => {
    const reads = new Set(flow.nodes.filter((one) => one.type === "read").map((one) => one.id));
    const read = (trace ?? []).filter((step) => reads.has(step.node)).map((step): [string, Json] => [step.node, step.data]);
    const known = [...reads].map((id): [string, Entity | null] => [id, insights[id]?.shapes["out"] ?? null]);
    const scope = {
      data: sample?.data ?? null,
      steps: { ...Object.fromEntries(read), ...sample?.steps },
      ...(sample ? { key: sample.key, title: sample.title } : {}),
    };
    return sourcesOf({ flow, node: node.id, shapeIn, scope, steps: Object.fromEntries(known) });
  }, [flow, node.id, shapeIn, sample, insights, trace]);
}
