/** The two halves of a connection: settings that may be shown, and secrets that only travel inwards. */

import type { Json } from "../model/flow";

interface Property {
  format?: string;
  writeOnly?: boolean;
  anyOf?: Property[];
}

function isSecret(property: unknown): boolean {
  const one = property as Property;
  return one.format === "password" || one.writeOnly === true || (one.anyOf ?? []).some(isSecret);
}

export function secretNames(schema: Json): string[] {
  return Object.entries((schema["properties"] ?? {}) as Json)
    .filter(([, property]) => isSecret(property))
    .map(([name]) => name);
}

/**
 * Splits what a form holds; secrets that were not typed are left out, so that the server keeps its own. Those
 * deeper inside stay where they are: the server takes them out.
 */
export function halves(schema: Json, value: Json): { settings: Json; secrets: Json } {
  const secret = new Set(secretNames(schema));
  const entries = Object.entries(value);
  return {
    settings: Object.fromEntries(entries.filter(([name]) => !secret.has(name))),
    secrets: Object.fromEntries(entries.filter(([name, one]) => secret.has(name) && one !== "" && one !== null && one !== undefined)),
  };
}
