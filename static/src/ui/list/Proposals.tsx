import { Button, Collapse } from "@mantine/core";
import { IconSparkles } from "@tabler/icons-react";
import { useState, type ReactNode } from "react";

import css from "./list.module.css";

const SURE = 0.8;

interface Scored {
  /** 0 to 1. */
  score: number;
}

interface ProposalsProps<Proposal extends Scored> {
  /** Names the group for a screen reader. */
  label: string;
  /** `3 pairs look alike` */
  count: string;
  proposals: Proposal[];
  /** Stands for a proposal in the list: its words, as text, and as they are shown. */
  name: (proposal: Proposal) => string;
  show?: (proposal: Proposal) => ReactNode;
  onTake: (some: Proposal[]) => void;
}

/** What looks alike: taken one by one or together, never by itself. */
export function Proposals<Proposal extends Scored>({ label, count, proposals, name, show = name, onTake }: ProposalsProps<Proposal>) {
  const [open, setOpen] = useState(false);
  const sure = proposals.filter((one) => one.score >= SURE);
  if (!proposals.length) return null;
  return (
    <div className={css.proposals} role="group" aria-label={label}>
      <div className={css.bar}>
        <IconSparkles size={16} aria-hidden />
        <span className={css.grow}>{count}</span>
        {sure.length && sure.length < proposals.length ? (
          <Button size="compact-xs" variant="default" onClick={() => onTake(sure)}>
            Take the {sure.length} sure ones
          </Button>
        ) : null}
        <Button size="compact-xs" variant={sure.length === proposals.length ? "filled" : "default"} onClick={() => onTake(proposals)}>
          Take all
        </Button>
        <Button size="compact-xs" variant="subtle" aria-expanded={open} onClick={() => setOpen(!open)}>
          {open ? "Hide" : "Look at them"}
        </Button>
      </div>
      <Collapse expanded={open}>
        {proposals.map((one, at) => (
          <div key={at} className={css.proposal}>
            <span className={css.grow}>
              {show(one)} <small>{one.score >= SURE ? "very likely" : "possible"}</small>
            </span>
            <Button size="compact-xs" variant="default" aria-label={`Take ${name(one)}`} onClick={() => onTake([one])}>
              Take
            </Button>
          </div>
        ))}
      </Collapse>
    </div>
  );
}
