/** What some pairs need besides: that of their policy, the column of a translation, how texts are compared. */

import { Select, Switch } from "@mantine/core";

import { useFlows } from "../api/queries";
import type { Flow } from "../model/flow";
import { valueText } from "../model/values";
import type { Leaf, Names, Pair, SideName } from "../model/pairs";
import { PolicyForm } from "../ui/PolicyForm";
import css from "./matrix.module.css";

interface Props {
  name: string;
  pair: Pair;
  names: Names;
  leaves: Record<SideName, Leaf[]>;
  flow: Flow;
  readOnly: boolean;
  /** Also what most pairs leave as it is. */
  open: boolean;
  onChange: (change: Partial<Pair>) => void;
}

export function PairDetails({ name, pair, names, leaves, flow, readOnly, open, onChange }: Props) {
  const columns = pair.table?.table ? (flow.tables[pair.table.table]?.columns.slice(1) ?? []) : [];
  const deciders = (useFlows().data ?? []).filter((one) => one.decides);
  const policy = pair.direction && pair.direction !== "both" ? "owned" : pair.policy;
  if (policy !== "by_state" && policy !== "rules" && policy !== "flow" && columns.length < 2 && !open) return null;
  return (
    <div role="cell" className={css.details}>
      {policy === "owned" ? null : (
        <PolicyForm
          name={name}
          pair={pair}
          names={names}
          leaves={leaves}
          rules={Object.entries(flow.rules).map(([id, set]) => ({ value: id, label: valueText(set["title"]) || id }))}
          flows={deciders.map(({ slug, name: label }) => ({ value: slug, label }))}
          readOnly={readOnly}
          onChange={onChange}
        />
      )}
      {columns.length > 1 && pair.table ? (
        <Select
          size="xs"
          label={`Column with what ${names.right} holds`}
          allowDeselect={false}
          readOnly={readOnly}
          data={columns}
          value={pair.table.column || (columns[0] ?? null)}
          onChange={(column) => column && pair.table && onChange({ table: { ...pair.table, column } })}
        />
      ) : null}
      {open ? (
        <Switch
          size="xs"
          label="Blanks around a text do not count"
          checked={pair.text === "trimmed"}
          disabled={readOnly}
          onChange={(event) => onChange({ text: event.currentTarget.checked ? "trimmed" : "exact" })}
        />
      ) : null}
    </div>
  );
}
