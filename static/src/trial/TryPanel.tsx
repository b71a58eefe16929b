/** Trying what is drawn: on sample records, on real ones that passed this step, or on what somebody types. */

import { Button, SegmentedControl, TextInput } from "@mantine/core";
import { IconFlask, IconPlayerPlay } from "@tabler/icons-react";
import { useState } from "react";

import { type TrialBody, useTrial } from "../api/decisions";
import type { NodeEditorProps } from "../model/editing";
import { sampleFor } from "../model/trace";
import { useEditor } from "../store/editor";
import { tryOnSample, useOverlay } from "../store/run";
import { useSources } from "../store/sources";
import { ErrorBanner } from "../ui/parts";
import { askedFor, recordOf, startText } from "./facts";
import { Outcomes } from "./Outcomes";
import { WhatIfPanel } from "./WhatIfPanel";
import css from "./trial.module.css";

type On = "samples" | "real" | "typed";
const LAST = 100;

interface Props extends NodeEditorProps {
  kind: "rules" | "tables";
  document: unknown;
  noMatch?: string;
  /** Outside of a drawing there is nothing but what somebody types. */
  typedOnly?: boolean;
}

export function TryPanel(props: Props) {
  const { kind, document, noMatch, flow, node, sample, typedOnly = false } = props;
  const slug = useEditor((editor) => editor.slug);
  const live = useEditor((editor) => editor.liveVersion);
  const preview = useOverlay((overlay) => overlay.preview);
  const reading = useOverlay((overlay) => overlay.trying);
  const groups = useSources(props);
  const trial = useTrial(kind);
  const [on, setOn] = useState<On>("typed");
  const [typed, setTyped] = useState<Record<string, string>>({});
  const [open, setOpen] = useState(false);
  const asked = askedFor(document, groups);
  const samples = (preview?.records ?? []).flatMap(({ key, title }) => sampleFor(flow, preview?.trace[key] ?? [], node.id, key, title) ?? []);

  function run() {
    const source: Partial<TrialBody> =
      on === "typed"
        ? { facts: recordOf(asked, typed, sample?.data ?? null) }
        : on === "samples"
          ? { records: samples }
          : { flow: slug, node: node.id, last: LAST };
    trial.mutate({ document, tables: flow.tables, ...(noMatch ? { no_match: noMatch } : {}), ...source });
  }

  if (!open) {
    return (
      <div className={css.closed}>
        <Button variant="light" leftSection={<IconFlask size={16} />} onClick={() => setOpen(true)}>
          Try it and see why
        </Button>
      </div>
    );
  }
  return (
    <section className={css.panel} aria-label="Try it">
      <div className={css.bar}>
        <h4>Try it</h4>
        {typedOnly ? null : <SegmentedControl
          size="xs"
          aria-label="Records to try it on"
          value={on}
          onChange={(next) => {
            setOn(next);
            trial.reset();
          }}
          data={[
            { value: "typed", label: "Type a case" },
            { value: "samples", label: "Samples" },
            { value: "real", label: "Real records" },
          ]}
        />}
        <span className={css.spring} />
        {on === "samples" && !samples.length ? (
          <Button size="xs" variant="default" loading={reading} onClick={() => void tryOnSample(slug, flow, flow.policy.sample_size)}>
            Read a few records
          </Button>
        ) : (
          <Button size="xs" leftSection={<IconPlayerPlay size={14} />} loading={trial.isPending} onClick={run}>
            Judge
          </Button>
        )}
      </div>
      {on === "typed" ? (
        asked.length ? (
          <div className={css.facts}>
            {asked.map((one) => (
              <TextInput
                key={one.path}
                size="xs"
                label={one.title}
                placeholder="empty"
                value={typed[one.path] ?? startText(one, sample?.data)}
                onChange={(event) => {
                  const text = event.currentTarget.value;
                  setTyped((before) => ({ ...before, [one.path]: text }));
                }}
                onKeyDown={(event) => event.key === "Enter" && run()}
              />
            ))}
          </div>
        ) : (
          <p className={css.hint}>Nothing looks at a field of the record yet. Write a condition first.</p>
        )
      ) : null}
      {on === "samples" && !samples.length ? <p className={css.hint}>Reads from the connected system; nothing is written.</p> : null}
      {on === "real" ? <p className={css.hint}>The last {LAST} records that reached this step in real runs, exactly as they arrived.</p> : null}
      <ErrorBanner error={trial.error} />
      {trial.data ? <Outcomes kind={kind} tried={trial.data.records} /> : null}
      {live && !typedOnly ? <WhatIfPanel slug={slug} node={node.id} flow={flow} live={live} /> : null}
    </section>
  );
}
