import { NumberInput, Switch, TextInput } from "@mantine/core";
import { useState } from "react";

import type { Sandbox } from "../api/types";
import type { Json } from "../model/flow";
import { valueText } from "../model/values";
import css from "./sandboxes.module.css";

type Vice = Sandbox["vices"][number];

const NAMES: Record<string, string> = { times: "times", ms: "ms", seconds: "seconds", retry_after: "s until again", per_second: "a second", at_once: "at once" };

interface Props {
  vice: Vice;
  busy: boolean;
  /** Only to look at. */
  fixed: boolean;
  /** Options switch it on, null off. */
  onChange: (options: Json | null) => void;
}

interface OptionProps {
  name: string;
  label: string;
  number: boolean;
  disabled: boolean;
  value: unknown;
  onChange: (next: unknown) => void;
  onLeave: () => void;
}

function OptionInput({ name, label, number, disabled, value, onChange, onLeave }: OptionProps) {
  if (!number) {
    return (
      <TextInput
        size="xs"
        aria-label={label}
        disabled={disabled}
        placeholder={name === "month" ? "this month" : "any"}
        value={valueText(value)}
        onChange={(event) => onChange(event.currentTarget.value || null)}
        onBlur={onLeave}
      />
    );
  }
  return (
    <NumberInput
      size="xs"
      min={0}
      hideControls
      allowDecimal={false}
      placeholder="always"
      disabled={disabled}
      aria-label={label}
      value={typeof value === "number" ? value : ""}
      onChange={(next) => onChange(next === "" ? null : Number(next))}
      onBlur={onLeave}
    />
  );
}

/** One way to misbehave. `times` without a number means until it is switched off. */
export function ViceRow({ vice, busy, fixed, onChange }: Props) {
  const [options, setOptions] = useState<Json>({ ...vice.options, ...vice.active });
  const active = vice.active !== null;
  return (
    <div className={css.vice}>
      <Switch
        size="sm"
        label={vice.title}
        checked={active}
        disabled={busy || fixed}
        onChange={(event) => onChange(event.currentTarget.checked ? options : null)}
      />
      {Object.keys(vice.options).map((name) => (
        <span key={name} className={css.option}>
          <OptionInput
            name={name}
            label={`${vice.title}: ${NAMES[name] ?? name}`}
            number={name === "times" || typeof vice.options[name] === "number"}
            disabled={fixed}
            value={options[name]}
            onChange={(next) => setOptions({ ...options, [name]: next })}
            onLeave={() => {
              if (active) onChange(options);
            }}
          />
          {NAMES[name] ?? name}
        </span>
      ))}
    </div>
  );
}
