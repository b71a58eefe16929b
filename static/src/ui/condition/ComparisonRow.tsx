/** One comparison: a value, a typed operator, and what the operator needs on its right. */

import { NumberInput, Select } from "@mantine/core";

import { type Comparison, isRange, type Range } from "../../model/condition";
import type { Choice, OperatorCard, ValueType } from "../../model/flow";
import { constant, isDuration, type Value } from "../../model/value";
import { plainNumber } from "../../model/values";
import { without } from "../../model/without";
import { ConstantInput } from "../value/ConstantInput";
import { namePath, useAround } from "../value/context";
import { SourceChip } from "../value/SourceChip";
import { ValueEditor } from "../value/ValueEditor";
import css from "./condition.module.css";

const UNITS = ["minutes", "hours", "days", "weeks", "months", "years"];

interface Props {
  value: Comparison;
  onChange: (next: Comparison) => void;
}

export function ComparisonRow({ value, onChange }: Props) {
  const { operators, readOnly } = useAround();
  const { type, choices } = useLeft(value.left);
  const fitting = operators.filter((one) => type === "any" || one.types.includes(type) || one.types.includes("any"));
  const offered = fitting.some((one) => one.op === value.op)
    ? fitting
    : [...operators.filter((one) => one.op === value.op), ...fitting];
  const operator = operators.find((one) => one.op === value.op);
  return (
    <div className={css.row}>
      <ValueEditor label="Compared value" value={value.left} onChange={(left) => onChange({ ...value, left })} />
      <Select
        className={css.operator}
        size="xs"
        searchable
        aria-label="Comparison"
        allowDeselect={false}
        readOnly={readOnly}
        data={offered.map((one) => ({ value: one.op, label: one.title }))}
        value={value.op}
        comboboxProps={{ withinPortal: true }}
        error={!operator}
        onChange={(next) => {
          const card = operators.find((one) => one.op === next);
          if (card) onChange(withOperator(value, card, operator));
        }}
      />
      <div className={css.right}>
        <Right value={value} operator={operator} type={type} choices={choices} onChange={onChange} />
      </div>
    </div>
  );
}

interface RightProps extends Props {
  operator: OperatorCard | undefined;
  type: ValueType;
  choices: readonly Choice[];
}

function Right({ value, operator, type, choices, onChange }: RightProps) {
  const { tables, readOnly } = useAround();
  const right = value.right ?? null;
  const set = (next: Value | Range) => onChange({ ...value, right: next });
  switch (operator?.right) {
    case "none":
      return null;
    case "range": {
      const range: Range = right && isRange(right) ? right : { low: constant(null), high: constant(null) };
      return (
        <>
          <SourceChip label="From" type={type} value={range.low} onChange={(low) => set({ ...range, low })} />
          <SourceChip label="To" type={type} value={range.high} onChange={(high) => set({ ...range, high })} />
        </>
      );
    }
    case "list":
      return right && !isRange(right) && right.kind === "path" ? (
        <SourceChip label="One of" value={right} onChange={set} />
      ) : (
        <ConstantInput
          many
          size="xs"
          label="One of"
          type={type}
          choices={choices}
          readOnly={readOnly}
          value={right && !isRange(right) ? right.value : []}
          onChange={(next) => set(constant(next))}
        />
      );
    case "duration":
      return <DurationInput value={right} onChange={set} readOnly={readOnly} />;
    case "table":
      return (
        <Select
          size="xs"
          aria-label="Table"
          placeholder="Choose a table of this flow"
          readOnly={readOnly}
          data={Object.entries(tables).map(([id, table]) => ({ value: id, label: table.title || id }))}
          value={right && !isRange(right) && right.kind === "constant" ? String(right.value) : null}
          onChange={(next) => next && set(constant(next))}
        />
      );
    default:
      return (
        <SourceChip
          label="Compared with"
          type={type}
          choices={choices}
          value={right && !isRange(right) ? right : null}
          onChange={set}
        />
      );
  }
}

interface DurationProps {
  value: Value | Range | null;
  onChange: (next: Value) => void;
  readOnly: boolean;
}

function DurationInput({ value, onChange, readOnly }: DurationProps) {
  const given = value && !isRange(value) && value.kind === "constant" && isDuration(value.value) ? value.value : null;
  const count = given ? plainNumber(given.count) : 30;
  const unit = given?.unit ?? "days";
  return (
    <>
      <NumberInput
        size="xs"
        min={0}
        allowDecimal={false}
        aria-label="How many"
        readOnly={readOnly}
        value={count}
        onChange={(next) => onChange(constant({ count: Number(next) || 0, unit }))}
      />
      <Select
        size="xs"
        aria-label="Unit of time"
        allowDeselect={false}
        readOnly={readOnly}
        data={UNITS}
        value={unit}
        onChange={(next) => next && onChange(constant({ count, unit: next }))}
      />
    </>
  );
}

/** The right side is kept when the new operator takes the same kind of one, otherwise it starts afresh. */
function withOperator(value: Comparison, next: OperatorCard, before: OperatorCard | undefined): Comparison {
  if (next.right === before?.right) return { ...value, op: next.op };
  const rest = without(value, "right");
  const fresh: Record<OperatorCard["right"], Value | Range | null> = {
    none: null,
    value: constant(""),
    list: constant([]),
    range: { low: constant(null), high: constant(null) },
    duration: constant({ count: 30, unit: "days" }),
    table: constant(""),
  };
  const right = fresh[next.right];
  return right ? { ...rest, op: next.op, right } : { ...rest, op: next.op };
}

/** Type and choices of what is compared: of the field, or of what the last function makes of it. */
function useLeft(left: Value): { type: ValueType; choices: readonly Choice[] } {
  const { groups, functions } = useAround();
  const last = left.then?.at(-1);
  if (last) return { type: functions.find((one) => one.name === last.function)?.output ?? "any", choices: [] };
  if (left.kind === "constant") return { type: "any", choices: [] };
  const source = namePath(groups, left.path).source;
  return { type: source?.field.type ?? "any", choices: source?.field.choices ?? [] };
}
