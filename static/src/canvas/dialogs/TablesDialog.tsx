import { Button, Modal, Select } from "@mantine/core";
import { IconFileImport, IconTable, IconTablePlus } from "@tabler/icons-react";
import { useState } from "react";

import { readCells } from "../../api/decisions";
import { useEntities, useEntity } from "../../api/queries";
import type { ColumnOptions, LookupTable } from "../../model/flow";
import { fillTable, startTable, tableId } from "../../model/table";
import { change, useDocument, useEditor } from "../../store/editor";
import { EmptyState, ErrorBanner } from "../../ui/parts";
import { TableEditor } from "../../ui/table/TableEditor";
import { useFileChoice } from "../../ui/useFileChoice";
import { SharedTable, UseShared } from "./SharedTables";
import css from "./dialogs.module.css";

const FREE = " free";
const SHARED = "shared:";

/** The lookup tables of the flow: their rows, from a file too, and where their choices come from. */
export function TablesDialog({ close }: { close: () => void }) {
  const { tables } = useDocument();
  const readOnly = useEditor((editor) => editor.readOnly);
  const [chosen, setChosen] = useState(Object.keys(tables)[0] ?? "");
  const [error, setError] = useState<unknown>(null);
  const table = tables[chosen];
  const shared = chosen.startsWith(SHARED) ? chosen.slice(SHARED.length) : "";
  const save = (id: string, next: LookupTable) => change("Change a lookup table", (flow) => ({ ...flow, tables: { ...flow.tables, [id]: next } }), `table ${id}`);

  function add() {
    const id = tableId("table", Object.keys(tables));
    save(id, startTable(`Table ${Object.keys(tables).length + 1}`));
    setChosen(id);
  }

  async function bring(picked: File) {
    setError(null);
    try {
      const { rows } = await readCells(picked);
      if (table) save(chosen, fillTable(table, rows));
    } catch (failure) {
      setError(failure);
    }
  }

  const { field, choose } = useFileChoice("File with rows", ".csv,.txt,.xlsx", (picked) => void bring(picked));
  const start = (
    <Button variant={table ? "default" : "filled"} leftSection={<IconTablePlus size={16} />} onClick={add}>
      New table
    </Button>
  );
  return (
    <Modal opened onClose={close} title="Lookup tables" size={860} radius="lg">
      {field}
      {table ? (
        <>
          <div className={css.tableBar}>
            <Select
              aria-label="Table"
              allowDeselect={false}
              data={Object.entries(tables).map(([id, one]) => ({ value: id, label: one.title || id }))}
              value={chosen}
              onChange={(next) => next && setChosen(next)}
            />
            {readOnly ? null : (
              <>
                {start}
                <UseShared onTaken={setChosen} />
                {shared ? null : (
                  <Button variant="default" leftSection={<IconFileImport size={16} />} onClick={choose}>
                    Rows from Excel or CSV
                  </Button>
                )}
              </>
            )}
          </div>
          <ErrorBanner error={error} />
          {shared ? <SharedTable slug={shared} readOnly={readOnly} /> : null}
          <TableEditor bare={shared !== ""} table={table} readOnly={readOnly || shared !== ""} onChange={(next) => save(chosen, next)} />
          {shared ? null : (
            <>
          <h3 className={css.tableHead}>Where the choices come from</h3>
          <p className={css.lead}>When a key is missing, the Inbox offers these instead of a free text.</p>
          {table.columns.slice(1).map((column) => (
            <Source
              key={column}
              column={column}
              options={table.options?.[column] ?? null}
              readOnly={readOnly}
              onChange={(next) => {
                const others = Object.entries(table.options ?? {}).filter(([name]) => name !== column);
                save(chosen, { ...table, options: Object.fromEntries(next ? [...others, [column, next]] : others) });
              }}
            />
          ))}
            </>
          )}
        </>
      ) : (
        <EmptyState icon={IconTable} title="No lookup table yet" act={readOnly ? null : <div className={css.starts}>{start}<UseShared onTaken={setChosen} /></div>}>
          A table says what a value stands for in the other system: “Consulting” is ledger account 4100.
        </EmptyState>
      )}
    </Modal>
  );
}

interface SourceProps {
  column: string;
  options: ColumnOptions | null;
  readOnly: boolean;
  onChange: (next: ColumnOptions | null) => void;
}

function Source({ column, options, readOnly, onChange }: SourceProps) {
  const { slots } = useDocument();
  const bindings = useEditor((editor) => editor.bindings);
  const [started, setStarted] = useState<Partial<ColumnOptions>>({});
  const now = { ...started, ...options };
  const connection = now.slot ? bindings[now.slot] : undefined;
  const entities = useEntities(connection);
  const entity = useEntity(connection, now.entity);
  const fields = (entity.data?.fields ?? []).map((field) => ({ value: field.name, label: field.title || field.name }));
  const set = (more: Partial<ColumnOptions>) => {
    const next = { ...now, ...more };
    if (next.slot && next.entity && next.value) onChange({ slot: next.slot, entity: next.entity, value: next.value, title: next.title ?? "" });
    else {
      setStarted(next);
      if (options) onChange(null);
    }
  };
  return (
    <div className={css.source}>
      <b>{column}</b>
      <Select
        size="xs"
        aria-label={`System for ${column}`}
        readOnly={readOnly}
        allowDeselect={false}
        data={[{ value: FREE, label: "typed freely" }, ...Object.entries(slots).map(([id, slot]) => ({ value: id, label: slot.title || id }))]}
        value={now.slot ?? FREE}
        onChange={(slot) => {
          setStarted(slot && slot !== FREE ? { slot } : {});
          if (options) onChange(null);
        }}
      />
      {now.slot ? (
        <>
          <Select
            size="xs"
            searchable
            aria-label={`Object for ${column}`}
            placeholder="Which object?"
            readOnly={readOnly}
            data={(entities.data ?? []).map((one) => ({ value: one.name, label: one.title || one.name }))}
            value={now.entity ?? null}
            onChange={(next) => set({ entity: next ?? "", value: "", title: "" })}
          />
          <Select size="xs" searchable aria-label={`Value for ${column}`} placeholder="Field to store" readOnly={readOnly} data={fields} value={now.value ?? null} onChange={(next) => set({ value: next ?? "" })} />
          <Select size="xs" searchable aria-label={`Title for ${column}`} placeholder="Field to show" readOnly={readOnly} data={fields} value={now.title ?? null} onChange={(next) => set({ title: next ?? "" })} />
        </>
      ) : null}
    </div>
  );
}
