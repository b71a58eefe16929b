/** Who is told when records fail or wait: the policy's part as its form holds it. */

import type { Alerts, SystemCard, Task, TaskForm } from "./flow";

export const NOBODY: Alerts = { failed: true, held: true, mail: [], task: null };

/** The alerts to keep: null where nobody would be told. */
export const alertsOf = (alerts: Alerts): Alerts | null =>
  (alerts.failed || alerts.held) && (alerts.mail.length > 0 || alerts.task !== null) ? alerts : null;

/** A new task over a connection: as its system proposes it, else one with a title alone. */
export function proposedTask(slot: string, form: TaskForm | null): Task {
  return form === null
    ? { slot, entity: "Task", fields: { Title: "{title}" }, done: {} }
    : { slot, entity: form.entity, fields: { ...form.fields }, done: { ...form.done } };
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
