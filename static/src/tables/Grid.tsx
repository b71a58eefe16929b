/** The rows of a decision table as a spreadsheet: only what is in view is drawn, so a thousand rows stay fluid. */

import { ActionIcon, Menu } from "@mantine/core";
import { IconArrowDown, IconArrowUp, IconCopy, IconDots, IconRowInsertBottom, IconTrash } from "@tabler/icons-react";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type ClipboardEvent, type KeyboardEvent, type ReactNode, useRef, useState } from "react";

import { addRow, cellOf, copyRow, type DecisionTable, moveRow, pasteCells, removeRow, setCell, widthOf, written } from "../model/decision";
import { parseCells } from "../model/table";
import type { Marks } from "./marks";
import css from "./tables.module.css";

const ROW = 34;

interface Props {
  table: DecisionTable;
  onChange: (next: DecisionTable) => void;
  readOnly: boolean;
  marks: Marks;
  heads: ReactNode;
  columns: string;
  tall: boolean;
  children?: ReactNode;
}

export function Grid({ table, onChange, readOnly, marks, heads, columns, tall, children }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const count = table.rows.length + (readOnly ? 0 : 1);
  // eslint-disable-next-line react-hooks/incompatible-library -- nothing below memoizes what it returns
  const rows = useVirtualizer({ count, getScrollElement: () => box.current, estimateSize: () => ROW, overscan: 12 });

  function focus(row: number, column: number) {
    if (row < 0 || row >= count || column < 0 || column >= widthOf(table)) return;
    rows.scrollToIndex(row);
    requestAnimationFrame(() => box.current?.querySelector<HTMLInputElement>(`[data-cell="${row}-${column}"]`)?.focus());
  }

  function onKeyDown(event: KeyboardEvent<HTMLInputElement>, row: number, column: number) {
    const { selectionStart: at, selectionEnd: end, value } = event.currentTarget;
    const whole = at === 0 && end === value.length;
    const move = {
      ArrowDown: [1, 0],
      Enter: [event.shiftKey ? -1 : 1, 0],
      ArrowUp: [-1, 0],
      ArrowLeft: whole || end === 0 ? [0, -1] : null,
      ArrowRight: whole || at === value.length ? [0, 1] : null,
    }[event.key];
    if (!move) return;
    event.preventDefault();
    if (event.altKey && move[0] && row < table.rows.length) {
      onChange(moveRow(table, row, row + move[0]));
      focus(row + move[0], column);
      return;
    }
    focus(row + (move[0] ?? 0), column + (move[1] ?? 0));
  }

  function onPaste(event: ClipboardEvent, row: number, column: number) {
    const text = event.clipboardData.getData("text/plain");
    if (readOnly || !/[\t\n]/.test(text)) return;
    event.preventDefault();
    onChange(pasteCells(table, row, column, parseCells(text)));
  }

  return (
    <div className={css.box} data-tall={tall} ref={box} data-testid="decision-grid">
      <div className={css.grid} role="grid" aria-label={table.title || "Decision table"} aria-rowcount={table.rows.length + 1}>
        <div className={css.heads} role="row" style={{ gridTemplateColumns: columns }}>
          {heads}
        </div>
        <div className={css.rows} style={{ height: rows.getTotalSize() }}>
          {rows.getVirtualItems().map(({ index, start }) => (
            <div
              key={table.rows[index]?.id ?? "new"}
              className={css.row}
              role="row"
              aria-rowindex={index + 2}
              data-mark={marks.rows.get(table.rows[index]?.id ?? "")?.tone}
              style={{ gridTemplateColumns: columns, transform: `translateY(${start}px)` }}
            >
              <RowHead table={table} row={index} readOnly={readOnly} title={marks.rows.get(table.rows[index]?.id ?? "")?.text} onChange={onChange} />
              {Array.from({ length: widthOf(table) }, (_, column) => (
                <Cell
                  key={column}
                  table={table}
                  row={index}
                  column={column}
                  readOnly={readOnly}
                  problem={marks.cells.get(`${index}-${column}`)}
                  onKeyDown={onKeyDown}
                  onPaste={onPaste}
                  onChange={onChange}
                />
              ))}
            </div>
          ))}
        </div>
        {children}
      </div>
    </div>
  );
}

