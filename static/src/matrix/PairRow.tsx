/** One pair of fields: both fields, the way between them, who decides, how it is translated; and all of it in a sentence. */

import { ActionIcon, Checkbox, Select, Tooltip } from "@mantine/core";
import { IconArrowLeft, IconArrowRight, IconArrowsExchange, IconDots, IconTrash } from "@tabler/icons-react";
import { useState, type KeyboardEvent } from "react";

import type { Flow, Problem } from "../model/flow";
import { PairDetails } from "./PairDetails";
import { type Leaf, type Names, nextWay, type Pair, POLICIES, policyText, sentenceOf, type SideName, wayText } from "../model/pairs";
import css from "./matrix.module.css";

interface Props {
  at: number;
  pair: Pair;
  names: Names;
  leaves: Record<SideName, Leaf[]>;
  flow: Flow;
  problems: Problem[];
  tolerance: number;
  drift: string;
  picked: boolean;
  readOnly: boolean;
  onPick: (on: boolean) => void;
  onChange: (change: Partial<Pair>) => void;
  onRemove: () => void;
  onStep: (column: string, by: number) => void;
}

const GLYPHS = { both: IconArrowsExchange, to_right: IconArrowRight, to_left: IconArrowLeft };
const OWN = " none";

export function PairRow(props: Props) {
  const { at, pair, names, leaves, flow, problems, tolerance, drift, picked, readOnly, onPick, onChange, onRemove, onStep } = props;
  const [open, setOpen] = useState(false);
  const direction = pair.direction ?? "both";
  const Glyph = GLYPHS[direction];
  const title = titleOf(leaves.left, pair.left) || titleOf(leaves.right, pair.right) || "This pair";
  const name = pair.left ? title : `pair ${at + 1}`;
  const tables = Object.entries(flow.tables);
  const step = (event: KeyboardEvent) => {
    const column = (event.target as HTMLElement).closest("[data-column]")?.getAttribute("data-column");
    if (!event.altKey || !column || (event.key !== "ArrowUp" && event.key !== "ArrowDown")) return;
    event.preventDefault();
    event.stopPropagation();
    onStep(column, event.key === "ArrowUp" ? -1 : 1);
  };
  return (
    <div className={css.pair} role="row" data-row={at} data-picked={picked} onKeyDownCapture={step}>
      <div className={css.line} data-fixed={readOnly} data-translated={tables.length > 0}>
        {readOnly ? null : (
          <span role="cell" className={css.pick}>
            <Checkbox aria-label={`Choose ${name}`} checked={picked} onChange={(event) => onPick(event.currentTarget.checked)} />
          </span>
        )}
        <FieldCell {...props} side="left" />
        <span role="cell" data-column="direction" className={css.way}>
          <Tooltip label={wayText(direction, names)}>
            <ActionIcon
              variant="default"
              disabled={readOnly}
              aria-label={`Direction of ${name}: ${wayText(direction, names)}`}
              onClick={() => onChange({ direction: nextWay(direction, "Enter") })}
              onKeyDown={(event) => {
                if ((event.key !== "ArrowLeft" && event.key !== "ArrowRight") || event.altKey) return;
                event.preventDefault();
                onChange({ direction: nextWay(direction, event.key) });
              }}
            >
              <Glyph size={16} />
            </ActionIcon>
          </Tooltip>
        </span>
        <FieldCell {...props} side="right" />
        <span role="cell" data-column="policy" className={css.policy}>
          <Select
            size="xs"
            aria-label={`When both changed ${name}`}
            allowDeselect={false}
            readOnly={readOnly}
            disabled={direction !== "both"}
            data={POLICIES.map((one) => ({ value: one, label: policyText(one, names) }))}
            value={direction === "both" ? (pair.policy ?? "ask") : null}
            placeholder={`${direction === "to_right" ? names.left : names.right} owns it`}
            onChange={(next) => next && onChange({ policy: next })}
          />
        </span>
        {tables.length ? (
          <span role="cell" data-column="table" className={css.translation}>
            <Select
              size="xs"
              aria-label={`Translate ${name}`}
              allowDeselect={false}
              readOnly={readOnly}
              data={[{ value: OWN, label: "As it is" }, ...tables.map(([id, table]) => ({ value: id, label: `By ${table.title || id}` }))]}
              value={pair.table?.table || OWN}
              onChange={(next) => onChange({ table: next && next !== OWN ? { table: next } : null })}
            />
          </span>
        ) : null}
        {readOnly ? null : (
          <span role="cell" className={css.remove}>
            <ActionIcon variant="subtle" color="gray" aria-label={`More about ${name}`} aria-expanded={open} onClick={() => setOpen(!open)}>
              <IconDots size={15} />
            </ActionIcon>
            <ActionIcon variant="subtle" color="gray" aria-label={`Remove ${name}`} onClick={onRemove}>
              <IconTrash size={15} />
            </ActionIcon>
          </span>
        )}
      </div>
      <PairDetails {...props} name={name} open={open} />
      {problems.length ? (
        problems.map((problem) => (
          <p key={problem.code + (problem.field ?? "")} className={css.error}>
            {[problem.message, problem.cure].filter(Boolean).join(" ")}
          </p>
        ))
      ) : (
        <p className={css.sentence}>{sentenceOf(pair, names, title, tolerance, drift)}</p>
      )}
    </div>
  );
}

function FieldCell({ side, at, pair, names, leaves, readOnly, problems, onChange }: Props & { side: SideName }) {
  const given = pair[side];
  const twice = new Set(leaves[side].map((leaf) => leaf.title).filter((title, place, all) => all.indexOf(title) !== place));
  const items = leaves[side].map((leaf) => ({ value: leaf.name, label: twice.has(leaf.title) ? `${leaf.title} · ${leaf.name}` : leaf.title }));
  const stray = given && !items.some((item) => item.value === given) ? [{ value: given, label: given }] : [];
  return (
    <span role="cell" data-column={side} className={css[side]}>
      <Select
        size="xs"
        searchable
        title={given}
        allowDeselect={false}
        limit={200}
        aria-label={`Field ${at + 1} in ${names[side]}`}
        placeholder={`Field in ${names[side]}`}
        nothingFoundMessage={`${names[side]} has no such field.`}
        readOnly={readOnly}
        error={problems.some((problem) => problem.field === `fields.${at}.${side}`)}
        data={[...stray, ...items]}
        value={given || null}
        onChange={(next) => next && onChange(side === "left" ? { left: next } : { right: next })}
      />
    </span>
  );
}

const titleOf = (leaves: readonly Leaf[], name: string): string => leaves.find((leaf) => leaf.name === name)?.title ?? name;
