/** On what grounds one decides: the record, and what would be written if the answer were yes. */

import { useApprovalPreview, type ApprovalDetail } from "../api/approvals";
import { valueText } from "../model/values";
import { DataView } from "../ui/data/DataView";
import { ErrorBanner, Rows } from "../ui/parts";
import css from "./reviews.module.css";

export function Grounds({ approval }: { approval: ApprovalDetail }) {
  const preview = useApprovalPreview(approval.id);
  const writes = preview.data?.steps.flatMap((step) => (step.write ? [step.write] : [])) ?? [];
  const trouble = preview.data?.steps.find((step) => step.error)?.error;
  return (
    <>
      <section>
        <h3>The record</h3>
        <DataView data={approval.data} />
      </section>
      <section>
        <h3>What would be written</h3>
        {preview.isPending ? <Rows count={3} /> : null}
        <ErrorBanner error={preview.error} />
        {trouble ? <p className={css.quiet}>{trouble.message}</p> : null}
        {preview.data && writes.length === 0 && !trouble ? <p className={css.quiet}>Nothing.</p> : null}
        {writes.map((write, at) => (
          <div key={at} className={css.write}>
            <p>
              {write.operation === "create" ? "A new" : write.operation === "update" ? "A change of" : "No change of"} {write.entity_title}
            </p>
            <dl>
              {write.fields.map((field) => (
                <div key={field.field}>
                  <dt>{field.title}</dt>
                  <dd>
                    {write.operation === "update" && field.changed ? `${shown(field.old)} → ` : ""}
                    {shown(field.new)}
                  </dd>
                </div>
              ))}
            </dl>
          </div>
        ))}
      </section>
    </>
  );
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return `${value.length} lines`;
  return valueText(value) || "–";
}
