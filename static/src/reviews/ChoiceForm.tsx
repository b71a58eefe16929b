/** Which object is it: the values that were looked for, what was found, a new one, or none. */

import { Anchor, Badge, Button, Radio } from "@mantine/core";
import { IconExternalLink } from "@tabler/icons-react";
import { useState } from "react";

import { useAnswer } from "../api/runs";
import type { ChoiceForm as Choice, HeldGroup } from "../api/held";
import { many } from "../model/runs";
import { ErrorBanner } from "../ui/parts";
import { type Done, questionKey } from "./done";
import css from "./reviews.module.css";

interface Props {
  group: HeldGroup;
  form: Choice;
  onDone: (done: Done) => void;
}

export function ChoiceForm({ group, form, onDone }: Props) {
  const answer = useAnswer();
  const [choice, setChoice] = useState<string | null>(null);
  const [tried, setTried] = useState(false);
  const sought = Object.values(form.match).join(", ");
  const title = group.titles?.length === 1 ? (group.titles[0] ?? "") : "";
  const asked = [...new Set([title, sought])].filter(Boolean).join(", ");
  const said = (released: number) => {
    const goes = `${many(released, "document")} ${released === 1 ? "goes" : "go"} on`;
    if (choice === "new") return `A new ${form.thing} is created for ${sought}. ${goes}.`;
    if (choice === "out") return `${sought} is left out, now and in later runs.`;
    return `${sought} is ${choice ?? ""} from now on. ${goes}.`;
  };
  return (
    <form
      className={css.choose}
      onSubmit={(event) => {
        event.preventDefault();
        setTried(true);
        if (!choice) return;
        void answer.mutateAsync({ question: group.question, answer: { choice } }).then(
          ({ released, left, runs }) => onDone({ runs, question: questionKey(group), at: Date.now(), message: said(released + left) }),
          () => undefined, // shown as answer.error
        );
      }}
    >
      <Radio.Group
        value={choice}
        onChange={setChoice}
        label={`Which ${form.thing} is ${asked}?`}
        error={tried && !choice ? "Choose one." : null}
      >
        <div className={css.candidates}>
          {form.candidates.map((one) => (
            <div key={one.id} className={css.candidate}>
              <Radio
                value={one.id}
                label={
                  <>
                    <b>{one.number || one.id}</b> {[...new Set([one.title, ...Object.values(one.values)])].filter(Boolean).join(", ")}
                  </>
                }
              />
              {one.exact ? <Badge tt="none" variant="light">The same</Badge> : <Badge tt="none" variant="light" color="gray">Looks alike</Badge>}
              {one.link ? (
                <Anchor href={one.link} target="_blank" rel="noreferrer" size="sm" aria-label={`Open ${one.number || one.id}`}>
                  Open <IconExternalLink size={13} aria-hidden />
                </Anchor>
              ) : null}
            </div>
          ))}
          <Radio value="new" label={`None of them: create a new ${form.thing}`} />
          <Radio value="out" label="Leave it out, now and in later runs" />
        </div>
      </Radio.Group>
      <div>
        <Button type="submit" loading={answer.isPending}>
          {choice === "out" ? "Leave it out" : "Use this and go on"}
        </Button>
      </div>
      {answer.error ? <ErrorBanner error={answer.error} /> : null}
    </form>
  );
}
