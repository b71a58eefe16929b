import { Button, Group, Modal } from "@mantine/core";
import { useEffect, useState } from "react";
import { useNavigate } from "react-router";

import { useStartFirstLoad } from "../../api/firstload";
import { useStartRun } from "../../api/queries";
import type { RunDetail, RunMode } from "../../api/types";
import { EVERYTHING, readableOf, type Reading, wantedOf } from "../../model/reading";
import { useDocument, useEditor } from "../../store/editor";
import { followRun, hasEnded } from "../../store/follow";
import { Count, ErrorBanner, Rows } from "../../ui/parts";
import { ReadingFields } from "./ReadingFields";
import css from "./dialogs.module.css";

/** A run by hand. The numbers come first: a dry run tells what the live one would write. */
export function RunDialog({ slug, close }: { slug: string; close: () => void }) {
  const start = useStartRun(slug);
  const navigate = useNavigate();
  const live = useEditor((editor) => editor.liveVersion);
  const name = useEditor((editor) => editor.history.present.name);
  const [dry, setDry] = useState<string | null>(null);
  const [counted, setCounted] = useState<RunDetail | null>(null);
  const [trouble, setTrouble] = useState<unknown>(null);
  const [reading, setReading] = useState<Reading>(EVERYTHING);
  const firstLoad = useStartFirstLoad(slug);
  const readable = readableOf(useDocument());
  useEffect(() => (dry ? followRun(dry, setCounted, setTrouble) : undefined), [dry]);

  const { wanted, error } = wantedOf(reading, readable);
  const begin = (mode: RunMode, then: (run: string) => void) =>
    start.mutate({ mode, ...(live === null ? {} : { version: live }), ...wanted }, { onSuccess: ({ run }) => then(run) });
  const go = (run: string) => {
    close();
    void navigate(`/flows/${slug}/runs/${run}`);
  };
  const done = counted !== null && hasEnded(counted);
  const writes = counted ? counted.counts.created + counted.counts.updated : 0;
  return (
    <Modal opened onClose={close} title={`Run ${name}`} size={560} radius="lg">
      {live === null ? (
        <p className={css.lead}>This flow was never published, so there is no version to run. Try it on a sample, then publish it.</p>
      ) : (
        <p className={css.lead} aria-live="polite">
          {sentence(live, dry, counted)}
        </p>
      )}
      {live === null ? null : (
        <ReadingFields
          slug={slug}
          reading={reading}
          readable={readable}
          error={error}
          onChange={(next) => {
            setReading(next);
            setDry(null);
            setCounted(null);
          }}
        />
      )}
      {dry && !counted ? <Rows count={2} /> : null}
      {counted ? <Figures run={counted} /> : null}
      <ErrorBanner error={start.error ?? firstLoad.error ?? trouble} />
      {counted?.state === "failed" && counted.message ? <ErrorBanner error={new Error(counted.message)} /> : null}
      <Group justify="flex-end" mt="lg">
        <Button
          variant="subtle"
          color="gray"
          mr="auto"
          disabled={live === null}
          loading={firstLoad.isPending}
          title="Reads everything and writes nothing: shows what is there already, what looks alike, and what is new"
          onClick={() => firstLoad.mutate(undefined, { onSuccess: ({ run }) => { close(); void navigate(`/runs/${run}`); } })}
        >
          First load…
        </Button>
        {done ? (
          <Button variant="default" onClick={() => { close(); void navigate(`/runs/${counted.id}`); }}>
            See the plan
          </Button>
        ) : (
          <Button
            variant="default"
            loading={start.isPending || (dry !== null && !done)}
            disabled={live === null || error !== null}
            data-autofocus
            onClick={() => begin("dry-run", setDry)}
          >
            Count first (dry run)
          </Button>
        )}
        <Button disabled={live === null || error !== null || (done && writes === 0)} loading={start.isPending} onClick={() => begin("live", go)}>
          {done ? `Write ${writes.toLocaleString("en")} ${writes === 1 ? "record" : "records"}` : "Run now"}
        </Button>
      </Group>
    </Modal>
  );
}

function sentence(live: number, dry: string | null, counted: RunDetail | null): string {
  if (!dry) return `Runs version ${live}. Count first: the dry run reads everything and writes nothing.`;
  if (!counted || !hasEnded(counted)) return "Reading and counting; nothing is written…";
  return counted.state === "done" ? "This is what a live run would do now." : "The dry run did not get to its end.";
}

function Figures({ run }: { run: RunDetail }) {
  const { counts } = run;
  const shown: [string, number, string?][] = [
    ["read", counts.read],
    ["to create", counts.created],
    ["to update", counts.updated],
    [counts.skipped ? "unchanged or skipped" : "unchanged", counts.unchanged + counts.skipped + counts.echo],
    ["held", counts.held, counts.held ? "held" : ""],
    ["failed", counts.failed, counts.failed ? "failed" : ""],
  ];
  return (
    <div className={css.big}>
      {shown.map(([word, number, tone]) => (
        <div key={word} className={css.figure} data-tone={tone}>
          <b>
            <Count value={number} />
          </b>
          <span>{word}</span>
        </div>
      ))}
    </div>
  );
}
