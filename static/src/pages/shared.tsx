/** An entry of the library with the editor of its kind, as a step would have it. */

import { useParams } from "react-router";

import { type SharedEntry, useLibrary } from "../api/library";
import { useCatalog } from "../api/queries";
import { LookupEditor } from "../library/LookupEditor";
import { SharedPage, type SharedEditorProps } from "../library/SharedPage";
import type { NodeEditorProps } from "../model/editing";
import type { Catalog, Flow, LookupTable, NodeType } from "../model/flow";
import { Rows } from "../ui/parts";
import { RulesEditor } from "../rules/RulesEditor";
import { DecisionEditor } from "../tables/DecisionEditor";
import { OtherwiseList } from "../trial/OtherwiseList";
import { TryPanel } from "../trial/TryPanel";

const TYPES = { rules: "rules", decision: "table", lookup: "map" } as const;

export function Component() {
  const { slug = "" } = useParams();
  return <SharedPage key={slug} slug={slug} Editor={SharedEditor} Records={OtherwiseList} />;
}

function SharedEditor(props: SharedEditorProps) {
  const catalog = useCatalog();
  const library = useLibrary();
  if (!catalog.data) return <Rows />;
  const { detail, document } = props;
  if (detail.kind === "lookup") return <LookupEditor {...props} />;
  const around = asStep(props, catalog.data, tablesOf(library.data ?? []));
  if (!around) return null;
  const trying = { ...around, flow: { ...around.flow, tables: {} } };
  return detail.kind === "rules" ? (
    <>
      <RulesEditor {...around} />
      <TryPanel {...trying} kind="rules" document={document} typedOnly />
    </>
  ) : (
    <>
      <DecisionEditor {...around} shared />
      <TryPanel {...trying} kind="tables" document={document} typedOnly />
    </>
  );
}

/** What rules of the library can look up: its tables, by their heads. */
function tablesOf(entries: readonly SharedEntry[]): Flow["tables"] {
  const rates = { to: "", rate: "", type: "", digits: {}, usual: 2, inverse: false };
  const heads = entries
    .filter((entry) => entry.kind === "lookup")
    .map((entry): [string, LookupTable] => [
      `shared:${entry.slug}`,
      { title: entry.title, columns: entry.columns, rows: [], description: "", rates: entry.rates ? rates : null },
    ]);
  return Object.fromEntries(heads);
}

/** The entry as the settings of a step that stands alone. */
function asStep(
  { detail, document, onChange, problems, readOnly }: SharedEditorProps,
  catalog: Catalog,
  tables: Flow["tables"],
): NodeEditorProps | null {
  const type = TYPES[detail.kind];
  const card: NodeType | undefined = catalog.nodes.find((one) => one.type === type);
  if (!card) return null;
  const place = detail.kind === "rules" ? "rules" : "table";
  const node = { id: detail.slug, type, version: card.version, title: detail.title, settings: { [place]: document }, note: "", disabled: false };
  return {
    value: node.settings,
    onChange: (settings) => onChange(settings[place] as typeof document),
    node,
    card,
    catalog,
    flow: { ...NOWHERE, nodes: [node], tables },
    onFlow: () => undefined,
    bindings: {},
    onBind: () => undefined,
    shapeIn: detail.shape,
    sample: null,
    problems: problems.map((problem) => ({ ...problem, field: `${place}.${problem.field ?? ""}` })),
    focusField: null,
    readOnly,
  };
}

const NOWHERE: Flow = {
  heddle: 1,
  name: "",
  description: "",
  slots: {},
  nodes: [],
  edges: [],
  tables: {},
  rules: {},
  policy: { lanes: 1, batch_size: 200, retry_minutes: [1], sample_size: 10 },
  layout: {},
};
