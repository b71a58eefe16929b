/** Searchable list of everything a value can start from, with the sample's values beside the names. */

import { TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { useEffect, useMemo, useRef, useState, type KeyboardEvent } from "react";

import { parsePath } from "../../model/path";
import { flatten, type SourceField, type SourceGroup } from "../../model/sources";
import { valueText } from "../../model/values";
import css from "./value.module.css";

interface Shown {
  group: SourceGroup;
  fields: SourceField[];
}

interface Props {
  groups: SourceGroup[];
  selected?: string;
  onPick: (path: string) => void;
  /** Only fields that pass: for line items, say. */
  only?: (field: SourceField) => boolean;
}

export function SourceList({ groups, selected, onPick, only }: Props) {
  const [search, setSearch] = useState("");
  const [active, setActive] = useState(0);
  const list = useRef<HTMLDivElement>(null);
  const shown = useMemo(() => filtered(groups, search, only), [groups, search, only]);
  const flat = shown.flatMap(({ fields }) => fields);
  const typed = search.startsWith("$") && parsePath(search) ? search : null;

  useEffect(() => {
    list.current?.querySelector("[data-active=true]")?.scrollIntoView({ block: "nearest" });
  }, [active]);

  function onKeyDown(event: KeyboardEvent) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      setActive((at) => Math.max(0, Math.min(flat.length - 1, at + step)));
    } else if (event.key === "Enter") {
      event.preventDefault();
      const path = typed ?? flat[active]?.path;
      if (path) onPick(path);
    }
  }

  return (
    <div>
      <TextInput
        size="xs"
        data-autofocus
        aria-label="Search fields"
        placeholder="Search fields, or type a path that starts with $"
        leftSection={<IconSearch size={15} />}
        value={search}
        onKeyDown={onKeyDown}
        onChange={(event) => {
          setSearch(event.currentTarget.value);
          setActive(0);
        }}
      />
      <div className={css.list} ref={list} role="listbox" aria-label="Fields">
        {typed ? (
          <button type="button" className={css.option} role="option" aria-selected onClick={() => onPick(typed)}>
            <span className={css.what}>Use the path {typed}</span>
          </button>
        ) : null}
        {shown.map(({ group, fields }) => (
          <div key={group.id} role="group" aria-label={group.title}>
            <div className={css.groupTitle}>{group.title}</div>
            {fields.map((field) => (
              <button
                type="button"
                key={field.path}
                className={css.option}
                role="option"
                aria-selected={field.path === selected}
                data-active={flat[active]?.path === field.path}
                title={`${field.path}${field.field.description ? `\n${field.field.description}` : ""}`}
                onClick={() => onPick(field.path)}
              >
                <span className={css.what}>
                  {field.title} <span className={css.type}>{field.field.type}</span>
                </span>
                <span className={css.sample}>{valueText(field.value)}</span>
              </button>
            ))}
          </div>
        ))}
        {flat.length === 0 && !typed ? (
          <p className={css.help} style={{ padding: 8 }}>
            {search
              ? `Nothing is called “${search}”.`
              : "Nothing comes in yet. Connect this step to a step that reads, and try the flow on a sample."}
          </p>
        ) : null}
      </div>
    </div>
  );
}

function filtered(groups: SourceGroup[], search: string, only: Props["only"]): Shown[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  return groups
    .map((group) => ({
      group,
      fields: flatten(group.fields).filter((field) => {
        const text = `${group.title} ${field.title} ${field.path}`.toLowerCase();
        return (!only || only(field)) && words.every((word) => text.includes(word));
      }),
    }))
    .filter(({ fields }) => fields.length);
}
