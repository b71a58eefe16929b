import { ActionIcon, Button } from "@mantine/core";
import { IconAlertCircle, IconArrowLeft, IconCloudOff, IconListDetails, IconPlayerPause, IconPlayerPlay, IconPlayerStop, IconRepeat } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "react-router";

import { api } from "../api/client";
import { useMay } from "../api/queries";
import type { Counts, RunDetail } from "../api/types";
import { againText, countWord, leftText, OUTCOMES, rateText } from "../model/runs";
import { hasEnded } from "../store/follow";
import { useOverlay } from "../store/run";
import { Count, ErrorBanner, RelativeTime, StatusBadge } from "../ui/parts";
import { useNow } from "../ui/useNow";
import css from "./bar.module.css";

const MODES = { live: "Live run", "dry-run": "Dry run: nothing is written", sample: "Sample" };

/** What the run is, how far it is, and what can be done with it. */
export function RunBar({ slug, name, trouble }: { slug: string; name: string; trouble: unknown }) {
  const run = useOverlay((overlay) => overlay.run);
  return (
    <div>
      <header className={css.bar}>
        <ActionIcon component={Link} to={`/flows/${slug}`} variant="subtle" color="gray" aria-label="To the flow">
          <IconArrowLeft size={18} />
        </ActionIcon>
        <div style={{ minWidth: 0 }}>
          <h1 className={css.title}>{name}</h1>
          {run ? (
            <div className={css.quiet}>
              {MODES[run.mode]}
              {run.version === null ? "" : ` · v${run.version}`} · {run.cause.by ?? run.cause.kind} · <RelativeTime at={run.started_at} />
            </div>
          ) : null}
        </div>
        {run ? <StatusBadge status={run.state} /> : null}
        <span className={css.gap} />
        {run ? <Progress run={run} /> : null}
        {run ? <Acts slug={slug} run={run} /> : null}
      </header>
      {run?.state === "running" ? (
        <div className={css.track} aria-hidden>
          <i />
        </div>
      ) : null}
      {trouble ? (
        <div className={css.notice} role="status">
          <IconCloudOff size={18} aria-hidden /> Heddle does not answer; what you see may be old. It catches up by itself.
        </div>
      ) : null}
      {run?.message && run.state !== "done" ? (
        <div className={css.notice} role="alert">
          <IconAlertCircle size={18} aria-hidden />
          <span>{run.message}</span>
          {run.retry_at ? (
            <Again at={run.retry_at} />
          ) : null}
        </div>
      ) : null}
    </div>
  );
}

function Again({ at }: { at: string }) {
  return <span className={css.quiet}>{againText(at, useNow(true))}</span>;
}

const SHOWN: readonly (keyof Counts)[] = ["read", ...OUTCOMES];
const TONES: Partial<Record<keyof Counts, string>> = { held: "var(--held)", failed: "var(--failed)" };

function Progress({ run }: { run: RunDetail }) {
  const told = SHOWN.filter((name) => name === "read" || run.counts[name] > 0).map((name) => ({
    name,
    word: name === "read" ? name : countWord(name, run.mode),
  }));
  const words = told.map(({ name, word }) => `${run.counts[name]} ${word}`).join(", ");
  return (
    <div className={css.counts}>
      {told.map(({ name, word }) => (
        <span key={name} style={{ color: TONES[name] }}>
          <b style={{ color: TONES[name] }}>
            <Count value={run.counts[name]} />
          </b>{" "}
          {word}
        </span>
      ))}
      {run.answered ? (
        <span>
          <b>
            <Count value={run.answered} />
          </b>{" "}
          not yet counted
        </span>
      ) : null}
      {run.rate && !hasEnded(run) ? <span>{rateText(run.rate)}</span> : null}
      {run.left_s ? <span>about {leftText(run.left_s)} left</span> : run.state === "running" && !run.rate ? <span>time left: –</span> : null}
      <span className="visually-hidden" role="status">
        {hasEnded(run) ? `The run is ${run.state}: ${words}` : `The run is ${run.state}`}
      </span>
    </div>
  );
}

function Acts({ slug, run }: { slug: string; run: RunDetail }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const may = useMay("operator");
  const act = useMutation({
    mutationFn: ({ verb, body }: { verb: string; body?: unknown }) => api<{ run?: string } | null>(`/api/runs/${run.id}/${verb}`, { method: "POST", body }),
    onSuccess: async (answer) => {
      await client.invalidateQueries({ queryKey: ["runs"] });
      if (answer?.run) await navigate(`/flows/${slug}/runs/${answer.run}`);
    },
  });
  const button = (verb: string, label: string, icon: React.ReactNode, body?: unknown) => may ? (
    <Button variant="default" leftSection={icon} loading={act.isPending && act.variables.verb === verb} onClick={() => act.mutate({ verb, body })}>
      {label}
    </Button>
  ) : null;
  const going = run.state === "running" || run.state === "queued" || run.state === "waiting";
  return (
    <div className={css.group}>
      {act.error ? <ErrorBanner error={act.error} /> : null}
      {going ? button("pause", "Pause", <IconPlayerPause size={16} />) : null}
      {run.state === "paused" ? button("resume", "Go on", <IconPlayerPlay size={16} />) : null}
      {going || run.state === "paused" ? button("cancel", "Stop", <IconPlayerStop size={16} />) : null}
      {hasEnded(run) && run.counts.failed > 0 && run.mode === "live"
        ? button("retry", `Retry ${run.counts.failed.toLocaleString("en")} failed`, <IconRepeat size={16} />, { only: "failed", from: "failed-node", version: "current" })
        : null}
      <Button component={Link} to={`/runs/${run.id}`} variant="default" leftSection={<IconListDetails size={16} />}>
        Records
      </Button>
    </div>
  );
}
