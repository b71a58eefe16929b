/** Unions with their switch, objects that may be left out, and maps of names to values. */

import { ActionIcon, Button, SegmentedControl, Select, Switch, TextInput } from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import type { ComponentType } from "react";

import { valueText } from "../model/values";
import { Block } from "./Block";
import { type FieldProps, join, useForm } from "./context";
import {
  branchOf, branchTitle, isObject, type Json, kindOf, labelOf, resolve, startObject, startValue, switchBranch,
} from "./schema";
import css from "./form.module.css";

export type Nested = ComponentType<FieldProps>;

interface UnionProps extends FieldProps {
  nullable: boolean;
  Inside: Nested;
}

export function UnionField({ place, name, schema, value, required, nullable, onChange, Inside }: UnionProps) {
  const { root, readOnly } = useForm();
  const options = schema.oneOf ?? [];
  const tag = schema.discriminator?.propertyName;
  const start = required && !nullable ? startValue(options[0] ?? {}, root) : undefined;
  const given = value ?? schema.default ?? start;
  const none = given === null || given === undefined;
  const at = none ? -1 : branchOf(schema, given, root);
  const data = options.map((option, index) => ({ value: String(index), label: branchTitle(option, tag, root) }));
  const pick = (next: string | null) => {
    if (next === null || next === "-1") onChange(nullable ? null : undefined);
    else onChange(none ? startValue(options[Number(next)] ?? {}, root) : switchBranch(schema, given, Number(next), root));
  };
  const branch = resolve(options[at] ?? {}, root);
  const offered = nullable ? [{ value: "-1", label: "None" }, ...data] : data;
  return (
    <Block label={labelOf(name, schema)} description={schema.description} required={required} place={place}>
      {offered.length <= 3 ? (
        <SegmentedControl size="xs" readOnly={readOnly} data={offered} value={String(at)} onChange={pick} aria-label={labelOf(name, schema)} />
      ) : (
        <Select readOnly={readOnly} data={offered} value={String(at)} onChange={pick} allowDeselect={false} aria-label={labelOf(name, schema)} />
      )}
      {!none && kindOf(branch) === "object" ? (
        <div style={{ marginTop: 8 }}>
          <Inside place={place} name="" schema={branch} value={given} required onChange={onChange} />
        </div>
      ) : null}
      {!none && kindOf(branch) === "text" ? (
        <TextInput mt={8} readOnly={readOnly} aria-label={labelOf(name, schema)} value={valueText(given)} onChange={(event) => onChange(event.currentTarget.value)} />
      ) : null}
    </Block>
  );
}

/** An object that may be left out: a switch, and its fields once it is on. */
export function OptionalField({ place, title, schema, value, onChange, Inside }: FieldProps & { title: string; Inside: Nested }) {
  const { root, readOnly } = useForm();
  const on = isObject(value);
  return (
    <div role="group" aria-label={title}>
      <Switch
        label={title}
        description={schema.description}
        disabled={readOnly}
        checked={on}
        onChange={(event) => onChange(event.currentTarget.checked ? startObject(schema, root) : null)}
      />
      {on ? (
        <div style={{ marginTop: 8 }}>
          <Inside place={place} name="" schema={schema} value={value} required onChange={onChange} />
        </div>
      ) : null}
    </div>
  );
}

export function MapField({ place, name, schema, value, required, onChange, Item }: FieldProps & { Item: Nested }) {
  const { root, readOnly } = useForm();
  const given: Json = isObject(value) ? value : {};
  const inner = typeof schema.additionalProperties === "object" ? schema.additionalProperties : {};
  const rename = (from: string, to: string) => {
    if (to in given) return;
    onChange(Object.fromEntries(Object.entries(given).map(([key, one]) => [key === from ? to : key, one])));
  };
  return (
    <Block label={labelOf(name, schema)} description={schema.description} required={required} place={place}>
      {Object.entries(given).map(([key, one], at) => (
        <div key={at} className={css.pair}>
          <TextInput size="sm" aria-label={`Name ${at + 1}`} readOnly={readOnly} value={key} onChange={(event) => rename(key, event.currentTarget.value)} />
          <Item place={join(place, key)} name=" " schema={inner} value={one} required onChange={(next) => onChange({ ...given, [key]: next })} />
          <ActionIcon
            variant="subtle"
            color="gray"
            aria-label={`Remove ${key}`}
            disabled={readOnly}
            onClick={() => onChange(Object.fromEntries(Object.entries(given).filter(([other]) => other !== key)))}
          >
            <IconTrash size={15} />
          </ActionIcon>
        </div>
      ))}
      {readOnly ? null : (
        <Button
          size="compact-sm"
          variant="default"
          leftSection={<IconPlus size={14} />}
          disabled={"" in given}
          onClick={() => onChange({ ...given, "": startValue(inner, root) })}
        >
          Add
        </Button>
      )}
    </Block>
  );
}
