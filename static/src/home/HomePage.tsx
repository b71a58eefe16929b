/** What needs me today? Held and failed first, then the runs of today, the systems, the flows. */

import { IconCircleCheck } from "@tabler/icons-react";
import { Link } from "react-router";

import { type DriftedFlow, useDrifts } from "../api/drifts";
import { useFailed } from "../api/failures";
import { useConnections, useFlows } from "../api/queries";
import { type ApprovalRow, useApprovals } from "../api/approvals";
import { type ConflictPage, useConflicts } from "../api/conflicts";
import { type PublicationRow, usePublications } from "../api/publications";
import { useHeld, useRuns } from "../api/runs";
import type { Connection, FailedGroup, RunRow } from "../api/types";
import { many, runSentence, statusText } from "../model/runs";
import { groupDigits } from "../model/values";
import { ErrorBanner, Page, RelativeTime, Rows, StatusBadge } from "../ui/parts";
import { FirstSteps } from "./FirstSteps";
import css from "./home.module.css";

const SHOWN = 8;

function clockTime(iso: string): string {
  return new Date(iso).toLocaleString("en-GB", { weekday: "short", hour: "2-digit", minute: "2-digit" });
}

function isToday(run: RunRow): boolean {
  return run.started_at !== null && new Date(run.started_at).toDateString() === new Date().toDateString();
}

export function HomePage() {
  const held = useHeld();
  const asked = useApprovals("mine");
  const drawings = usePublications().data?.publications.filter((one) => one.mine) ?? [];
  const disputed = useConflicts().data?.pages[0] ?? null;
  const drifted = useDrifts().data ?? [];
  const failures = useFailed();
  const runs = useRuns({});
  const connections = useConnections();
  const flows = useFlows();
  const all = runs.data?.pages.flatMap((page) => page.runs) ?? [];
  const today = all.filter(isToday);
  const error = held.error ?? failures.error ?? runs.error ?? connections.error ?? flows.error;
  const fresh = connections.data?.length === 0 || flows.data?.length === 0;
  const again = () => void Promise.all([held.refetch(), failures.refetch(), runs.refetch(), connections.refetch(), flows.refetch()]);
  return (
    <Page title="Home" lead={new Date().toLocaleDateString("en-GB", { weekday: "long", day: "numeric", month: "long" })}>
      <ErrorBanner error={error} retry={again} />
      {held.isPending || failures.isPending || runs.isPending ? (
        <Rows count={3} height={64} />
      ) : (
        <Needs asked={asked.data?.approvals ?? []} drawings={drawings} drifted={drifted} groups={held.data?.groups ?? []} disputed={disputed} failures={failures.data?.groups ?? []} runs={all} connections={connections.data ?? []} calm={!fresh && !error} />
      )}
      {fresh ? <FirstSteps connected={(connections.data?.length ?? 0) > 1} drawn={(flows.data?.length ?? 0) > 0} /> : null}
      <div className={css.grid}>
        <section className={css.section}>
          <header>
            <h2>{today.length ? "Runs of today" : "Last runs"}</h2>
            <Link to="/runs">All runs</Link>
          </header>
          {runs.isPending ? <Rows count={5} /> : <RunItems runs={(today.length ? today : all).slice(0, SHOWN)} />}
        </section>
        <div>
          <section className={css.section}>
            <header>
              <h2>Systems</h2>
              <Link to="/connections">Connections</Link>
            </header>
            {connections.isPending ? <Rows count={3} /> : <Systems connections={connections.data ?? []} />}
          </section>
          <section className={css.section}>
            <header>
              <h2>Flows</h2>
              <Link to="/flows">All flows</Link>
            </header>
            {flows.isPending ? <Rows count={3} /> : null}
            {flows.data ? (
              <div className={css.list}>
                {flows.data.slice(0, SHOWN).map((flow) => (
                  <Link key={flow.slug} to={`/flows/${flow.slug}`} className={css.item}>
                    <span className={`${css.grow} ${css.name}`}>{flow.name}</span>
                    <StatusBadge status={flow.state} />
                  </Link>
                ))}
                {flows.data.length === 0 ? <p className={css.none}>No flow has been drawn yet.</p> : null}
              </div>
            ) : null}
          </section>
        </div>
      </div>
    </Page>
  );
}

interface NeedsProps {
  asked: ApprovalRow[];
  drawings: PublicationRow[];
  drifted: DriftedFlow[];
  groups: { message: string; count: number }[];
  disputed: ConflictPage | null;
  failures: FailedGroup[];
  runs: RunRow[];
  connections: Connection[];
  calm: boolean;
}

