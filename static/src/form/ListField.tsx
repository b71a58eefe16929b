/** Lists: of plain values in one input, of objects one below the other. Long ones are folded up to a line. */

import { ActionIcon, Button, TagsInput } from "@mantine/core";
import { IconArrowDown, IconArrowUp, IconChevronDown, IconChevronRight, IconPlus, IconTrash } from "@tabler/icons-react";
import { type ReactNode, useState } from "react";

import { parseExact, valueText } from "../model/values";
import { Block } from "./Block";
import { type FieldProps, join, useForm, useProblem } from "./context";
import { gist, isObject, kindOf, labelOf, startValue, unwrap } from "./schema";
import { hintOf } from "./hints";
import type { Nested } from "./Structures";
import css from "./form.module.css";

/** An object with more fields than this is folded up to a line unless it is new, the only one, or has a problem. */
const SHORT = 3;

export function ListField({ place, name, schema, value, required, onChange, Item }: FieldProps & { Item: Nested }) {
  const { root, readOnly, problems } = useForm();
  const problem = useProblem(place);
  const label = labelOf(name, schema);
  const one = singular(label);
  const items = listOf(value) ?? listOf(schema.default) ?? [];
  const item = unwrap(schema.items ?? {}, root).schema;
  const kind = kindOf(item);
  const [open, setOpen] = useState(() => items.map(() => items.length < 2));
  const folds = Object.keys(item.properties ?? {}).length > SHORT;
  if ((kind === "text" || kind === "number" || kind === "integer") && !hintOf(name, schema.items ?? {})) {
    return (
      <TagsInput
        label={label}
        description={schema.description}
        withAsterisk={required}
        error={problem}
        readOnly={readOnly}
        placeholder={items.length ? "" : "Type one, Enter, the next"}
        value={items.map(valueText)}
        onChange={(list) => onChange(kind === "text" ? list : list.filter((text) => /^-?\d+(\.\d+)?$/.test(text)).map(parseExact))}
      />
    );
  }
  /** The same happens to the items and to which of them are open. */
  const rearrange = (change: <Item>(list: readonly Item[]) => Item[]) => {
    setOpen(change(items.map((_, at) => open[at] ?? false)));
    onChange(change(items));
  };
  const move = (from: number, to: number) =>
    rearrange((list) => {
      const [moved] = list.slice(from, from + 1);
      return moved === undefined ? [...list] : list.toSpliced(from, 1).toSpliced(to, 0, moved);
    });
  return (
    <Block label={label} description={schema.description} required={required} place={place}>
      {items.map((given, at) => (
        <div key={at} className={css.item}>
          <Entry
            title={titleOf(one, given, at)}
            text={nameOf(given) ? "" : gist(item, given, root)}
            folds={folds}
            open={(open[at] ?? false) || problems.some((problem) => problem.field?.startsWith(`${join(place, at)}.`))}
            onFold={(next) => setOpen(items.map((_, other) => (other === at ? next : (open[other] ?? false))))}
          >
            {(title) => (
              <Item
                place={join(place, at)}
                name={title}
                schema={schema.items ?? {}}
                value={given}
                required
                onChange={(next) => onChange(items.with(at, next))}
              />
            )}
          </Entry>
          {readOnly ? null : (
            <div>
              <ActionIcon variant="subtle" color="gray" aria-label={`Move ${one.toLowerCase()} ${at + 1} up`} disabled={at === 0} onClick={() => move(at, at - 1)}>
                <IconArrowUp size={15} />
              </ActionIcon>
              <ActionIcon variant="subtle" color="gray" aria-label={`Move ${one.toLowerCase()} ${at + 1} down`} disabled={at === items.length - 1} onClick={() => move(at, at + 1)}>
                <IconArrowDown size={15} />
              </ActionIcon>
              <ActionIcon variant="subtle" color="gray" aria-label={`Remove ${one.toLowerCase()} ${at + 1}`} onClick={() => rearrange((list) => list.toSpliced(at, 1))}>
                <IconTrash size={15} />
              </ActionIcon>
            </div>
          )}
        </div>
      ))}
      {readOnly ? null : (
        <Button
          size="compact-sm"
          variant="default"
          mt={items.length ? "xs" : 0}
          leftSection={<IconPlus size={14} />}
          onClick={() => {
            setOpen([...items.map((_, at) => open[at] ?? false), true]);
            onChange([...items, startValue(schema.items ?? {}, root)]);
          }}
        >
          Add {one.toLowerCase()}
        </Button>
      )}
    </Block>
  );
}

interface EntryProps {
  title: string;
  text: string;
  folds: boolean;
  open: boolean;
  onFold: (open: boolean) => void;
  children: (title: string) => ReactNode;
}

/** One object of a list. What folds has its title on the line that opens it, else the form shows it. */
function Entry({ title, text, folds, open, onFold, children }: EntryProps) {
  const Sign = open ? IconChevronDown : IconChevronRight;
  if (!folds) return <div className={css.itemBody}>{children(title)}</div>;
  return (
    <div className={css.itemBody}>
      <button type="button" className={css.fold} aria-expanded={open} onClick={() => onFold(!open)}>
        <Sign size={16} aria-hidden />
        <strong>{title}</strong>
        {open ? null : <span>{text}</span>}
      </button>
      {open ? children("") : null}
    </div>
  );
}

function listOf(value: unknown): unknown[] | null {
  return Array.isArray(value) ? (value as unknown[]) : null;
}

/** `Object 2: customers`: what one of a list is called, with its own name where it has one. */
function titleOf(one: string, given: unknown, at: number): string {
  const own = nameOf(given);
  return `${one} ${at + 1}${own ? `: ${own}` : ""}`;
}

function nameOf(given: unknown): string {
  const own = isObject(given) ? given.title || given.name : undefined;
  return typeof own === "string" ? own : "";
}

/** `Cases` → `Case`, `Entries` → `Entry`; words without a plural stay. */
function singular(label: string): string {
  if (label.endsWith("ies")) return `${label.slice(0, -3)}y`;
  if (label.endsWith("ches") || label.endsWith("sses")) return label.slice(0, -2);
  return label.endsWith("s") && !label.endsWith("ss") ? label.slice(0, -1) : label;
}
