/** Fields with one value: text, secrets, numbers, yes or no, choices. */

import { Button, JsonInput, NumberInput, PasswordInput, Select, Switch, Textarea, TextInput } from "@mantine/core";
import { IconLock } from "@tabler/icons-react";
import { useState } from "react";

import { isExact, parseExact, stringifyExact, valueText } from "../model/values";
import { Block } from "./Block";
import { type FieldProps, useForm, useProblem } from "./context";
import { choiceTitle, kindOf, labelOf } from "./schema";
import css from "./form.module.css";

interface Props extends FieldProps {
  nullable: boolean;
}

const LONG = 120;

export function PlainField({ place, name, schema, value, required, nullable, onChange }: Props) {
  const { readOnly } = useForm();
  const problem = useProblem(place);
  const label = labelOf(name, schema);
  const given = value === undefined ? schema.default : value;
  const nothing = nullable ? null : undefined;
  const shared = { label, description: schema.description, error: problem, "data-place": place };
  switch (kindOf(schema)) {
    case "secret":
      return <SecretField {...{ place, name, schema, value, required, onChange }} />;
    case "boolean":
      return (
        <Switch
          {...shared}
          disabled={readOnly}
          checked={given === true}
          onChange={(event) => onChange(event.currentTarget.checked)}
        />
      );
    case "choice":
      return (
        <Select
          {...shared}
          withAsterisk={required}
          readOnly={readOnly}
          allowDeselect={!required}
          clearable={nullable}
          searchable={(schema.enum?.length ?? 0) > 8}
          data={(schema.enum ?? []).filter((one) => one !== null).map((one) => ({ value: valueText(one), label: choiceTitle(valueText(one), schema) }))}
          value={given === null || given === undefined ? null : valueText(given)}
          onChange={(next) => onChange(schema.enum?.find((one) => valueText(one) === next) ?? nothing)}
        />
      );
    case "integer":
    case "number":
      return (
        <NumberField {...{ place, name, schema, value: given, required }} onChange={(next) => onChange(next ?? nothing)} />
      );
    case "any":
      return <AnyField {...{ place, name, schema, value: given, required, onChange }} />;
    default: {
      const text = valueText(given);
      const input = {
        ...shared,
        withAsterisk: required,
        readOnly,
        placeholder: valueText(schema.examples?.[0]),
        value: text,
        onChange: (event: { currentTarget: { value: string } }) =>
          onChange(event.currentTarget.value === "" && !required && !schema.default ? nothing : event.currentTarget.value),
      };
      const long = schema["x-widget"] === "text" || (schema.maxLength ?? 0) > LONG || text.includes("\n");
      return long ? <Textarea autosize minRows={2} {...input} /> : <TextInput {...input} type={inputType(schema.format)} />;
    }
  }
}

/** A secret is never shown again: what the server keeps stays kept until another one is typed. */
function SecretField({ place, name, schema, value, required, onChange }: FieldProps) {
  const { stored, readOnly } = useForm();
  const problem = useProblem(place);
  const [replacing, setReplacing] = useState(false);
  const label = labelOf(name, schema);
  if (stored[place] && !replacing && value === undefined) {
    return (
      <Block label={label} description={schema.description} required={required} place={place}>
        <div className={css.stored}>
          <IconLock size={16} aria-hidden />
          Stored and sealed; nobody can read it here.
          {readOnly ? null : (
            <Button size="compact-xs" variant="default" onClick={() => setReplacing(true)}>
              Replace
            </Button>
          )}
        </div>
      </Block>
    );
  }
  return (
    <PasswordInput
      label={label}
      description={schema.description}
      error={problem}
      withAsterisk={required}
      readOnly={readOnly}
      autoComplete="off"
      data-place={place}
      value={valueText(value)}
      onChange={(event) => onChange(event.currentTarget.value || undefined)}
    />
  );
}

/** A number. While it is being typed anew the field is empty: its default comes back when it is left so. */
function NumberField({ place, name, schema, value, required, onChange }: FieldProps) {
  const { readOnly } = useForm();
  const problem = useProblem(place);
  const [empty, setEmpty] = useState(false);
  return (
    <NumberInput
      label={labelOf(name, schema)}
      description={schema.description}
      error={problem}
      data-place={place}
      withAsterisk={required}
      readOnly={readOnly}
      allowDecimal={schema.type === "number"}
      min={schema.minimum}
      max={schema.maximum}
      value={isExact(value) && !empty ? valueText(value) : ""}
      onBlur={() => setEmpty(false)}
      onValueChange={(next, { source }) => {
        if ((source as string) === "prop") return;
        setEmpty(next.value === "");
        onChange(/^-?\d+(\.\d+)?$/.test(next.value) ? parseExact(next.value) : undefined);
      }}
    />
  );
}

function AnyField({ place, name, schema, value, required, onChange }: FieldProps) {
  const { readOnly } = useForm();
  const problem = useProblem(place);
  const [text, setText] = useState(() => (value === undefined ? "" : stringifyExact(value)));
  return (
    <JsonInput
      label={labelOf(name, schema)}
      description={schema.description ?? "As JSON: a text stands in quotes."}
      withAsterisk={required}
      readOnly={readOnly}
      autosize
      error={problem}
      validationError="This is not valid JSON yet."
      value={text}
      onChange={(next) => {
        setText(next);
        try {
          onChange(next.trim() ? parseExact(next) : undefined);
        } catch {
          // Half-typed JSON: what was valid last stays, and the field says so.
        }
      }}
    />
  );
}

function inputType(format: string | undefined): string {
  return { uri: "url", url: "url", email: "email", date: "date" }[format ?? ""] ?? "text";
}
