/** Which special field serves a property. */

import { type Schema, widgetOf } from "./schema";

/** What a property is edited with: its own hint, else what its schema gives away, else nothing special. */
export function hintOf(name: string, schema: Schema): string | undefined {
  const hint = widgetOf(schema);
  if (hint) return hint;
  const refs = [schema, ...(schema.anyOf ?? [])].flatMap((one) => [one.$ref, ...[...(one.oneOf ?? []), ...(one.anyOf ?? [])].map((sub) => sub.$ref)]);
  const names = refs.map((ref) => ref?.replace("#/$defs/", ""));
  if (names.includes("PathValue")) return "value";
  if (names.includes("AllOf") || names.includes("Comparison")) return "condition";
  const items = schema.items?.$ref ?? "";
  if (name === "filters" && items.endsWith("/Filter")) return "filters";
  return undefined;
}
