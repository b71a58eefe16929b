import { IconCheck, IconMinus } from "@tabler/icons-react";
import { useMemo } from "react";

import type { NodeInsight, TraceStep, WhyStep } from "../api/types";
import type { Entity, FlowNode, Json } from "../model/flow";
import { inputOf, outputsOf } from "../model/trace";
import { ruleNotes, worded } from "../model/why";
import { useDocument, useEditor } from "../store/editor";
import { useOverlay } from "../store/run";
import { DataTree, FieldTree } from "../ui/DataTree";
import { StatusBadge } from "../ui/parts";
import { Why, WriteTable } from "../ui/Why";
import { useTypes } from "./catalog";
import css from "./panel.module.css";

/** What would leave the step for this sample record; for a write, what would be written. */
export function Outgoing({ node }: { node: FlowNode }) {
  const flow = useDocument();
  const insight = useEditor((editor) => editor.insights[node.id]);
  const preview = useOverlay((overlay) => overlay.preview);
  const key = useOverlay((overlay) => overlay.key);
  const { steps, before } = useMemo(() => {
    const trace = (key ? preview?.trace[key] : undefined) ?? [];
    return { steps: outputsOf(trace, node.id), before: inputOf(flow, trace, node.id)?.data ?? null };
  }, [flow, preview, key, node.id]);
  const record = preview?.records.find((other) => other.key === key);
  return (
    <>
      <div className={css.colHead}>
        <h3>Comes out</h3>
        <span>{steps.length ? record?.title : ""}</span>
      </div>
      <div className={css.scroll} role="group" aria-label="Fields that come out" tabIndex={0}>
        {steps.map((step, index) => (
          <Given key={index} step={step} before={before} shape={insight?.shapes[step.port ?? "out"] ?? null} port={(insight?.outputs.length ?? 0) > 2 && step.port ? called(step.port, insight) : ""} />
        ))}
        {steps.length ? null : preview ? (
          <p className={css.hint}>This sample record did not come this way.</p>
        ) : (
          <Shapes insight={insight} />
        )}
      </div>
    </>
  );
}

/** What people call a way out. */
function called(port: string, insight: NodeInsight | undefined): string {
  return insight?.outputs.find((one) => one.name === port)?.title || port;
}

/** `port`: which way it leaves, where there are several. */
function Given({ step, before, shape, port }: { step: TraceStep; before: Json | null; shape: Entity | null; port: string }) {
  const { functions } = useTypes().catalog;
  const held = step.port === "held" || step.write?.operation === "hold";
  const writes = step.writes?.length ? step.writes : step.write ? [step.write] : [];
  return (
    <div className={css.out}>
      {step.error ? (
        <div className={css.trouble} data-tone={held ? "held" : "failed"}>
          <p>{step.error.message}</p>
          {step.error.cure ? <p>{step.error.cure}</p> : null}
        </div>
      ) : null}
      {step.reason ? <p className={css.hint}>Ends here: {step.reason}</p> : null}
      {writes.length ? (
        writes.map((write, at) => (
          <div key={at}>
            <div className={css.outHead}>
              <StatusBadge {...operation(write.operation)} />
              <small>{write.entity_title || write.entity}</small>
            </div>
            {write.message ? <p className={css.hint}>{write.message}</p> : null}
            {write.fields.length ? (
              <WriteTable
                fields={write.fields.map((field) => ({ ...field, why: worded(field.why, functions) }))}
                creating={write.operation === "create"}
              />
            ) : null}
          </div>
        ))
      ) : (
        <>
          {port ? <div className={css.outHead}>{port}</div> : null}
          <Rules notes={step.notes} />
          <Notes notes={step.notes} />
          {step.error ? null : <DataTree data={step.data} fields={shape?.fields ?? []} before={before} />}
        </>
      )}
    </div>
  );
}

/** Each rule of a rules step: whether it fired on this record, and why. */
function Rules({ notes }: { notes: readonly Json[] }) {
  const rules = ruleNotes(notes);
  return rules.length ? (
    <ul className={css.rules}>
      {rules.map((rule) => (
        <li key={rule.title} data-fired={rule.fired}>
          {rule.fired ? <IconCheck size={15} aria-label="Fired" /> : <IconMinus size={15} aria-label="Did not fire" />}
          <span>
            {rule.title}
            <small>{rule.because}</small>
          </span>
        </li>
      ))}
    </ul>
  ) : null;
}

const OPERATIONS: Record<string, { status: string; text: string }> = {
  create: { status: "created", text: "Would be created" },
  update: { status: "updated", text: "Would be updated" },
  unchanged: { status: "unchanged", text: "Already so: nothing to write" },
  hold: { status: "held", text: "Would be held" },
  skip: { status: "skipped", text: "Would be skipped" },
};

function operation(name: string): { status: string; text: string } {
  return OPERATIONS[name] ?? { status: name, text: name };
}

/** Fields with the way their value came about. */
function Notes({ notes }: { notes: readonly Json[] }) {
  const { functions } = useTypes().catalog;
  const told = notes.flatMap((note) => {
    const { field, steps } = note;
    return typeof field === "string" && Array.isArray(steps) && steps.length ? [{ field, steps: steps as WhyStep[] }] : [];
  });
  if (!told.length) return null;
  return (
    <details style={{ margin: "0 6px 8px", fontSize: 13 }}>
      <summary style={{ cursor: "pointer", color: "var(--ink-2)" }}>How {told.length === 1 ? "1 value" : `${told.length} values`} came about</summary>
      {told.map((note) => (
        <div key={note.field} style={{ display: "flex", justifyContent: "space-between", padding: "3px 0" }}>
          <span>{note.field}</span>
          <Why of={note.field} steps={worded(note.steps, functions)} />
        </div>
      ))}
    </details>
  );
}

function Shapes({ insight }: { insight: NodeInsight | undefined }) {
  const known = Object.entries(insight?.shapes ?? {}).filter((entry): entry is [string, Entity] => entry[1] !== null && entry[1].fields.length > 0);
  const distinct = known.filter(([port], index) => port !== "rejected" || index === 0);
  if (!distinct.length) return <p className={css.hint}>Try on a sample to see what would come out, and what would be written.</p>;
  // most outputs of a step pass on the same record: its fields are shown once for them
  const alike = new Map<string, { ports: string[]; shape: Entity }>();
  for (const [port, shape] of distinct) {
    const fields = JSON.stringify(shape.fields);
    const found = alike.get(fields);
    if (found) found.ports.push(port);
    else alike.set(fields, { ports: [port], shape });
  }
  return [...alike.values()].map(({ ports, shape }) => (
    <div key={ports[0]} className={css.out}>
      {distinct.length > 1 ? <div className={css.outHead}>{ports.map((port) => called(port, insight)).join(", ")}</div> : null}
      <FieldTree fields={shape.fields} />
    </div>
  ));
}
