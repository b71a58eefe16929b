/** Conditions as people say them: groups of all, any and none, typed comparisons, and questions to lines. */

import { ActionIcon, Button, Menu, Select } from "@mantine/core";
import { IconArrowDown, IconArrowUp, IconDots, IconPlus, IconTrash } from "@tabler/icons-react";

import {
  addPart,
  asGroup,
  comparison,
  type Condition,
  countParts,
  describeCondition,
  isComparison,
  isFact,
  isLines,
  type Joiner,
  joinerOf,
  type LinesCondition,
  movePart,
  partAt,
  partsOf,
  type Place,
  setJoiner,
  setPart,
} from "../../model/condition";
import { fieldsBelow, flatten, type SourceGroup, sourcesOfLine } from "../../model/sources";
import { Choice } from "../Choice";
import { SourcesProvider, useAround, useWords } from "../value/context";
import { ComparisonRow } from "./ComparisonRow";
import { FactRow } from "./FactRow";
import css from "./condition.module.css";

const JOINER_WORDS: { value: Joiner; label: string }[] = [
  { value: "all", label: "all of these are true" },
  { value: "any", label: "at least one is true" },
  { value: "none", label: "none of these is true" },
];

interface Props {
  value: Condition | null;
  onChange: (next: Condition) => void;
  /** Shown when there is no comparison yet: what that means here. */
  empty?: string;
  sentence?: boolean;
}

export function ConditionBuilder({ value, onChange, empty = "Always true so far. Add a comparison.", sentence = true }: Props) {
  const words = useWords();
  const root = asGroup(value);
  // A single comparison is shown in a group, but only becomes one when something is added beside it.
  const wrapped = value !== null && joinerOf(value) === null;
  const change = (next: Condition) => {
    const [only] = partsOf(next);
    onChange(wrapped && joinerOf(next) === "all" && partsOf(next).length === 1 && only ? only : next);
  };
  return (
    <div className={`${css.group} ${css.outer}`}>
      <GroupPart root={root} place={[]} onChange={change} empty={empty} />
      {sentence && countParts(value) > 0 ? <p className={css.sentence}>{describeCondition(value, words)}</p> : null}
    </div>
  );
}

interface PartProps {
  root: Condition;
  place: Place;
  onChange: (next: Condition) => void;
  empty?: string;
}

function GroupPart({ root, place, onChange, empty }: PartProps) {
  const { groups, readOnly, facts } = useAround();
  const group = place.reduce<Condition | undefined>((part, at) => part && partsOf(part)[at], root);
  const joiner = group && joinerOf(group);
  if (!group || !joiner) return null;
  const parts = partsOf(group);
  const lines = linesOf(groups);
  const first = groups[0]?.fields[0]?.path ?? "$";
  return (
    <>
      {parts.length > 1 || place.length ? (
        <div className={css.head}>
          <Choice
            label="How these belong together"
            width={190}
            data={JOINER_WORDS}
            value={joiner}
            readOnly={readOnly}
            onChange={(next) => onChange(setJoiner(root, place, next))}
          />
        </div>
      ) : null}
      {parts.length === 0 && empty ? <p className={css.none}>{empty}</p> : null}
      {parts.map((part, index) => (
        <div key={index} className={css.part}>
          <div className={css.body}>
            <PartBody root={root} part={part} place={[...place, index]} onChange={onChange} />
          </div>
          {readOnly ? null : <PartMenu root={root} place={[...place, index]} count={parts.length} onChange={onChange} />}
        </div>
      ))}
      {readOnly ? null : (
        <div className={css.adds}>
          <Button
            size="compact-xs"
            variant="light"
            leftSection={<IconPlus size={13} />}
            onClick={() => onChange(addPart(root, place, comparison(first)))}
          >
            Comparison
          </Button>
          <Button
            size="compact-xs"
            variant="subtle"
            color="gray"
            onClick={() => onChange(addPart(root, place, { any: [comparison(first)] }))}
          >
            Group
          </Button>
          {facts.length && !place.some((_, at) => isLines(partAt(root, place.slice(0, at)) ?? root)) ? (
            <Button
              size="compact-xs"
              variant="subtle"
              color="gray"
              onClick={() => onChange(addPart(root, place, { fact: facts[0] ?? "", op: "is", right: true }))}
            >
              What a rule concluded
            </Button>
          ) : null}
          {lines.length ? (
            <Button
              size="compact-xs"
              variant="subtle"
              color="gray"
              onClick={() =>
                onChange(
                  addPart(root, place, {
                    lines: lines[0]?.path ?? "$",
                    quantifier: "any",
                    where: { all: [comparison(firstOfLine(lines[0]?.field.fields))] },
                  }),
                )
              }
            >
              Question to the lines
            </Button>
          ) : null}
        </div>
      )}
    </>
  );
}

