/** What all forms that answer a question have in common. */

import { Button } from "@mantine/core";
import { type ReactNode, useState } from "react";

import { useAnswer } from "../api/runs";
import type { HeldGroup } from "../api/held";
import { ErrorBanner } from "../ui/parts";
import { type Done, releasedText, questionKey } from "./done";
import css from "./reviews.module.css";

export interface Props {
  group: HeldGroup;
  onDone: (done: Done) => void;
}

interface FrameProps extends Props {
  answer: Record<string, string>;
  lacking: boolean;
  said: string;
  children: (tried: boolean) => ReactNode;
}

/** They send once nothing lacks, and say what went out. */
export function Frame({ group, onDone, answer, lacking, said, children }: FrameProps) {
  const send = useAnswer();
  const [tried, setTried] = useState(false);
  return (
    <form
      className={css.form}
      onSubmit={(event) => {
        event.preventDefault();
        setTried(true);
        if (lacking) return;
        // The answered group leaves the list, and this form with it: then only a promise tells.
        void send.mutateAsync({ question: group.question, answer }).then(
          (done) => onDone({ runs: done.runs, question: questionKey(group), at: Date.now(), message: `${said} ${releasedText(done)}` }),
          () => undefined, // shown as send.error
        );
      }}
    >
      {children(tried)}
      <Button type="submit" loading={send.isPending}>
        Release {group.count === 1 ? "it" : `all ${group.count}`}
      </Button>
      {send.error ? (
        <div style={{ flexBasis: "100%" }}>
          <ErrorBanner error={send.error} />
        </div>
      ) : null}
    </form>
  );
}
