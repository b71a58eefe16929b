/** What a change would have done: the real records that would now be decided otherwise than by the live version. */

import { Button } from "@mantine/core";
import { IconGitCompare } from "@tabler/icons-react";

import { useWhatIf } from "../api/decisions";
import type { Flow } from "../model/flow";
import { ErrorBanner } from "../ui/parts";
import { OtherwiseList } from "./OtherwiseList";
import css from "./trial.module.css";

export function WhatIfPanel({ slug, node, flow, live }: { slug: string; node: string; flow: Flow; live: number }) {
  const compared = useWhatIf(slug);
  const found = compared.data;
  return (
    <div className={css.whatIf}>
      <div className={css.bar}>
        <span>
          <b>What would change?</b>
          <small>Compares this drawing with version {live} over the last 500 real records.</small>
        </span>
        <span className={css.spring} />
        <Button
          size="xs"
          variant="default"
          leftSection={<IconGitCompare size={15} />}
          loading={compared.isPending}
          onClick={() => compared.mutate({ node, document: flow })}
        >
          Compare
        </Button>
      </div>
      <ErrorBanner error={compared.error} />
      {found ? (
        <p className={css.tally} role="status">
          {sentence(found.judged, found.count, found.version)}
        </p>
      ) : null}
      {found?.changed.length ? <OtherwiseList changed={found.changed} /> : null}
    </div>
  );
}

function sentence(judged: number, count: number, version: number): string {
  if (!judged) return "No real record has reached this step yet, so there is nothing to compare.";
  const all = judged === 1 ? "the one real record" : `the last ${judged} real records`;
  if (!count) return `Of ${all}, every one would be decided as by version ${version}.`;
  return `Of ${all}, ${count} would be decided otherwise than by version ${version}.`;
}
