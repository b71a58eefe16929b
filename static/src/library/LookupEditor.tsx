/** A shared lookup table: its rows, the days for which they hold, currency rates, and where it is read from. */

import { Button } from "@mantine/core";
import { IconFileImport } from "@tabler/icons-react";
import { useState } from "react";

import { readCells } from "../api/decisions";
import { useImportRows } from "../api/lookups";
import type { Json, LookupTable } from "../model/flow";
import { fillTable } from "../model/table";
import { ErrorBanner } from "../ui/parts";
import { TableEditor } from "../ui/table/TableEditor";
import { useFileChoice } from "../ui/useFileChoice";
import { DaysPanel } from "./DaysPanel";
import { FeedPanel } from "./FeedPanel";
import { LargeRows } from "./LargeRows";
import type { SharedEditorProps } from "./SharedPage";
import css from "./library.module.css";

/** Rows up to which a table is edited as a whole, and the file size above which nobody tries. */
const SMALL = 2_000;
const SMALL_FILE = 100_000;

export function LookupEditor({ detail, document, onChange, problems, readOnly }: SharedEditorProps) {
  const table = document as unknown as LookupTable;
  const large = detail.rows > SMALL;
  const bring = useImportRows(detail.slug);
  const [error, setError] = useState<unknown>(null);
  const set = (next: LookupTable) => onChange(next as unknown as Json);

  async function take(picked: File) {
    setError(null);
    try {
      if (!large && picked.size < SMALL_FILE) {
        const { rows } = await readCells(picked);
        if (rows.length <= SMALL) {
          set(fillTable({ ...table, rows: [] }, rows));
          return;
        }
      }
      await bring.mutateAsync({ file: picked, base: detail.version });
    } catch (failure) {
      setError(failure);
    }
  }

  const { field, choose } = useFileChoice("File with rows", ".csv,.txt,.xlsx", (picked) => void take(picked));
  return (
    <>
      {field}
      {readOnly ? null : (
        <div className={css.bar}>
          <Button size="compact-sm" variant="default" loading={bring.isPending} leftSection={<IconFileImport size={15} />} onClick={choose}>
            Rows from Excel or CSV
          </Button>
          <span className={css.quiet}>They take the place of those that are there. More than {SMALL.toLocaleString("en")} become a version at once.</span>
        </div>
      )}
      <ErrorBanner error={error} />
      {problems.slice(0, 5).map((problem) => (
        <p key={problem.code + problem.message} className={css.problem} role="alert">
          {problem.message} {problem.cure}
        </p>
      ))}
      {large ? (
        <LargeRows detail={detail} columns={table.columns} readOnly={readOnly} />
      ) : (
        <TableEditor bare table={table} readOnly={readOnly} onChange={set} />
      )}
      <DaysPanel table={table} readOnly={readOnly} onChange={set} />
      <FeedPanel slug={detail.slug} columns={table.columns} readOnly={readOnly} />
    </>
  );
}
