import { Button, Menu, Progress } from "@mantine/core";
import { IconDownload, IconHandStop, IconPlayerPause, IconPlayerPlay, IconPlayerStop, IconSitemap } from "@tabler/icons-react";
import { Link, useParams, useSearchParams } from "react-router";

import { useRunAct } from "../api/runs";
import { useMay, useRunDocument } from "../api/queries";
import type { RunDetail } from "../api/types";
import { againText, causeText, type Counted, countWord, elapsed, followText, OUTCOMES, paceText, runSentence, silenceText, statusText, through } from "../model/runs";
import { groupDigits, momentText } from "../model/values";
import { Count, ErrorBanner, Page, RelativeTime, Rows, StatusBadge } from "../ui/parts";
import { statusOf } from "../ui/status";
import { useNow } from "../ui/useNow";
import { Allow, overBudget } from "./Allow";
import { MatchView } from "./MatchView";
import { PlanView } from "./PlanView";
import { RecordList } from "./RecordList";
import { RetryButton } from "./RetryButton";
import { useRun } from "./useRun";
import { modeText, stepTitles } from "./words";
import css from "./runs.module.css";

const TABS = [
  { id: "plan", label: "Plan" },
  { id: "records", label: "Records" },
];
const MATCHES = { id: "matches", label: "Match report" };
const OPEN = new Set(["queued", "running", "waiting", "paused"]);

export function RunPage() {
  const { run: id = "" } = useParams();
  const { run, error } = useRun(id);
  const document = useRunDocument(id);
  const [params, setParams] = useSearchParams();
  const outcome = params.get("outcome");
  const pick = (next: Counted | null) =>
    setParams(
      (now) => {
        now.delete("tab");
        if (next) now.set("outcome", next);
        else now.delete("outcome");
        return now;
      },
      { replace: true },
    );
  const planned = run !== null && run.mode !== "live" && run.ended_at !== null;
  const reports = planned && run.cause.kind === "first-load";
  const tab = params.get("tab") ?? (outcome ? "records" : reports ? "matches" : "plan");
  const show = (id: string) => setParams({ tab: id }, { replace: true });
  if (!run) {
    return (
      <Page title="Run">
        {error ? <ErrorBanner error={error} /> : <Rows count={8} />}
      </Page>
    );
  }
  const titles = stepTitles(document.data?.nodes);
  return (
    <Page title={run.flow.name} lead={<Facts run={run} titles={titles} />} acts={<Acts run={run} />}>
      {error ? <ErrorBanner error={error} /> : null}
      <State run={run} />
      <div className={css.counts} role="group" aria-label="Counts">
        <button type="button" className={css.count} aria-pressed={!outcome} onClick={() => pick(null)}>
          <b>
            <Count value={run.counts.read} />
          </b>
          <span>read</span>
        </button>
        {OUTCOMES.filter((name) => name !== "echo" || run.counts.echo > 0).map((name) => (
          <button
            type="button"
            key={name}
            className={`${css.count} ${run.counts[name] && (name === "held" || name === "failed") ? css[name] : ""}`}
            aria-pressed={outcome === name}
            disabled={run.counts[name] === 0}
            onClick={() => pick(outcome === name ? null : name)}
          >
            <b>
              <Count value={run.counts[name]} />
            </b>
            <span>{run.mode === "live" ? statusOf(name).text.toLowerCase() : countWord(name, run.mode)}</span>
          </button>
        ))}
      </div>
      {planned ? (
        <div className={css.tabs} role="tablist" aria-label="What is shown">
          {(reports ? [MATCHES, ...TABS] : TABS).map((one) => (
            <button key={one.id} type="button" role="tab" className={css.tab} aria-selected={tab === one.id} onClick={() => show(one.id)}>
              {one.label}
            </button>
          ))}
        </div>
      ) : null}
      {reports && tab === "matches" ? (
        <MatchView run={run} />
      ) : planned && tab === "plan" ? (
        <PlanView run={run} />
      ) : (
        <RecordList run={run} titles={titles} moving={OPEN.has(run.state)} />
      )}
    </Page>
  );
}

