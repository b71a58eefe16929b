import { Button, Select } from "@mantine/core";
import { IconListDetails } from "@tabler/icons-react";
import type { ComponentType } from "react";
import { Link } from "react-router";

import { useFlows } from "../api/queries";
import { useRuns } from "../api/runs";
import type { RunRow } from "../api/types";
import { causeText, elapsed, OUTCOMES, runSentence, statusText } from "../model/runs";
import { Filters, useFilters } from "../ui/list/Filters";
import { More } from "../ui/list/More";
import { Nothing } from "../ui/list/Nothing";
import { ErrorBanner, Page, RelativeTime, Rows, StatusBadge } from "../ui/parts";
import { statusOf } from "../ui/status";
import { modeText } from "./words";
import css from "./runs.module.css";

const STATES = ["queued", "running", "waiting", "paused", "done", "failed", "cancelled"];
const FILTERS = ["flow", "state", "outcome", "q"] as const;

interface Props {
  /** Shows the records that a search means, each with the way to its timeline. */
  Found: ComponentType<{ q: string }>;
}

export function RunsPage({ Found }: Props) {
  const { filters, filtered, set, clear } = useFilters(FILTERS);
  const runs = useRuns(filters);
  const flows = useFlows();
  const rows = runs.data?.pages.flatMap((page) => page.runs) ?? [];
  const choice = (name: string) => ({ value: name, label: statusOf(name).text });
  return (
    <Page title="Runs" lead="What happened">
      <Filters q={filters.q ?? ""} onSearch={(text) => set("q", text)} label="Customer, number or key of a record">
        <Select
          clearable
          searchable
          aria-label="Flow"
          placeholder="Every flow"
          data={(flows.data ?? []).map((flow) => ({ value: flow.slug, label: flow.name }))}
          value={filters.flow ?? null}
          onChange={(next) => set("flow", next)}
        />
        <Select clearable aria-label="State" placeholder="Any state" data={STATES.map(choice)} value={filters.state ?? null} onChange={(next) => set("state", next)} />
        <Select clearable aria-label="Outcome" placeholder="Any outcome" data={OUTCOMES.map(choice)} value={filters.outcome ?? null} onChange={(next) => set("outcome", next)} />
      </Filters>
      <Found q={filters.q ?? ""} />
      <ErrorBanner error={runs.error} retry={() => void runs.refetch()} />
      {runs.isPending ? <Rows count={8} /> : null}
      {runs.data && rows.length === 0 ? (
        <Nothing
          icon={IconListDetails}
          filtered={filtered}
          clear={clear}
          all="Show all runs"
          titles={["No run is like that", "No runs yet"]}
          texts={[
            "Take a filter away, or search for another part of the name.",
            "Open a flow and run it on a sample: what it would write is shown before anything is written.",
          ]}
          act={
            <Button component={Link} to="/flows">
              Open a flow
            </Button>
          }
        />
      ) : null}
      {rows.length ? (
        <div className={css.table}>
          <div className={`${css.row} ${css.headRow}`} aria-hidden>
            <span>State</span>
            <span>Flow</span>
            <span>What happened</span>
            <span>Why it ran</span>
            <span className={css.end}>When</span>
          </div>
          {rows.map((run) => (
            <RunLine key={run.id} run={run} />
          ))}
        </div>
      ) : null}
      <More of={runs} text="Earlier runs" />
    </Page>
  );
}

function RunLine({ run }: { run: RunRow }) {
  const took = run.ended_at ? elapsed(run, Date.parse(run.ended_at)) : null;
  return (
    <Link to={`/runs/${run.id}`} className={css.row}>
      <span>
        <StatusBadge {...statusText(run)} />
      </span>
      <span className={css.name}>
        {run.flow.name}
        {run.mode === "live" ? null : <span className={css.quiet}> · {modeText(run.mode)}</span>}
      </span>
      <span className={css.sentence} title={runSentence(run)}>
        {runSentence(run)}
      </span>
      <span className={css.quiet}>{causeText(run.cause)}</span>
      <span className={css.end} title={took ? `Took ${took}` : undefined}>
        <RelativeTime at={run.started_at} />
      </span>
    </Link>
  );
}
