/** Who is told once when records fail for good or wait for an answer: by letter, and by a task in a system. */

import { Collapse, MultiSelect, Select, SimpleGrid, Switch, Textarea, UnstyledButton } from "@mantine/core";
import { useState } from "react";

import { usePeople } from "../../api/failures";
import { useCatalog } from "../../api/queries";
import { fieldsOf, fieldsText, formOf, proposedTask } from "../../model/alerts";
import type { Alerts, Slot } from "../../model/flow";
import css from "./dialogs.module.css";

interface Props {
  alerts: Alerts;
  slots: Readonly<Record<string, Slot>>;
  readOnly: boolean;
  onChange: (alerts: Alerts, wrong: boolean) => void;
}

export function AlertsForm({ alerts, slots, readOnly, onChange }: Props) {
  const people = usePeople();
  const catalog = useCatalog();
  const [texts, setTexts] = useState(() => ({
    fields: fieldsText(alerts.task?.fields ?? {}),
    done: fieldsText(alerts.task?.done ?? {}),
  }));
  const [open, setOpen] = useState(false);
  const { task } = alerts;
  const parsed = { fields: fieldsOf(texts.fields), done: fieldsOf(texts.done) };
  const known = new Set(people.data?.map((one) => one.email));

  const choose = (slot: string | null) => {
    const of = slot === null ? undefined : slots[slot];
    const next = slot === null || of === undefined ? null : proposedTask(slot, formOf(catalog.data?.systems ?? [], of.system));
    setTexts({ fields: fieldsText(next?.fields ?? {}), done: fieldsText(next?.done ?? {}) });
    onChange({ ...alerts, task: next }, false);
  };
  const type = (part: "fields" | "done", text: string) => {
    const found = { ...parsed, [part]: fieldsOf(text) };
    setTexts((now) => ({ ...now, [part]: text }));
    if (task === null) return;
    const { fields, done } = found;
    if (typeof fields === "string" || typeof done === "string") onChange(alerts, true);
    else onChange({ ...alerts, task: { ...task, fields, done } }, false);
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
      </SimpleGrid>
      {task === null ? null : (
        <>
          <UnstyledButton className={css.more} aria-expanded={open} onClick={() => setOpen(!open)}>
            {open ? "Hide" : "Show"} what is written to {task.entity}
          </UnstyledButton>
          <Collapse expanded={open} mb="md">
            <p className={css.lead}>
              One field a line. {"{title} {text} {count} {link} {record_link} {record.Field} {id.Object} {now} {tomorrow}"} stand for what there is to say;
              what comes out empty is left to the system.
            </p>
            <Textarea
              label="To open it"
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
