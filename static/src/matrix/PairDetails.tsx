/** What some policies and translations need besides: the state that decides, the rule set, the column. */

import { Select, Switch, TagsInput } from "@mantine/core";

import type { Flow } from "../model/flow";
import { valueText } from "../model/values";
import type { ByState, Leaf, Names, Pair, SideName } from "./pairs";
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
  const rules = Object.entries(flow.rules);
  const policy = pair.direction && pair.direction !== "both" ? "owned" : pair.policy;
  if (policy !== "by_state" && policy !== "rules" && columns.length < 2 && !open) return null;
  return (
    <div className={css.details}>
      {policy === "by_state" && pair.state ? (
        <State name={name} state={pair.state} names={names} leaves={leaves} readOnly={readOnly} onChange={(state) => onChange({ state })} />
      ) : null}
      {policy === "rules" ? (
        <Select
          size="xs"
          label={`Rule set for ${name}`}
          description="It routes to left, right or ask."
          placeholder={rules.length ? "Choose one of this flow" : "This flow has no rule set yet"}
          readOnly={readOnly}
          data={rules.map(([id, set]) => ({ value: id, label: valueText(set["title"]) || id }))}
          value={pair.rules ?? null}
          onChange={(next) => onChange({ rules: next })}
        />
      ) : null}
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

interface StateProps extends Pick<Props, "name" | "names" | "leaves" | "readOnly"> {
  state: ByState;
  onChange: (state: ByState) => void;
}

/** "The CRM until it is invoiced, then the ERP." */
function State({ name, state, names, leaves, readOnly, onChange }: StateProps) {
  const sides = (["left", "right"] as const).map((side) => ({ value: side, label: names[side] }));
  const fields = leaves[state.side];
  const choices = fields.find((leaf) => leaf.name === state.field)?.field.choices ?? [];
  const stray = state.field && !fields.some((leaf) => leaf.name === state.field) ? [{ value: state.field, label: state.field }] : [];
  const shared = { size: "xs", readOnly, allowDeselect: false } as const;
  return (
    <>
      <Select
        {...shared}
        label="While in"
        aria-label={`Where the state of ${name} is read`}
        data={sides}
        value={state.side}
        onChange={(next) => next && onChange({ ...state, side: next, field: "" })}
      />
      <Select
        {...shared}
        searchable
        limit={200}
        label="the field"
        aria-label={`State of ${name}`}
        placeholder="Choose a field"
        data={[...stray, ...fields.map((leaf) => ({ value: leaf.name, label: leaf.title }))]}
        value={state.field || null}
        onChange={(next) => next && onChange({ ...state, field: next, values: [] })}
      />
      <TagsInput
        size="xs"
        readOnly={readOnly}
        label="is one of"
        aria-label={`States of ${name}`}
        placeholder={state.values.length ? "" : "Value, Enter"}
        data={choices.map((choice) => choice.value)}
        value={state.values.map(valueText)}
        onChange={(values) => onChange({ ...state, values })}
      />
      <Select
        {...shared}
        label="decides"
        aria-label={`Who decides ${name} then`}
        data={sides}
        value={state.then}
        onChange={(next) => next && onChange({ ...state, then: next, else: next === "left" ? "right" : "left" })}
      />
      <p className={css.sentence}>and otherwise {names[state.else]}.</p>
    </>
  );
}
