/** Which keys have no row, what money they stand for, what they probably are, and one click that adds the rows. */

import { Autocomplete, Button, Select } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useState } from "react";

import { type Coverage, type CoverageKey, useAddRows } from "../api/forecasts";
import { useMay } from "../api/queries";
import { many } from "../model/runs";
import { Amounts } from "../ui/Amounts";
import { ErrorBanner, StatusBadge } from "../ui/parts";
import css from "./forecast.module.css";

const SHOWN = 200;

export function CoverageTable({ slug, table }: { slug: string; table: Coverage }) {
  const may = useMay("operator");
  const add = useAddRows(slug);
  const [typed, setTyped] = useState<Record<string, string>>({});
  const missing = table.keys.filter((key) => !key.covered);
  const covered = table.keys.filter((key) => key.covered);
  const fresh = table.options.filter((option) => option.new);
  const valueOf = (key: CoverageKey) => typed[key.key] ?? key.proposal?.value ?? "";
  const filled = missing.filter((key) => valueOf(key).trim());
  const send = () => {
    const rows = Object.fromEntries(filled.map((key) => [key.key, { [table.column]: valueOf(key).trim() }]));
    add.mutate(
      { table: table.table, column: table.column, rows },
      {
        onSuccess: ({ version, released, left }) => {
          const out = released + left;
          notifications.show({
            title: `${many(filled.length, "row")} added${version ? `, version ${version} is live` : " to the draft"}`,
            message: out ? `${many(out, "document")} that waited ${out === 1 ? "goes" : "go"} out.` : "The next document like it will not wait.",
          });
          setTyped({});
        },
      },
    );
  };
  return (
    <section className={css.section} aria-label={table.title}>
      <header className={css.head}>
        <h2>{table.title}</h2>
        {missing.length ? (
          <StatusBadge status="held" text={`${missing.length} of ${table.keys.length} without ${table.column}`} />
        ) : (
          <StatusBadge status="done" text={`All ${table.keys.length} covered`} />
        )}
        {table.amounts.length ? (
          <span className={css.risk}>
            They stand for <Amounts of={table.amounts} />
          </span>
        ) : null}
      </header>
      {fresh.length ? (
        <p className={css.quiet}>
          New in the system since this was published last: {fresh.slice(0, 5).map((option) => `${option.value} · ${option.title}`).join(", ")}
          {fresh.length > 5 ? ` and ${fresh.length - 5} more` : ""}
        </p>
      ) : null}
      {missing.length ? (
        <div className={css.rows}>
          {missing.map((key) => (
            <Missing key={key.key} table={table} row={key} value={valueOf(key)} may={may} onChange={(value) => setTyped((now) => ({ ...now, [key.key]: value }))} />
          ))}
        </div>
      ) : null}
      {missing.length && may ? (
        <Button mt="md" loading={add.isPending} disabled={!filled.length} onClick={send}>
          Add {many(filled.length, "row")}
        </Button>
      ) : null}
      <ErrorBanner error={add.error} />
      {covered.length ? (
        <details className={css.covered}>
          <summary>{many(covered.length, "key")} with a row</summary>
          <ul className={css.keys}>
            {covered.slice(0, SHOWN).map((key) => (
              <li key={key.key}>
                {key.key} → {key.value}
              </li>
            ))}
          </ul>
        </details>
      ) : null}
    </section>
  );
}

interface MissingProps {
  table: Coverage;
  row: CoverageKey;
  value: string;
  may: boolean;
  onChange: (value: string) => void;
}

function Missing({ table, row, value, may, onChange }: MissingProps) {
  const label = `${table.column} for ${row.key}`;
  return (
    <div className={css.row}>
      <div>
        <b>{row.key}</b>
        <small>
          {many(row.records, "record")}
          {row.amounts.length ? ", " : ""}
          <Amounts of={row.amounts} />
        </small>
      </div>
      <div>
        {table.options.length ? (
          <Select
            aria-label={label}
            searchable
            limit={SHOWN}
            allowDeselect={false}
            disabled={!may}
            placeholder={`Choose from ${table.options.length}`}
            nothingFoundMessage="The system offers no such choice."
            data={table.options.map((option) => ({
              value: option.value,
              label: `${option.value}${option.title !== option.value ? ` · ${option.title}` : ""}${option.new ? " (new)" : ""}`,
            }))}
            value={value || null}
            onChange={(next) => onChange(next ?? "")}
          />
        ) : (
          <Autocomplete
            aria-label={label}
            disabled={!may}
            placeholder="Type it"
            data={[...new Set(table.keys.flatMap((key) => (key.value ? [key.value] : [])))]}
            value={value}
            onChange={onChange}
          />
        )}
        {row.proposal && value === row.proposal.value ? <small>Proposed: {row.proposal.why}</small> : null}
      </div>
    </div>
  );
}
