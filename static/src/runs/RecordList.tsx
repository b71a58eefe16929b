/** The records of a run: one row a record read, or one row a write. */

import { Button, SegmentedControl } from "@mantine/core";
import { IconExternalLink, IconListSearch } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { Link, useSearchParams } from "react-router";

import { useDeliveries, useRecords } from "../api/runs";
import type { Delivery, RunDetail, RunRecord } from "../api/types";
import { Filters } from "../ui/list/Filters";
import { More, type Paged } from "../ui/list/More";
import { EmptyState, ErrorBanner, Rows, StatusBadge } from "../ui/parts";
import { recordAddress, outcomeOf } from "./words";
import css from "./runs.module.css";

interface Props {
  run: RunDetail;
  titles: Record<string, string>;
  moving: boolean;
}

export function RecordList({ run, titles, moving }: Props) {
  const [params, setParams] = useSearchParams();
  const writes = params.get("show") === "writes" || params.has("node");
  const set = (name: string, value: string | null) =>
    setParams(
      (now) => {
        if (value) now.set(name, value);
        else now.delete(name);
        if (name === "show" && !value) now.delete("node");
        return now;
      },
      { replace: true },
    );
  const filters = {
    ...(params.get("outcome") ? { outcome: params.get("outcome") ?? "" } : {}),
    ...(params.get("q") ? { q: params.get("q") ?? "" } : {}),
  };
  const node = params.get("node");
  return (
    <section>
      <Filters q={params.get("q") ?? ""} onSearch={(text) => set("q", text)} label="Name, number or key">
        <SegmentedControl
          aria-label="What is listed"
          value={writes ? "writes" : "records"}
          onChange={(next) => set("show", next === "writes" ? "writes" : null)}
          data={[
            { value: "records", label: "Records" },
            { value: "writes", label: "Writes" },
          ]}
        />
        {node ? (
          <Button variant="light" onClick={() => set("node", null)}>
            Only {titles[node] ?? node} ×
          </Button>
        ) : null}
      </Filters>
      {writes ? (
        <Writes run={run.id} filters={{ ...filters, ...(node ? { node } : {}) }} titles={titles} moving={moving} />
      ) : (
        <Records run={run.id} filters={filters} moving={moving} />
      )}
    </section>
  );
}

interface ListProps {
  run: string;
  filters: { outcome?: string; q?: string; node?: string };
  moving: boolean;
}

function Records({ run, filters, moving }: ListProps) {
  const list = useRecords(run, filters, moving);
  const rows = list.data?.pages.flatMap((page) => page.records) ?? [];
  return (
    <Listed of={list} filters={filters} moving={moving}>
      {rows.map((row) => (
        <RecordLine key={row.key} run={run} row={row} />
      ))}
    </Listed>
  );
}

function RecordLine({ run, row }: { run: string; row: RunRecord }) {
  return (
    <Link to={recordAddress(run, row.key)} className={`${css.row} ${css.record}`}>
      <span>
        <StatusBadge status={outcomeOf(row)} />
      </span>
      <span className={css.name}>{row.title || row.key}</span>
      <span className={css.sentence} title={row.message ?? undefined}>
        {row.message}
      </span>
      <span className={`${css.end} ${css.quiet}`} title={row.key}>
        {row.title ? row.key : ""}
      </span>
    </Link>
  );
}

function Writes({ run, filters, titles, moving }: ListProps & { titles: Record<string, string> }) {
  const list = useDeliveries(run, filters, moving);
  const rows = list.data?.pages.flatMap((page) => page.deliveries) ?? [];
  return (
    <Listed of={list} filters={filters} moving={moving}>
      {rows.map((row) => (
        <WriteLine key={row.id} run={run} row={row} step={titles[row.node] ?? row.node} />
      ))}
    </Listed>
  );
}

function WriteLine({ run, row, step }: { run: string; row: Delivery; step: string }) {
  return (
    <div className={`${css.row} ${css.delivery}`}>
      <span>
        <StatusBadge status={outcomeOf(row)} />
      </span>
      <Link to={recordAddress(run, row.key)} className={css.name}>
        {row.title || row.key}
      </Link>
      <span className={css.quiet}>{step}</span>
      <span className={css.sentence} title={row.message ?? undefined}>
        {row.number ? `${row.entity} ${row.number}` : (row.message || row.entity)}
      </span>
      <span className={css.links}>
        {row.link ? (
          <a href={row.link} target="_blank" rel="noreferrer">
            Open it <IconExternalLink size={13} aria-hidden />
          </a>
        ) : null}
      </span>
    </div>
  );
}

interface ListedProps extends Omit<ListProps, "run"> {
  of: Paged & { error: unknown; isPending: boolean; data?: unknown; refetch: () => unknown };
  children: ReactNode[];
}

/** The rows of a list, or why there are none. */
function Listed({ of, filters, moving, children }: ListedProps) {
  return (
    <>
      <ErrorBanner error={of.error} retry={() => void of.refetch()} />
      {of.isPending ? <Rows count={6} /> : null}
      {of.data && !children.length ? <NoRows moving={moving} filtered={Object.keys(filters).length > 0} /> : null}
      {children.length ? <div className={css.table}>{children}</div> : null}
      <More of={of} />
    </>
  );
}

function NoRows({ moving, filtered }: { moving: boolean; filtered: boolean }) {
  return (
    <EmptyState icon={IconListSearch} title={filtered ? "No record is like that" : moving ? "Nothing yet" : "No records"}>
      {filtered
        ? "Choose another count above, or take the search away."
        : moving
          ? "Records appear here as soon as the first batch is settled."
          : "This run read nothing: no record passed the filters of its reading step."}
    </EmptyState>
  );
}
