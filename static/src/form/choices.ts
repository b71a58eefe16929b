/** Fields to choose from, references followed as far as the search goes: `Account.` offers the account's fields. */

import { useState } from "react";

import { useEntity } from "../api/queries";
import type { Entity } from "../model/flow";
import { valueText } from "../model/values";
import { useForm } from "./context";
import { connectionOf } from "./slots";
import { fieldItems } from "./target";

export interface FieldChoices {
  items: { value: string; label: string }[];
  search: string;
  onSearchChange: (search: string) => void;
}

/**
 * @param given names that are chosen already; they stay offered, whatever is searched
 * @param kind which fields: lists of lines, those that hold one value, or all but the lists
 */
export function useFieldChoices(target: Entity | undefined, given: readonly string[], kind: "any" | "plain" | "lines" = "any"): FieldChoices {
  const { node } = useForm();
  const [search, onSearchChange] = useState("");
  const connection = node ? connectionOf(node, valueText(node.value["slot"])) : undefined;
  const [first = "", second = "", third] = search.split(".");
  const outer = search.includes(".") ? reference(target, first) : undefined;
  const one = useEntity(connection, outer?.refers_to).data;
  const inner = third === undefined ? undefined : reference(one, second);
  const two = useEntity(connection, inner?.refers_to).data;
  const own = fieldItems((target?.fields ?? []).filter((field) => (field.type === "lines") === (kind === "lines") && !(kind === "plain" && field.type === "object")));
  const items = [
    ...own,
    ...(outer && one ? below(`${outer.name}.`, `${outer.title || outer.name} › `, one) : []),
    ...(outer && inner && two
      ? below(`${outer.name}.${inner.name}.`, `${outer.title || outer.name} › ${inner.title || inner.name} › `, two)
      : []),
  ];
  const known = new Set(items.map((item) => item.value));
  const stray = given.filter((name) => name && !known.has(name)).map((name) => ({ value: name, label: name }));
  return { items: [...stray, ...items], search, onSearchChange };
}

function reference(entity: Entity | undefined, name: string) {
  const wanted = name.toLowerCase();
  return entity?.fields.find(
    (field) => field.refers_to && (field.name.toLowerCase() === wanted || field.title.toLowerCase() === wanted),
  );
}

function below(prefix: string, above: string, entity: Entity): { value: string; label: string }[] {
  return entity.fields
    .filter((field) => field.type !== "lines")
    .map((field) => ({ value: prefix + field.name, label: `${above}${field.title || field.name} · ${prefix}${field.name}` }));
}
