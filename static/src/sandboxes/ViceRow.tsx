import { NumberInput, Switch } from "@mantine/core";
import { useState } from "react";

import type { Sandbox } from "../api/types";
import type { Json } from "../model/flow";
import css from "./sandboxes.module.css";

type Vice = Sandbox["vices"][number];

const NAMES: Record<string, string> = { times: "times", ms: "ms", seconds: "seconds", retry_after: "s until again" };

interface Props {
  vice: Vice;
  busy: boolean;
  /** Options switch it on, null off. */
  onChange: (options: Json | null) => void;
}

/** One way to misbehave. `times` without a number means until it is switched off. */
export function ViceRow({ vice, busy, onChange }: Props) {
  const [options, setOptions] = useState<Json>({ ...vice.options, ...vice.active });
  const active = vice.active !== null;
  return (
    <div className={css.vice}>
      <Switch
        size="sm"
        label={vice.title}
        checked={active}
        disabled={busy}
        onChange={(event) => onChange(event.currentTarget.checked ? options : null)}
      />
      {Object.keys(vice.options).map((name) => (
        <span key={name} className={css.option}>
          <NumberInput
            size="xs"
            min={0}
            allowDecimal={false}
            placeholder="always"
            aria-label={`${vice.title}: ${NAMES[name] ?? name}`}
            value={typeof options[name] === "number" ? options[name] : ""}
            onChange={(next) => setOptions({ ...options, [name]: next === "" ? null : Number(next) })}
            onBlur={() => {
              if (active) onChange(options);
            }}
          />
          {NAMES[name] ?? name}
        </span>
      ))}
    </div>
  );
}
