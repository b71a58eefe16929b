/** What was decided for each record tried: how often each rule fired, then record by record with the reasons. */

import { IconCheck, IconChevronRight, IconMinus } from "@tabler/icons-react";

import type { Decided, FieldChange, Tried } from "../api/decisions";
import type { Json } from "../model/flow";
import { groupDigits, valueText } from "../model/values";
import { ruleNotes } from "../model/why";
import { StatusBadge } from "../ui/parts";
import css from "./trial.module.css";

interface Props {
  kind: "rules" | "tables";
  tried: Tried[];
}

export function Outcomes({ kind, tried }: Props) {
  if (!tried.length) return <p className={css.hint}>No record has reached this step yet. Run the flow once, or type a case.</p>;
  const tally = new Map<string, number>();
  for (const one of tried) for (const name of firedIn(kind, one.notes)) tally.set(name, (tally.get(name) ?? 0) + 1);
  return (
    <div>
      {tried.length > 1 ? (
        <p className={css.tally} role="status">
          {tried.length} records.{" "}
          {tally.size ? [...tally].sort((a, b) => b[1] - a[1]).slice(0, 6).map(([name, count]) => `${name}: ${count}`).join(" · ") : "Nothing fired."}
        </p>
      ) : null}
      <div className={css.list}>
        {tried.slice(0, 100).map((one, at) => (
          <details key={`${one.run}/${one.key}/${at}`} className={css.one} open={tried.length === 1}>
            <summary>
              <IconChevronRight size={15} aria-hidden className={css.chevron} />
              <span className={css.name}>{one.title}</span>
              <Outcome decided={one} />
            </summary>
            <div className={css.detail}>
              {one.message ? <p className={css.message}>{one.message}</p> : null}
              <Changes fields={one.changed} />
              {kind === "rules" ? <RuleList notes={one.notes} /> : <TableNotes notes={one.notes} />}
            </div>
          </details>
        ))}
      </div>
    </div>
  );
}

function firedIn(kind: Props["kind"], notes: readonly Json[]): string[] {
  if (kind === "rules") return ruleNotes(notes).filter((rule) => rule.fired).map((rule) => rule.title);
  return notes.flatMap((note) => list(note["rows"]).map((row) => `Row ${valueText(row["row"])}`));
}

/** Where a record leaves, in one badge. */
export function Outcome({ decided }: { decided: Decided }) {
  const port = decided.ports.filter((name) => name !== "out");
  if (port.includes("held")) return <StatusBadge status="held" text="Held" />;
  if (port.includes("rejected")) return <StatusBadge status="rejected" text="Rejected" />;
  if (port.length) return <StatusBadge status="done" text={`→ ${port.join(", ")}`} />;
  return decided.changed.length ? <StatusBadge status="done" text="Changed" /> : <StatusBadge status="skipped" text="Goes on as it is" />;
}

export function Changes({ fields }: { fields: readonly FieldChange[] }) {
  if (!fields.length) return null;
  return (
    <ul className={css.changes}>
      {fields.map((field) => (
        <li key={field.field}>
          <b>{field.field}</b> {shown(field.before)} → <ins>{shown(field.after)}</ins>
        </li>
      ))}
    </ul>
  );
}

const shown = (value: unknown) => (value === null || value === undefined || value === "" ? "nothing" : groupDigits(valueText(value)));

export function RuleList({ notes }: { notes: readonly Json[] }) {
  return (
    <ol className={css.rules}>
      {ruleNotes(notes).map((rule, at) => (
        <li key={at} data-fired={rule.fired}>
          {rule.fired ? <IconCheck size={15} aria-label="Fired" /> : <IconMinus size={15} aria-label="Did not fire" />}
          <span>
            {rule.title}
            <small>{rule.because}</small>
          </span>
        </li>
      ))}
    </ol>
  );
}

const list = (value: unknown): Json[] => (Array.isArray(value) ? (value as Json[]) : []);

export function TableNotes({ notes }: { notes: readonly Json[] }) {
  return notes.map((note, at) => {
    const rows = list(note["rows"]);
    const inputs = list(note["inputs"]);
    const missed = list(note["missed"]);
    return (
      <div key={at}>
        <p className={css.hint}>{inputs.map((input) => `${valueText(input["title"])} is ${shown(input["value"])}`).join(", ")}.</p>
        <ol className={css.rules}>
          {rows.map((row) => (
            <li key={valueText(row["id"])} data-fired="true">
              <IconCheck size={15} aria-label="Fits" />
              <span>
                Row {valueText(row["row"])} fits
                {row["note"] ? <small>{valueText(row["note"])}</small> : null}
              </span>
            </li>
          ))}
          {rows.length ? null : (
            <li>
              <IconMinus size={15} aria-hidden />
              <span>No row fits</span>
            </li>
          )}
          {missed.slice(0, rows.length ? 8 : 20).map((row) => (
            <li key={valueText(row["id"])} data-fired="false">
              <IconMinus size={15} aria-label="Does not fit" />
              <span>
                Row {valueText(row["row"])}
                <small>
                  {valueText(row["column"])} is not {valueText(row["cell"])}
                </small>
              </span>
            </li>
          ))}
        </ol>
      </div>
    );
  });
}
