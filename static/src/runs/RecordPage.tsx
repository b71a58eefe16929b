import { Button } from "@mantine/core";
import { IconArrowLeft, IconClockHour4, IconExternalLink } from "@tabler/icons-react";
import { Link, useParams } from "react-router";

import { useRunDocument } from "../api/queries";
import { timelinePath } from "../api/records";
import { useRecord } from "../api/runs";
import type { Call, RecordHistory } from "../api/types";
import { runSentence } from "../model/runs";
import { valueText } from "../model/values";
import { DataView, Raw } from "../ui/data/DataView";
import { ErrorBanner, Page, RelativeTime, Rows, StatusBadge } from "../ui/parts";
import { Correct, Corrections } from "./Correct";
import { RetryButton } from "./RetryButton";
import { StepCard } from "./StepCard";
import { useRun } from "./useRun";
import { recordAddress, stepTitles, outcomeOf } from "./words";
import css from "./runs.module.css";

type Sent = RecordHistory["deliveries"][number];

export function RecordPage() {
  const { run: id = "", "*": key = "" } = useParams();
  const record = useRecord(id, key);
  const document = useRunDocument(id);
  const { run } = useRun(id);
  const titles = stepTitles(document.data?.nodes);
  const data = record.data;
  const wrong = data?.deliveries.some((one) => one.outcome === "failed" || one.outcome === "rejected") ?? false;
  const source = data?.deliveries.find((one) => one.source_link)?.source_link;
  return (
    <Page
      title={data?.title || key}
      lead={
        run ? (
          <>
            In the run of <Link to={`/runs/${id}`}>{run.flow.name}</Link>, <RelativeTime at={run.started_at} />
          </>
        ) : undefined
      }
      acts={
        <>
          {data?.object ? (
            <Button component={Link} to={`/records/${timelinePath(data.object)}`} variant="default" leftSection={<IconClockHour4 size={16} />}>
              Its timeline
            </Button>
          ) : null}
          <Button component={Link} to={`/runs/${id}`} variant="default" leftSection={<IconArrowLeft size={16} />}>
            The whole run
          </Button>
          {run?.ended_at && run.mode === "live" && data && (wrong || data.steps.some((step) => step.error)) ? <Correct run={id} record={data} /> : null}
          {run && (wrong || data?.steps.some((step) => step.error)) ? <RetryButton run={run} keys={[key]} /> : null}
        </>
      }
    >
      <ErrorBanner error={record.error} retry={() => void record.refetch()} />
      {record.isPending ? <Rows count={10} /> : null}
      {data ? (
        <>
          <Verdict record={data} />
          <section className={css.section}>
            <h2>
              What came in
              {source ? (
                <a href={source} target="_blank" rel="noreferrer" style={{ fontSize: 13, fontWeight: 450 }}>
                  Open it there <IconExternalLink size={13} aria-hidden />
                </a>
              ) : null}
            </h2>
            <div className={css.card}>
              <DataView data={data.source} />
            </div>
          </section>
          <section className={css.section}>
            <h2>What each step made of it</h2>
            {data.steps.length ? (
              <div className={css.steps}>
                {data.steps.map((step, at) => (
                  <StepCard key={at} step={step} title={titles[step.node] ?? step.node} run={id} root={key} />
                ))}
              </div>
            ) : (
              <p className={css.quiet}>No step has seen it yet.</p>
            )}
          </section>
          <section className={css.section}>
            <h2>What was sent and answered</h2>
            {data.deliveries.length ? (
              data.deliveries.map((one) => <DeliveryCard key={one.id} delivery={one} step={titles[one.node] ?? one.node} />)
            ) : (
              <p className={css.quiet}>Nothing was sent to another system.</p>
            )}
          </section>
          <Corrections corrections={data.corrections} />
          <History history={data.history} recordKey={key} here={id} />
        </>
      ) : null}
    </Page>
  );
}

