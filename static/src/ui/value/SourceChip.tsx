/** Where a value starts: a field or something fixed, and what happens when it is empty. */

import { Popover, SegmentedControl, Switch } from "@mantine/core";
import { IconDatabase, IconQuote } from "@tabler/icons-react";
import { useState } from "react";

import type { Choice, ValueType } from "../../model/flow";
import {
  constant,
  setDefault,
  setMayBeEmpty,
  showConstant,
  startAtConstant,
  startAtPath,
  type Value,
} from "../../model/value";
import { ConstantInput } from "./ConstantInput";
import { namePath, useAround } from "./context";
import { SourceList } from "./SourceList";
import css from "./value.module.css";

interface Props {
  value: Value | null;
  onChange: (next: Value) => void;
  label: string;
  type?: ValueType;
  choices?: readonly Choice[];
  bad?: boolean;
  /** It has just been made, and asks at once for the field that it takes. */
  fresh?: boolean;
}

export function SourceChip({ value, onChange, label, type, choices, bad = false, fresh = false }: Props) {
  const { groups, readOnly } = useAround();
  const [open, setOpen] = useState(fresh);
  const [side, setSide] = useState<"path" | "constant">(fresh ? "path" : (value?.kind ?? "path"));
  const base: Value = value ?? constant("");
  return (
    <Popover opened={open} onChange={setOpen} position="bottom-start" trapFocus withinPortal shadow="md">
      <Popover.Target>
        <button
          type="button"
          className={`${css.chip} ${kindClass(value)} ${bad ? css.bad : ""}`}
          aria-label={`${label}: ${textOf(value)}`}
          disabled={readOnly}
          title={value?.kind === "path" ? value.path : undefined}
          onClick={() => {
            setSide(value?.kind ?? (choices?.length ? "constant" : "path"));
            setOpen(!open);
          }}
        >
          <ChipFace value={value} />
        </button>
      </Popover.Target>
      <Popover.Dropdown>
        <div className={css.pop}>
          <SegmentedControl
            size="xs"
            fullWidth
            aria-label="Where the value comes from"
            value={side}
            onChange={(next) => setSide(next)}
            data={[
              { value: "path", label: "From a field" },
              { value: "constant", label: "Always the same" },
            ]}
          />
          {side === "path" ? (
            <SourceList
              groups={groups}
              selected={value?.kind === "path" ? value.path : undefined}
              onPick={(path) => {
                onChange(startAtPath(base, path));
                setOpen(false);
              }}
            />
          ) : (
            <ConstantInput
              autoFocus
              label={label}
              type={type}
              choices={choices}
              value={value?.kind === "constant" ? value.value : ""}
              onChange={(next) => onChange(startAtConstant(base, next))}
            />
          )}
          {side === "path" && value?.kind === "path" ? <WhenEmpty value={value} onChange={onChange} type={type} /> : null}
        </div>
      </Popover.Dropdown>
    </Popover>
  );
}

function WhenEmpty({ value, onChange, type }: { value: Value; onChange: (next: Value) => void; type?: ValueType }) {
  if (value.kind !== "path") return null;
  const fallback = value.default ?? null;
  return (
    <div className={css.empties}>
      <Switch
        size="xs"
        label="It may be empty"
        description={value.may_be_empty ? undefined : "If it is empty, the record is rejected with a clear reason."}
        checked={value.may_be_empty ?? false}
        onChange={(event) => onChange(setMayBeEmpty(value, event.currentTarget.checked))}
      />
      <Switch
        size="xs"
        label="Use something else when it is empty"
        checked={fallback !== null}
        onChange={(event) => onChange(setDefault(value, event.currentTarget.checked ? constant("") : null))}
      />
      {fallback?.kind === "constant" ? (
        <ConstantInput
          size="xs"
          label="Used when it is empty"
          type={type}
          value={fallback.value}
          onChange={(next) => onChange(setDefault(value, constant(next)))}
        />
      ) : null}
      {fallback?.kind === "path" ? <p className={css.help}>Then: {fallback.path}</p> : null}
    </div>
  );
}

function ChipFace({ value }: { value: Value | null }) {
  const { groups } = useAround();
  if (!value) return <span>Choose a value</span>;
  if (value.kind === "constant") {
    return (
      <>
        <IconQuote size={14} aria-hidden />
        <span>{showConstant(value.value)}</span>
      </>
    );
  }
  const { title, from } = namePath(groups, value.path);
  return (
    <>
      <IconDatabase size={14} aria-hidden />
      <span>
        {from ? <span className={css.from}>{from} › </span> : null}
        {title}
        {value.default ? <span className={css.from}> or {textOf(value.default)}</span> : null}
      </span>
    </>
  );
}

function textOf(value: Value | null): string {
  if (!value) return "nothing yet";
  return value.kind === "path" ? value.path : showConstant(value.value);
}

function kindClass(value: Value | null): string {
  if (!value) return css.none ?? "";
  return (value.kind === "path" ? css.field : css.fixed) ?? "";
}
