/** The rows of a mapping, or of the lines within it: what lacks first, then what is set, then what could be. */

import { Button, Select, TextInput } from "@mantine/core";
import { IconAlertTriangle, IconPlus } from "@tabler/icons-react";
import { useState } from "react";

import type { Field } from "../model/flow";
import { constant, path as pathValue } from "../model/value";
import { reach, useMapper } from "./context";
import { useDrop } from "./drop";
import { LinesPart } from "./LinesPart";
import { addRow, isLines, missing, type Place, type Row, type Target, targetsOf } from "./mapping";
import { MappingRow, TargetName } from "./MappingRow";
import { valueKindFits } from "./suggest";
import css from "./mapper.module.css";

interface Props {
  /** Rows at this place, and where they stand. */
  rows: Row[];
  place: Place;
  fields: readonly Field[];
  line: string | null;
}

export function RowsEditor({ rows, place, fields, line }: Props) {
  const { readOnly } = useMapper();
  const [fresh, setFresh] = useState<string | null>(null);
  const targets = targetsOf(fields);
  const lacking = missing(targets, rows);
  const by = new Map(targets.map((target) => [target.name, target]));
  return (
    <div>
      {lacking.length ? (
        <>
          <div className={css.section} style={{ color: "var(--held)" }}>
            <IconAlertTriangle size={15} aria-hidden />
            {lacking.length === 1 ? "1 required field has no value yet" : `${lacking.length} required fields have no value yet`}
          </div>
          <div className={css.list} style={{ marginBottom: 14 }}>
            {lacking.map((target) => (
              <OpenTarget key={target.name} target={target} place={place} line={line} lacking onEmpty={setFresh} />
            ))}
          </div>
        </>
      ) : null}
      {rows.length ? (
        <div className={css.list}>
          {rows.map((row, index) =>
            isLines(row) ? (
              <LinesPart
                key={`${row.target}.${index}`}
                row={row}
                place={[...place, index]}
                target={by.get(row.target)}
                count={rows.length}
                Rows={RowsEditor}
              />
            ) : (
              <MappingRow
                key={`${row.target}.${index}`}
                row={row}
                place={[...place, index]}
                target={by.get(row.target)}
                line={line}
                count={rows.length}
                fresh={fresh === row.target}
              />
            ),
          )}
        </div>
      ) : null}
      {readOnly ? null : (
        <AddTarget targets={targets.filter((target) => !rows.some((row) => row.target === target.name))} place={place} line={line} onEmpty={setFresh} />
      )}
    </div>
  );
}

/** A row that does what the armed source asks for, or starts empty for the field to be chosen. */
function startRow(target: string, field: Field | undefined, path: string | null): Row {
  if (field?.type === "lines" && field.fields.length) return { target, lines: path ?? "$", rows: [] };
  return { target, value: path ? pathValue(path) : constant("") };
}

function useAdd(place: Place, line: string | null, onEmpty: (target: string) => void) {
  const { rows, onRows, armed, arm } = useMapper();
  return (target: string, field: Field | undefined, dropped: string | null = null) => {
    const taken = dropped ?? (armed ? reach(armed, line) : null);
    if (!taken) onEmpty(target);
    onRows(addRow(rows, place, startRow(target, field, taken)));
    arm(null);
  };
}

interface OpenProps {
  target: Target;
  place: Place;
  line: string | null;
  lacking?: boolean;
  /** A row that starts empty has been added. */
  onEmpty: (target: string) => void;
}

function OpenTarget({ target, place, line, lacking = false, onEmpty }: OpenProps) {
  const { armed, readOnly } = useMapper();
  const add = useAdd(place, line, onEmpty);
  const drop = useDrop(line, (path) => add(target.name, target.field, path));
  const offered = armed ? reach(armed, line) : null;
  return (
    <div className={`${css.row} ${lacking ? css.lacking : ""} ${drop.over ? css.over : ""}`} {...drop.handlers}>
      <TargetName target={target} name={target.name} />
      <div className={css.cell}>
        {readOnly ? null : (
          <Button size="compact-xs" variant={offered ? "filled" : "default"} onClick={() => add(target.name, target.field)}>
            {offered ? `Take ${armed?.title ?? "it"}` : target.field.type === "lines" ? "Map its lines" : "Give it a value"}
          </Button>
        )}
      </div>
    </div>
  );
}

function AddTarget({ targets, place, line, onEmpty }: AddProps & { targets: Target[] }) {
  const { open } = useMapper();
  return (
    <>
      {targets.length ? <KnownTarget {...{ targets, place, line, onEmpty }} /> : null}
      {open || !targets.length ? <NewTarget {...{ place, line, onEmpty }} /> : null}
    </>
  );
}

type AddProps = Omit<OpenProps, "target" | "lacking">;

/** A field that the target is not known to have: typed. */
function NewTarget({ place, line, onEmpty }: AddProps) {
  const add = useAdd(place, line, onEmpty);
  const [name, setName] = useState("");
  return (
    <form
      style={{ display: "flex", gap: 8, marginTop: 10 }}
      onSubmit={(event) => {
        event.preventDefault();
        if (name) add(name, undefined);
        setName("");
      }}
    >
      <TextInput size="xs" aria-label="Name of the target field" placeholder="Name of another target field" value={name} onChange={(event) => setName(event.currentTarget.value)} />
      <Button size="xs" variant="default" type="submit" disabled={!name} leftSection={<IconPlus size={14} />}>
        Add
      </Button>
    </form>
  );
}

function KnownTarget({ targets, place, line, onEmpty }: AddProps & { targets: Target[] }) {
  const { armed } = useMapper();
  const add = useAdd(place, line, onEmpty);
  const drop = useDrop(line, () => undefined);
  return (
    <div style={{ marginTop: 10 }} {...drop.handlers}>
      <Select
        size="xs"
        searchable
        clearable={false}
        limit={300}
        leftSection={<IconPlus size={14} />}
        aria-label="Add a target field"
        placeholder={armed ? `Put ${armed.title} into …` : `Fill another field (${targets.length} to choose from)`}
        nothingFoundMessage="The target has no such field."
        data={targets
          .filter((target) => !armed || valueKindFits(target.field))
          .map((target) => ({
            value: target.name,
            label: target.title === target.name ? target.title : `${target.title} · ${target.name}`,
          }))}
        value={null}
        onChange={(picked) => {
          const target = targets.find((one) => one.name === picked);
          if (target) add(target.name, target.field);
        }}
      />
    </div>
  );
}