function Needs({ asked, drawings, drifted, groups, disputed, failures, runs, connections, calm }: NeedsProps) {
  const waiting = groups.reduce((sum, group) => sum + group.count, 0);
  const records = failures.reduce((sum, group) => sum + group.count, 0);
  const failed = runs.filter((run) => run.state === "failed" && isToday(run));
  const down = connections.filter((connection) => connection.outage);
  const broken = connections.filter((connection) => !connection.outage && connection.health && !connection.health.ok);
  const stuck = runs.filter((run) => (run.state === "waiting" && !down.length) || run.state === "paused");
  const waits = runs.filter((run) => run.state === "waiting").length;
  if (!asked.length && !drawings.length && !drifted.length && !waiting && !disputed?.count && !records && !failed.length && !broken.length && !down.length && !stuck.length) {
    if (!calm) return null;
    return (
      <div className={css.calm}>
        <IconCircleCheck size={26} aria-hidden />
        <p>
          <b>Nothing needs you.</b> Nothing is held, nothing has failed, every system answers.
        </p>
      </div>
    );
  }
  return (
    <div className={css.needs}>
      {asked.length ? (
        <Need
          to="/inbox?tab=approvals"
          tone="held"
          count={asked.length}
          title={`${many(asked.length, "approval")} ${asked.length === 1 ? "waits" : "wait"} for you`}
          text={asked[0]?.question ?? ""}
        />
      ) : null}
      {drawings.length ? (
        <Need
          to="/inbox?tab=publications"
          tone="held"
          count={drawings.length}
          title={`${many(drawings.length, "drawing")} ${drawings.length === 1 ? "waits" : "wait"} for your eyes`}
          text={`${drawings[0]?.asked_by ?? ""} asked to publish «${drawings[0]?.flow.name ?? ""}»`}
        />
      ) : null}
      {waiting ? (
        <Need
          to="/inbox?tab=held"
          tone="held"
          count={waiting}
          title={`${many(waiting, "document")} ${waiting === 1 ? "waits" : "wait"} for ${many(groups.length, "answer")}`}
          text={groups[0]?.message ?? ""}
        />
      ) : null}
      {disputed?.count ? (
        <Need
          to="/inbox?tab=conflicts"
          tone="held"
          count={disputed.count}
          title={`${many(disputed.count, "record")} in conflict`}
          text={disputed.conflicts.slice(0, 3).map((one) => `${one.title}: ${one.fields.map((field) => field.title).join(", ")}`).join("; ")}
        />
      ) : null}
      {records ? (
        <Need
          to="/inbox?tab=errors"
          tone="failed"
          count={records}
          title={`${many(records, "record")} failed, for ${many(failures.length, "cause")}`}
          text={failures[0]?.message ?? ""}
        />
      ) : null}
      {failed.length ? (
        <Need
          to={failed.length === 1 ? `/runs/${failed[0]?.id ?? ""}` : "/runs?state=failed"}
          tone="failed"
          count={failed.length}
          title={`${many(failed.length, "run")} could not go on today`}
          text={failed.map((run) => run.flow.name).filter((name, at, names) => names.indexOf(name) === at).join(", ")}
        />
      ) : null}
      {drifted.map(({ flow, drifts }) => (
        <Need
          key={flow.slug}
          to={`/flows/${flow.slug}`}
          tone="failed"
          count={drifts.length}
          title={flow.state === "paused" ? `${flow.name} is paused: a system has changed` : `A system has changed under ${flow.name}`}
          text={drifts[0]?.message ?? ""}
        />
      ))}
      {stuck.map((run) => (
        <Need key={run.id} to={`/runs/${run.id}`} tone="held" count={1} title={`${run.flow.name} waits`} text={runSentence(run)} />
      ))}
      {down.map(({ id, name, outage }) => (
        <Need
          key={id}
          to={`/connections/${id}`}
          tone="failed"
          count={waits || 1}
          title={`${name} is down since ${clockTime(outage?.since ?? "")}`}
          text={`${outage?.message ?? ""} ${outage?.cure ?? ""}${waits ? ` ${many(waits, "run")} ${waits === 1 ? "waits" : "wait"} and ${waits === 1 ? "goes" : "go"} on with its first answer.` : ""}`}
        />
      ))}
      {broken.map((connection) => (
        <Need
          key={connection.id}
          to={`/connections/${connection.id}`}
          tone="failed"
          count={1}
          title={`${connection.name} does not answer`}
          text={connection.health?.message ?? ""}
        />
      ))}
    </div>
  );
}

function Need({ to, tone, count, title, text }: { to: string; tone: "held" | "failed"; count: number; title: string; text: string }) {
  return (
    <Link to={to} className={css.need}>
      <span className={`${css.number} ${css[tone]}`}>{groupDigits(String(count))}</span>
      <span className={css.text}>
        <strong>{title}</strong>
        <p>{text}</p>
      </span>
      <StatusBadge status={tone} text={tone === "held" ? "Decide" : "Look"} />
    </Link>
  );
}

function RunItems({ runs }: { runs: RunRow[] }) {
  if (!runs.length) {
    return (
      <div className={css.list}>
        <p className={css.none}>No run yet. Open a flow and press Run: a dry run shows what would be written, and writes nothing.</p>
      </div>
    );
  }
  return (
    <div className={css.list}>
      {runs.map((run) => (
        <Link key={run.id} to={`/runs/${run.id}`} className={css.item}>
          <span className={css.grow}>
            <span className={css.name}>{run.flow.name}</span>
            <p title={runSentence(run)}>{runSentence(run)}</p>
          </span>
          <StatusBadge {...statusText(run)} />
          <span className={css.quiet}>
            <RelativeTime at={run.started_at} />
          </span>
        </Link>
      ))}
    </div>
  );
}

function Systems({ connections }: { connections: Connection[] }) {
  return (
    <div className={css.list}>
      {connections.map(({ id, name, health }) => (
        <Link key={id} to={`/connections/${id}`} className={css.item}>
          <span className={css.grow}>
            <span className={css.name}>{name}</span>
            <p>{health ? (health.ok && health.identity ? `as ${health.identity}` : health.message) : "Not tested yet"}</p>
          </span>
          {health ? <StatusBadge status={health.ok ? "done" : "failed"} text={health.ok ? "Works" : "Fails"} /> : null}
        </Link>
      ))}
      {connections.length === 0 ? <p className={css.none}>No system is connected yet.</p> : null}
    </div>
  );
}
