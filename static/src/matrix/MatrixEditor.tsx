/** Which fields are kept equal, which way, and who decides when both sides changed one: a row a pair. */

import { Button, Checkbox, Select } from "@mantine/core";
import { IconArrowsExchange, IconPlus } from "@tabler/icons-react";
import { useRef, useState, type ReactNode } from "react";

import { useEntity } from "../api/queries";
import type { NodeEditorProps } from "../model/editing";
import type { Json } from "../model/flow";
import { plainNumber, valueText } from "../model/values";
import { Proposals } from "../ui/list/Proposals";
import { EmptyState } from "../ui/parts";
import { PairRow } from "./PairRow";
import { changed, leavesOf, type Names, type Pair, PLAIN, type Policy, policyText, type SideName, suggestPairs } from "../model/pairs";
import css from "./matrix.module.css";

interface Props extends NodeEditorProps {
  /** The form of one side, and of the settings beside the pairs. */
  side: (name: SideName, title: string) => ReactNode;
  rest: ReactNode;
}

export function MatrixEditor({ side, rest, ...props }: Props) {
  const { value, onChange, flow, bindings, problems, readOnly, focusField } = props;
  const pairs = (Array.isArray(value["fields"]) ? value["fields"] : []) as Pair[];
  const [picked, setPicked] = useState<ReadonlySet<number>>(new Set());
  const table = useRef<HTMLDivElement>(null);
  const sides = { left: sideOf(value["left"]), right: sideOf(value["right"]) };
  const left = useEntity(bindings[sides.left.slot], sides.left.entity || null).data;
  const right = useEntity(bindings[sides.right.slot], sides.right.entity || null).data;
  const leaves = { left: leavesOf(left?.fields ?? []), right: leavesOf(right?.fields ?? []) };
  const names: Names = {
    left: flow.slots[sides.left.slot]?.title || sides.left.slot || "the left side",
    right: flow.slots[sides.right.slot]?.title || sides.right.slot || "the right side",
  };
  const save = (next: Pair[]) => onChange({ ...value, fields: next });
  const setRow = (at: number, change: Partial<Pair>) => save(pairs.map((pair, place) => (place === at ? changed(pair, change) : pair)));
  const add = (more: Pair[]) => save([...pairs, ...more]);
  const remove = (gone: ReadonlySet<number>) => {
    setPicked(new Set());
    save(pairs.filter((_, at) => !gone.has(at)));
  };
  const chosen = new Set([...picked].filter((at) => at < pairs.length));
  const offers = readOnly ? [] : suggestPairs(leaves.left, leaves.right, pairs);
  const ready = sides.left.entity !== "" && sides.right.entity !== "";
  return (
    <div className={css.editor}>
      <div className={css.sides}>
        {(["left", "right"] as const).map((name) => (
          <details key={name} className={css.side} open={!sides[name].entity || (focusField?.startsWith(`${name}.`) ?? false)}>
            <summary>
              <span>{name === "left" ? "Left side" : "Right side"}</span>
              <strong>{sides[name].entity ? `${names[name]}: ${(name === "left" ? left : right)?.title ?? sides[name].entity}` : "Choose it"}</strong>
            </summary>
            {side(name, names[name])}
          </details>
        ))}
      </div>
      {ready ? (
        <section aria-label="Fields kept equal">
          <Proposals
            label="Suggested pairs"
            count={offers.length === 1 ? "1 pair looks alike" : `${offers.length} pairs look alike`}
            proposals={offers}
            name={(offer) => offer.title}
            onTake={(some) => add(some.map((offer) => offer.pair))}
          />
          {pairs.length ? (
            <div ref={table} className={css.table} role="table" aria-label="Pairs of fields">
              <Bulk
                count={chosen.size}
                all={pairs.length}
                names={names}
                readOnly={readOnly}
                onAll={(on) => setPicked(new Set(on ? pairs.keys() : []))}
                onPolicy={(policy) => save(pairs.map((pair, at) => (chosen.has(at) ? changed(pair, { policy }) : pair)))}
                onRemove={() => remove(chosen)}
              />
              {pairs.map((pair, at) => (
                <PairRow
                  key={at}
                  at={at}
                  pair={pair}
                  names={names}
                  leaves={leaves}
                  flow={flow}
                  problems={problems.filter(({ field }) => field === `fields.${at}` || field?.startsWith(`fields.${at}.`))}
                  tolerance={plainNumber(value["tolerance_seconds"] ?? 300)}
                  drift={valueText(value["drift"]) || "restore"}
                  picked={chosen.has(at)}
                  readOnly={readOnly}
                  onPick={(on) => setPicked(new Set(on ? [...chosen, at] : [...chosen].filter((one) => one !== at)))}
                  onChange={(change) => setRow(at, change)}
                  onRemove={() => remove(new Set([at]))}
                  onStep={(column, by) => focusCell(table.current, at + by, column)}
                />
              ))}
            </div>
          ) : (
            <EmptyState icon={IconArrowsExchange} title="No fields are kept equal yet">
              Take the pairs that look alike, or add them one by one. A change on one side always gets through; the policy
              speaks only where both sides changed the same field.
            </EmptyState>
          )}
          {readOnly ? null : (
            <Button
              mt={10}
              variant="default"
              leftSection={<IconPlus size={15} />}
              onClick={() => {
                add([{ left: "", right: "", direction: "both", policy: "ask" }]);
                requestAnimationFrame(() => focusCell(table.current, pairs.length, "left"));
              }}
            >
              Pair of fields
            </Button>
          )}
        </section>
      ) : (
        <p className={css.hint}>Choose the connection and the object of both sides; then their fields are offered here.</p>
      )}
      {rest}
    </div>
  );
}

function sideOf(side: unknown): { slot: string; entity: string } {
  const known = (side ?? {}) as Json;
  return { slot: valueText(known["slot"]), entity: valueText(known["entity"]) };
}

/** Alt with an arrow goes to the same column of the row above or below. */
function focusCell(table: HTMLElement | null, row: number, column: string): void {
  const cell = table?.querySelector<HTMLElement>(`[data-row="${row}"] [data-column="${column}"]`);
  (cell?.matches("input, button") ? cell : cell?.querySelector<HTMLElement>("input, button"))?.focus();
}

interface BulkProps {
  count: number;
  all: number;
  names: Names;
  readOnly: boolean;
  onAll: (on: boolean) => void;
  onPolicy: (policy: Policy) => void;
  onRemove: () => void;
}

function Bulk({ count, all, names, readOnly, onAll, onPolicy, onRemove }: BulkProps) {
  if (readOnly) return null;
  return (
    <div className={css.bulk} role="row">
      <span role="cell">
        <Checkbox
          label={count ? `${count} of ${all} chosen` : (all === 1 ? "1 pair" : `${all} pairs`)}
          aria-label="Choose all pairs"
          checked={count === all}
          indeterminate={count > 0 && count < all}
          onChange={(event) => onAll(event.currentTarget.checked)}
        />
      </span>
      {count ? (
        <span role="cell" className={css.acts}>
          <Select
            size="xs"
            aria-label="Policy for the chosen pairs"
            placeholder="When both changed them …"
            value={null}
            data={PLAIN.map((one) => ({ value: one, label: policyText(one, names) }))}
            onChange={(next) => next && onPolicy(next)}
          />
          <Button size="compact-xs" variant="default" onClick={onRemove}>
            Remove
          </Button>
        </span>
      ) : null}
    </div>
  );
}
