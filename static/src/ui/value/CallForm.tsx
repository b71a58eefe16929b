/** The arguments of one function, typed; tables and their columns are chosen, and edited on the spot. */

import { ActionIcon, Button, Modal, Select } from "@mantine/core";
import { IconArrowLeft, IconArrowRight, IconTableFilled, IconTablePlus, IconTrash } from "@tabler/icons-react";
import { useState } from "react";

import type { Choice, FunctionArgument, FunctionCard } from "../../model/flow";
import { startTable, tableId } from "../../model/table";
import { type Call, constant, setArgument, type Value } from "../../model/value";
import { valueText } from "../../model/values";
import { TableEditor } from "../table/TableEditor";
import { ConstantInput } from "./ConstantInput";
import { useAround } from "./context";
import { SourceChip } from "./SourceChip";
import css from "./value.module.css";

const ZONES: Choice[] = ["UTC", ...Intl.supportedValuesOf("timeZone").filter((zone) => zone !== "UTC")].map((zone) => ({ value: zone, title: zone }));

interface Props {
  call: Call;
  card: FunctionCard | undefined;
  first: boolean;
  last: boolean;
  onChange: (next: Call) => void;
  onMove: (by: number) => void;
  onRemove: () => void;
}

export function CallForm({ call, card, first, last, onChange, onMove, onRemove }: Props) {
  return (
    <div className={css.pop} tabIndex={-1} data-autofocus>
      <div className={css.popHead}>
        <strong>{card?.title ?? call.function}</strong>
        <ActionIcon variant="subtle" color="gray" aria-label="Do it earlier" disabled={first} onClick={() => onMove(-1)}>
          <IconArrowLeft size={16} />
        </ActionIcon>
        <ActionIcon variant="subtle" color="gray" aria-label="Do it later" disabled={last} onClick={() => onMove(1)}>
          <IconArrowRight size={16} />
        </ActionIcon>
        <ActionIcon variant="subtle" color="red" aria-label="Take the function out" onClick={onRemove}>
          <IconTrash size={16} />
        </ActionIcon>
      </div>
      <p className={css.help}>{card?.help ?? "This installation does not know the function. Take it out or choose another."}</p>
      {card?.args.map((arg) => (
        <div key={arg.name} className={css.argument}>
          <span>
            {arg.title || arg.name}
            {arg.required ? <b aria-hidden> *</b> : null}
          </span>
          <Argument arg={arg} call={call} onChange={(next) => onChange(setArgument(call, arg.name, next))} />
        </div>
      ))}
    </div>
  );
}

interface ArgumentProps {
  arg: FunctionArgument;
  call: Call;
  onChange: (next: Value | null) => void;
}

function Argument({ arg, call, onChange }: ArgumentProps) {
  const given = call.args?.[arg.name] ?? null;
  const { tables } = useAround();
  const fixed = given?.kind === "constant" ? given.value : undefined;
  if (widgetOf(arg, call) === "table") return <TableArgument value={valueText(fixed)} onChange={(id) => onChange(constant(id))} />;
  if (widgetOf(arg, call) === "column") {
    const table = call.args?.["table"];
    const columns = (table?.kind === "constant" ? tables[String(table.value)]?.columns : undefined) ?? [];
    const offered = columns.slice(1).map((column) => ({ value: column, title: column }));
    return (
      <ConstantInput
        label={arg.title}
        choices={offered}
        value={fixed ?? offered[0]?.value ?? ""}
        onChange={(next) => onChange(next === "" ? null : constant(next))}
      />
    );
  }
  const choices = arg.choices.map((choice): Choice => (typeof choice === "string" ? { value: choice, title: choice } : choice));
  if (arg.constant || choices.length || arg.type === "boolean") {
    return (
      <ConstantInput
        label={arg.title}
        type={arg.type}
        choices={choices}
        value={fixed ?? arg.default}
        onChange={(next) => onChange(next === "" || next === null ? null : constant(next))}
      />
    );
  }
  const start = given ?? (arg.default === null || arg.default === undefined ? null : constant(arg.default));
  const offered = arg.widget === "zone" ? ZONES : undefined;
  return <SourceChip label={arg.title} type={arg.type} choices={offered} value={start} onChange={onChange} bad={arg.required && !given} />;
}

function widgetOf(arg: FunctionArgument, call: Call): string | null {
  if (arg.widget) return arg.widget;
  return call.function === "lookup" && (arg.name === "table" || arg.name === "column") ? arg.name : null;
}

function TableArgument({ value, onChange }: { value: string; onChange: (id: string) => void }) {
  const { tables, onTable } = useAround();
  const [open, setOpen] = useState(false);
  const table = tables[value];
  return (
    <>
      <Select
        searchable
        aria-label="Table"
        placeholder="Choose a table of this flow"
        value={value || null}
        data={Object.entries(tables).map(([id, one]) => ({ value: id, label: one.title || id }))}
        comboboxProps={{ withinPortal: false }}
        onChange={(next) => next && onChange(next)}
      />
      <div className={css.value}>
        {table ? (
          <Button size="compact-xs" variant="light" leftSection={<IconTableFilled size={14} />} onClick={() => setOpen(true)}>
            Edit its {table.rows.length} rows
          </Button>
        ) : null}
        <Button
          size="compact-xs"
          variant="subtle"
          leftSection={<IconTablePlus size={14} />}
          onClick={() => {
            const id = tableId("table", Object.keys(tables));
            onTable(id, startTable(`Table ${Object.keys(tables).length + 1}`));
            onChange(id);
            setOpen(true);
          }}
        >
          New table
        </Button>
      </div>
      {table ? (
        <Modal opened={open} onClose={() => setOpen(false)} size="xl" title={table.title || value} zIndex={400}>
          <TableEditor table={table} onChange={(next) => onTable(value, next)} />
        </Modal>
      ) : null}
    </>
  );
}
