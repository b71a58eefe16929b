/** What the check says, by the place in the grid where it belongs. */

import type { TableReport } from "../api/decisions";
import { type DecisionTable, rowNumber } from "../model/decision";
import type { Problem } from "../model/flow";

export interface Marks {
  /** `row-column` → what is wrong with the cell */
  cells: ReadonlyMap<string, string>;
  /** row id → what is wrong with the row */
  rows: ReadonlyMap<string, { tone: "failed" | "held"; text: string }>;
  /** What belongs to no cell. */
  general: Problem[];
}

const CELL = /(?:^|\.)rows\.(\d+)\.(when|then)\.(\d+)$/;

export function marksOf(table: DecisionTable, report: TableReport | undefined): Marks {
  const cells = new Map<string, string>();
  const rows = new Map<string, { tone: "failed" | "held"; text: string }>();
  const general: Problem[] = [];
  for (const problem of report?.problems ?? []) {
    const place = CELL.exec(problem.field ?? "");
    const text = [problem.message, problem.cure].filter(Boolean).join(" ");
    if (place) cells.set(`${Number(place[1])}-${Number(place[3]) + (place[2] === "then" ? table.inputs.length : 0)}`, text);
    else general.push(problem);
  }
  for (const id of report?.never ?? []) rows.set(id, { tone: "held", text: "This row can never decide anything." });
  for (const overlap of report?.overlaps ?? []) {
    if (!overlap.conflict) continue;
    for (const id of overlap.rows) {
      const other = overlap.rows.find((one) => one !== id) ?? id;
      rows.set(id, { tone: "failed", text: `Fits the same records as row ${rowNumber(table, other)}.` });
    }
  }
  return { cells, rows, general };
}
