/** Reading of the JSON Schema that pydantic writes: references, options, unions, defaults. */

import { without } from "../model/without";

export interface Schema {
  $ref?: string;
  $defs?: Record<string, Schema>;
  title?: string;
  description?: string;
  type?: string;
  format?: string;
  writeOnly?: boolean;
  const?: unknown;
  enum?: unknown[];
  default?: unknown;
  examples?: unknown[];
  properties?: Record<string, Schema>;
  additionalProperties?: boolean | Schema;
  required?: string[];
  items?: Schema;
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
  discriminator?: { propertyName: string; mapping?: Record<string, string> };
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
  pattern?: string;
  [hint: `x-${string}`]: unknown;
}

export type Kind =
  | "text" | "secret" | "integer" | "number" | "boolean" | "choice" | "object" | "list" | "union" | "map" | "any";

export type Json = Record<string, unknown>;

/** Follows references; what stands beside a `$ref` (title, default, hints) wins over what it points at. */
export function resolve(schema: Schema, root: Schema): Schema {
  const { $ref, allOf, ...own } = schema;
  if ($ref) {
    const name = $ref.replace("#/$defs/", "");
    return { ...resolve(root.$defs?.[name] ?? {}, root), ...own };
  }
  const only = allOf?.length === 1 ? allOf[0] : undefined;
  return only ? { ...resolve(only, root), ...own } : schema;
}

/** `X | None` is an X that may be left out: answers X with the outer hints, and that it is optional. */
export function unwrap(schema: Schema, root: Schema): { schema: Schema; nullable: boolean } {
  const resolved = resolve(schema, root);
  const options = resolved.anyOf;
  if (!options) return { schema: resolved, nullable: false };
  const real = options.filter((option) => option.type !== "null");
  const nullable = real.length < options.length;
  const own: Schema = without(resolved, "anyOf");
  const [first] = real;
  if (real.length === 1 && first) return { schema: { ...resolve(first, root), ...own }, nullable };
  return { schema: { ...own, oneOf: real }, nullable };
}

export function kindOf(schema: Schema): Kind {
  if (schema.enum) return "choice";
  if (schema.oneOf) return "union";
  switch (schema.type) {
    case "string":
      return schema.format === "password" || schema.writeOnly ? "secret" : "text";
    case "integer":
    case "number":
    case "boolean":
      return schema.type;
    case "array":
      return "list";
    case "object":
      return schema.properties || !schema.additionalProperties ? "object" : "map";
    default:
      return schema.properties ? "object" : "any";
  }
}

export function widgetOf(schema: Schema): string | undefined {
  const hint = schema["x-widget"];
  return typeof hint === "string" ? hint : undefined;
}