function Facts({ run, titles }: { run: RunDetail; titles: Record<string, string> }) {
  const now = useNow(run.ended_at === null);
  const took = elapsed(run, now);
  return (
    <span className={css.facts} style={{ margin: 0 }}>
      <span>
        <RelativeTime at={run.started_at} />
      </span>
      {took ? <span>{run.ended_at ? `took ${took}` : `going for ${took}`}</span> : null}
      <span>{causeText(run.cause)}</span>
      <span>{modeText(run.mode)}</span>
      {run.version === null ? <span>of the draft</span> : <span>version {run.version}</span>}
      {run.reads?.map(({ node, since, until }) => (
        <span key={node} title={`«${titles[node] ?? node}» read what was changed in this time`}>
          {run.reads?.length === 1 ? "" : `${titles[node] ?? node}: `}
          {since ? `changes from ${momentText(since)} until ${momentText(until)}` : `everything until ${momentText(until)}`}
        </span>
      ))}
      {run.plan ? (
        <span>
          executes <Link to={`/runs/${run.plan}`}>an approved plan</Link>
        </span>
      ) : null}
      {run.parent ? (
        <span>
          repeats part of <Link to={`/runs/${run.parent}`}>an earlier run</Link>
        </span>
      ) : null}
      {run.children.length ? (
        <span>
          followed by{" "}
          {run.children.map(({ id, cause }, at) => (
            <span key={id}>
              {at ? ", " : ""}
              <Link to={`/runs/${id}`}>{followText(cause)}</Link>
            </span>
          ))}
        </span>
      ) : null}
    </span>
  );
}

function State({ run }: { run: RunDetail }) {
  const now = useNow(run.retry_at !== null || run.silent !== null);
  const share = run.total && !run.at_least ? Math.min(100, (100 * through(run)) / run.total) : null;
  return (
    <div className={css.state} role="status" aria-live="polite">
      <StatusBadge {...statusText(run)} />
      <div className={css.grow}>
        <p>
          {runSentence(run)}{" "}
          {run.before[0] ? <Link to={`/runs/${run.before[0]}`}>{run.before.length > 1 ? "See the oldest" : "See it"}</Link> : null}
        </p>
        {run.silent && OPEN.has(run.state) ? (
          <small aria-live="off" className={css.silent} title={new Date(run.silent.since).toLocaleString("en-GB")}>
            {silenceText(run.silent, now)} <Link to="/settings/workers">See the workers</Link>
          </small>
        ) : null}
        {run.state === "running" ? (
          <>
            <small>{paceText(run)}. You can leave; it goes on.</small>
            <Progress mt={10} size="sm" animated={share === null} value={share ?? 100} aria-label="Progress" />
          </>
        ) : null}
        {run.approvals?.map((one) => (
          <small key={one.by} style={{ display: "block" }}>
            {groupDigits(String(one.count))} {one.count === 1 ? "waits" : "wait"} for approval by {one.by}.{" "}
            <Link to="/inbox?tab=approvals">Open the inbox</Link>
          </small>
        ))}
        {run.state === "waiting" && run.retry_at ? (
          <small aria-live="off" title={new Date(run.retry_at).toLocaleString("en-GB")}>
            {againText(run.retry_at, now)} {run.left_s ? `${paceText(run)}. ` : ""}You can leave; it goes on.
          </small>
        ) : null}
      </div>
    </div>
  );
}

function Acts({ run }: { run: RunDetail }) {
  const act = useRunAct(run.id);
  const may = useMay("operator");
  return (
    <>
      {may && overBudget(run) ? <Allow run={run} /> : null}
      {may && OPEN.has(run.state) ? (
        <Menu position="bottom-end">
          <Menu.Target>
            <Button variant="default" loading={act.isPending}>
              {overBudget(run) ? "Stop it" : run.state === "paused" ? "Go on or stop" : "Pause or stop"}
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            {overBudget(run) ? null : run.state === "paused" ? (
              <Menu.Item leftSection={<IconPlayerPlay size={15} />} onClick={() => act.mutate("resume")}>
                Go on where it stopped
              </Menu.Item>
            ) : (
              <Menu.Item leftSection={<IconPlayerPause size={15} />} onClick={() => act.mutate("pause")}>
                Pause after the present batch
              </Menu.Item>
            )}
            <Menu.Item color="red" leftSection={<IconPlayerStop size={15} />} onClick={() => act.mutate("cancel")}>
              Stop for good; what is written stays
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      ) : null}
      <Button component={Link} to={`/flows/${run.flow.slug}/runs/${run.id}`} variant="default" leftSection={<IconSitemap size={16} />}>
        On the canvas
      </Button>
      <Button component="a" href={`/api/runs/${run.id}/deliveries?format=csv`} download variant="default" leftSection={<IconDownload size={16} />}>
        CSV
      </Button>
      {run.mode === "live" && run.counts.held > 0 && run.counts.failed === 0 ? (
        <>
          <RetryButton run={run} quiet />
          <Button component={Link} to="/inbox?tab=held" leftSection={<IconHandStop size={16} />}>
            Decide what is held
          </Button>
        </>
      ) : (
        <RetryButton run={run} />
      )}
      {act.error ? <ErrorBanner error={act.error} /> : null}
    </>
  );
}
