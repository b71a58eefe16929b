/** Who carries out runs, at what they are, and what waits for them. */

import { IconServerOff } from "@tabler/icons-react";
import { Link } from "react-router";

import { useCrew, type Crew, type Worker } from "../api/workers";
import { many } from "../model/runs";
import { EmptyState, ErrorBanner, Page, RelativeTime, Rows, StatusBadge } from "../ui/parts";
import css from "./settings.module.css";

export function WorkersPage() {
  const crew = useCrew();
  return (
    <Page title="Workers" lead={crew.data ? sentence(crew.data) : "Who carries out runs, and at what they are"}>
      <ErrorBanner error={crew.error} retry={() => void crew.refetch()} />
      {crew.isPending ? <Rows count={3} height={48} /> : null}
      {crew.data?.workers.length === 0 ? (
        <EmptyState icon={IconServerOff} title="No worker gives a sign of life">
          Runs wait, and nothing is lost. They go on as soon as whoever keeps Heddle running starts a worker.
        </EmptyState>
      ) : null}
      {crew.data?.workers.length ? (
        <>
          <div className={css.list}>
            {crew.data.workers.map((worker) => (
              <WorkerLine key={worker.owner} worker={worker} />
            ))}
          </div>
          <p className={css.quiet}>
            A worker for everything takes single records that a button or message brings, and bulk runs when nothing else is to be done. One for
            bulk runs keeps to many records at a time, so that buttons never wait for it. If a worker stops, another one takes over what it was at.
          </p>
        </>
      ) : null}
    </Page>
  );
}

/** `3 workers, 1 at work. 2 runs have not begun yet.` */
function sentence({ workers, queued, unattended }: Crew): string {
  const there = workers.filter((worker) => !worker.silent);
  const busy = there.filter((worker) => worker.runs.length).length;
  const parts = [`${many(there.length, "worker")}, ${busy ? `${busy} at work` : "none of them at work"}.`];
  if (queued) parts.push(`${many(queued, "run")} ${queued === 1 ? "has" : "have"} not begun yet.`);
  if (unattended) parts.push(`${many(unattended, "batch", "batches")} of records ${unattended === 1 ? "is" : "are"} read and ${unattended === 1 ? "waits" : "wait"} for a free worker.`);
  if (!queued && !unattended) parts.push("Nothing waits for them.");
  return parts.join(" ");
}

function WorkerLine({ worker }: { worker: Worker }) {
  return (
    <div className={css.row}>
      <div>
        <strong>{worker.bulk ? "Bulk runs" : "Everything"}</strong>
        <div className={css.quiet}>
          process {worker.pid} on {worker.host}
        </div>
      </div>
      <span>
        {worker.silent ? <StatusBadge status="failed" text="Silent" /> : worker.runs.length ? <StatusBadge status="running" text="At work" /> : <StatusBadge status="done" text="Ready" />}
      </span>
      <span>
        {worker.runs.length ? (
          worker.runs.map((run) => (
            <div key={run.id}>
              <Link to={`/runs/${run.id}`}>{run.flow || run.id}</Link>
            </div>
          ))
        ) : (
          <span className={css.quiet}>{worker.silent ? "Perhaps it was stopped" : "Waits for work"}</span>
        )}
      </span>
      <span className={css.quiet}>
        started <RelativeTime at={worker.since} />
        <br />
        last seen <RelativeTime at={worker.seen_at} />
      </span>
    </div>
  );
}
