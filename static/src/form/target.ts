/** The entity that a node reads or writes, and its fields as choices. */

import { useEntity } from "../api/queries";
import type { Entity, Field } from "../model/flow";
import { valueText } from "../model/values";
import { useForm } from "./context";
import { connectionOf } from "./slots";

/** The shape that field names of this node belong to: of the entity it reads or writes. */
export function useTarget(): Entity | undefined {
  const { node } = useForm();
  const connection = node ? connectionOf(node, valueText(node.value["slot"])) : undefined;
  return useEntity(connection, valueText(node?.value["entity"]) || null).data;
}

/** Fields to choose from; references also offer what stands behind them when the system names it so. */
export function fieldItems(fields: readonly Field[]): { value: string; label: string }[] {
  return fields.map((field) => ({
    value: field.name,
    label: field.title && field.title !== field.name ? `${field.title} · ${field.name}` : field.name,
  }));
}
