/** Likely pairs of source and target: accepted one by one or all at once, never by themselves. */

import { Button, Collapse } from "@mantine/core";
import { IconArrowRight, IconSparkles } from "@tabler/icons-react";
import { useMemo, useState } from "react";

import type { Field } from "../model/flow";
import { fieldsBelow, flatten, type SourceGroup } from "../model/sources";
import { path } from "../model/value";
import { useMapper } from "./context";
import { addRow, isLines, type Place, type Row, rowAt, targetsOf } from "./mapping";
import { type Candidate, suggest, type Suggestion } from "./suggest";
import css from "./mapper.module.css";

interface Offer extends Suggestion {
  place: Place;
}

const SURE = 0.8;

export function Suggestions({ groups, fields }: { groups: SourceGroup[]; fields: readonly Field[] }) {
  const { rows, onRows, readOnly } = useMapper();
  const [open, setOpen] = useState(false);
  const offers = useMemo(() => offersFor(rows, groups, fields), [rows, groups, fields]);
  if (readOnly || offers.length === 0) return null;
  const sure = offers.filter((offer) => offer.score >= SURE);
  const take = (list: Offer[]) => onRows(list.reduce(accept, rows));
  return (
    <div className={css.suggestions}>
      <div className={css.bar}>
        <IconSparkles size={16} aria-hidden />
        <span>
          {offers.length === 1 ? "1 field looks like a match" : `${offers.length} fields look like a match`}
        </span>
        <span className={css.spring} />
        {sure.length && sure.length < offers.length ? (
          <Button size="compact-xs" variant="default" onClick={() => take(sure)}>
            Take the {sure.length} sure ones
          </Button>
        ) : null}
        <Button size="compact-xs" variant={sure.length === offers.length ? "filled" : "default"} onClick={() => take(offers)}>
          Take all
        </Button>
        <Button size="compact-xs" variant="subtle" aria-expanded={open} onClick={() => setOpen(!open)}>
          {open ? "Hide" : "Look at them"}
        </Button>
      </div>
      <Collapse expanded={open}>
        {offers.map((offer) => (
          <div key={`${offer.place.join(".")}:${offer.target.name}`} className={css.suggestion}>
            <span className={css.text}>
              {offer.candidate.title} <IconArrowRight size={13} aria-hidden style={{ verticalAlign: -2 }} />{" "}
              {offer.place.length ? "line: " : ""}
              {offer.target.title} <span className={css.quiet}>{offer.score >= SURE ? "very likely" : "possible"}</span>
            </span>
            <Button size="compact-xs" variant="default" onClick={() => take([offer])}>
              Take
            </Button>
          </div>
        ))}
      </Collapse>
    </div>
  );
}

function offersFor(rows: Row[], groups: SourceGroup[], fields: readonly Field[]): Offer[] {
  const incoming = flatten(groups[0]?.fields ?? []);
  const top = suggest(candidates(incoming), targetsOf(fields), rows).map((offer) => ({ ...offer, place: [] as Place }));
  const inner = rows.flatMap((row, index) => {
    const target = fields.find((field) => field.name === row.target);
    const source = isLines(row) ? incoming.find((field) => field.path === row.lines.replace(/\[\*\]$/, "")) : undefined;
    if (!isLines(row) || !target || !source) return [];
    const line = fieldsBelow("$", source.field.fields, { data: null });
    return suggest(candidates(flatten(line)), targetsOf(target.fields), row.rows).map((offer) => ({ ...offer, place: [index] }));
  });
  return [...top, ...inner];
}

function candidates(fields: ReturnType<typeof flatten>): Candidate[] {
  return fields.map((field) => ({ path: field.path, title: field.title, field: field.field }));
}

function accept(rows: Row[], { place, target, candidate }: Offer): Row[] {
  const around = place.length ? rowAt(rows, place) : undefined;
  if (place.length && !(around && isLines(around))) return rows;
  const lines = target.field.type === "lines" && target.field.fields.length > 0;
  const row: Row = lines
    ? { target: target.name, lines: candidate.path, rows: [] }
    : { target: target.name, value: path(candidate.path) };
  return addRow(rows, place, row);
}
