import { Button } from "@mantine/core";
import { IconLink } from "@tabler/icons-react";
import { useMemo } from "react";

import type { FlowNode } from "../model/flow";
import { findNode } from "../model/operations";
import { titleOf } from "../model/problems";
import { inputOf } from "../model/trace";
import { useDocument, useEditor } from "../store/editor";
import { useOverlay } from "../store/run";
import { useView } from "../store/view";
import { DataTree, FieldTree } from "../ui/DataTree";
import { useTypes } from "./catalog";
import css from "./panel.module.css";

/** The record as it arrives, or its shape before there was one. */
export function Incoming({ node }: { node: FlowNode }) {
  const flow = useDocument();
  const { byType } = useTypes();
  const shape = useEditor((editor) => editor.insights[node.id]?.shape_in ?? null);
  const preview = useOverlay((overlay) => overlay.preview);
  const key = useOverlay((overlay) => overlay.key);
  const step = useMemo(() => {
    const trace = key ? preview?.trace[key] : undefined;
    return trace ? inputOf(flow, trace, node.id) : null;
  }, [flow, preview, key, node.id]);
  const from = flow.edges.filter((edge) => edge.target === node.id).map((edge) => findNode(flow, edge.source));
  const names = from.flatMap((other) => (other ? [titleOf(other)] : []));
  const starts = byType.get(node.type)?.inputs.length === 0;
  return (
    <>
      <div className={css.colHead}>
        <h3>Comes in</h3>
        <span>{names.length ? `from ${names.join(", ")}` : ""}</span>
      </div>
      <div className={css.scroll} role="group" aria-label="Fields that come in" tabIndex={0}>
        {step ? (
          <DataTree data={step.data} fields={shape?.fields ?? []} />
        ) : shape?.fields.length ? (
          <FieldTree fields={shape.fields} />
        ) : (
          <>
            <p className={css.hint}>{hint(starts, names.length, preview !== null)}</p>
            {node.type === "webhook" ? (
              <Button size="compact-sm" variant="default" leftSection={<IconLink size={15} />} onClick={() => useView.setState({ dialog: "hook" })}>
                Address and secret
              </Button>
            ) : null}
          </>
        )}
      </div>
    </>
  );
}

function hint(starts: boolean, wires: number, tried: boolean): string {
  if (starts) return "Nothing comes in here: this step starts the flow.";
  if (!wires) return "Nothing leads here yet. Draw a wire from an earlier step (or press C).";
  if (tried) return "This sample record did not come this way.";
  return "What comes in is not known yet. Set up the step before, or try on a sample.";
}
