/** A record as a tree of names and values; what can be mapped can be dragged by its path. */

import { IconChevronDown, IconChevronRight } from "@tabler/icons-react";
import { useState } from "react";

import type { Field, Json } from "../model/flow";
import { groupDigits, isExact, valueText } from "../model/values";
import css from "./data.module.css";

/** Type under which a field's path is dragged. */
export const PATH_DRAG = "application/x-heddle-path";

function nested(value: unknown): value is Json | unknown[] {
  if (Array.isArray(value)) return value.length > 0 && typeof value[0] === "object";
  return value !== null && typeof value === "object" && !isExact(value);
}

interface DataTreeProps {
  data: Json;
  /** Names for people, by field name. */
  fields?: readonly Field[];
  /** Where the data stands for a path: `$`, `$.Account`. */
  root?: string;
  /** Marks what differs from this. */
  before?: Json | null;
}

export function DataTree({ data, fields = [], root = "$", before }: DataTreeProps) {
  const names = Object.keys(data);
  if (!names.length) return <p className={css.none}>Nothing in it.</p>;
  return (
    <div className={css.tree}>
      {names.map((name) => (
        <Row
          key={name}
          name={name}
          value={data[name]}
          path={`${root}.${name}`}
          field={fields.find((field) => field.name === name)}
          changed={Boolean(before) && valueText(before?.[name]) !== valueText(data[name])}
        />
      ))}
    </div>
  );
}

function Row({ name, value, path, field, changed }: { name: string; value: unknown; path: string; field: Field | undefined; changed: boolean }) {
  const [open, setOpen] = useState(false);
  const label = field?.title || name;
  const drag = (event: React.DragEvent) => {
    event.dataTransfer.setData(PATH_DRAG, path);
    event.dataTransfer.setData("text/plain", path);
  };
  if (!nested(value)) return <Leaf label={label} title={path} value={value} changed={changed} drag={drag} />;
  const Glyph = open ? IconChevronDown : IconChevronRight;
  return (
    <div>
      <div className={`${css.row} ${changed ? css.changed : ""}`} draggable onDragStart={drag} title={path}>
        <button type="button" className={css.toggle} aria-expanded={open} onClick={() => setOpen(!open)}>
          <Glyph size={14} aria-hidden /> {label}
        </button>
        <span className={css.type}>{Array.isArray(value) ? valueText(value) : `${Object.keys(value).length} fields`}</span>
      </div>
      {open ? (
        <div className={css.nest}>
          {Array.isArray(value) ? (
            value.map((item, index) => (
              <Row key={index} name={`Line ${index + 1}`} value={item} path={`${path}[${index}]`} field={undefined} changed={false} />
            ))
          ) : (
            <DataTree data={value} fields={field?.fields ?? []} root={path} />
          )}
        </div>
      ) : null}
    </div>
  );
}

interface LeafProps {
  label: string;
  title: string;
  value: unknown;
  changed: boolean;
  drag: (event: React.DragEvent) => void;
}

function Leaf({ label, title, value, changed, drag }: LeafProps) {
  return (
    <div className={`${css.row} ${changed ? css.changed : ""}`} draggable onDragStart={drag} title={title}>
      <span className={css.name}>{label}</span>
      <span className={css.value}>
        <Value value={value} />
      </span>
    </div>
  );
}

/** One value as people read it; digits grouped, nothing rounded, emptiness said. */
export function Value({ value }: { value: unknown }) {
  if (value === null || value === undefined || value === "") return <span className={css.none}>empty</span>;
  const text = valueText(value);
  if (isExact(value)) return <span className={css.whole}>{groupDigits(text)}</span>;
  return text.length <= 14 ? <span className={css.whole}>{text}</span> : <>{text}</>;
}

/** The fields of an entity, before there is a record to show. */
export function FieldTree({ fields, root = "$" }: { fields: readonly Field[]; root?: string }) {
  return (
    <div className={css.tree}>
      {fields.map((field) => (
        <div key={field.name}>
          <div
            className={css.row}
            draggable
            title={`${root}.${field.name}`}
            onDragStart={(event) => {
              event.dataTransfer.setData(PATH_DRAG, `${root}.${field.name}`);
              event.dataTransfer.setData("text/plain", `${root}.${field.name}`);
            }}
          >
            <span>{field.title || field.name}</span>
            <span className={css.type}>
              {field.type}
              {field.required ? " · required" : ""}
            </span>
          </div>
          {field.fields.length ? (
            <div className={css.nest}>
              <FieldTree fields={field.fields} root={`${root}.${field.name}`} />
            </div>
          ) : null}
        </div>
      ))}
    </div>
  );
}
