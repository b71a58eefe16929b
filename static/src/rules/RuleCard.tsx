import { ActionIcon, Button, Menu, NumberInput, Switch, TextInput } from "@mantine/core";
import { IconArrowDown, IconArrowUp, IconChevronDown, IconDots, IconTrash } from "@tabler/icons-react";

import type { Entity, Problem } from "../model/flow";
import { plainNumber } from "../model/values";
import { ConditionBuilder } from "../ui/condition/ConditionBuilder";
import { useAround, useWords } from "../ui/value/context";
import { ActionRow } from "./ActionRow";
import { type Action, type ActionKind, ACTIONS, describeRule, type Rule, startAction } from "./ruleset";
import css from "./rules.module.css";

const USUAL: ActionKind[] = ["set", "choose", "route", "approve", "hold", "reject"];

interface Props {
  rule: Rule;
  index: number;
  count: number;
  open: boolean;
  problems: readonly Problem[];
  shape: Entity | null;
  ports: string[];
  onOpen: () => void;
  onChange: (next: Rule) => void;
  onMove: (to: number) => void;
  onRemove: () => void;
}

export function RuleCard({ rule, index, count, open, problems, shape, ports, onOpen, onChange, onMove, onRemove }: Props) {
  const { readOnly } = useAround();
  const words = useWords();
  const sentence = describeRule(rule, words);
  const enabled = rule.enabled ?? true;
  const add = (kind: ActionKind) => onChange({ ...rule, then: [...rule.then, startAction(kind)] });
  const setAction = (at: number, action: Action) => onChange({ ...rule, then: rule.then.with(at, action) });
  return (
    <section className={`${css.rule} ${enabled ? "" : css.off}`} aria-label={rule.title || rule.id}>
      <div className={css.ruleHead}>
        <span className={css.number}>{index + 1}</span>
        <button type="button" className={css.open} aria-expanded={open} onClick={onOpen}>
          <span className={css.title}>{rule.title || rule.id}</span>
          {plainNumber(rule.priority ?? 0) ? <span className={css.sentence}> · priority {plainNumber(rule.priority ?? 0)}</span> : null}
          {enabled ? null : <span className={css.sentence}> · switched off</span>}
          <p className={css.sentence}>
            <b>When</b> {sentence.when}, <b>then</b> {sentence.then}
            {rule.stop ? ", and look at no further rule." : /[.!?]$/.test(sentence.then) ? "" : "."}
          </p>
          {problems.map((problem) => (
            <p key={problem.code + problem.message} className={css.error}>
              {[problem.message, problem.cure].filter(Boolean).join(" ")}
            </p>
          ))}
        </button>
        <Switch
          size="xs"
          aria-label={`${rule.title || rule.id} is on`}
          disabled={readOnly}
          checked={enabled}
          mt={4}
          onChange={(event) => onChange({ ...rule, enabled: event.currentTarget.checked })}
        />
        <Menu position="bottom-end" withinPortal disabled={readOnly}>
          <Menu.Target>
            <ActionIcon variant="subtle" color="gray" disabled={readOnly} aria-label={`More for ${rule.title || rule.id}`}>
              <IconDots size={16} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item leftSection={<IconArrowUp size={15} />} disabled={index === 0} onClick={() => onMove(index - 1)}>
              Judge it earlier
            </Menu.Item>
            <Menu.Item leftSection={<IconArrowDown size={15} />} disabled={index === count - 1} onClick={() => onMove(index + 1)}>
              Judge it later
            </Menu.Item>
            <Menu.Item color="red" leftSection={<IconTrash size={15} />} onClick={onRemove}>
              Delete the rule
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      </div>
      {open ? (
        <div className={css.body}>
          <TextInput
            label="Name"
            readOnly={readOnly}
            value={rule.title ?? ""}
            onChange={(event) => onChange({ ...rule, title: event.currentTarget.value })}
          />
          <div className={css.part}>
            <h4>When</h4>
            <ConditionBuilder value={rule.when} sentence={false} onChange={(when) => onChange({ ...rule, when })} />
          </div>
          <div className={css.part}>
            <h4>Then</h4>
            {rule.then.map((action, at) => (
              <ActionRow
                key={at}
                action={action}
                shape={shape}
                ports={ports}
                onChange={(next) => setAction(at, next)}
                onRemove={() => onChange({ ...rule, then: rule.then.filter((_, other) => other !== at) })}
              />
            ))}
            {readOnly ? null : (
              <div className={css.adds}>
                {ACTIONS.filter((kind) => USUAL.includes(kind.value)).map((kind) => (
                  <Button key={kind.value} size="compact-xs" variant="light" onClick={() => add(kind.value)}>
                    {kind.label}
                  </Button>
                ))}
                <Menu position="bottom-start" withinPortal>
                  <Menu.Target>
                    <Button size="compact-xs" variant="subtle" color="gray" rightSection={<IconChevronDown size={13} />}>
                      more
                    </Button>
                  </Menu.Target>
                  <Menu.Dropdown>
                    {ACTIONS.filter((kind) => !USUAL.includes(kind.value)).map((kind) => (
                      <Menu.Item key={kind.value} onClick={() => add(kind.value)}>
                        {kind.label}
                      </Menu.Item>
                    ))}
                  </Menu.Dropdown>
                </Menu>
              </div>
            )}
          </div>
          <div className={css.order}>
            <Switch
              size="xs"
              label="When it applies, look at no further rule"
              disabled={readOnly}
              checked={rule.stop ?? false}
              onChange={(event) => onChange({ ...rule, stop: event.currentTarget.checked })}
            />
            <NumberInput
              size="xs"
              w={190}
              label="Priority"
              description="Lower is judged first; equal ones as they stand"
              allowDecimal={false}
              readOnly={readOnly}
              value={plainNumber(rule.priority ?? 0)}
              onChange={(priority) => onChange({ ...rule, priority: Number(priority) || 0 })}
            />
          </div>
        </div>
      ) : null}
    </section>
  );
}
