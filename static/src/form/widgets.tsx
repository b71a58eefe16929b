/** Fields that know the flow: connections, entities, their fields, filters, values, conditions. */

import { MultiSelect, Select, TagsInput, TextInput } from "@mantine/core";
import type { ComponentType } from "react";

import { useConnections, useEntities } from "../api/queries";
import type { Value } from "../model/value";
import { valueText } from "../model/values";
import { ConditionBuilder } from "../ui/condition/ConditionBuilder";
import { ValueEditor } from "../ui/value/ValueEditor";
import { Block } from "./Block";
import { useFieldChoices } from "./choices";
import { type FieldProps, useForm, useProblem } from "./context";
import { FiltersField } from "./FiltersField";
import { labelOf, type Schema } from "./schema";
import { bindConnection, connectionOf } from "./slots";
import { useTarget } from "./target";
import { CronField, FlowField, ZoneField } from "./TimeFields";

function ConnectionField({ place, name, schema, value, required, onChange }: FieldProps) {
  const { node, readOnly } = useForm();
  const problem = useProblem(place);
  const connections = useConnections();
  if (!node) return null;
  const slot = valueText(value);
  const bound = connectionOf(node, slot);
  const unbound = Object.entries(node.flow.slots).filter(([id]) => !node.bindings[id]);
  const data = [
    {
      group: "Connections",
      items: (connections.data ?? []).map((one) => ({ value: `connection:${one.id}`, label: one.name })),
    },
    {
      group: "Still to be connected",
      items: unbound.map(([id, one]) => ({ value: `slot:${id}`, label: `${one.title || id} (${one.system})` })),
    },
  ];
  return (
    <Select
      label={labelOf(name === "slot" ? "Connection" : name, schema.title === "Slot" ? {} : schema)}
      description={schema.description}
      placeholder={connections.data?.length === 0 ? "There is no connection yet: make one under Connections" : "Choose a connection"}
      withAsterisk={required}
      error={problem}
      readOnly={readOnly}
      searchable
      allowDeselect={false}
      data-place={place}
      data={data.filter((group) => group.items.length)}
      value={bound ? `connection:${bound}` : slot ? `slot:${slot}` : null}
      onChange={(picked) => {
        if (!picked) return;
        const [kind, id = ""] = picked.split(/:(.*)/s);
        const connection = kind === "connection" ? connections.data?.find((one) => one.id === id) : undefined;
        if (connection) onChange(bindConnection(node, slot, connection));
        else if (kind === "slot") onChange(id);
      }}
    />
  );
}

function EntityField({ place, name, schema, value, required, onChange }: FieldProps) {
  const { node, readOnly } = useForm();
  const problem = useProblem(place);
  const connection = node ? connectionOf(node, valueText(node.value["slot"])) : undefined;
  const entities = useEntities(connection);
  const given = valueText(value);
  const label = labelOf(name, schema);
  if (!connection || entities.isError) {
    return (
      <TextInput
        label={label}
        description={entities.error?.message ?? "Choose the connection first, then its objects are offered here."}
        withAsterisk={required}
        error={problem}
        readOnly={readOnly}
        data-place={place}
        value={given}
        onChange={(event) => onChange(event.currentTarget.value)}
      />
    );
  }
  const item = (one: { name: string; title: string }) => ({
    value: one.name,
    label: one.title && one.title !== one.name ? `${one.title} (${one.name})` : one.name,
  });
  const all = entities.data ?? [];
  const stray = given && !all.some((one) => one.name === given) ? [{ name: given, title: given }] : [];
  const common = all.filter((one) => one.common);
  return (
    <Select
      label={label}
      description={schema.description}
      placeholder={entities.isPending ? "Asking the system …" : `Search ${all.length} kinds of object`}
      withAsterisk={required}
      error={problem}
      readOnly={readOnly}
      searchable
      limit={200}
      nothingFoundMessage="The system has no object of that name, or this user may not see it."
      data-place={place}
      data={[
        { group: "Most used", items: [...stray, ...common].map(item) },
        { group: "All others", items: all.filter((one) => !one.common).map(item) },
      ].filter((group) => group.items.length)}
      value={given || null}
      clearable={!required}
      onChange={(next) => onChange(next ?? (required ? "" : null))}
    />
  );
}

function linesOnly(name: string, schema: Schema): boolean {
  return schema["x-type"] === "lines" || name === "lines";
}

function OneField({ place, name, schema, value, required, onChange }: FieldProps) {
  const { readOnly } = useForm();
  const problem = useProblem(place);
  const target = useTarget();
  const given = valueText(value);
  const choices = useFieldChoices(target, [given]);
  const shared = { label: labelOf(name, schema), description: schema.description, withAsterisk: required, error: problem, readOnly };
  if (!target) {
    return <TextInput {...shared} data-place={place} value={given} onChange={(event) => onChange(event.currentTarget.value || (required ? "" : null))} />;
  }
  return (
    <Select
      {...shared}
      searchable
      onSearchChange={choices.onSearchChange}
      clearable={!required}
      limit={200}
      placeholder={`One of ${target.fields.length} fields`}
      nothingFoundMessage={`${target.title || target.name} has no such field.`}
      data-place={place}
      data={choices.items}
      value={given || null}
      onChange={(next) => onChange(next ?? (required ? "" : null))}
    />
  );
}

function ManyFields({ place, name, schema, value, required, onChange }: FieldProps) {
  const { readOnly } = useForm();
  const problem = useProblem(place);
  const target = useTarget();
  const given = Array.isArray(value) ? value.map(valueText) : [];
  const choices = useFieldChoices(target, given, linesOnly(name, schema) ? "lines" : "any");
  const shared = { label: labelOf(name, schema), description: schema.description, withAsterisk: required, error: problem, readOnly };
  if (!target) {
    return <TagsInput {...shared} placeholder="Type a field's name, Enter" value={given} onChange={onChange} />;
  }
  return (
    <MultiSelect
      {...shared}
      searchable
      clearable
      hidePickedOptions
      limit={200}
      placeholder={given.length ? "" : name === "fields" ? "All of its own fields" : `Choose from ${choices.items.length}`}
      searchValue={choices.search}
      onSearchChange={choices.onSearchChange}
      data={choices.items}
      value={given}
      onChange={onChange}
    />
  );
}

function ValueField({ place, name, schema, value, required, onChange }: FieldProps) {
  const problem = useProblem(place);
  return (
    <Block label={labelOf(name, schema)} description={schema.description} required={required} place={place}>
      <ValueEditor
        label={labelOf(name, schema)}
        value={(value ?? null) as Value | null}
        bad={Boolean(problem)}
        onChange={onChange}
      />
    </Block>
  );
}

function ConditionField({ place, name, schema, value, required, onChange }: FieldProps) {
  return (
    <Block label={labelOf(name, schema)} description={schema.description} required={required} place={place}>
      <ConditionBuilder value={(value ?? null)} onChange={onChange} />
    </Block>
  );
}

export const widgets: Partial<Record<string, ComponentType<FieldProps>>> = {
  connection: ConnectionField,
  slot: ConnectionField,
  entity: EntityField,
  field: OneField,
  fields: ManyFields,
  filters: FiltersField,
  value: ValueField,
  condition: ConditionField,
  cron: CronField,
  zone: ZoneField,
  flow: FlowField,
};
