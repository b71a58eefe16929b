/** Who is told once when records fail for good or wait for an answer: by letter, and by a task in a system. */

import { Collapse, MultiSelect, Select, SimpleGrid, Switch, Textarea, UnstyledButton } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { usePeople } from "../../api/failures";
import { entityQuery, useCatalog, useEntities, useEntity } from "../../api/queries";
import { fieldsFor, fieldsOf, fieldsText, formOf, proposedTask } from "../../model/alerts";
import type { Alerts, Slot, Task } from "../../model/flow";
import css from "./dialogs.module.css";

interface Props {
  alerts: Alerts;
  slots: Readonly<Record<string, Slot>>;
  bindings: Readonly<Record<string, string>>;
  readOnly: boolean;
  onChange: (alerts: Alerts, wrong: boolean) => void;
}

export function AlertsForm({ alerts, slots, bindings, readOnly, onChange }: Props) {
  const people = usePeople();
  const catalog = useCatalog();
  const [texts, setTexts] = useState(() => ({
    fields: fieldsText(alerts.task?.fields ?? {}),
    done: fieldsText(alerts.task?.done ?? {}),
  }));
  const [open, setOpen] = useState(false);
  const { task } = alerts;
  const client = useQueryClient();
  const connection = task ? bindings[task.slot] : undefined;
  const entities = useEntities(connection).data ?? [];
  const shape = useEntity(connection, task?.entity).data;
  const parsed = { fields: fieldsOf(texts.fields), done: fieldsOf(texts.done) };
  const known = new Set(people.data?.map((one) => one.email));

  const choose = (slot: string | null) => {
    const of = slot === null ? undefined : slots[slot];
    const next = slot === null || of === undefined ? null : proposedTask(slot, formOf(catalog.data?.systems ?? [], of.system));
    take(next);
  };
  const take = (next: Task | null) => {
    setTexts({ fields: fieldsText(next?.fields ?? {}), done: fieldsText(next?.done ?? {}) });
    setOpen(next !== null && Object.keys(next.fields).length === 0);
    onChange({ ...alerts, task: next }, next?.entity === "");
  };
  const become = async (entity: string) => {
    if (task === null) return;
    const proposed = formOf(catalog.data?.systems ?? [], slots[task.slot]?.system ?? "");
    const shape = await client.query(entityQuery(connection, entity)).catch(() => null); // a system that is down proposes nothing
    take(
      proposed?.entity === entity
        ? proposedTask(task.slot, proposed)
        : { slot: task.slot, entity, fields: shape ? fieldsFor(shape) : {}, done: {} },
    );
  };
  const type = (part: "fields" | "done", text: string) => {
    const found = { ...parsed, [part]: fieldsOf(text) };
    setTexts((now) => ({ ...now, [part]: text }));
    if (task === null) return;
    const { fields, done } = found;
    if (typeof fields === "string" || typeof done === "string") onChange(alerts, true);
    else onChange({ ...alerts, task: { ...task, fields, done } }, task.entity === "");
  };
  const wrong = (part: "fields" | "done") =>
    typeof parsed[part] === "string" ? `“${parsed[part]}” is no field: write Field: text.` : null;

  return (
    <>
      <p className={css.lead}>Who is told, once for each cause. A task is closed when its cause is settled.</p>
      <SimpleGrid cols={{ base: 1, sm: 2 }} mb="md">
        <Switch
          label="When records have failed for good"
          disabled={readOnly}
          checked={alerts.failed}
          onChange={(event) => onChange({ ...alerts, failed: event.currentTarget.checked }, false)}
        />
        <Switch
          label="When records wait for an answer"
          disabled={readOnly}
          checked={alerts.held}
          onChange={(event) => onChange({ ...alerts, held: event.currentTarget.checked }, false)}
        />
        <MultiSelect
          label="By letter to"
          placeholder={alerts.mail.length ? "" : "nobody"}
          disabled={readOnly}
          data={[
            ...(people.data ?? []).map((one) => ({ value: one.email, label: one.name })),
            ...alerts.mail.filter((mail) => !known.has(mail)).map((mail) => ({ value: mail, label: mail })),
          ]}
          value={alerts.mail}
          onChange={(mail) => onChange({ ...alerts, mail }, false)}
        />
        <Select
          label="By a task in"
          placeholder="no system"
          clearable
          disabled={readOnly}
          data={Object.entries(slots).map(([slot, of]) => ({ value: slot, label: of.title || slot }))}
          value={task?.slot ?? null}
          onChange={choose}
        />
        {task === null ? null : (
          <Select
            label="Written as"
            placeholder={connection ? "Choose the kind of object" : "Choose a connection for the flow first"}
            searchable
            disabled={readOnly || !connection}
            error={task.entity === "" && connection ? "This is needed." : null}
            data={[
              ...entities.map((one) => ({ value: one.name, label: one.title || one.name })),
              ...(task.entity && !entities.some((one) => one.name === task.entity) ? [{ value: task.entity, label: task.entity }] : []),
            ]}
            value={task.entity || null}
            onChange={(entity) => void become(entity ?? "")}
          />
        )}
      </SimpleGrid>
      {task === null || task.entity === "" ? null : (
        <>
          <UnstyledButton className={css.more} aria-expanded={open} onClick={() => setOpen(!open)}>
            {open ? "Hide" : "Show"} what is written to {shape?.title ?? task.entity}
          </UnstyledButton>
          <Collapse expanded={open} mb="md">
            <p className={css.lead}>
              One field a line. {"{title} {text} {count} {link} {record_link} {record.Field} {id.Object} {now} {tomorrow}"} stand for what there is to say;
              what comes out empty is left to the system.
            </p>
            <Textarea
              label="To open it"
              description={shape ? `Fields that can be filled: ${shape.fields.filter((field) => !field.read_only).map((field) => field.name).join(", ")}` : undefined}
              autosize
              minRows={3}
              maxRows={14}
              disabled={readOnly}
              classNames={{ input: css.mono ?? "" }}
              value={texts.fields}
              error={wrong("fields")}
              onChange={(event) => type("fields", event.currentTarget.value)}
            />
            <Textarea
              label="To close it"
              description="Empty: it stays as it is when the cause is settled."
              autosize
              minRows={1}
              maxRows={6}
              mt="sm"
              disabled={readOnly}
              classNames={{ input: css.mono ?? "" }}
              value={texts.done}
              error={wrong("done")}
              onChange={(event) => type("done", event.currentTarget.value)}
            />
          </Collapse>
        </>
      )}
    </>
  );
}
