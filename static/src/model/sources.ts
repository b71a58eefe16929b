/** What a value can start from: fields of the incoming record and results of earlier nodes, as trees. */

import type { Entity, Field, Flow, Json, ValueType } from "./flow";
import { childPath, formatPath, type Scope, valueAt } from "./path";
import { isExact } from "./values";

export interface SourceField {
  path: string;
  title: string;
  field: Field;
  /** The sample's value; `undefined` when there is no sample or nothing is there. */
  value: unknown;
  children: SourceField[];
}

export interface SourceGroup {
  id: string;
  title: string;
  fields: SourceField[];
}

const BLANK: Omit<Field, "name" | "title" | "type"> = {
  required: false,
  read_only: false,
  create_only: false,
  max_length: null,
  refers_to: null,
  choices: [],
  fields: [],
  description: "",
};

const ANSWER: Field[] = [
  plainField("id", "Id in the system", "id"),
  plainField("number", "Number", "text"),
  plainField("link", "Link to open it", "text"),
  plainField("outcome", "Outcome", "text"),
];

export function plainField(name: string, title: string, type: ValueType, fields: Field[] = []): Field {
  return { ...BLANK, name, title, type, fields };
}

/** Fields of a shape below a path, with the sample's values beside them. */
export function fieldsBelow(base: string, fields: readonly Field[], scope: Scope): SourceField[] {
  return fields.map((field) => {
    const path = childPath(base, field.name);
    return {
      path,
      title: field.title || field.name,
      field,
      value: valueAt(path, scope),
      children: field.type === "object" ? fieldsBelow(path, field.fields, scope) : [],
    };
  });
}

/** Fields read off an example, where no shape is known. */
export function fieldsOfData(data: unknown): Field[] {
  const example: unknown = Array.isArray(data) ? data[0] : data;
  if (typeof example !== "object" || example === null || isExact(example)) return [];
  return Object.entries(example as Json).map(([name, value]) =>
    plainField(name, name, typeOfData(value), fieldsOfData(value)),
  );
}

function typeOfData(value: unknown): ValueType {
  if (Array.isArray(value)) return "lines";
  if (isExact(value)) return "number";
  if (typeof value === "boolean") return "boolean";
  if (typeof value === "object" && value !== null) return "object";
  return value === null ? "any" : "text";
}

/** Ids of the nodes whose results a node can use, nearest first. */
export function ancestors(flow: Flow, node: string): string[] {
  const found: string[] = [];
  let front = [node];
  while (front.length) {
    front = flow.edges
      .filter((edge) => front.includes(edge.target) && !found.includes(edge.source) && edge.source !== node)
      .map((edge) => edge.source)
      .filter((id, at, all) => all.indexOf(id) === at);
    found.push(...front);
  }
  return found;
}

export interface Surroundings {
  flow: Flow;
  node: string;
  shapeIn: Entity | null;
  scope: Scope;
  /** What stands under `$steps.<node>`, where it is known. */
  steps?: Readonly<Record<string, Entity | null>>;
}

export function sourcesOf({ flow, node, shapeIn, scope, steps = {} }: Surroundings): SourceGroup[] {
  const incoming = fieldsBelow("$", shapeIn?.fields ?? fieldsOfData(scope.data), scope);
  const groups: SourceGroup[] = [
    { id: "$", title: shapeIn?.title || shapeIn?.name || "What comes in", fields: incoming },
  ];
  for (const id of ancestors(flow, node)) {
    const step = flow.nodes.find((one) => one.id === id);
    const base = formatPath("$steps", [id]);
    const sample = valueAt(base, scope);
    const known = step?.type === "write" ? ANSWER : (steps[id]?.fields ?? []);
    const seen = fieldsOfData(sample).filter((field) => !known.some((one) => one.name === field.name));
    const fields = fieldsBelow(base, [...known, ...seen], scope);
    if (fields.length) groups.push({ id, title: step?.title || id, fields });
  }
  const record = [
    plainField("key", "Key of the record", "id"),
    plainField("title", "Title of the record", "text"),
    plainField("run.started", "When the run started", "datetime"),
  ];
  groups.push({
    id: "$record",
    title: "The record itself",
    fields: record.map((field) => {
      const path = `$${field.name}`;
      return { path, title: field.title, field, value: valueAt(path, scope), children: [] };
    }),
  });
  return groups;
}

/** What a path can start from inside a line: the line's own fields, then everything around it. */
export function sourcesOfLine(lines: SourceField, title: string, outside: SourceGroup[], scope: Scope): SourceGroup[] {
  const around = outside.map((group) => ({
    ...group,
    id: group.id === "$" ? "$parent" : group.id,
    title: group.id === "$" ? `${group.title} (around the line)` : group.title,
    fields: group.id === "$" ? rebase(group.fields, "$", "$parent") : group.fields,
  }));
  return [{ id: "$", title, fields: fieldsBelow("$", lines.field.fields, scope) }, ...around];
}

function rebase(fields: SourceField[], from: string, to: string): SourceField[] {
  return fields.map((field) => ({
    ...field,
    path: to + field.path.slice(from.length),
    children: rebase(field.children, from, to),
  }));
}

export function flatten(fields: SourceField[], above = ""): SourceField[] {
  return fields.flatMap((field) => {
    const title = above ? `${above} › ${field.title}` : field.title;
    return [{ ...field, title }, ...flatten(field.children, title)];
  });
}

/** The field at a path, searched through all groups; its title leads through what is around it. */
export function fieldAt(groups: SourceGroup[], path: string): SourceField | undefined {
  return groups.flatMap((group) => flatten(group.fields)).find((field) => field.path === path);
}
