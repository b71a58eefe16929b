/** A form made of a JSON Schema, in controlled form: one value in, whole new values out. */

import { Button, Collapse, Stack } from "@mantine/core";
import { IconChevronDown, IconChevronRight } from "@tabler/icons-react";
import { useState } from "react";

import type { NodeEditorProps } from "../model/editing";
import { FormContext, type FieldProps, join, useForm } from "./context";
import { ListField } from "./ListField";
import { PlainField } from "./PlainField";
import { applies, type Json, kindOf, labelOf, resolve, type Schema, setProperty, split, unwrap } from "./schema";
import { MapField, OptionalField, UnionField } from "./Structures";
import { hintOf } from "./hints";
import { widgets } from "./widgets";
import css from "./form.module.css";

export interface SchemaFieldsProps {
  schema: Schema;
  value: Json;
  onChange: (next: Json) => void;
  problems?: NodeEditorProps["problems"];
  readOnly?: boolean;
  stored?: Readonly<Record<string, boolean>>;
  node?: NodeEditorProps | null;
}

const NOTHING: never[] = [];
const NONE = {};

export function SchemaFields({
  schema,
  value,
  onChange,
  problems = NOTHING,
  readOnly = false,
  stored = NONE,
  node = null,
}: SchemaFieldsProps) {
  return (
    <FormContext.Provider value={{ root: schema, readOnly, problems, stored, node }}>
      <ObjectFields place="" schema={schema} root={schema} value={value} onChange={onChange} />
    </FormContext.Provider>
  );
}

interface ObjectFieldsProps {
  place: string;
  schema: Schema;
  root: Schema;
  value: Json;
  onChange: (next: Json) => void;
}

export function ObjectFields({ place, schema, root, value, onChange }: ObjectFieldsProps) {
  const all = split(schema, root);
  const fits = ([, property]: [string, Schema]) => applies(property, value, schema, root);
  const main = all.main.filter(fits);
  const more = all.more.filter(fits);
  const touched = more.some(([name]) => value[name] !== undefined);
  const [open, setOpen] = useState(touched);
  const field = ([name, property]: [string, Schema]) => (
    <SchemaField
      key={name}
      place={join(place, name)}
      name={name}
      schema={property}
      value={value[name]}
      required={schema.required?.includes(name) ?? false}
      onChange={(next) => onChange(setProperty(value, name, next))}
    />
  );
  return (
    <Stack gap="md" className={css.fields}>
      {main.map(field)}
      {more.length ? (
        <div>
          <Button
            size="compact-sm"
            variant="subtle"
            color="gray"
            aria-expanded={open}
            leftSection={open ? <IconChevronDown size={16} /> : <IconChevronRight size={16} />}
            onClick={() => setOpen(!open)}
          >
            More settings
          </Button>
          <Collapse expanded={open}>
            <Stack gap="md" pt="sm">
              {more.map(field)}
            </Stack>
          </Collapse>
        </div>
      ) : null}
    </Stack>
  );
}

/** One property, whatever it is: by its hint, else by its type. */
export function SchemaField(props: FieldProps) {
  const widget = hintOf(props.name, props.schema);
  const Special = widget ? widgets[widget] : undefined;
  return Special ? <Special {...props} /> : <TypedField {...props} />;
}

function TypedField(props: FieldProps) {
  const { root } = useForm();
  const { schema, nullable } = unwrap(props.schema, root);
  const same = { ...props, schema, required: props.required && !nullable };
  switch (kindOf(schema)) {
    case "list":
      return <ListField {...same} Item={SchemaField} />;
    case "union":
      return <UnionField {...same} nullable={nullable} Inside={Inside} />;
    case "map":
      return <MapField {...same} Item={SchemaField} />;
    case "object":
      return nullable ? <OptionalField {...same} title={labelOf(props.name, { title: props.schema.title })} Inside={Inside} /> : <Inside {...same} name={labelOf(props.name, { title: props.schema.title })} />;
    default:
      return <PlainField {...same} nullable={nullable} />;
  }
}

/** An object within an object: a quiet box, with a heading of its own unless what is above it says enough. */
function Inside({ place, name, schema, value, onChange }: FieldProps) {
  const { root } = useForm();
  const real = resolve(schema, root);
  const { main, more } = split(real, root);
  if (!main.length && !more.length) return null;
  return (
    <fieldset className={css.inside}>
      {name ? <legend>{name}</legend> : null}
      <ObjectFields place={place} schema={real} root={root} value={(value ?? schema.default ?? {}) as Json} onChange={onChange} />
    </fieldset>
  );
}
