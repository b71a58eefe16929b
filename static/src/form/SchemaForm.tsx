/** The editor of every node type that names no special one: its settings' schema as a form. */

import type { NodeEditorProps } from "../model/editing";
import { useSources } from "../store/sources";
import { ValueProvider } from "../ui/value/context";
import { SchemaFields } from "./SchemaFields";

export function SchemaForm(props: NodeEditorProps) {
  const { value, onChange, card, catalog, flow, onFlow, problems, readOnly } = props;
  const groups = useSources(props);
  return (
    <ValueProvider
      catalog={catalog}
      groups={groups}
      tables={flow.tables}
      readOnly={readOnly}
      onTable={(id, table) => onFlow({ tables: { ...flow.tables, [id]: table } })}
    >
      <SchemaFields
        schema={card.settings}
        value={value}
        onChange={onChange}
        problems={problems}
        readOnly={readOnly}
        node={props}
      />
    </ValueProvider>
  );
}
