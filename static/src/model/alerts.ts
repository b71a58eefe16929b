/** Who is told when records fail or wait: the policy's part as its form holds it. */

import type { Alerts, Entity, SystemCard, Task, TaskForm } from "./flow";

export const NOBODY: Alerts = { failed: true, held: true, mail: [], task: null };

/** The alerts to keep: null where nobody would be told. */
export const alertsOf = (alerts: Alerts): Alerts | null =>
  (alerts.failed || alerts.held) && (alerts.mail.length > 0 || alerts.task !== null) ? alerts : null;

/** A new task over a connection: as its system proposes it, else one whose object is still to be chosen. */
export function proposedTask(slot: string, form: TaskForm | null): Task {
  return form === null
    ? { slot, entity: "", fields: {}, done: {} }
    : { slot, entity: form.entity, fields: { ...form.fields }, done: { ...form.done } };
}

const TITLES = /^(title|subject|name|summary|headline)$/i;
const TEXTS = /^(text|description|notes?|body|details?|content|comments?)$/i;

/** What is written to such an object: its title and its text, as far as its fields are called so. */
export function fieldsFor({ fields, title_field }: Pick<Entity, "fields" | "title_field">): Record<string, string> {
  const open = fields.filter((field) => !field.read_only);
  const title = open.find((field) => TITLES.test(field.name)) ?? open.find((field) => field.name === title_field);
  const text = open.find((field) => TEXTS.test(field.name) && field !== title);
  return {
    ...(title ? { [title.name]: "{title}" } : {}),
    ...(text ? { [text.name]: "{text}\n\n{record_link}\n{link}" } : {}),
  };
}

export const formOf = (systems: readonly SystemCard[], system: string): TaskForm | null =>
  systems.find((card) => card.system === system)?.task ?? null;

/** One field of a task a line, `Field: text`; a text may go on in lines that begin with a blank. */
export function fieldsText(fields: Readonly<Record<string, string>>): string {
  return Object.entries(fields)
    .map(([name, text]) => `${name}: ${text.replace(/\n/g, "\n  ")}`)
    .join("\n");
}

/** The fields of such a text, or the line that is none. */
export function fieldsOf(text: string): Record<string, string> | string {
  const fields: Record<string, string> = {};
  let last: string | null = null;
  for (const line of text.split("\n")) {
    if (last !== null && (/^\s+/.test(line) || line === "")) {
      fields[last] = `${fields[last] ?? ""}\n${line.replace(/^ {1,2}/, "")}`;
      continue;
    }
    const found = /^([\w.]+)\s*:\s?(.*)$/.exec(line);
    if (found?.[1] === undefined) {
      if (line.trim() === "") continue;
      return line;
    }
    last = found[1];
    fields[last] = found[2] ?? "";
  }
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, value.replace(/\s+$/, "")]));
}
