/** Filters of a read: field, comparison and value a row; choices and references offer what the system has. */

import { ActionIcon, Button, Select } from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";

import { useOptions } from "../api/queries";
import { spelled } from "../model/condition";
import type { Choice, Entity, ValueType } from "../model/flow";
import { valueText } from "../model/values";
import { ConstantInput } from "../ui/value/ConstantInput";
import { Block } from "./Block";
import { useFieldChoices } from "./choices";
import { type FieldProps, join, useForm, useProblem } from "./context";
import { isObject, type Json, labelOf, setProperty } from "./schema";
import { connectionOf } from "./slots";
import { useTarget } from "./target";
import css from "./form.module.css";

const ORDERED = new Set<ValueType>(["integer", "number", "money", "date", "datetime"]);
const OPERATORS: { value: string; label: string; fits: (type: ValueType) => boolean }[] = [
  { value: "eq", label: "is", fits: () => true },
  { value: "ne", label: "is not", fits: () => true },
  { value: "in", label: "is one of", fits: (type) => type !== "boolean" },
  { value: "gt", label: "is more than", fits: (type) => ORDERED.has(type) },
  { value: "ge", label: "is at least", fits: (type) => ORDERED.has(type) },
  { value: "lt", label: "is less than", fits: (type) => ORDERED.has(type) },
  { value: "le", label: "is at most", fits: (type) => ORDERED.has(type) },
  { value: "contains", label: "contains", fits: (type) => type === "text" },
  { value: "starts", label: "starts with", fits: (type) => type === "text" },
  { value: "empty", label: "is empty", fits: () => true },
  { value: "not_empty", label: "is not empty", fits: () => true },
];

export function FiltersField({ place, name, schema, value, onChange }: FieldProps) {
  const { readOnly } = useForm();
  const target = useTarget();
  const filters = Array.isArray(value) ? value.filter(isObject) : [];
  const set = (at: number, next: Json) => onChange(filters.with(at, next));
  return (
    <Block
      label={name === "filters" ? "Only those where" : labelOf(name, schema)}
      description={filters.length ? undefined : (schema.description ?? "Without a filter, everything is read.")}
      place={place}
    >
      {filters.map((filter, at) => (
        <FilterRow
          key={at}
          place={join(place, at)}
          filter={filter}
          target={target}
          onChange={(next) => set(at, next)}
          onRemove={() => onChange(filters.filter((_, index) => index !== at))}
        />
      ))}
      {readOnly ? null : (
        <Button
          size="compact-sm"
          variant="default"
          mt={filters.length ? "xs" : 0}
          leftSection={<IconPlus size={14} />}
          onClick={() => onChange([...filters, { field: "", op: "eq", value: "" }])}
        >
          Add a filter
        </Button>
      )}
    </Block>
  );
}

interface RowProps {
  place: string;
  filter: Json;
  target: Entity | undefined;
  onChange: (next: Json) => void;
  onRemove: () => void;
}

function FilterRow({ place, filter, target, onChange, onRemove }: RowProps) {
  const { node, readOnly } = useForm();
  const problem = useProblem(place);
  const fieldProblem = useProblem(join(place, "field"));
  const name = valueText(filter["field"]);
  const op = spelled(valueText(filter["op"]) || "eq");
  const field = target?.fields.find((one) => one.name === name);
  const type = field?.type ?? "text";
  const connection = node ? connectionOf(node, valueText(node.value["slot"])) : undefined;
  const asks = field?.type === "reference" || (field?.type === "choice" && field.choices.length === 0);
  const options = useOptions(asks ? connection : undefined, valueText(node?.value["entity"]), name);
  const choices: readonly Choice[] = field?.choices.length ? field.choices : (options.data ?? []);
  const picker = useFieldChoices(target, [name], "plain");
  return (
    <>
      <div className={css.filter} data-place={place}>
        <Select
          searchable
          limit={200}
          aria-label="Field"
          placeholder="Field"
          readOnly={readOnly}
          error={Boolean(fieldProblem)}
          allowDeselect={false}
          onSearchChange={picker.onSearchChange}
          data={picker.items}
          value={name || null}
          onChange={(next) => next && onChange({ field: next, op, value: "" })}
        />
        <Select
          aria-label="Comparison"
          readOnly={readOnly}
          allowDeselect={false}
          data={OPERATORS.filter((one) => one.value === op || one.fits(type)).map(({ value, label }) => ({ value, label }))}
          value={op}
          onChange={(next) => next && onChange(withOperator(filter, op, next))}
        />
        {op === "empty" || op === "not_empty" ? (
          <span className={css.compared} />
        ) : (
          <div className={css.compared}>
            <ConstantInput
              label="Value"
              type={type}
              many={op === "in"}
              choices={choices}
              readOnly={readOnly}
              value={filter["value"]}
              onChange={(next) => onChange(withValue(filter, next, choices))}
            />
          </div>
        )}
        <ActionIcon variant="subtle" color="gray" aria-label="Remove the filter" disabled={readOnly} onClick={onRemove}>
          <IconTrash size={15} />
        </ActionIcon>
      </div>
      {(problem ?? fieldProblem) ? (
        <p className={css.error} role="alert">
          {problem ?? fieldProblem}
        </p>
      ) : null}
    </>
  );
}

/** With what a chosen value is called, where that is not the value itself: the card says «Closed won», not its id. */
function withValue(filter: Json, value: unknown, choices: readonly Choice[]): Json {
  const chosen = (Array.isArray(value) ? value : [value]).map((one) => choices.find((choice) => choice.value === one));
  const called = chosen.every((choice) => choice !== undefined) ? chosen.map((choice) => choice.title).join(", ") : "";
  return setProperty({ ...filter, value }, "shown", called || undefined);
}

function withOperator(filter: Json, before: string, next: string): Json {
  const changed = { ...filter, op: next };
  if (next === "empty" || next === "not_empty") return setProperty(setProperty(changed, "value", undefined), "shown", undefined);
  if ((before === "in") !== (next === "in")) return setProperty({ ...changed, value: next === "in" ? [] : "" }, "shown", undefined);
  return "value" in filter ? changed : { ...changed, value: "" };
}
