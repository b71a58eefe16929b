/** The data of a record as a form: one input a field, by what it is; lists of lines as rows. */

import { ActionIcon, Button, Input, JsonInput } from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import { useState } from "react";

import type { Field, Json } from "../../model/flow";
import { at, blankLine, cellOf, columnsOf, entered, entriesOf, type Entry, put, type Wrong } from "../../model/record";
import { indentExact, parseExact, valueText } from "../../model/values";
import { ConstantInput } from "../value/ConstantInput";
import css from "./record.module.css";

interface Props {
  data: Json;
  /** As it was before anybody typed. */
  before: Json;
  /** What its system says of its fields; empty where nothing is known. */
  fields: readonly Field[];
  /** What has to be put right: the first of it is in focus. */
  wrong: readonly Wrong[];
  onChange: (next: Json) => void;
}

export function RecordForm({ data, before, fields, wrong, onChange }: Props) {
  const focused = wrong[0]?.field;
  const around: Around = {
    problem: (path) => wrong.find((one) => one.field === path.join("."))?.message,
    focused: (path) => path.join(".") === focused,
    inside: (path) => wrong.filter((one) => one.field.startsWith(`${path.join(".")}.`)).map((one) => ({ ...one, field: one.field.slice(path.join(".").length + 1) })),
    before: (path) => at(before, path),
    set: (path, value) => onChange(put(data, path, value) as Json),
  };
  return <Fields data={data} fields={fields} path={[]} wrong={wrong} around={around} />;
}

interface Around {
  problem: (path: readonly string[]) => string | undefined;
  focused: (path: readonly string[]) => boolean;
  inside: (path: readonly string[]) => readonly Wrong[];
  before: (path: readonly string[]) => unknown;
  set: (path: readonly string[], value: unknown) => void;
}

interface Part {
  path: readonly string[];
  around: Around;
}

function Fields({ data, fields, path, wrong, around }: Part & { data: Json; fields: readonly Field[]; wrong: readonly Wrong[] }) {
  const entries = entriesOf(data, fields, wrong, path.length > 0);
  const hidden = (one: Entry) => one.technical && !around.problem([...path, one.name]);
  const shown = entries.filter((one) => !hidden(one));
  const ids = entries.filter(hidden);
  const show = (entry: Entry) => <FieldOf key={entry.name} entry={entry} path={[...path, entry.name]} around={around} />;
  return (
    <div className={css.fields}>
      {shown.map(show)}
      {ids.length ? (
        <details className={css.wide}>
          <summary>Ids, and what the system fills in itself</summary>
          <div className={css.fields}>{ids.map(show)}</div>
        </details>
      ) : null}
    </div>
  );
}

function FieldOf({ entry, path, around }: Part & { entry: Entry }) {
  if (entry.kind === "group") {
    return (
      <fieldset className={`${css.group} ${css.wide}`}>
        <legend>{entry.label}</legend>
        <Fields data={entry.value as Json} fields={entry.fields} path={path} wrong={around.inside(path)} around={around} />
      </fieldset>
    );
  }
  if (entry.kind === "lines") return <Lines entry={entry} path={path} around={around} />;
  if (entry.kind === "json") return <JsonField entry={entry} path={path} around={around} />;
  const problem = around.problem(path);
  return (
    <Input.Wrapper label={entry.label} labelProps={{ display: "block" }} error={problem} data-place={path.join(".")}>
      <Cell entry={entry} label={entry.label} path={path} around={around} />
    </Input.Wrapper>
  );
}

function Cell({ entry, label, path, around, size = "sm" }: Part & { entry: Entry; label: string; size?: "xs" | "sm" }) {
  return (
    <ConstantInput
      label={label}
      size={size}
      type={entry.type}
      choices={entry.choices}
      many={entry.kind === "list"}
      bad={Boolean(around.problem(path))}
      autoFocus={around.focused(path)}
      placeholder="empty"
      value={entry.value}
      onChange={(next) => around.set(path, entered(next, around.before(path)))}
    />
  );
}

function Lines({ entry, path, around }: Part & { entry: Entry }) {
  const lines = entry.value as Json[];
  const columns = columnsOf(lines, entry.fields);
  const problem = around.problem(path);
  const titles = columns.map((column) => titleOf(column, entry.fields));
  return (
    <fieldset className={`${css.group} ${css.wide}`} data-place={path.join(".")}>
      <legend>{entry.label}</legend>
      {problem ? <p className={css.error} role="alert">{problem}</p> : null}
      <div className={css.scroll} role="group" aria-label={entry.label} tabIndex={0}>
        <table>
          <thead>
            <tr>
              {titles.map((title) => (
                <th key={title} scope="col">
                  {title}
                </th>
              ))}
              <th aria-label="Take out" />
            </tr>
          </thead>
          <tbody>
            {lines.map((_, line) => (
              <tr key={line}>
                {columns.map((column, place) => {
                  const here = [...path, String(line), ...column];
                  const cell = cellOf(lines, line, column, entry.fields);
                  const wrong = around.problem(here);
                  return (
                    <td key={titles[place]}>
                      {cell.kind === "plain" ? (
                        <Cell entry={cell} label={`${entry.label} ${line + 1}: ${titles[place] ?? ""}`} path={here} around={around} size="xs" />
                      ) : (
                        <span className={css.quiet}>{valueText(cell.value)}</span>
                      )}
                      {wrong ? <p className={css.error} role="alert">{wrong}</p> : null}
                    </td>
                  );
                })}
                <td>
                  <ActionIcon
                    variant="subtle"
                    color="gray"
                    aria-label={`Take out line ${line + 1} of ${entry.label}`}
                    onClick={() => around.set(path, lines.filter((_, other) => other !== line))}
                  >
                    <IconTrash size={15} />
                  </ActionIcon>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {columns.length ? (
        <Button size="compact-sm" variant="default" leftSection={<IconPlus size={14} />} onClick={() => around.set(path, [...lines, blankLine(columns)])}>
          Add a line
        </Button>
      ) : null}
    </fieldset>
  );
}

/** `Price · Net`, as the shape calls them where it knows them. */
function titleOf(column: readonly string[], fields: readonly Field[]): string {
  let inside = fields;
  const titles = column.map((name) => {
    const field = inside.find((one) => one.name === name);
    inside = field?.fields ?? [];
    return field?.title || name;
  });
  return titles.join(" · ");
}

/** What no form can show: lists in lists, empty objects. */
function JsonField({ entry, path, around }: Part & { entry: Entry }) {
  const [text, setText] = useState(() => (entry.value === undefined ? "" : indentExact(entry.value)));
  return (
    <JsonInput
      className={css.wide}
      label={entry.label}
      description="As JSON: a text stands in quotes."
      autosize
      error={around.problem(path)}
      validationError="This is not valid JSON yet."
      data-autofocus={around.focused(path) || undefined}
      value={text}
      onChange={(next) => {
        setText(next);
        try {
          around.set(path, next.trim() ? parseExact(next) : null);
        } catch {
          // Half-typed JSON: what was valid last stays, and the field says so.
        }
      }}
    />
  );
}
