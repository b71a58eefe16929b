/** Failures grouped by what was said: fix a cause once, retry the run. */

import { Button, Skeleton } from "@mantine/core";
import { IconAlertTriangle, IconInbox } from "@tabler/icons-react";
import { useQueries } from "@tanstack/react-query";
import { Link } from "react-router";

import { api } from "../api/client";
import type { Delivery, RunRow } from "../api/types";
import { byMessage, many } from "../model/runs";
import { EmptyState, ErrorBanner, RelativeTime } from "../ui/parts";
import css from "./reviews.module.css";

const LOOKED_AT = 20;

export function FailedGroups({ runs }: { runs: RunRow[] }) {
  const looked = runs.slice(0, LOOKED_AT);
  const lists = useQueries({
    queries: looked.map((run) => ({
      queryKey: ["runs", run.id, "failures"],
      queryFn: () =>
        api<{ deliveries: Delivery[] }>(`/api/runs/${run.id}/deliveries`, { query: { outcome: "failed", limit: 200 } }),
    })),
  });
  if (!runs.length) {
    return (
      <EmptyState icon={IconInbox} title="Nothing failed">
        Records that a system refused appear here, grouped by what it said.
      </EmptyState>
    );
  }
  const rows = lists.flatMap((list, at) =>
    (list.data?.deliveries ?? []).map((delivery) => ({ ...delivery, run: looked[at] })),
  );
  const error = lists.find((list) => list.error)?.error;
  return (
    <div className={css.groups}>
      <ErrorBanner error={error} />
      {lists.some((list) => list.isPending) ? <Skeleton height={90} radius="md" /> : null}
      {byMessage(rows).map((group) => (
        <FailedGroup key={group.message} message={group.message} rows={group.rows} />
      ))}
    </div>
  );
}

type Row = Delivery & { run: RunRow | undefined };

function FailedGroup({ message, rows }: { message: string; rows: Row[] }) {
  const runs = [...new Map(rows.flatMap((row) => (row.run ? [[row.run.id, row.run] as const] : []))).values()];
  const cure = rows.find((row) => row.cure)?.cure;
  const latest = runs[0];
  return (
    <article className={css.group}>
      <div className={css.question}>
        <span className={`${css.glyph} ${css.failed}`}>
          <IconAlertTriangle size={20} aria-hidden />
        </span>
        <div>
          <h2>{message}</h2>
          <p>
            {cure ? `${cure} ` : ""}
            {many(rows.length, "record")} in {many(runs.length, "run")}
            {latest ? (
              <>
                , last <RelativeTime at={latest.started_at} /> in {latest.flow.name}
              </>
            ) : null}
          </p>
        </div>
      </div>
      <div className={css.form}>
        {runs.slice(0, 3).map((run, at) => (
          <Button key={run.id} component={Link} to={`/runs/${run.id}?outcome=failed`} variant={at ? "default" : "filled"}>
            {at ? "An earlier run" : "Look at them and retry"}
          </Button>
        ))}
      </div>
      <details className={css.wait}>
        <summary>Which records</summary>
        <ul className={css.keys}>
          {rows.slice(0, 100).map((row) => (
            <li key={row.id}>
              <Link to={`/runs/${row.run?.id ?? ""}/records/${encodeURIComponent(row.key)}`}>{row.title || row.key}</Link>
            </li>
          ))}
        </ul>
      </details>
    </article>
  );
}
