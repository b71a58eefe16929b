/** Likely pairs of source and target: accepted one by one or all at once, never by themselves. */

import { IconArrowRight } from "@tabler/icons-react";
import { useMemo } from "react";

import type { Entity } from "../model/flow";
import { fieldsBelow, flatten, type SourceGroup } from "../model/sources";
import { path } from "../model/value";
import { Proposals } from "../ui/list/Proposals";
import { useMapper } from "./context";
import { addRow, isLines, type Place, type Row, rowAt, targetsOf } from "./mapping";
import { type Candidate, suggest, type Suggestion } from "./suggest";

interface Offer extends Suggestion {
  place: Place;
}

export function Suggestions({ groups, target }: { groups: SourceGroup[]; target: Entity | undefined }) {
  const { rows, onRows, readOnly } = useMapper();
  const offers = useMemo(() => (readOnly || !target ? [] : offersFor(rows, groups, target)), [readOnly, rows, groups, target]);
  return (
    <Proposals
      label="Suggested fields"
      count={offers.length === 1 ? "1 field looks like a match" : `${offers.length} fields look like a match`}
      proposals={offers}
      name={(offer) => `${offer.candidate.title} for ${within(offer)}`}
      show={(offer) => (
        <>
          {offer.candidate.title} <IconArrowRight size={13} aria-hidden style={{ verticalAlign: -2 }} /> {within(offer)}
        </>
      )}
      onTake={(some) => onRows(some.reduce(accept, rows))}
    />
  );
}

const within = ({ place, target }: Offer): string => (place.length ? `line: ${target.title}` : target.title);

function offersFor(rows: Row[], groups: SourceGroup[], { title, name, fields }: Entity): Offer[] {
  const incoming = flatten(groups[0]?.fields ?? []);
  const top = suggest(candidates(incoming), targetsOf(fields), rows, title || name).map((offer) => ({ ...offer, place: [] as Place }));
  const inner = rows.flatMap((row, index) => {
    const target = fields.find((field) => field.name === row.target);
    const source = isLines(row) ? incoming.find((field) => field.path === row.lines.replace(/\[\*\]$/, "")) : undefined;
    if (!isLines(row) || !target || !source) return [];
    const line = fieldsBelow("$", source.field.fields, { data: null });
    return suggest(candidates(flatten(line)), targetsOf(target.fields), row.rows, target.title || target.name).map((offer) => ({ ...offer, place: [index] }));
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
