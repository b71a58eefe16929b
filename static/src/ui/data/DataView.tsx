/** What a record holds, as rows of names and values; lists of objects as small tables. */

import { useState } from "react";

import { isExact, stringifyExact, valueText } from "../../model/values";
import css from "./data.module.css";

type Json = Record<string, unknown>;

const isPlain = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !isExact(value);

interface Props {
  data: unknown;
  /** Titles by dotted name, where a shape is known. */
  titles?: Readonly<Record<string, string>>;
}

const FIRST = 14;
const ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export function DataView({ data, titles = {} }: Props) {
  const [open, setOpen] = useState(false);
  if (!isPlain(data)) return <p className={css.none}>{valueText(data) || "Nothing"}</p>;
  const all = flat(data);
  const isId = ([, value]: [string, unknown]) => typeof value === "string" && ID.test(value);
  const isLines = ([, value]: [string, unknown]) => Array.isArray(value) && value.some(isPlain);
  const plain = all.filter((entry) => !isId(entry) && !isLines(entry));
  const entries = [...plain, ...all.filter(isId), ...all.filter(isLines)];
  if (!entries.length) return <p className={css.none}>Nothing</p>;
  const shown = open ? entries : [...entries.slice(0, FIRST), ...entries.slice(FIRST).filter(isLines)];
  return (
    <div>
      <dl className={css.data}>
        {shown.map(([name, value]) => (
          <div key={name} className={Array.isArray(value) && value.some(isPlain) ? css.wide : undefined}>
            <dt title={name}>{(titles[name] ?? name).replaceAll(".", ".\u200b")}</dt>
            <dd>{Array.isArray(value) && value.some(isPlain) ? <LinesTable lines={value} /> : <Text value={value} />}</dd>
          </div>
        ))}
      </dl>
      {shown.length < entries.length || open ? (
        <button type="button" className={css.more} aria-expanded={open} onClick={() => setOpen(!open)}>
          {open ? "Show fewer" : `Show all ${entries.length} fields`}
        </button>
      ) : null}
    </div>
  );
}

function flat(data: Json, above = ""): [string, unknown][] {
  return Object.entries(data).flatMap(([name, value]): [string, unknown][] =>
    isPlain(value) && Object.keys(value).length ? flat(value, `${above}${name}.`) : [[above + name, value]],
  );
}

function Text({ value }: { value: unknown }) {
  if (value === null || value === undefined || value === "") return <span className={css.none}>empty</span>;
  if (typeof value === "string" && /^https?:\/\//.test(value)) {
    return (
      <a href={value} target="_blank" rel="noreferrer">
        {value}
      </a>
    );
  }
  return <>{Array.isArray(value) ? value.map(valueText).join(", ") : valueText(value)}</>;
}

function LinesTable({ lines }: { lines: readonly unknown[] }) {
  const rows = lines.filter(isPlain).map((line) => Object.fromEntries(flat(line)));
  const named = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const technical = (column: string) => rows.every((row) => ID.test(valueText(row[column])) || valueText(row[column]) === "");
  // Ids say nothing to people: they come last.
  const columns = [...named.filter((column) => !technical(column)), ...named.filter(technical)];
  return (
    <div className={css.scroll} role="group" aria-label="Lines" tabIndex={0}>
      <table>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column} scope="col">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, at) => (
            <tr key={at}>
              {columns.map((column) => (
                <td key={column}>{valueText(row[column])}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Text as it went over the wire; JSON is set out in lines. */
export function Raw({ value }: { value: unknown }) {
  const text = typeof value === "string" ? pretty(value) : pretty(stringifyExact(value));
  return <pre className={css.raw}>{text || "empty"}</pre>;
}

function pretty(text: string): string {
  if (!/^\s*[[{]/.test(text)) return text;
  let depth = 0;
  let quoted = false;
  let made = "";
  // Set out by hand, so that no number is read and written again.
  for (let at = 0; at < text.length; at += 1) {
    const mark = text.charAt(at);
    if (mark === '"' && text.charAt(at - 1) !== "\\") quoted = !quoted;
    if (quoted) made += mark;
    else if (mark === "{" || mark === "[") {
      const close = /^\s*[}\]]/.test(text.slice(at + 1));
      depth += 1;
      made += close ? mark : `${mark}\n${"  ".repeat(depth)}`;
    } else if (mark === "}" || mark === "]") {
      depth -= 1;
      made += /[[{]$/.test(made) ? mark : `\n${"  ".repeat(Math.max(0, depth))}${mark}`;
    } else if (mark === ",") made += `,\n${"  ".repeat(depth)}`;
    else if (mark === ":") made += ": ";
    else if (!/\s/.test(mark)) made += mark;
  }
  return made;
}
