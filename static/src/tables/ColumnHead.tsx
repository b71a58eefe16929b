/** The head of a column: what it is called; opened, where its values come from or go to. */

import { ActionIcon, Autocomplete, Button, Popover, Select, TextInput, Tooltip } from "@mantine/core";
import { IconArrowLeft, IconArrowRight, IconTrash } from "@tabler/icons-react";
import type { ReactNode } from "react";

import { type DecisionInput, type DecisionOutput, type DecisionTable, moveColumn, removeColumn, setInput, setOutput, TYPES } from "../model/decision";
import type { Entity, Field } from "../model/flow";
import { lastName } from "../model/path";
import { fieldAt } from "../model/sources";
import { describeValue, type Value } from "../model/value";
import { useAround, useWords } from "../ui/value/context";
import { ValueEditor } from "../ui/value/ValueEditor";
import css from "./tables.module.css";

interface Props {
  table: DecisionTable;
  column: number;
  open: boolean;
  onOpen: (open: boolean) => void;
  shape: Entity | null;
  onChange: (next: DecisionTable) => void;
}

export function ColumnHead({ table, column, open, onOpen, shape, onChange }: Props) {
  const words = useWords();
  const { readOnly } = useAround();
  const input = table.inputs[column];
  const at = column - table.inputs.length;
  const output = table.outputs[at];
  const source = input ? (input.value ? describeValue(input.value, words) : input.expression) : "";
  const kind = input ? "Condition" : "Answer";
  const title = (input ? input.title : output?.title || output?.target) ?? "";
  const sub = input ? source || "choose a field" : output?.target ? `sets ${output.target}` : "choose what it sets";
  const lacking = input ? !source : !output?.target;
  return (
    <div role="columnheader" className={css.head} data-kind={input ? "when" : "then"}>
      <Popover opened={open} onChange={onOpen} position="bottom-start" trapFocus withinPortal shadow="md" width={340} closeOnClickOutside={false}>
        <Popover.Target>
          <button type="button" className={css.headButton} data-lacking={lacking} onClick={() => onOpen(!open)} aria-label={`${kind} ${title || (input ? column : at) + 1}`}>
            <b>{title || kind}</b>
            <small>{sub}</small>
          </button>
        </Popover.Target>
        <Popover.Dropdown>
          <div className={css.form}>
            {input ? (
              <InputForm input={input} onChange={(next) => onChange(setInput(table, column, next))} />
            ) : output ? (
              <OutputForm output={output} shape={shape} onChange={(next) => onChange(setOutput(table, at, next))} />
            ) : null}
            <div className={css.formFoot}>
              <Act label="Move left" disabled={readOnly} onClick={() => onChange(moveColumn(table, column, -1))}>
                <IconArrowLeft size={16} />
              </Act>
              <Act label="Move right" disabled={readOnly} onClick={() => onChange(moveColumn(table, column, 1))}>
                <IconArrowRight size={16} />
              </Act>
              <Act
                label="Remove the column"
                disabled={readOnly || (!input && table.outputs.length < 2)}
                onClick={() => {
                  onOpen(false);
                  onChange(removeColumn(table, column));
                }}
              >
                <IconTrash size={16} />
              </Act>
              <span style={{ flex: 1 }} />
              <Button size="xs" onClick={() => onOpen(false)}>
                Done
              </Button>
            </div>
          </div>
        </Popover.Dropdown>
      </Popover>
    </div>
  );
}

function Act({ label, disabled, onClick, children }: { label: string; disabled: boolean; onClick: () => void; children: ReactNode }) {
  return (
    <Tooltip label={label}>
      <ActionIcon variant="subtle" color="gray" aria-label={label} disabled={disabled} onClick={onClick}>
        {children}
      </ActionIcon>
    </Tooltip>
  );
}

const SHAPE_TYPES: Record<string, string> = { id: "text", reference: "text", choice: "text", lines: "any", object: "any" };

