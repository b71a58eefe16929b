/** What every value editor below needs to know: sources, functions, operators, and the flow's tables. */

import { createContext, type ReactNode, useContext, useMemo } from "react";

import type { Catalog, FunctionCard, LookupTable, OperatorCard } from "../../model/flow";
import { parsePath } from "../../model/path";
import { fieldAt, type SourceField, type SourceGroup } from "../../model/sources";
import type { Words } from "../../model/condition";

export interface ValueAround {
  groups: SourceGroup[];
  functions: FunctionCard[];
  operators: OperatorCard[];
  tables: Readonly<Record<string, LookupTable>>;
  onTable: (id: string, table: LookupTable) => void;
  readOnly: boolean;
  /** What other rules conclude; a condition can ask for it. */
  facts: readonly string[];
}

const nowhere: ValueAround = {
  groups: [],
  functions: [],
  operators: [],
  tables: {},
  onTable: () => undefined,
  readOnly: true,
  facts: [],
};

const NO_FACTS: readonly string[] = [];
const ValueContext = createContext<ValueAround>(nowhere);

export const useAround = (): ValueAround => useContext(ValueContext);

interface ProviderProps extends Omit<ValueAround, "functions" | "operators" | "facts"> {
  facts?: readonly string[];
  catalog: Pick<Catalog, "functions" | "operators">;
  children: ReactNode;
}

export function ValueProvider({ catalog, groups, tables, onTable, readOnly, facts = NO_FACTS, children }: ProviderProps) {
  const around = useMemo(
    () => ({ groups, tables, onTable, readOnly, facts, functions: catalog.functions, operators: catalog.operators }),
    [groups, tables, onTable, readOnly, facts, catalog],
  );
  return <ValueContext.Provider value={around}>{children}</ValueContext.Provider>;
}

/** The same surroundings with other sources: inside a line. */
export function SourcesProvider({ groups, children }: { groups: SourceGroup[]; children: ReactNode }) {
  const outside = useAround();
  const around = useMemo(() => ({ ...outside, groups }), [outside, groups]);
  return <ValueContext.Provider value={around}>{children}</ValueContext.Provider>;
}

export interface PathName {
  title: string;
  /** Title of the earlier node that the value comes from, empty for the record itself. */
  from: string;
  source: SourceField | undefined;
}

/** How a path is called: titles from the shape, else its own words. */
export function namePath(groups: SourceGroup[], path: string): PathName {
  const source = fieldAt(groups, path);
  const group = groups.find((one) => fieldAt([one], path));
  if (source) return { title: source.title, from: group?.id.startsWith("$") ? "" : (group?.title ?? ""), source };
  const parsed = parsePath(path);
  if (path === "$") return { title: "the whole record", from: "", source };
  if (!parsed) return { title: path, from: "", source };
  const parts = parsed.parts.filter((part) => part !== "*");
  const [step, ...rest] = parts;
  const origin = parsed.root === "$steps" ? groups.find((one) => one.id === step)?.title : undefined;
  const names = parsed.root === "$steps" ? rest : parts;
  return { title: names.map(String).join(" › ") || path, from: origin ?? "", source };
}

/** Words for the sentences about values and conditions. */
export function useWords(): Words {
  const { groups, functions, operators } = useAround();
  return useMemo(
    () => ({
      path: (text: string) => namePath(groups, text).title,
      call: (name: string) => functions.find((one) => one.name === name)?.title,
      operator: (op: string) => operators.find((one) => one.op === op)?.title,
    }),
    [groups, functions, operators],
  );
}
