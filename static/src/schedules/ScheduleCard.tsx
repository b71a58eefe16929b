/** One trigger that fires by itself: when next, how it went last, and what it asks. */

import { Button } from "@mantine/core";
import { IconPlayerPause, IconPlayerPlay } from "@tabler/icons-react";
import { Link } from "react-router";

import { type Schedule, useCatchUp, useScheduleAct } from "../api/schedules";
import { firingText, offsetText } from "../model/firings";
import { cameOf, many } from "../model/runs";
import { ErrorBanner, RelativeTime, StatusBadge } from "../ui/parts";
import css from "./schedules.module.css";

const STATES = {
  on: { status: "live", text: "On" },
  paused: { status: "paused", text: "Paused" },
  "flow-paused": { status: "paused", text: "The flow is paused" },
} as const;

export function ScheduleCard({ schedule }: { schedule: Schedule }) {
  const act = useScheduleAct(schedule.id);
  const { status, text } = STATES[schedule.state];
  const [next] = schedule.next;
  const last = schedule.last_run;
  return (
    <article className={css.card} aria-label={schedule.flow.name}>
      <div className={css.head}>
        <div className={css.names}>
          <h2>
            <Link to={`/flows/${schedule.flow.slug}`}>{schedule.flow.name}</Link>
          </h2>
          <p>
            {schedule.summary}
            {schedule.overlap ? `; ${schedule.overlap}` : ""}
          </p>
        </div>
        <StatusBadge status={status} text={text} />
        {schedule.state === "flow-paused" ? null : (
          <Button
            size="compact-sm"
            variant="default"
            loading={act.isPending}
            leftSection={schedule.state === "on" ? <IconPlayerPause size={14} /> : <IconPlayerPlay size={14} />}
            onClick={() => act.mutate(schedule.state === "on" ? "pause" : "resume")}
          >
            {schedule.state === "on" ? "Pause" : "Resume"}
          </Button>
        )}
      </div>
      <dl className={css.facts}>
        <div>
          <dt>Next</dt>
          <dd>
            {next ? (
              <>
                <b>{firingText(next)}</b> {offsetText(next)} · <RelativeTime at={next} />
              </>
            ) : schedule.kind === "after" && schedule.state === "on" ? (
              "When the other flow is over"
            ) : (
              "Not while it is paused"
            )}
          </dd>
        </div>
        <div>
          <dt>Last run</dt>
          <dd>
            {last ? (
              <Link to={`/runs/${last.id}`} className={css.run}>
                <StatusBadge status={last.state} /> {cameOf(last)} · <RelativeTime at={last.at} />
              </Link>
            ) : (
              "It has not fired yet"
            )}
          </dd>
        </div>
      </dl>
      {schedule.message ? <p className={css.message}>{schedule.message}</p> : null}
      {schedule.missed > 0 ? (
        <p className={css.message}>
          {many(schedule.missed, "time")} fell into a time in which Heddle was not running and {schedule.missed === 1 ? "was" : "were"} left out.
        </p>
      ) : null}
      {schedule.asks.length > 0 ? <Asks schedule={schedule} /> : null}
      {schedule.next.length > 1 ? (
        <details className={css.more}>
          <summary>The next ten times</summary>
          <ol>
            {schedule.next.map((firing) => (
              <li key={firing}>
                {firingText(firing)} <span>{offsetText(firing)}</span>
              </li>
            ))}
          </ol>
        </details>
      ) : null}
      <ErrorBanner error={act.error} />
    </article>
  );
}

function Asks({ schedule }: { schedule: Schedule }) {
  const catchUp = useCatchUp(schedule.id);
  const count = schedule.asks.length;
  const [first = ""] = schedule.asks;
  const last = schedule.asks.at(-1) ?? first;
  return (
    <div className={css.asks} role="group" aria-label="Missed runs">
      <p>
        <b>{count === 1 ? "One run was missed" : `${many(count, "run")} were missed`}</b> while Heddle was not running,{" "}
        {count === 1 ? `at ${firingText(first)}` : `from ${firingText(first)} to ${firingText(last)}`} ({offsetText(last)}). What shall become of{" "}
        {count === 1 ? "it" : "them"}?
      </p>
      <div className={css.choices}>
        {count > 1 ? (
          <Button size="compact-sm" loading={catchUp.isPending} onClick={() => catchUp.mutate("last")}>
            Run the last one
          </Button>
        ) : null}
        <Button size="compact-sm" variant={count > 1 ? "default" : "filled"} loading={catchUp.isPending} onClick={() => catchUp.mutate("all")}>
          {count > 1 ? `Run all ${count}` : "Run it now"}
        </Button>
        <Button size="compact-sm" variant="subtle" color="gray" loading={catchUp.isPending} onClick={() => catchUp.mutate("skip")}>
          Leave {count > 1 ? "them" : "it"} out
        </Button>
      </div>
      <ErrorBanner error={catchUp.error} />
    </div>
  );
}