/** `billing_state` reads as `Billing state`. A title that people wrote is kept as it is. */
export function labelOf(name: string, schema: Schema): string {
  const automatic = name.split(/[_-]/).map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join(" ");
  const title = schema.title;
  if (title && title !== automatic) return title;
  const words = name.includes(" ") ? name : name.replace(/[_-]/g, " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** What a new value starts as: the default, else the emptiest thing that fits. */
export function startValue(schema: Schema, root: Schema): unknown {
  const { schema: real, nullable } = unwrap(schema, root);
  if (real.default !== undefined) return structuredClone(real.default);
  if (real.const !== undefined) return real.const;
  if (nullable) return null;
  switch (kindOf(real)) {
    case "object":
      return startObject(real, root);
    case "union":
      return startValue(real.oneOf?.[0] ?? {}, root);
    case "list":
      return [];
    case "map":
      return {};
    case "choice":
      return real.enum?.[0];
    case "boolean":
      return false;
    case "text":
    case "secret":
      return "";
    default:
      return null;
  }
}

/** A new object: its required properties and constants, so that it says no more than was chosen. */
export function startObject(schema: Schema, root: Schema): Json {
  const made: Json = {};
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const real = resolve(property, root);
    if (schema.required?.includes(name) || real.const !== undefined) made[name] = startValue(property, root);
  }
  return made;
}

/** The branch of a union that a value belongs to; the first one when nothing tells. */
export function branchOf(schema: Schema, value: unknown, root: Schema): number {
  const options = (schema.oneOf ?? []).map((option) => resolve(option, root));
  const tag = schema.discriminator?.propertyName;
  const given = value !== null && typeof value === "object" && !Array.isArray(value) ? (value as Json) : null;
  if (tag && given) {
    const at = options.findIndex((option) => {
      const property = option.properties?.[tag];
      return property?.const === given[tag] || property?.enum?.includes(given[tag]);
    });
    return Math.max(0, at);
  }
  if (given) {
    const keys = Object.keys(given);
    const fits = options.findIndex((option) => keys.every((key) => key in (option.properties ?? {})));
    return Math.max(0, fits);
  }
  const type = Array.isArray(value) ? "array" : typeof value;
  const at = options.findIndex((option) => option.type === type || (option.type === "integer" && type === "number"));
  return Math.max(0, at);
}

/** Changing the branch keeps every value whose name and kind both branches share. */
export function switchBranch(schema: Schema, value: unknown, to: number, root: Schema): unknown {
  const option = resolve(schema.oneOf?.[to] ?? {}, root);
  const fresh = startValue(option, root);
  if (kindOf(option) !== "object" || !isObject(fresh) || !isObject(value)) return fresh;
  const before = resolve(schema.oneOf?.[branchOf(schema, value, root)] ?? {}, root);
  for (const [name, property] of Object.entries(option.properties ?? {})) {
    const old = before.properties?.[name];
    const real = resolve(property, root);
    if (old && name in value && real.const === undefined && kindOf(resolve(old, root)) === kindOf(real)) {
      fresh[name] = value[name];
    }
  }
  return fresh;
}

/** Sets one property; `undefined` takes it out, so that an untouched default is never written down. */
export function setProperty(value: Json, name: string, next: unknown): Json {
  return next === undefined ? without(value, name) : { ...value, [name]: next };
}

/** Whether a property has a meaning beside the others: `x-when` names the value that another one must have. */
export function applies(property: Schema, value: Json, around: Schema, root: Schema): boolean {
  const when = resolve(property, root)["x-when"];
  if (!isObject(when)) return true;
  return Object.entries(when).every(([name, wanted]) => (value[name] ?? around.properties?.[name]?.default) === wanted);
}

export function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Branch title: the words that people wrote, else what its constant says, else the name of the model. */
export function branchTitle(option: Schema, tag: string | undefined, root: Schema): string {
  const real = resolve(option, root);
  const mark = tag ? real.properties?.[tag] : undefined;
  const name = mark?.const ?? mark?.enum?.[0];
  if (real.title?.includes(" ")) return real.title;
  if (typeof name === "string") return labelOf(name, {});
  return real.title ?? real.type ?? "Other";
}

/** A value of a choice, as its form calls it. */
export function choiceTitle(value: string, schema: Schema): string {
  const titles = schema["x-titles"];
  const named = isObject(titles) ? titles[value] : undefined;
  return typeof named === "string" ? named : labelOf(value, {});
}

/** An object in one line: its first values that are short. A title or name of its own is left to who shows it. */
export function gist(schema: Schema, value: unknown, root: Schema): string {
  if (!isObject(value)) return "";
  const told: string[] = [];
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const { schema: real } = unwrap(property, root);
    const given = value[name] ?? real.default;
    if (name === "name" || name === "title" || typeof given !== "string" || !given) continue;
    if (kindOf(real) === "choice") told.push(choiceTitle(given, real));
    else if (kindOf(real) === "text") told.push(given);
  }
  return told.slice(0, 4).join(" · ");
}

/** Properties in the order of the form, with the rarely needed ones (`x-advanced`) apart. */
export function split(schema: Schema, root: Schema): { main: [string, Schema][]; more: [string, Schema][] } {
  const all = Object.entries(schema.properties ?? {}).filter(
    ([, property]) => resolve(property, root).const === undefined && !property["x-hidden"],
  );
  return {
    main: all.filter(([, property]) => !property["x-advanced"]),
    more: all.filter(([, property]) => property["x-advanced"]),
  };
}
