/** What the fields of a form share: the whole schema, the problems found, and the node around it. */

import { createContext, useContext } from "react";

import type { NodeEditorProps } from "../model/editing";
import type { Problem } from "../model/flow";
import type { Schema } from "./schema";

export interface FormAround {
  root: Schema;
  readOnly: boolean;
  problems: readonly Pick<Problem, "field" | "message" | "cure" | "severity">[];
  /** Secrets that the server keeps already, by dotted path. */
  stored: Readonly<Record<string, boolean>>;
  /** The node whose settings these are; null for other forms. */
  node: NodeEditorProps | null;
}

export const FormContext = createContext<FormAround>({
  root: {},
  readOnly: false,
  problems: [],
  stored: {},
  node: null,
});

export const useForm = (): FormAround => useContext(FormContext);

/** What is wrong exactly at a dotted path, in words; undefined when nothing is. Warnings stand above the form. */
export function useProblem(place: string): string | undefined {
  const found = useForm().problems.find((problem) => problem.field === place && problem.severity !== "warning");
  if (!found) return undefined;
  // Where the field is, its name says nothing new, and that it is to be corrected neither.
  const here = /^«[^»]+» (is|has|must|needs) (.+)$/.exec(found.message);
  if (here && found.cure === "Correct it.") return `This ${here[1] ?? ""} ${here[2] ?? ""}`;
  return [found.message, found.cure].filter(Boolean).join(" ");
}

export interface FieldProps {
  /** Dotted path into the settings, as problems name it. */
  place: string;
  name: string;
  schema: Schema;
  value: unknown;
  required: boolean;
  /** `undefined` takes the property out of the document. */
  onChange: (next: unknown) => void;
}

export const join = (place: string, name: string | number): string => (place ? `${place}.${name}` : String(name));
