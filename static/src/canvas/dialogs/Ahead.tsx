/** The forecast in two lines, where it matters most: before publishing. */

import { Button } from "@mantine/core";
import { IconTelescope } from "@tabler/icons-react";
import { Link } from "react-router";

import { useForecast, useRehearse } from "../../api/forecasts";
import { many } from "../../model/runs";
import { ErrorBanner, RelativeTime } from "../../ui/parts";
import css from "./dialogs.module.css";

const SHOWN = 3;

export function Ahead({ slug }: { slug: string }) {
  const found = useForecast(slug);
  const rehearse = useRehearse(slug);
  const forecast = found.data;
  const said = forecast
    ? [
        ...forecast.tables.filter((table) => table.missing).map((table) => `${many(table.missing, "entry", "entries")} of ${table.title} without ${table.column}.`),
        ...forecast.lacks.map((lack) => `${lack.percent} % lack ${lack.title}, ${lack.entity} needs it.`),
        ...forecast.stopped.map((stop) => `${stop.percent} % would ${stop.outcome === "held" ? "wait" : "be refused"}: ${stop.message}`),
      ]
    : [];
  return (
    <div className={css.ahead} aria-label="Forecast">
      <IconTelescope size={18} aria-hidden />
      <div>
        {forecast ? (
          <>
            <p>
              {said.length ? "Seen ahead" : `All ${many(forecast.read, "record")} would go through`}, rehearsed <RelativeTime at={forecast.at} />
              {said.length ? ":" : "."}
            </p>
            <ul>
              {said.slice(0, SHOWN).map((line) => (
                <li key={line}>{line}</li>
              ))}
            </ul>
          </>
        ) : (
          <p>Rehearse it on the last 1,000 records: what would lack, what would wait. Nothing is written.</p>
        )}
        <div className={css.acts}>
          <Button size="compact-sm" variant="default" loading={rehearse.isPending} onClick={() => rehearse.mutate({ everything: false })}>
            {forecast ? "Rehearse again" : "Rehearse"}
          </Button>
          {forecast ? (
            <Button size="compact-sm" variant="subtle" component={Link} to={`/flows/${slug}/forecast`}>
              {said.length > SHOWN ? `All ${said.length} findings` : "Look closer"}
            </Button>
          ) : null}
        </div>
        <ErrorBanner error={rehearse.error} />
      </div>
    </div>
  );
}
