/** What the check found: gaps with the row that closes them, rows in each other's way, rows that never decide. */

import { Button } from "@mantine/core";
import { IconAlertTriangle, IconCircleCheck, IconInfoCircle, IconPlus } from "@tabler/icons-react";
import type { ReactNode } from "react";

import type { TableReport } from "../api/decisions";
import { addRow, type DecisionTable, rowNumber } from "../model/decision";
import type { Marks } from "./marks";
import css from "./tables.module.css";

interface Props {
  table: DecisionTable;
  report: TableReport | undefined;
  marks: Marks;
  readOnly: boolean;
  onChange: (next: DecisionTable) => void;
}

const told = (example: Record<string, string>) =>
  Object.entries(example)
    .map(([title, value]) => `${title} is ${value}`)
    .join(" and ") || "anything comes in";

export function Report({ table, report, marks, readOnly, onChange }: Props) {
  if (!report) return null;
  const { gaps, overlaps, never } = report;
  const defaults = table.outputs.some((output) => output.default.trim());
  const clashes = overlaps.filter((overlap) => overlap.conflict);
  const wrong = marks.cells.size + marks.general.length;
  if (!wrong && !gaps.length && !clashes.length && !never.length) {
    const untyped = table.inputs.filter((input) => input.type === "any");
    return (
      <p className={css.fine} role="status" data-quiet={!report.complete}>
        {report.complete ? <IconCircleCheck size={17} aria-hidden /> : <IconInfoCircle size={17} aria-hidden />}
        {report.complete
          ? "Every case is decided, and no two rows are in each other's way."
          : untyped.length
            ? `Choose the kind of value of ${untyped.map((input) => input.title || "the condition").join(", ")}; then gaps and overlaps are found as you type.`
            : "Nothing wrong was found, but a table with computed cells cannot be searched for every gap."}
      </p>
    );
  }
  const closeAll = () => onChange(gaps.reduce((made, gap) => addRow(made, made.rows.length, gap.row), table));
  return (
    <section className={css.report} aria-label="What the check found" role="status">
      {marks.general.map((problem) => (
        <Finding key={problem.code + (problem.field ?? "") + problem.message} tone="failed" text={[problem.message, problem.cure].filter(Boolean).join(" ")} />
      ))}
      {marks.cells.size ? (
        <Finding tone="failed" text={`${marks.cells.size === 1 ? "1 cell is" : `${marks.cells.size} cells are`} not understood: ${[...marks.cells.values()][0] ?? ""}`} />
      ) : null}
      {clashes.slice(0, 5).map((overlap) => (
        <Finding
          key={overlap.rows.join()}
          tone="failed"
          text={`Rows ${overlap.rows.map((id) => rowNumber(table, id)).join(" and ")} both fit when ${told(overlap.example)}.`}
        />
      ))}
      {clashes.length > 5 ? <p className={css.hint}>And {clashes.length - 5} more pairs of rows.</p> : null}
      {never.length ? (
        <Finding
          tone="held"
          text={`${never.length === 1 ? "Row" : "Rows"} ${never.slice(0, 8).map((id) => rowNumber(table, id)).join(", ")}${never.length > 8 ? " …" : ""} can never decide anything.`}
        />
      ) : null}
      {gaps.slice(0, 5).map((gap) => (
        <Finding
          key={gap.row.join("|")}
          tone="held"
          text={`${defaults ? "Only the default answers" : "No row fits"} when ${told(gap.example)}.`}
          act={
            readOnly ? null : (
              <Button size="compact-xs" variant="light" leftSection={<IconPlus size={13} />} onClick={() => onChange(addRow(table, table.rows.length, gap.row))}>
                Add the row
              </Button>
            )
          }
        />
      ))}
      {gaps.length > 1 && !readOnly ? (
        <div>
          <Button size="compact-xs" variant="default" onClick={closeAll}>
            Add all {gaps.length}
            {report.complete ? "" : " found so far"} rows
          </Button>
        </div>
      ) : null}
    </section>
  );
}

function Finding({ tone, text, act }: { tone: "failed" | "held"; text: string; act?: ReactNode }) {
  return (
    <div className={css.finding} data-tone={tone}>
      <IconAlertTriangle size={16} aria-hidden />
      <span>{text}</span>
      {act}
    </div>
  );
}
