/** A flow on the last real records, before it is switched on: what lacks, what would wait, what has no row. */

import { Button, SegmentedControl } from "@mantine/core";
import { IconCircleCheck, IconTelescope } from "@tabler/icons-react";
import { useState } from "react";
import { Link, useParams } from "react-router";

import { type Forecast, type Lack, type Stopped, useForecast, useRehearse } from "../api/forecasts";
import { useMay } from "../api/queries";
import { many } from "../model/runs";
import { EmptyState, ErrorBanner, Page, RelativeTime, Rows } from "../ui/parts";
import { CoverageTable } from "./CoverageTable";
import css from "./forecast.module.css";

export function ForecastPage() {
  const { slug = "" } = useParams();
  const found = useForecast(slug);
  const rehearse = useRehearse(slug);
  const may = useMay("operator");
  const [scope, setScope] = useState<"matching" | "all" | null>(null);
  const forecast = found.data ?? null;
  const shown = scope ?? (forecast?.everything ? "all" : "matching");
  const go = (
    <Button loading={rehearse.isPending} onClick={() => rehearse.mutate({ everything: shown === "all" })}>
      Rehearse on the last 1,000 records
    </Button>
  );
  const lead = forecast ? (
    <>
      The draft on {many(forecast.read, "record")}
      {forecast.more ? ", the newest" : ""}, <RelativeTime at={forecast.at} />. Nothing was written. <Link to={`/flows/${slug}`}>Back to the drawing</Link>
    </>
  ) : (
    <Link to={`/flows/${slug}`}>Back to the drawing</Link>
  );
  return (
    <Page title="Forecast" lead={lead}>
      {may ? (
        <div className={css.bar}>
          <SegmentedControl
            aria-label="Which records"
            value={shown}
            onChange={setScope}
            data={[
              { value: "matching", label: "What the flow reads" },
              { value: "all", label: "Also what its filters leave out" },
            ]}
          />
          {forecast ? go : null}
        </div>
      ) : null}
      <ErrorBanner error={found.error ?? rehearse.error} />
      {found.isPending || rehearse.isPending ? <Rows count={4} height={80} /> : null}
      {found.data === null && !rehearse.isPending ? (
        <EmptyState icon={IconTelescope} title="Not rehearsed yet" act={may ? go : null}>
          The draft walks over the last 1,000 records of your system and tells which fields lack, which documents would wait, and
          which rows the tables still need. Nothing is written.
        </EmptyState>
      ) : null}
      {forecast && !rehearse.isPending ? <Found slug={slug} forecast={forecast} /> : null}
    </Page>
  );
}

function Found({ slug, forecast }: { slug: string; forecast: Forecast }) {
  const { lacks, stopped, tables, read } = forecast;
  const clean = !lacks.length && !stopped.length && !tables.some((table) => table.missing);
  return (
    <>
      {clean ? (
        <p className={css.clean} role="status">
          <IconCircleCheck size={20} aria-hidden />
          {read ? `All ${many(read, "record")} would go through.` : "There was no record to rehearse on."}
        </p>
      ) : null}
      {tables.map((table) => (
        <CoverageTable key={`${table.table}/${table.column}`} slug={slug} table={table} />
      ))}
      {lacks.length ? (
        <section className={css.section} aria-label="What is demanded and lacks">
          <h2>What is demanded and lacks</h2>
          <ul className={css.list}>
            {lacks.map((lack) => (
              <Share key={`${lack.node}/${lack.field}`} slug={slug} share={lack} text={lackText(lack)} />
            ))}
          </ul>
        </section>
      ) : null}
      {stopped.length ? (
        <section className={css.section} aria-label="What would not get through">
          <h2>What would not get through</h2>
          <ul className={css.list}>
            {stopped.map((stop) => (
              <Share key={`${stop.node}/${stop.code}/${stop.message}`} slug={slug} share={stop} text={stop.message} held={stop.outcome === "held"} />
            ))}
          </ul>
        </section>
      ) : null}
    </>
  );
}

const lackText = ({ entity, title, field, mapped }: Lack): string =>
  `${title}${title === field ? "" : ` (${field})`} is empty, and ${entity} needs it.${mapped ? "" : " No row of the mapping fills it."}`;

function Share({ slug, share, text, held = true }: { slug: string; share: Lack | Stopped; text: string; held?: boolean }) {
  return (
    <li>
      <b className={css.percent} data-tone={held ? "held" : "failed"}>
        {share.percent} %
      </b>
      <div>
        <p>{text}</p>
        <details>
          <summary>
            {many(share.count, "record")} of {share.of}, at <Link to={`/flows/${slug}?node=${share.node}`}>{share.step}</Link>
          </summary>
          <ul className={css.keys}>
            {share.records.map((record) => (
              <li key={record.key}>{record.title || record.key}</li>
            ))}
            {share.count > share.records.length ? <li>and {share.count - share.records.length} more</li> : null}
          </ul>
        </details>
      </div>
    </li>
  );
}
