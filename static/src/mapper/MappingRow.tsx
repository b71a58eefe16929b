/** One target field: its value, when it is written, and what it gives for the sample. */

import { ActionIcon, Menu } from "@mantine/core";
import { IconArrowDown, IconArrowUp, IconCheck, IconDots, IconTrash } from "@tabler/icons-react";
import type { ReactNode } from "react";

import { spelled } from "../model/condition";
import { ValueEditor } from "../ui/value/ValueEditor";
import { problemPlace, reach, useMapper } from "./context";
import { useDrop } from "./drop";
import { mapPath, moveRow, type Place, rowAt, type Row, setRow, setWhen, type Target, type ValueRow, type When } from "./mapping";
import { ResultCell } from "./ResultCell";
import { placeKey } from "./results";
import css from "./mapper.module.css";

export const WHEN: { value: When; label: string; short: string }[] = [
  { value: "always", label: "Always", short: "" },
  { value: "create", label: "Only when it is created", short: "when created" },
  { value: "update", label: "Only when it is updated", short: "when updated" },
  { value: "not_empty", label: "Only when there is a value", short: "when not empty" },
];

interface Props {
  row: ValueRow;
  place: Place;
  target: Target | undefined;
  line: string | null;
  count: number;
  /** It has just been added, and asks at once for its value. */
  fresh: boolean;
}

export function MappingRow({ row, place, target, line, count, fresh }: Props) {
  const { rows, onRows, results, problems, armed, arm } = useMapper();
  const where = problemPlace(place);
  const problem = problems.find((one) => one.field === where || one.field?.startsWith(`${where}.`));
  const found = results.get(placeKey(place));
  const error = found?.find((one) => one.error)?.error;
  const take = (path: string) => {
    const [next] = mapPath([row], row.target, path);
    if (next) onRows(setRow(rows, place, next));
    arm(null);
  };
  const drop = useDrop(line, take);
  const offered = armed ? reach(armed, line) : null;
  return (
    <div
      className={`${css.row} ${drop.over ? css.over : ""} ${offered ? css.target : ""}`}
      data-target={placeKey(place)}
      {...drop.handlers}
    >
      <TargetName target={target} name={row.target} onClick={offered ? () => take(offered) : undefined} />
      <div className={css.cell}>
        <ValueEditor
          label={target?.title ?? row.target}
          type={target?.field.type}
          choices={target?.field.choices}
          value={row.value}
          bad={Boolean(problem)}
          fresh={fresh}
          onChange={(value) => onRows(setRow(rows, place, { ...row, value }))}
        />
      </div>
      <ResultCell results={found} />
      <RowMenu row={row} place={place} count={count} inLine={line !== null} />
      {problem ? <p className={css.below}>{[problem.message, problem.cure].filter(Boolean).join(" ")}</p> : null}
      {!problem && error?.cure ? <p className={css.below}>{error.cure}</p> : null}
    </div>
  );
}

interface NameProps {
  target: Target | undefined;
  name: string;
  onClick?: (() => void) | undefined;
  children?: ReactNode;
}

export function TargetName({ target, name, onClick, children }: NameProps) {
  const field = target?.field;
  const content = (
    <>
      <strong title={field?.description || name}>
        {target?.title ?? name}
        {field?.required ? <span className={css.star} title="Required"> *</span> : null}
      </strong>
      <small>
        {target && target.title !== name ? `${name} · ` : ""}
        {field ? field.type : "not a known field"}
        {field?.max_length ? ` · up to ${field.max_length}` : ""}
      </small>
      {children}
    </>
  );
  if (!onClick) return <div className={css.name}>{content}</div>;
  return (
    <button type="button" className={css.name} style={{ all: "unset", cursor: "pointer", minWidth: 0 }} onClick={onClick} aria-label={`Map to ${target?.title ?? name}`}>
      <span className={css.name}>{content}</span>
    </button>
  );
}

export function RowMenu({ row, place, count, inLine }: { row: Row; place: Place; count: number; inLine: boolean }) {
  const { rows, onRows, readOnly } = useMapper();
  const when = spelled(row.when ?? "always");
  const index = place.at(-1) ?? 0;
  const short = WHEN.find((one) => one.value === when)?.short;
  if (readOnly) return short ? <span className={css.when}>{short}</span> : <span />;
  const offered = WHEN.filter((one) => !inLine || one.value === "always" || one.value === "not_empty" || one.value === when);
  return (
    <div style={{ display: "flex", alignItems: "center", gap: 4 }}>
      {short ? <span className={css.when}>{short}</span> : null}
      <Menu position="bottom-end" withinPortal>
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" aria-label={`More for ${row.target}`}>
            <IconDots size={16} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>Write it</Menu.Label>
          {offered.map((one) => (
            <Menu.Item
              key={one.value}
              leftSection={<IconCheck size={15} style={{ opacity: one.value === when ? 1 : 0 }} />}
              onClick={() => {
                const now = rowAt(rows, place);
                if (now) onRows(setRow(rows, place, setWhen(now, one.value)));
              }}
            >
              {one.label}
            </Menu.Item>
          ))}
          <Menu.Divider />
          <Menu.Item leftSection={<IconArrowUp size={15} />} disabled={index === 0} onClick={() => onRows(moveRow(rows, place, -1))}>
            Move up
          </Menu.Item>
          <Menu.Item leftSection={<IconArrowDown size={15} />} disabled={index >= count - 1} onClick={() => onRows(moveRow(rows, place, 1))}>
            Move down
          </Menu.Item>
          <Menu.Item color="red" leftSection={<IconTrash size={15} />} onClick={() => onRows(setRow(rows, place, null))}>
            Take the row out
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </div>
  );
}
