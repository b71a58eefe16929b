/** A list field of the target: which lines of the source fill it, and the mapping of one line. */

import { ActionIcon, Select } from "@mantine/core";
import { IconChevronDown, IconChevronRight, IconList } from "@tabler/icons-react";
import { type ComponentType, useState } from "react";

import type { Field } from "../model/flow";
import { flatten, plainField, type SourceField, sourcesOfLine } from "../model/sources";
import { ConditionBuilder } from "../ui/condition/ConditionBuilder";
import { SourcesProvider, useAround } from "../ui/value/context";
import { problemPlace, useMapper } from "./context";
import { useDrop } from "./drop";
import { type LinesRow, type Place, type Row, setRow, type Target } from "./mapping";
import { RowMenu, TargetName } from "./MappingRow";
import { placeKey } from "./results";
import css from "./mapper.module.css";

interface Props {
  row: LinesRow;
  place: Place;
  target: Target | undefined;
  count: number;
  Rows: ComponentType<{ rows: Row[]; place: Place; fields: readonly Field[]; line: string | null }>;
}

export function LinesPart({ row, place, target, count, Rows }: Props) {
  const { rows, onRows, readOnly, problems, filtersLines } = useMapper();
  const { groups } = useAround();
  const [open, setOpen] = useState(true);
  const list = row.lines.replace(/\[\*\]$/, "");
  const lists = groups.flatMap((group) => flatten(group.fields)).filter((field) => field.field.type === "lines");
  const source = lists.find((field) => field.path === list);
  const lines: SourceField = source ?? { path: list, title: list, field: plainField(list, list, "lines"), value: null, children: [] };
  const first: unknown = Array.isArray(lines.value) ? lines.value[0] : null;
  const inside = sourcesOfLine(lines, `A line of ${lines.title}`, groups, { data: first });
  const set = (next: LinesRow) => onRows(setRow(rows, place, next));
  const drop = useDrop(null, (path) => set({ ...row, lines: path }));
  const where = problemPlace(place);
  const problem = problems.find((one) => one.field === `${where}.lines` || one.field === `${where}.target`);
  return (
    <div className={css.lines} data-target={placeKey(place)}>
      <div className={css.linesHead} {...drop.handlers}>
        <ActionIcon variant="subtle" color="gray" aria-expanded={open} aria-label={`${open ? "Close" : "Open"} ${row.target}`} onClick={() => setOpen(!open)}>
          {open ? <IconChevronDown size={15} /> : <IconChevronRight size={15} />}
        </ActionIcon>
        <TargetName target={target} name={row.target} />
        <span className={css.quiet}>one for each of</span>
        <Select
          size="xs"
          aria-label="Lines of the source"
          leftSection={<IconList size={14} />}
          placeholder="Choose a list"
          searchable
          readOnly={readOnly}
          allowDeselect={false}
          data={[
            ...lists.map((field) => ({ value: field.path, label: field.title })),
            ...(source || list === "$" ? [] : [{ value: list, label: list }]),
          ]}
          value={list === "$" ? null : list}
          onChange={(next) => next && set({ ...row, lines: next })}
        />
        <span className={css.quiet}>{row.rows.length === 1 ? "1 field" : `${row.rows.length} fields`}</span>
        <RowMenu row={row} place={place} count={count} inLine={false} />
      </div>
      {problem ? <p className={css.below}>{[problem.message, problem.cure].filter(Boolean).join(" ")}</p> : null}
      {open ? (
        <div className={css.inner}>
          <SourcesProvider groups={inside}>
            {filtersLines ? (
              <div style={{ marginBottom: 12 }}>
                <div className={css.section}>Only lines where</div>
                <ConditionBuilder value={row.where ?? null} empty="All lines. Add a comparison to take only some." onChange={(next) => set({ ...row, where: next })} />
              </div>
            ) : null}
            <Rows rows={row.rows} place={place} fields={target?.field.fields ?? []} line={list} />
          </SourcesProvider>
        </div>
      ) : null}
    </div>
  );
}
