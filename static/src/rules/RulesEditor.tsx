/** Rules of a step: a list of sentences in their order, each opened to its conditions and what follows. */

import { Button, SegmentedControl, Select } from "@mantine/core";
import { IconGavel, IconPlus, IconShieldCheck } from "@tabler/icons-react";
import { useState } from "react";

import type { NodeEditorProps } from "../model/editing";
import type { Json } from "../model/flow";
import { valueText } from "../model/values";
import { useSources } from "../store/sources";
import { EmptyState } from "../ui/parts";
import { ValueProvider } from "../ui/value/context";
import { ChecksDialog } from "./ChecksDialog";
import { RuleCard } from "./RuleCard";
import { factsOf, isReordered, moveRule, portsOf, removeRule, type RuleSet, setRule, startRule } from "./ruleset";
import css from "./rules.module.css";

const OWN = " own";
const EMPTY: RuleSet = { rules: [] };

export function RulesEditor(props: NodeEditorProps) {
  const { value, onChange, catalog, flow, shapeIn, onFlow, problems, readOnly } = props;
  const shared = valueText(value["rule_set"]);
  const set = ((shared ? flow.rules[shared] : value["rules"]) ?? EMPTY) as unknown as RuleSet;
  const [open, setOpen] = useState<string | null>(set.rules.length === 1 ? (set.rules[0]?.id ?? null) : null);
  const [choosing, setChoosing] = useState(false);
  const groups = useSources(props);

  /** A shared set lives in the flow, and the step names its ports so that edges have somewhere to start. */
  function save(next: RuleSet) {
    if (!shared) { onChange({ ...value, rules: next }); return; }
    onFlow({ rules: { ...flow.rules, [shared]: next as unknown as Json } });
    const routes = portsOf(next);
    if (JSON.stringify(routes) !== JSON.stringify(value["routes"] ?? [])) onChange({ ...value, routes });
  }

  function choose(picked: string) {
    if (picked === OWN) { onChange({ rules: set }); return; }
    const chosen = flow.rules[picked] as unknown as RuleSet;
    onChange({ rule_set: picked, routes: portsOf(chosen) });
  }

  const sets = Object.entries(flow.rules).filter(([id]) => !id.startsWith("shared:"));
  const add = () => {
    const rule = startRule(set);
    save({ ...set, rules: [...set.rules, rule] });
    setOpen(rule.id);
  };
  const general = problems.filter((problem) => !/^rules\.rules\.\d/.test(problem.field ?? ""));
  return (
    <ValueProvider
      catalog={catalog}
      groups={groups}
      tables={flow.tables}
      facts={factsOf(set)}
      readOnly={readOnly}
      onTable={(id, table) => onFlow({ tables: { ...flow.tables, [id]: table } })}
    >
      <div className={css.editor}>
        <div className={css.bar}>
          {sets.length && !shared.startsWith("shared:") ? (
            <Select
              size="xs"
              aria-label="Which rules"
              allowDeselect={false}
              readOnly={readOnly}
              data={[
                { value: OWN, label: "Rules of this step" },
                ...sets.map(([id, one]) => ({ value: id, label: valueText(one["title"]) || id })),
              ]}
              value={shared || OWN}
              onChange={(next) => next && choose(next)}
            />
          ) : null}
          <span className={css.spring} />
          {set.rules.length > 1 ? (
            <SegmentedControl
              size="xs"
              aria-label="How many rules may apply"
              readOnly={readOnly}
              value={set.policy ?? "all"}
              data={[
                { value: "all", label: "All that apply" },
                { value: "first", label: "Only the first" },
              ]}
              onChange={(policy) => save({ ...set, policy })}
            />
          ) : null}
        </div>
        {general.map((problem) => (
          <p key={problem.code + problem.message} className={css.error}>
            {[problem.message, problem.cure].filter(Boolean).join(" ")}
          </p>
        ))}
        {set.rules.length === 0 ? (
          <EmptyState
            icon={IconGavel}
            title="No rule yet"
            act={
              readOnly ? null : (
                <div className={css.bar} style={{ justifyContent: "center", marginTop: 8 }}>
                  <Button onClick={add}>Write the first rule</Button>
                  <Button variant="default" onClick={() => setChoosing(true)}>
                    Add a check
                  </Button>
                </div>
              )
            }
          >
            A rule says when it applies and what follows: “When the amount is more than 10,000, hold it for the CFO.”
            Every record is judged from the top down.
          </EmptyState>
        ) : (
          <div>
            {set.rules.map((rule, index) => (
              <RuleCard
                key={rule.id}
                rule={rule}
                index={index}
                count={set.rules.length}
                open={open === rule.id}
                problems={problems.filter((problem) => problem.field?.startsWith(`rules.rules.${index}.`) || problem.field === `rules.rules.${index}`)}
                shape={shapeIn}
                ports={portsOf(set)}
                onOpen={() => setOpen(open === rule.id ? null : rule.id)}
                onChange={(next) => save(setRule(set, index, next))}
                onMove={(to) => save(moveRule(set, index, to))}
                onRemove={() => save(removeRule(set, index))}
              />
            ))}
          </div>
        )}
        {isReordered(set) ? <p className={css.sentence}>Rules with a lower priority are judged first, wherever they stand.</p> : null}
        {set.rules.length && !readOnly ? (
          <div className={css.bar}>
            <Button variant="default" leftSection={<IconPlus size={15} />} onClick={add}>
              Rule
            </Button>
            <Button variant="default" leftSection={<IconShieldCheck size={15} />} onClick={() => setChoosing(true)}>
              Check
            </Button>
          </div>
        ) : null}
        {choosing ? (
          <ChecksDialog set={set} onAdd={(rule) => save({ ...set, rules: [...set.rules, rule] })} onClose={() => setChoosing(false)} />
        ) : null}
      </div>
    </ValueProvider>
  );
}
