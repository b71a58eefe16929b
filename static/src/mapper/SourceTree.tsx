/** Everything that can be mapped, with the sample's values; a field is picked up by click, key or drag. */

import { ActionIcon, TextInput } from "@mantine/core";
import { IconChevronDown, IconChevronRight, IconSearch } from "@tabler/icons-react";
import { useState } from "react";

import { fieldsBelow, type SourceField, type SourceGroup } from "../model/sources";
import { valueText } from "../model/values";
import { useMapper } from "./context";
import { isLines, type Row } from "./mapping";
import css from "./mapper.module.css";

export const DRAG = "application/x-heddle-source";

export function SourceTree({ groups }: { groups: SourceGroup[] }) {
  const { rows } = useMapper();
  const [search, setSearch] = useState("");
  const used = usedPaths(rows);
  return (
    <div>
      <TextInput
        size="xs"
        mb={4}
        aria-label="Search what comes in"
        placeholder="Search"
        leftSection={<IconSearch size={15} />}
        value={search}
        onChange={(event) => setSearch(event.currentTarget.value)}
      />
      {groups.map((group) => (
        <div key={group.id} className={css.tree} role="group" aria-label={group.title}>
          <div className={css.treeGroup}>{group.title}</div>
          {group.fields.map((field) => (
            <Branch key={field.path} field={field} line={null} depth={0} used={used} search={search.toLowerCase()} />
          ))}
        </div>
      ))}
    </div>
  );
}

interface BranchProps {
  field: SourceField;
  line: string | null;
  depth: number;
  used: ReadonlySet<string>;
  search: string;
}

function Branch({ field, line, depth, used, search }: BranchProps) {
  const { armed, arm, readOnly } = useMapper();
  const lines = field.field.type === "lines";
  const [open, setOpen] = useState(lines && depth === 0);
  const children = lines
    ? fieldsBelow("$", field.field.fields, { data: Array.isArray(field.value) ? field.value[0] : null })
    : field.children;
  const inside = lines ? field.path : line;
  const shown = !search || matches(field, search);
  if (!shown && !children.some((child) => matches(child, search))) return null;
  const pressed = armed?.path === field.path && armed.line === line;
  const key = `${line ?? ""}|${field.path}`;
  return (
    <>
      <div style={{ display: "flex", alignItems: "center", paddingLeft: depth * 16 }}>
        {children.length ? (
          <ActionIcon
            size="xs"
            variant="subtle"
            color="gray"
            aria-expanded={open}
            aria-label={`${open ? "Close" : "Open"} ${field.title}`}
            onClick={() => setOpen(!open)}
          >
            {open ? <IconChevronDown size={13} /> : <IconChevronRight size={13} />}
          </ActionIcon>
        ) : null}
        <button
          type="button"
          className={css.source}
          data-source={key}
          aria-pressed={pressed}
          disabled={readOnly}
          draggable={!readOnly}
          title={`${field.path} · ${field.field.type}`}
          onDragStart={(event) => {
            event.dataTransfer.setData(DRAG, key);
            event.dataTransfer.effectAllowed = "link";
            arm({ path: field.path, line, title: field.title });
          }}
          onDragEnd={() => arm(null)}
          onClick={() => arm(pressed ? null : { path: field.path, line, title: field.title })}
        >
          <span className={css.name}>{field.title}</span>
          <span className={css.value}>{valueText(field.value)}</span>
          <span className={`${css.used} ${used.has(key) ? css.on : ""}`} aria-label={used.has(key) ? "mapped" : undefined} />
        </button>
      </div>
      {open || search
        ? children.map((child) => (
            <Branch key={child.path} field={child} line={inside} depth={depth + 1} used={used} search={shown ? "" : search} />
          ))
        : null}
    </>
  );
}

function matches(field: SourceField, search: string): boolean {
  return `${field.title} ${field.path}`.toLowerCase().includes(search) || field.children.some((child) => matches(child, search));
}

/** Keys (`line|path`) of all sources that a row starts from. */
export function usedPaths(rows: readonly Row[], line: string | null = null): ReadonlySet<string> {
  return new Set(
    rows.flatMap((row) => {
      if (isLines(row)) {
        const list = row.lines.replace(/\[\*\]$/, "");
        return [`${line ?? ""}|${list}`, ...usedPaths(row.rows, list)];
      }
      return row.value.kind === "path" ? [sourceKey(row.value.path, line)] : [];
    }),
  );
}

/** Which tree entry a path means: `$parent.X` inside a line is the record's own X. */
export function sourceKey(path: string, line: string | null): string {
  if (line !== null && path.startsWith("$parent")) return `|$${path.slice("$parent".length)}`;
  return path.startsWith("$steps") || /^\$(key|title|run)/.test(path) ? `|${path}` : `${line ?? ""}|${path}`;
}
