/** Entry of a fixed value of a certain type. Numbers keep the text that was typed. */

import { NumberInput, SegmentedControl, Select, TagsInput, TextInput } from "@mantine/core";

import type { Choice, ValueType } from "../../model/flow";
import { parseExact, valueText } from "../../model/values";

export interface ConstantInputProps {
  value: unknown;
  onChange: (next: unknown) => void;
  type?: ValueType;
  choices?: readonly Choice[];
  label: string;
  many?: boolean;
  size?: "xs" | "sm";
  autoFocus?: boolean;
  readOnly?: boolean;
  /** It has to be put right; the words for it stand elsewhere. */
  bad?: boolean;
  placeholder?: string;
}

const NUMBERS = new Set<ValueType>(["integer", "number", "money"]);

export function ConstantInput({
  value,
  onChange,
  type = "text",
  choices = [],
  label,
  many = false,
  size = "sm",
  autoFocus = false,
  readOnly = false,
  bad = false,
  placeholder,
}: ConstantInputProps) {
  const shared = { "aria-label": label, size, readOnly, error: bad, "data-autofocus": autoFocus || undefined };
  if (many) {
    const items = Array.isArray(value) ? value : [];
    return (
      <TagsInput
        {...shared}
        placeholder="Type one, Enter, the next"
        value={items.map((item) => titleOf(item, choices))}
        data={choices.map((choice) => choice.title)}
        onChange={(list) => onChange(list.map((text) => constantOf(text, type, choices)))}
      />
    );
  }
  if (choices.length) {
    return (
      <Select
        {...shared}
        searchable
        clearable
        placeholder={placeholder ?? "Choose"}
        nothingFoundMessage="No such choice"
        value={value === null || value === undefined || value === "" ? null : valueText(value)}
        data={withStray(choices, value)}
        comboboxProps={{ withinPortal: true }}
        onChange={(next) => onChange(next ?? "")}
      />
    );
  }
  if (type === "boolean") {
    return (
      <SegmentedControl
        size={size}
        aria-label={label}
        readOnly={readOnly}
        data={[
          { value: "true", label: "Yes" },
          { value: "false", label: "No" },
        ]}
        value={value === true ? "true" : value === null ? "" : "false"}
        onChange={(next) => onChange(next === "true")}
      />
    );
  }
  if (NUMBERS.has(type)) {
    return (
      <NumberInput
        {...shared}
        hideControls
        thousandSeparator=","
        placeholder={placeholder}
        allowDecimal={type !== "integer"}
        value={valueText(value)}
        onValueChange={(next, { source }) => {
          if ((source as string) !== "prop") onChange(numberOf(next.value));
        }}
      />
    );
  }
  return (
    <TextInput
      {...shared}
      type={type === "date" ? "date" : "text"}
      placeholder={placeholder ?? (type === "datetime" ? "2026-11-20T09:00:00Z" : "Type the value")}
      value={valueText(value)}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}

/** A number exactly as typed; nothing typed is no value. */
export function numberOf(text: string): unknown {
  return /^-?\d+(\.\d+)?$/.test(text) ? parseExact(text.replace(/^(-?)0+(?=\d)/, "$1")) : null;
}

function constantOf(text: string, type: ValueType, choices: readonly Choice[]): unknown {
  const choice = choices.find((one) => one.title === text);
  if (choice) return choice.value;
  return NUMBERS.has(type) ? (numberOf(text) ?? text) : text;
}

function titleOf(value: unknown, choices: readonly Choice[]): string {
  const text = valueText(value);
  return choices.find((choice) => choice.value === text)?.title ?? text;
}

/** A value that is no longer among the choices stays visible, so that opening a form changes nothing. */
function withStray(choices: readonly Choice[], value: unknown): { value: string; label: string }[] {
  const text = valueText(value);
  const known = choices.map((choice) => ({ value: choice.value, label: choice.title || choice.value }));
  const stray = text !== "" && !known.some((choice) => choice.value === text);
  return stray ? [{ value: text, label: `${text} (no longer offered)` }, ...known] : known;
}