function InputForm({ input, onChange }: { input: DecisionInput; onChange: (next: DecisionInput) => void }) {
  const { readOnly, groups } = useAround();
  const choose = (value: Value) => {
    const source = value.kind === "path" && !value.then?.length ? fieldAt(groups, value.path) : undefined;
    const type = source ? (SHAPE_TYPES[source.field.type] ?? source.field.type) : input.type;
    onChange({ ...input, value, expression: "", title: input.title || (source?.title.split(" › ").at(-1) ?? (value.kind === "path" ? lastName(value.path) : "")), type: input.type === "any" ? type : input.type });
  };
  return (
    <>
      <div>
        <div className={css.label}>Which value decides?</div>
        <ValueEditor label={`Value of ${input.title || "the condition"}`} value={input.value} onChange={choose} />
        {input.expression ? <p className={css.hint}>From the imported file: {input.expression}</p> : null}
      </div>
      <TextInput size="xs" label="Heading" readOnly={readOnly} value={input.title} onChange={(event) => onChange({ ...input, title: event.currentTarget.value })} />
      <TypeSelect type={input.type} onChange={(type) => onChange({ ...input, type })} />
      <TextInput
        size="xs"
        label="Allowed values"
        description="Others are rejected, and the check looks for gaps among these alone."
        placeholder={'All. Or: "High", "Low" · [0..100]'}
        readOnly={readOnly}
        value={input.values}
        onChange={(event) => onChange({ ...input, values: event.currentTarget.value })}
      />
    </>
  );
}

function OutputForm({ output, shape, onChange }: { output: DecisionOutput; shape: Entity | null; onChange: (next: DecisionOutput) => void }) {
  const { readOnly } = useAround();
  const titles = settable(shape?.fields ?? []);
  const called = (target: string) => titles.get(target) ?? target.slice(target.lastIndexOf(".") + 1);
  return (
    <>
      <Autocomplete
        size="xs"
        label="Which field does it set?"
        placeholder="A field of the record, or a new one"
        readOnly={readOnly}
        data={[...titles.keys()]}
        filter={({ options, search }) => options.filter((one) => "value" in one && `${one.value} ${called(one.value)}`.toLowerCase().includes(search.trim().toLowerCase()))}
        renderOption={({ option }) => (
          <span className={css.target}>
            {called(option.value)}
            <small>{option.value}</small>
          </span>
        )}
        value={output.target}
        comboboxProps={{ withinPortal: false }}
        onChange={(target) => onChange({ ...output, target, title: output.title === called(output.target) ? called(target) : output.title })}
      />
      <TextInput size="xs" label="Heading" readOnly={readOnly} value={output.title} onChange={(event) => onChange({ ...output, title: event.currentTarget.value })} />
      <TypeSelect type={output.type} onChange={(type) => onChange({ ...output, type })} />
      <TextInput
        size="xs"
        label="Possible answers"
        description="The most important first; “most important answer” goes by this list."
        placeholder='All. Or: "High", "Low"'
        readOnly={readOnly}
        value={output.values}
        onChange={(event) => onChange({ ...output, values: event.currentTarget.value })}
      />
    </>
  );
}

function TypeSelect({ type, onChange }: { type: string; onChange: (type: string) => void }) {
  const { readOnly } = useAround();
  return (
    <Select
      size="xs"
      label="Kind of value"
      allowDeselect={false}
      readOnly={readOnly}
      data={TYPES}
      value={type}
      comboboxProps={{ withinPortal: false }}
      onChange={(next) => next && onChange(next)}
    />
  );
}

/** The fields that an answer can go to, by their dotted names, with what people call them. */
function settable(fields: readonly Field[], name = "", title = ""): Map<string, string> {
  return new Map(
    fields.flatMap((field) => {
      const called = title + (field.title || field.name);
      return field.type === "object" ? [...settable(field.fields, `${name}${field.name}.`, `${called} · `)] : [[name + field.name, called] as const];
    }),
  );
}