function PartBody({ root, part, place, onChange }: PartProps & { part: Condition }) {
  if (isComparison(part)) return <ComparisonRow value={part} onChange={(next) => onChange(setPart(root, place, next))} />;
  if (isLines(part)) return <LinesPart part={part} onChange={(next) => onChange(setPart(root, place, next))} />;
  if (isFact(part)) return <FactRow value={part} onChange={(next) => onChange(setPart(root, place, next))} />;
  return (
    <div className={css.group}>
      <GroupPart root={root} place={place} onChange={onChange} empty="Empty group: add a comparison or remove it." />
    </div>
  );
}

function LinesPart({ part, onChange }: { part: LinesCondition; onChange: (next: Condition) => void }) {
  const { groups, readOnly } = useAround();
  const lines = linesOf(groups);
  const found = lines.find((line) => line.path === part.lines);
  const inside = found
    ? sourcesOfLine(found, `A line of ${found.title}`, groups, { data: Array.isArray(found.value) ? found.value[0] : null })
    : groups;
  return (
    <div className={css.group}>
      <div className={css.head}>
        <Choice
          label="How many lines"
          width={120}
          data={[
            { value: "any", label: "Any line" },
            { value: "every", label: "Every line" },
            { value: "none", label: "No line" },
          ]}
          value={part.quantifier}
          readOnly={readOnly}
          onChange={(next) => onChange({ ...part, quantifier: next })}
        />
        of
        <Select
          size="xs"
          aria-label="Which lines"
          allowDeselect={false}
          readOnly={readOnly}
          data={[
            ...lines.map((line) => ({ value: line.path, label: line.title })),
            ...(found ? [] : [{ value: part.lines, label: part.lines }]),
          ]}
          value={part.lines}
          onChange={(next) => next && onChange({ ...part, lines: next })}
        />
        where
      </div>
      <SourcesProvider groups={inside}>
        <ConditionBuilder value={part.where} onChange={(where) => onChange({ ...part, where })} sentence={false} />
      </SourcesProvider>
    </div>
  );
}

function PartMenu({ root, place, count, onChange }: PartProps & { count: number }) {
  const index = place.at(-1) ?? 0;
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" mt={7} aria-label={`More for comparison ${index + 1}`}>
          <IconDots size={16} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item leftSection={<IconArrowUp size={15} />} disabled={index === 0} onClick={() => onChange(movePart(root, place, -1))}>
          Move up
        </Menu.Item>
        <Menu.Item
          leftSection={<IconArrowDown size={15} />}
          disabled={index === count - 1}
          onClick={() => onChange(movePart(root, place, 1))}
        >
          Move down
        </Menu.Item>
        <Menu.Item color="red" leftSection={<IconTrash size={15} />} onClick={() => onChange(setPart(root, place, null))}>
          Remove
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

function linesOf(groups: SourceGroup[]) {
  return groups.flatMap((group) => flatten(group.fields)).filter((field) => field.field.type === "lines");
}

function firstOfLine(fields: Parameters<typeof fieldsBelow>[1] | undefined): string {
  return fieldsBelow("$", fields ?? [], { data: null })[0]?.path ?? "$";
}
