/** A choice from a list that a connected system has: which company, currency or price book. */

import { Autocomplete, Button, Select, TextInput } from "@mantine/core";
import { useState } from "react";

import { useChoices } from "../api/decisions";
import { useConnections, useEntities, useEntity } from "../api/queries";
import { Choice } from "../ui/Choice";
import { useAround } from "../ui/value/context";
import { type Action, type ChoiceSource, WHAT } from "./ruleset";
import css from "./rules.module.css";

type Choose = Extract<Action, { do: "choose" }>;

interface Props {
  action: Choose;
  fields: string[];
  onChange: (next: Choose) => void;
}

export function ChooseRow({ action, fields, onChange }: Props) {
  const { readOnly } = useAround();
  const [open, setOpen] = useState(false);
  const connections = useConnections();
  const connection = connections.data?.find((one) => one.system === action.source?.system)?.id;
  const choices = useChoices(connection, action.source ?? null);
  const known = choices.data ?? [];
  return (
    <>
      <div className={css.bar}>
        <Choice
          label="What is chosen"
          width={130}
          data={WHAT}
          value={action.what}
          readOnly={readOnly}
          onChange={(what) => onChange({ ...action, what })}
        />
        {known.length ? (
          <Select
            size="xs"
            searchable
            limit={200}
            aria-label="The choice"
            placeholder={`Choose from ${known.length}`}
            nothingFoundMessage="The system offers no such choice."
            readOnly={readOnly}
            data={withStray(known, action)}
            value={action.value || null}
            onChange={(value) => onChange({ ...action, value: value ?? "", title: known.find((one) => one.value === value)?.title ?? "" })}
          />
        ) : (
          <TextInput
            size="xs"
            aria-label="The choice"
            placeholder="Its code, like DE01"
            readOnly={readOnly}
            value={action.value}
            onChange={(event) => onChange({ ...action, value: event.currentTarget.value, title: "" })}
          />
        )}
        as
        <Autocomplete
          size="xs"
          aria-label="Field that gets the choice"
          placeholder="Field"
          readOnly={readOnly}
          data={fields}
          value={action.target}
          onChange={(target) => onChange({ ...action, target })}
        />
        {readOnly ? null : (
          <Button size="compact-xs" variant="subtle" color="gray" aria-expanded={open} onClick={() => setOpen(!open)}>
            {action.source ? "The list" : "From a system …"}
          </Button>
        )}
      </div>
      {choices.error ? <p className={css.error}>{choices.error.message} Type the value meanwhile.</p> : null}
      {open ? <ListSource source={action.source ?? null} onChange={(source) => onChange({ ...action, source })} /> : null}
    </>
  );
}

function withStray(known: readonly { value: string; title: string }[], { value, title }: Choose) {
  const data = known.map((one) => ({ value: one.value, label: one.title && one.title !== one.value ? `${one.value} · ${one.title}` : one.value }));
  return value && !known.some((one) => one.value === value) ? [{ value, label: `${title || value} (no longer offered)` }, ...data] : data;
}

function ListSource({ source, onChange }: { source: ChoiceSource | null; onChange: (next: ChoiceSource | null) => void }) {
  const connections = useConnections();
  const [started, setStarted] = useState<Partial<ChoiceSource>>(source ?? {});
  const connection = connections.data?.find((one) => one.system === started.system)?.id;
  const entities = useEntities(connection);
  const entity = useEntity(connection, started.entity);
  const fields = (entity.data?.fields ?? []).map((field) => ({ value: field.name, label: field.title || field.name }));
  const systems = [...new Map((connections.data ?? []).map((one) => [one.system, one.name]))];
  const set = (more: Partial<ChoiceSource>) => {
    const next = { ...started, ...more };
    setStarted(next);
    onChange(next.system && next.entity && next.value ? { system: next.system, entity: next.entity, value: next.value, title: next.title ?? "" } : null);
  };
  return (
    <div className={css.bar}>
      <Select
        size="xs"
        clearable
        aria-label="System with the list"
        placeholder="System"
        data={systems.map(([system, name]) => ({ value: system, label: name }))}
        value={started.system ?? null}
        onChange={(system) => set({ system: system ?? "", entity: "", value: "", title: "" })}
      />
      <Select
        size="xs"
        searchable
        aria-label="List"
        placeholder="Which list?"
        data={(entities.data ?? []).map((one) => ({ value: one.name, label: one.title || one.name }))}
        value={started.entity || null}
        onChange={(next) => set({ entity: next ?? "", value: "", title: "" })}
      />
      <Select size="xs" searchable aria-label="Field that is stored" placeholder="Stored" data={fields} value={started.value || null} onChange={(next) => set({ value: next ?? "" })} />
      <Select size="xs" searchable clearable aria-label="Field that is shown" placeholder="Shown" data={fields} value={started.title || null} onChange={(next) => set({ title: next ?? "" })} />
    </div>
  );
}
