/** A lookup table as a small spreadsheet: type, tab, or paste cells from a real one. */

import { ActionIcon, Button, TextInput } from "@mantine/core";
import { IconColumnInsertRight, IconPlus, IconTrash, IconX } from "@tabler/icons-react";
import { type ClipboardEvent, type KeyboardEvent, useRef } from "react";

import type { LookupTable } from "../../model/flow";
import { addColumn, doubledKeys, paste, removeColumn, removeRow, renameColumn, setCell } from "../../model/table";
import css from "./table.module.css";

interface Props {
  table: LookupTable;
  onChange: (next: LookupTable) => void;
  readOnly?: boolean;
  /** Without the title field, where the title stands above already. */
  bare?: boolean;
}

export function TableEditor({ table, onChange, readOnly = false, bare = false }: Props) {
  const grid = useRef<HTMLTableElement>(null);
  const doubled = doubledKeys(table);
  const rows = readOnly ? table.rows : [...table.rows, table.columns.map(() => null)];

  function focus(row: number, column: number) {
    grid.current?.querySelector<HTMLInputElement>(`[data-cell="${row}-${column}"]`)?.focus();
  }

  function onKeyDown(event: KeyboardEvent, row: number, column: number) {
    const step = { ArrowDown: 1, Enter: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    focus(row + step, column);
  }

  function onPaste(event: ClipboardEvent, row: number, column: number) {
    const text = event.clipboardData.getData("text/plain");
    if (!/[\t\n]/.test(text)) return;
    event.preventDefault();
    onChange(paste(table, row, column, text));
  }

  return (
    <div>
      {bare ? null : (
        <TextInput
          label="Name of the table"
          mb="sm"
          readOnly={readOnly}
          value={table.title}
          onChange={(event) => onChange({ ...table, title: event.currentTarget.value })}
        />
      )}
      <div className={css.wrap}>
        <table className={css.grid} ref={grid}>
          <thead>
            <tr>
              {table.columns.map((column, at) => (
                <th key={at} scope="col">
                  <div className={css.head}>
                    <input
                      aria-label={at === 0 ? "Heading of the key column" : `Heading of column ${at + 1}`}
                      readOnly={readOnly}
                      value={column}
                      onChange={(event) => onChange(renameColumn(table, at, event.currentTarget.value))}
                    />
                    {at > 0 && table.columns.length > 2 && !readOnly ? (
                      <ActionIcon
                        size="sm"
                        variant="subtle"
                        color="gray"
                        aria-label={`Remove the column ${column}`}
                        onClick={() => onChange(removeColumn(table, at))}
                      >
                        <IconX size={14} />
                      </ActionIcon>
                    ) : null}
                  </div>
                </th>
              ))}
              {readOnly ? null : <th className={css.act} aria-label="Remove" />}
            </tr>
          </thead>
          <tbody>
            {rows.map((cells, row) => (
              <tr key={row}>
                {table.columns.map((name, column) => (
                  <td key={column}>
                    <input
                      data-cell={`${row}-${column}`}
                      aria-label={`${name}, row ${row + 1}`}
                      className={column === 0 && doubled.includes(cells[0] ?? "") ? css.doubled : undefined}
                      placeholder={row === table.rows.length && column === 0 ? "New row" : undefined}
                      readOnly={readOnly}
                      value={cells[column] ?? ""}
                      onKeyDown={(event) => onKeyDown(event, row, column)}
                      onPaste={(event) => onPaste(event, row, column)}
                      onChange={(event) => onChange(setCell(table, row, column, event.currentTarget.value))}
                    />
                  </td>
                ))}
                {readOnly ? null : (
                  <td className={css.act}>
                    {row < table.rows.length ? (
                      <ActionIcon
                        variant="subtle"
                        color="gray"
                        aria-label={`Remove row ${row + 1}`}
                        onClick={() => onChange(removeRow(table, row))}
                      >
                        <IconTrash size={15} />
                      </ActionIcon>
                    ) : null}
                  </td>
                )}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {doubled.length ? (
        <p className={css.warn} role="alert">
          {doubled.join(", ")} {doubled.length === 1 ? "stands" : "stand"} in more than one row. The upper row is used:
          remove the other.
        </p>
      ) : null}
      {readOnly ? null : (
        <div className={css.foot}>
          <Button
            size="compact-sm"
            variant="default"
            leftSection={<IconPlus size={14} />}
            onClick={() => focus(table.rows.length, 0)}
          >
            Row
          </Button>
          <Button
            size="compact-sm"
            variant="default"
            leftSection={<IconColumnInsertRight size={14} />}
            onClick={() => onChange(addColumn(table, `Column ${table.columns.length + 1}`))}
          >
            Column
          </Button>
          <span>Copy cells in your spreadsheet, click a cell here, paste.</span>
        </div>
      )}
    </div>
  );
}
