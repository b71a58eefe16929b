/** What some policies of a two-way sync need besides: the state that decides, the rule set, the flow. */

import { Select, TagsInput } from "@mantine/core";

import type { ByState, Leaf, Names, Pair, SideName } from "../model/pairs";
import { valueText } from "../model/values";
import css from "./policy.module.css";

export interface Option {
  value: string;
  label: string;
}

interface Props {
  name: string;
  pair: Pair;
  names: Names;
  leaves: Record<SideName, Leaf[]>;
  /** The rule sets of the flow, and the flows that can decide. */
  rules: Option[];
  flows: Option[];
  readOnly: boolean;
  onChange: (change: Partial<Pair>) => void;
}

export function PolicyForm({ name, pair, names, leaves, rules, flows, readOnly, onChange }: Props) {
  if (pair.policy === "by_state" && pair.state) {
    return <State name={name} state={pair.state} names={names} leaves={leaves} readOnly={readOnly} onChange={(state) => onChange({ state })} />;
  }
  if (pair.policy === "rules") {
    return (
      <Select
        size="xs"
        label={`Rule set for ${name}`}
        description="It routes to left, right or ask."
        placeholder={rules.length ? "Choose one of this flow" : "This flow has no rule set yet"}
        readOnly={readOnly}
        data={rules}
        value={pair.rules ?? null}
        onChange={(next) => onChange({ rules: next })}
      />
    );
  }
  if (pair.policy === "flow") {
    const stray = pair.flow && !flows.some(({ value }) => value === pair.flow) ? [{ value: pair.flow, label: `${pair.flow} (not live)` }] : [];
    return (
      <Select
        size="xs"
        searchable
        label={`Flow that decides ${name}`}
        description="It begins with «A conflict» and ends in «Decide the conflict»."
        placeholder={flows.length ? "Choose one that is live" : "No live flow begins with a conflict yet"}
        readOnly={readOnly}
        data={[...stray, ...flows]}
        value={pair.flow ?? null}
        onChange={(next) => onChange({ flow: next })}
      />
    );
  }
  return null;
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
