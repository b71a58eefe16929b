/** Retry, which says before what it will do: how many records, from where, by which drawing. */

import { Button, Modal, Radio, Stack } from "@mantine/core";
import { IconRepeat } from "@tabler/icons-react";
import { useState } from "react";
import { useNavigate } from "react-router";

import { useMay } from "../api/queries";
import { type Retry, useRetry } from "../api/runs";
import type { RunDetail } from "../api/types";
import { many } from "../model/runs";
import { ErrorBanner } from "../ui/parts";

const ENDED = new Set(["done", "failed", "cancelled"]);

interface Props {
  run: Pick<RunDetail, "id" | "state" | "counts" | "mode">;
  /** Only these records; otherwise all that failed or are held. */
  keys?: string[];
  /** Where retrying is not the main act. */
  quiet?: boolean;
}

export function RetryButton({ run, keys, quiet = false }: Props) {
  const { failed, held } = run.counts;
  const first: Retry["only"] = keys ? "keys" : failed ? "failed" : "held";
  const [open, setOpen] = useState(false);
  const [only, setOnly] = useState<Retry["only"]>(first);
  const [from, setFrom] = useState<Retry["from"]>("failed-node");
  const [version, setVersion] = useState<Retry["version"]>("current");
  const retry = useRetry(run.id);
  const navigate = useNavigate();
  const may = useMay("operator");
  const count = { keys: keys?.length ?? 0, failed, held }[only];
  if (!may || !ENDED.has(run.state) || run.mode !== "live" || (!keys?.length && !failed && !held)) return null;
  const words = { keys: many(count, "record"), failed: many(count, "failed record"), held: many(count, "held record") }[only];
  return (
    <>
      <Button
        variant={quiet ? "default" : "filled"}
        leftSection={<IconRepeat size={16} />}
        onClick={() => {
          setOnly(first);
          setOpen(true);
        }}
      >
        Retry {keys ? "this record" : many(failed || held, failed ? "failed record" : "held record")}
      </Button>
      <Modal opened={open} onClose={() => setOpen(false)} title="Retry" centered>
        <Stack>
          {!keys && failed && held ? (
            <Radio.Group label="Which records" value={only} onChange={(next) => setOnly(next)}>
              <Radio mt={6} value="failed" label={many(failed, "failed record")} />
              <Radio mt={6} value="held" label={many(held, "held record")} />
            </Radio.Group>
          ) : null}
          <Radio.Group label="From where" value={from} onChange={(next) => setFrom(next)}>
            <Radio mt={6} value="failed-node" label="From the step where it stopped" description="With the data as it was read then." />
            <Radio mt={6} value="trigger" label="From the start" description="Reads the records again as they are now." />
          </Radio.Group>
          <Radio.Group label="By which drawing" value={version} onChange={(next) => setVersion(next)}>
            <Radio mt={6} value="current" label="The live one, with what was corrected since" />
            <Radio mt={6} value="run" label="The one that this run used" />
          </Radio.Group>
          <p style={{ margin: 0, color: "var(--ink-2)" }}>
            Sends {words} once more. What has been written already is recognised and not written twice.
          </p>
          <ErrorBanner error={retry.error} />
          <Button
            data-autofocus
            loading={retry.isPending}
            onClick={() =>
              retry.mutate(
                { only, from, version, ...(keys ? { keys } : {}) },
                {
                  onSuccess: (started) => {
                    setOpen(false);
                    void navigate(`/runs/${started.run}`);
                  },
                },
              )
            }
          >
            Retry {words}
          </Button>
        </Stack>
      </Modal>
    </>
  );
}