/** What became of it, before everything else: what stopped it, else what was written last. */
function Verdict({ record }: { record: RecordHistory }) {
  const stopped = record.deliveries.find((one) => ["failed", "rejected", "held", "conflict", "in_doubt"].includes(one.outcome));
  const last = stopped ?? record.deliveries.findLast((one) => one.operation !== "unchanged") ?? record.deliveries.at(-1);
  if (!last) return null;
  const what = [last.entity, last.number ?? last.remote_id].filter(Boolean).join(" ");
  return (
    <div className={css.state}>
      <StatusBadge status={last.outcome} />
      <div className={css.grow}>
        <p>{stopped ? last.message || `${what} did not go out.` : what}</p>
        {stopped && last.cure ? <small>{last.cure}</small> : null}
      </div>
      {stopped?.outcome === "held" ? <Link to="/inbox?tab=held">Decide in the inbox</Link> : null}
      {!stopped && last.link ? (
        <a href={last.link} target="_blank" rel="noreferrer">
          Open it there <IconExternalLink size={13} aria-hidden />
        </a>
      ) : null}
    </div>
  );
}

function DeliveryCard({ delivery, step }: { delivery: Sent; step: string }) {
  return (
    <div className={css.step} style={{ marginBottom: 10 }}>
      <div className={css.stepHead}>
        <StatusBadge status={outcomeOf(delivery)} />
        <strong>{step}</strong>
        <span className={css.quiet}>
          {delivery.entity} {delivery.number ?? delivery.remote_id ?? ""} · <RelativeTime at={delivery.at} />
        </span>
        {delivery.link ? (
          <a href={delivery.link} target="_blank" rel="noreferrer">
            Open it there <IconExternalLink size={13} aria-hidden />
          </a>
        ) : null}
      </div>
      {delivery.message ? (
        <p className={delivery.outcome === "failed" || delivery.outcome === "rejected" ? css.error : css.quiet}>
          {delivery.message} {delivery.cure}
        </p>
      ) : null}
      <SentTable sent={delivery.sent} before={delivery.before} />
      {delivery.calls.map((call, at) => (
        <CallDetails key={at} call={call} />
      ))}
    </div>
  );
}

function SentTable({ sent, before }: { sent: Sent["sent"]; before: Sent["before"] }) {
  if (!before) return <DataView data={sent} />;
  return (
    <table className={css.diff}>
      <thead>
        <tr>
          <th scope="col">Field</th>
          <th scope="col">Before</th>
          <th scope="col">Sent</th>
        </tr>
      </thead>
      <tbody>
        {Object.entries(sent).map(([name, value]) => {
          const old = valueText(before[name]);
          const fresh = valueText(value);
          return (
            <tr key={name} className={old === fresh ? undefined : css.changed}>
              <td>{name}</td>
              <td className={old === fresh ? undefined : css.old}>{old || "empty"}</td>
              <td>{fresh || "empty"}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

function CallDetails({ call }: { call: Call }) {
  return (
    <details className={css.call}>
      <summary>
        <StatusBadge
          status={call.status !== null && call.status < 400 ? "done" : "failed"}
          text={call.status === null ? "No answer" : String(call.status)}
        />
        <code>
          {call.method} {call.url}
        </code>
        <span className={css.end}>{Math.round(call.ms)} ms</span>
      </summary>
      <div className={css.two}>
        <div>
          <h4>Asked</h4>
          <Raw value={call.request} />
        </div>
        <div>
          <h4>Answered</h4>
          <Raw value={call.response} />
        </div>
      </div>
    </details>
  );
}

function History({ history, recordKey, here }: { history: RecordHistory["history"]; recordKey: string; here: string }) {
  const others = history.filter((run) => run.id !== here);
  if (!others.length) return null;
  return (
    <section className={css.section}>
      <h2>Its other runs</h2>
      <div className={css.table}>
        {others.map((run) => (
          <Link key={run.id} to={recordAddress(run.id, recordKey)} className={`${css.row} ${css.record}`}>
            <span>
              <StatusBadge status={run.state} />
            </span>
            <span className={css.name}>{run.flow.name}</span>
            <span className={css.sentence}>{runSentence(run)}</span>
            <span className={css.end}>
              <RelativeTime at={run.started_at} />
            </span>
          </Link>
        ))}
      </div>
    </section>
  );
}
