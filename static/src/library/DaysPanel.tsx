/** From when to when a row holds, and whether the table is one of currency rates. */

import { NumberInput, Select, Switch, TextInput } from "@mantine/core";
import { useState } from "react";

import type { LookupTable, Rates } from "../model/flow";
import { plainNumber } from "../model/values";
import css from "./library.module.css";

const START: Rates = { to: "", rate: "", type: "", digits: {}, usual: 2, inverse: false };

interface Props {
  table: LookupTable;
  readOnly: boolean;
  onChange: (next: LookupTable) => void;
}

export function DaysPanel({ table, readOnly, onChange }: Props) {
  const columns = table.columns.slice(1).filter(Boolean);
  const rates = table.rates ?? null;
  const set = (more: Partial<Rates>) => onChange({ ...table, rates: { ...START, ...rates, ...more } });
  const choice = (label: string, description: string, value: string, pick: (next: string) => void) => (
    <Select
      size="xs"
      clearable
      label={label}
      description={description}
      placeholder="none"
      readOnly={readOnly}
      data={columns}
      value={value || null}
      onChange={(next) => pick(next ?? "")}
    />
  );
  return (
    <div className={css.options}>
      <h3>Days and rates</h3>
      <div className={css.fields}>
        {choice("Holds from", "Column with the first day", table.valid_from ?? "", (valid_from) => onChange({ ...table, valid_from }))}
        {table.valid_from ? choice("Holds until", "Column with the last day", table.valid_to ?? "", (valid_to) => onChange({ ...table, valid_to })) : null}
      </div>
      <Switch
        size="xs"
        label="These are currency rates"
        disabled={readOnly}
        checked={rates !== null}
        onChange={(event) => onChange({ ...table, rates: event.currentTarget.checked ? { ...START, to: columns[0] ?? "", rate: columns.at(-1) ?? "" } : null })}
      />
      {rates ? (
        <div className={css.fields}>
          {choice("To the currency", `${table.columns[0] ?? "The first column"} is the one it comes from`, rates.to, (to) => set({ to }))}
          {choice("Rate", "What one unit costs in the other", rates.rate, (rate) => set({ rate }))}
          {choice("Kind of rate", "Average, closing …", rates.type, (type) => set({ type }))}
          <NumberInput
            size="xs"
            label="Decimal places"
            description="Of converted amounts"
            min={0}
            max={6}
            allowDecimal={false}
            readOnly={readOnly}
            value={plainNumber(rates.usual)}
            onChange={(usual) => set({ usual: Number(usual) || 0 })}
          />
          <Places rates={rates} readOnly={readOnly} onChange={(digits) => set({ digits })} />
          <Switch
            size="xs"
            label="A rate may be used the other way round"
            disabled={readOnly}
            checked={rates.inverse}
            onChange={(event) => set({ inverse: event.currentTarget.checked })}
          />
        </div>
      ) : null}
    </div>
  );
}

/** `JPY 0, KWD 3`: currencies with other decimal places. */
function Places({ rates, readOnly, onChange }: { rates: Rates; readOnly: boolean; onChange: (digits: Record<string, number>) => void }) {
  const [text, setText] = useState(Object.entries(rates.digits).map(([currency, places]) => `${currency} ${plainNumber(places)}`).join(", "));
  const read = readPlaces(text);
  return (
    <TextInput
      size="xs"
      label="Other decimal places"
      description="Like JPY 0, KWD 3"
      readOnly={readOnly}
      value={text}
      error={read ? null : "Write it like JPY 0, KWD 3."}
      onChange={(event) => {
        setText(event.currentTarget.value);
        const next = readPlaces(event.currentTarget.value);
        if (next) onChange(next);
      }}
    />
  );
}

export function readPlaces(text: string): Record<string, number> | null {
  const parts = text.split(",").map((part) => part.trim()).filter(Boolean);
  const pairs = parts.map((part) => /^([A-Za-z]{3})\s+([0-6])$/.exec(part));
  if (pairs.some((pair) => !pair)) return null;
  return Object.fromEntries(pairs.map((pair) => [(pair?.[1] ?? "").toUpperCase(), Number(pair?.[2])]));
}
