/** The pairs of a two-way sync with the ordinary forms of its two sides above and of the rest below. */

import { SchemaFields } from "../form/SchemaFields";
import { SchemaForm } from "../form/SchemaForm";
import { MatrixEditor } from "../matrix/MatrixEditor";
import type { NodeEditorProps } from "../model/editing";
import type { Json } from "../model/flow";

export function Matrix(props: NodeEditorProps) {
  const { card, value, onChange, problems, readOnly } = props;
  const properties = (card.settings["properties"] ?? {}) as Json;
  const kept = Object.fromEntries(Object.entries(properties).filter(([name]) => !["left", "right", "fields"].includes(name)));
  const rest = {
    ...props,
    card: { ...card, settings: { ...card.settings, properties: kept } },
    problems: problems.filter(({ field }) => !/^(left|right|fields)\b/.test(field ?? "")),
  };
  const defs = (card.settings["$defs"] ?? {}) as Record<string, Json>;
  return (
    <MatrixEditor
      {...props}
      rest={<SchemaForm {...rest} />}
      side={(name) => {
        const own = (value[name] ?? {}) as Json;
        const save = (next: Json) => onChange({ ...value, [name]: next });
        return (
          <SchemaFields
            schema={{ ...defs["Side"], $defs: defs }}
            value={own}
            onChange={save}
            readOnly={readOnly}
            problems={problems.flatMap((one) => (one.field?.startsWith(`${name}.`) ? [{ ...one, field: one.field.slice(name.length + 1) }] : []))}
            node={{ ...props, value: own, onChange: save }}
          />
        );
      }}
    />
  );
}
