/** A condition on what another rule of the set has concluded. */

import { Select, TextInput } from "@mantine/core";

import type { FactCondition } from "../../model/condition";
import { valueText } from "../../model/values";
import { useAround } from "../value/context";
import css from "./condition.module.css";

const OPS = [
  { value: "is", label: "is" },
  { value: "is_not", label: "is not" },
  { value: "not_empty", label: "has been concluded" },
  { value: "empty", label: "has not been concluded" },
];

export function FactRow({ value, onChange }: { value: FactCondition; onChange: (next: FactCondition) => void }) {
  const { facts, readOnly } = useAround();
  const op = value.op ?? "is";
  return (
    <div className={css.row}>
      <Select
        size="xs"
        aria-label="Conclusion"
        allowDeselect={false}
        readOnly={readOnly}
        data={facts.includes(value.fact) ? [...facts] : [value.fact, ...facts]}
        value={value.fact}
        error={!facts.includes(value.fact)}
        onChange={(fact) => fact && onChange({ ...value, fact })}
      />
      <Select
        className={css.operator}
        size="xs"
        aria-label="Comparison"
        allowDeselect={false}
        readOnly={readOnly}
        data={OPS}
        value={op}
        onChange={(next) => next && onChange({ fact: value.fact, op: next, right: next.endsWith("empty") ? null : (value.right ?? true) })}
      />
      {op.endsWith("empty") ? null : (
        <FactInput label="Concluded value" value={value.right ?? true} readOnly={readOnly} onChange={(right) => onChange({ ...value, right })} />
      )}
    </div>
  );
}

/** The value of a conclusion: yes, no, or a word. */
export function FactInput({ label, value, readOnly, onChange }: { label: string; value: unknown; readOnly: boolean; onChange: (next: unknown) => void }) {
  const kind = value === true ? "yes" : value === false ? "no" : "word";
  return (
    <>
      <Select
        size="xs"
        w={86}
        aria-label={label}
        allowDeselect={false}
        readOnly={readOnly}
        data={["yes", "no", "word"]}
        value={kind}
        onChange={(next) => next && next !== kind && onChange(next === "word" ? "" : next === "yes")}
      />
      {kind === "word" ? (
        <TextInput
          size="xs"
          aria-label={`${label} as a word`}
          placeholder="like high"
          maxLength={64}
          readOnly={readOnly}
          value={valueText(value)}
          onChange={(event) => onChange(event.currentTarget.value)}
        />
      ) : null}
    </>
  );
}
