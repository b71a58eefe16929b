import { useCatalog } from "../api/queries";
import { fetchWhy } from "../api/records";
import type { TraceStep, WriteIntent } from "../api/types";
import { valueText } from "../model/values";
import { worded } from "../model/why";
import { DataView } from "../ui/data/DataView";
import { ExplainedValue } from "../ui/Explanation";
import { StatusBadge } from "../ui/parts";
import css from "./runs.module.css";

interface Props {
  step: TraceStep;
  title: string;
  run: string;
  /** Key of the record as it was read. */
  root: string;
}

/** What one step did with the record, and why. */
export function StepCard({ step, title, run, root }: Props) {
  const { error, write } = step;
  const held = error?.code.includes("HELD") || step.port === "held";
  const writes = step.writes?.length ? step.writes : write ? [write] : [];
  return (
    <div className={css.step}>
      <div className={css.stepHead}>
        <strong>{title}</strong>
        {error ? <StatusBadge status={held ? "held" : "failed"} /> : null}
        {writes.map((one, at) => (
          <StatusBadge key={at} status={statusOfOperation(one.operation)} text={operationText(one.operation, one.entity_title || one.entity)} />
        ))}
        {!error && !write && step.port && step.port !== "out" ? <span className={css.quiet}>left by “{step.port}”</span> : null}
      </div>
      {error ? (
        <p className={css.error}>
          {error.message} {error.cure}
        </p>
      ) : null}
      {writes.map((one, at) => (
        <Written key={at} write={one} node={step.node} run={run} root={root} />
      ))}
      {!write && !error ? (
        <details className={css.call} style={{ marginTop: 8 }}>
          <summary>What it passed on</summary>
          <DataView data={step.data} />
        </details>
      ) : null}
      {step.notes.length && !write ? <Notes notes={step.notes} /> : null}
    </div>
  );
}

function Written({ write, node, run, root }: { write: WriteIntent; node: string; run: string; root: string }) {
  const functions = useCatalog().data?.functions ?? [];
  if (!write.fields.length) return null;
  return (
    <table className={css.diff}>
      <thead>
        <tr>
          <th scope="col">Field</th>
          <th scope="col">Before</th>
          <th scope="col">After</th>
          <th scope="col">Why</th>
        </tr>
      </thead>
      <tbody>
        {write.fields.map((field) => (
          <tr key={field.field} className={field.changed ? css.changed : undefined}>
            <td title={field.field}>{field.title || field.field}</td>
            <td className={field.changed && field.old !== null ? css.old : undefined}>{valueText(field.old) || "–"}</td>
            <td>
              <ExplainedValue
                of={field.title || field.field}
                text={valueText(field.new)}
                ask={() => fetchWhy(run, { key: root, node, field: field.field, slot: write.slot ?? "" })}
              />
            </td>
            <td className={css.why}>
              {worded(field.why, functions)
                .map((why) => why.reason || why.did)
                .join(" → ")}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

interface Note {
  field?: string;
  rule?: string;
  title?: string;
  text?: string;
  message?: string;
  steps?: { did: string; value: unknown }[];
}

function Notes({ notes }: { notes: TraceStep["notes"] }) {
  const lines = (notes as Note[]).map((note) => {
    const steps = note.steps?.map((one) => `${one.did} (${valueText(one.value) || "empty"})`).join(" → ");
    return [note.field ?? note.title ?? note.rule, note.text ?? note.message ?? steps].filter(Boolean).join(": ");
  });
  return (
    <details className={css.call}>
      <summary>Why: {lines.length === 1 ? "1 decision" : `${lines.length} decisions`}</summary>
      {lines.map((line, at) => (
        <p key={at} className={css.quiet} style={{ margin: "0 0 6px", whiteSpace: "normal", fontSize: 13 }}>
          {line}
        </p>
      ))}
    </details>
  );
}

function statusOfOperation(operation: string): string {
  return { create: "created", update: "updated", hold: "held", fail: "failed", skip: "skipped" }[operation] ?? operation;
}

function operationText(operation: string, entity: string): string {
  const words: Record<string, string> = { create: "Creates", update: "Updates", unchanged: "Leaves as it is:", hold: "Holds", skip: "Skips", fail: "Fails" };
  return `${words[operation] ?? operation} ${entity}`;
}
