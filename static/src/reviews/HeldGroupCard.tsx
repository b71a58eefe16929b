/** One question, all documents that wait for it, who looks after it, and what lets them go. */

import { Button, Menu, Tooltip } from "@mantine/core";
import { IconHandStop, IconUser } from "@tabler/icons-react";
import { Link } from "react-router";

import { usePeople } from "../api/failures";
import { useMay } from "../api/queries";
import { useOwner, useRelease } from "../api/runs";
import type { HeldGroup } from "../api/held";
import { many } from "../model/runs";
import { valueText } from "../model/values";
import { ErrorBanner, RelativeTime } from "../ui/parts";
import { AnswerForm } from "./AnswerForm";
import { type Done, questionKey, releasedText } from "./done";
import css from "./reviews.module.css";

interface Props {
  group: HeldGroup;
  onDone: (done: Done) => void;
}

export function HeldGroupCard({ group, onDone }: Props) {
  const { form, count, runs, question } = group;
  const may = useMay("operator");
  const flow = group.flow?.slug ?? valueText(question["flow"]);
  const wait = `${many(count, "document")} ${count === 1 ? "waits" : "wait"}`;
  const more = count - group.keys.length;
  return (
    <article className={css.group} aria-label={group.message}>
      <div className={css.question}>
        <span className={css.glyph}>
          <IconHandStop size={20} aria-hidden />
        </span>
        <div className={css.grow}>
          <h2>{group.message}</h2>
          <p>
            {wait}
            {group.since ? (
              <>
                , the oldest since <RelativeTime at={group.since} />
              </>
            ) : null}
            {flow ? (
              <>
                {" "}
                in <Link to={`/flows/${flow}`}>{group.flow?.name ?? flow}</Link>
              </>
            ) : null}
          </p>
          {form || !group.cure ? null : <p>{group.cure}</p>}
        </div>
        <Owner group={group} may={may} />
      </div>
      {form && may ? <AnswerForm group={group} onDone={onDone} /> : null}
      <Acts group={group} flow={flow} may={may} onDone={onDone} />
      <details className={css.wait}>
        <summary>{count === 1 ? "Which document" : "Which documents"}</summary>
        <ul className={css.keys}>
          {group.keys.map((key, at) => (
            <li key={key}>
              {runs.length === 1 ? (
                <Link to={`/runs/${runs[0] ?? ""}/records/${encodeURIComponent(key)}`}>{group.titles?.[at] || key}</Link>
              ) : (
                <Link to={`/runs?q=${encodeURIComponent(key)}`}>{group.titles?.[at] || key}</Link>
              )}
            </li>
          ))}
          {more > 0 ? (
            <li>
              <Link to={`/runs/${runs[0] ?? ""}?outcome=held`}>and {more} more</Link>
            </li>
          ) : null}
        </ul>
      </details>
    </article>
  );
}

/** For causes that are removed elsewhere: corrected at the source, opened in the system, changed in the drawing. */
function Acts({ group, flow, may, onDone }: Props & { flow: string; may: boolean }) {
  const release = useRelease();
  const send = (how: "again" | "read") => {
    void release.mutateAsync({ question: group.question, do: how }).then(
      (done) => onDone({ runs: done.runs, question: questionKey(group), at: Date.now(), message: releasedText(done) }),
      () => undefined, // shown as release.error
    );
  };
  const quiet = group.form !== null;
  const gone = group.question["kind"] === "gone" ? valueText(group.question["id"]) : "";
  if (!may && !flow) return null;
  return (
    <div className={css.form} data-quiet={quiet || undefined}>
      {gone ? (
        <Button
          component={Link}
          to={`/references?q=${encodeURIComponent(gone)}`}
          variant={quiet ? "subtle" : "filled"}
          size={quiet ? "compact-sm" : "sm"}
        >
          Repair the cross reference
        </Button>
      ) : null}
      {may
        ? group.acts.map((act, at) => (
            <Tooltip key={act.do} label={act.help} multiline maw={320}>
              <Button
                variant={quiet ? "subtle" : at === 0 ? "filled" : "default"}
                size={quiet ? "compact-sm" : "sm"}
                loading={release.isPending && release.variables.do === act.do}
                onClick={() => send(act.do)}
              >
                {act.title}
              </Button>
            </Tooltip>
          ))
        : null}
      {flow && !quiet ? (
        <Button component={Link} to={`/flows/${flow}`} variant="default">
          Change the flow
        </Button>
      ) : null}
      {release.error ? (
        <div style={{ flexBasis: "100%" }}>
          <ErrorBanner error={release.error} />
        </div>
      ) : null}
    </div>
  );
}

const ROLES = ["operator", "editor", "admin"];

function Owner({ group, may }: { group: HeldGroup; may: boolean }) {
  const people = usePeople();
  const give = useOwner();
  const name = group.owner?.name ?? "Nobody";
  if (!may) return group.owner ? <span className={css.quiet}>{name}</span> : null;
  const set = (owner: string) => give.mutate({ question: group.question, owner });
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <Button variant="subtle" color="gray" size="compact-sm" leftSection={<IconUser size={15} />} loading={give.isPending} aria-label={`Looked after by ${name}`}>
          {group.owner ? name : "Give to…"}
        </Button>
      </Menu.Target>
      <Menu.Dropdown mah={340} style={{ overflowY: "auto" }}>
        <Menu.Label>Who looks after questions like this</Menu.Label>
        {(people.data ?? []).map((person) => (
          <Menu.Item key={person.email} onClick={() => set(person.email)}>
            {person.name}
          </Menu.Item>
        ))}
        {ROLES.map((role) => (
          <Menu.Item key={role} onClick={() => set(`role:${role}`)}>
            Any {role}
          </Menu.Item>
        ))}
        {group.owner ? <Menu.Item onClick={() => set("")}>Nobody</Menu.Item> : null}
      </Menu.Dropdown>
    </Menu>
  );
}