interface CellProps {
  table: DecisionTable;
  row: number;
  column: number;
  readOnly: boolean;
  problem: string | undefined;
  onKeyDown: (event: KeyboardEvent<HTMLInputElement>, row: number, column: number) => void;
  onPaste: (event: ClipboardEvent, row: number, column: number) => void;
  onChange: (next: DecisionTable) => void;
}

function Cell({ table, row, column, readOnly, problem, onKeyDown, onPaste, onChange }: CellProps) {
  const text = cellOf(table, row, column);
  const [typed, setTyped] = useState<string | null>(null);
  const input = table.inputs[column];
  const output = table.outputs[column - table.inputs.length];
  const title = input ? input.title || `Condition ${column + 1}` : output ? output.title || output.target || "Answer" : "Note";
  const isNew = row >= table.rows.length;
  const settle = () => {
    if (typed !== null) {
      const next = typed === "" && isNew ? "" : written(table, column, typed);
      if (next !== text) onChange(setCell(table, row, column, next));
    }
    setTyped(null);
  };
  return (
    <div role="gridcell" className={css.cell} data-kind={input ? "when" : output ? "then" : "note"}>
      <input
        data-cell={`${row}-${column}`}
        aria-label={`${title}, row ${row + 1}`}
        aria-invalid={problem !== undefined}
        title={problem ?? (text.length > 18 ? text : undefined)}
        data-any={text === "-" && typed === null}
        placeholder={isNew && column === 0 ? "Type here for a new row" : undefined}
        readOnly={readOnly}
        value={typed ?? text}
        onFocus={(event) => event.currentTarget.select()}
        onKeyDown={(event) => {
          if (event.key === "Escape") setTyped(null);
          else onKeyDown(event, row, column);
        }}
        onPaste={(event) => onPaste(event, row, column)}
        onChange={(event) => setTyped(event.currentTarget.value)}
        onBlur={settle}
      />
    </div>
  );
}

interface RowHeadProps {
  table: DecisionTable;
  row: number;
  readOnly: boolean;
  title: string | undefined;
  onChange: (next: DecisionTable) => void;
}

function RowHead({ table, row, readOnly, title, onChange }: RowHeadProps) {
  if (row >= table.rows.length) return <div className={css.rowHead} role="rowheader" aria-label="New row">+</div>;
  return (
    <div className={css.rowHead} role="rowheader" title={title}>
      <span>{row + 1}</span>
      {readOnly ? null : (
        <Menu position="bottom-start" withinPortal>
          <Menu.Target>
            <ActionIcon size="sm" variant="subtle" color="gray" aria-label={`More for row ${row + 1}`}>
              <IconDots size={14} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item leftSection={<IconRowInsertBottom size={15} />} onClick={() => onChange(addRow(table, row + 1))}>
              Insert a row below
            </Menu.Item>
            <Menu.Item leftSection={<IconCopy size={15} />} onClick={() => onChange(copyRow(table, row))}>
              Copy this row
            </Menu.Item>
            <Menu.Item leftSection={<IconArrowUp size={15} />} disabled={row === 0} rightSection="Alt ↑" onClick={() => onChange(moveRow(table, row, row - 1))}>
              Move up
            </Menu.Item>
            <Menu.Item
              leftSection={<IconArrowDown size={15} />}
              rightSection="Alt ↓"
              disabled={row === table.rows.length - 1}
              onClick={() => onChange(moveRow(table, row, row + 1))}
            >
              Move down
            </Menu.Item>
            <Menu.Item color="red" leftSection={<IconTrash size={15} />} onClick={() => onChange(removeRow(table, row))}>
              Delete this row
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      )}
    </div>
  );
}
