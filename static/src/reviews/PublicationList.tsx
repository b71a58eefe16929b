/** Drawings that wait for a second person: what changes, and the decision. */

import { Button, SegmentedControl, Textarea } from "@mantine/core";
import { IconEye } from "@tabler/icons-react";
import { useState } from "react";
import { Link } from "react-router";

import { type PublicationRow, useDecidePublication, usePublication, usePublications } from "../api/publications";
import { EmptyState, ErrorBanner, RelativeTime, Rows } from "../ui/parts";
import type { Told } from "./done";
import css from "./reviews.module.css";

export function PublicationList({ onDone }: { onDone: (done: Told) => void }) {
  const [view, setView] = useState<"open" | "decided">("open");
  const found = usePublications(view);
  const rows = found.data?.publications ?? [];
  return (
    <>
      <div className={css.views}>
        <SegmentedControl
          aria-label="Which drawings"
          value={view}
          onChange={setView}
          data={[
            { value: "open", label: "Waiting" },
            { value: "decided", label: "Decided" },
          ]}
        />
      </div>
      <ErrorBanner error={found.error} retry={() => void found.refetch()} />
      {found.isPending ? <Rows count={3} height={100} /> : null}
      {found.data && rows.length === 0 ? (
        <EmptyState icon={IconEye} title={view === "open" ? "No drawing waits for a second person" : "Nothing has been decided yet"}>
          A flow that posts to the ledger goes live when somebody other than its author has seen what changes.
        </EmptyState>
      ) : null}
      <div className={css.groups}>
        {rows.map((row) => (
          <Card key={row.id} row={row} onDone={onDone} />
        ))}
      </div>
    </>
  );
}

const ENDED = { published: "Published", returned: "Sent back", withdrawn: "Withdrawn", replaced: "Replaced by a newer request", open: "" };

function Card({ row, onDone }: { row: PublicationRow; onDone: (done: Told) => void }) {
  const [open, setOpen] = useState(false);
  const waiting = row.state === "open";
  return (
    <article className={css.group} aria-label={`Publish ${row.flow.name}`}>
      <div className={css.question}>
        <span className={css.glyph}>
          <IconEye size={20} aria-hidden />
        </span>
        <div className={css.grow}>
          <h2>
            {waiting ? `Publish «${row.flow.name}»?` : row.flow.name}
          </h2>
          <p>
            {waiting ? (
              <>
                {row.own ? "You" : row.asked_by} asked <RelativeTime at={row.since} /> in <Link to={`/flows/${row.flow.slug}`}>{row.flow.name}</Link>
              </>
            ) : (
              <>
                {ENDED[row.state]}
                {row.version ? ` as version ${row.version}` : ""}
                {row.decided_by ? ` by ${row.decided_by}` : ""} <RelativeTime at={row.decided_at} />, asked for by {row.asked_by}
                {row.comment ? `: ${row.comment}` : ""}
              </>
            )}
          </p>
          {row.note ? <p>“{row.note}”</p> : null}
          {waiting && row.why_not ? <p>{row.why_not}</p> : null}
        </div>
        <Button variant={open || !row.mine ? "default" : "light"} aria-expanded={open} onClick={() => setOpen(!open)}>
          {open ? "Close" : row.mine ? "Look and decide" : "Look"}
        </Button>
      </div>
      {open ? <Inside row={row} onDone={onDone} /> : null}
    </article>
  );
}

function Inside({ row, onDone }: { row: PublicationRow; onDone: (done: Told) => void }) {
  const found = usePublication(row.id);
  const one = found.data;
  if (!one) return found.error ? <ErrorBanner error={found.error} /> : <Rows count={4} />;
  return (
    <div className={css.inside}>
      <section>
        <h3>{one.first ? "It would go live for the first time" : `What would be different from version ${one.base ?? ""}`}</h3>
        {one.first ? (
          <ul className={css.changes}>
            <li>
              <b>Steps: </b>
              {one.steps.join(" → ")}
            </li>
            {one.connections.map((bound) => (
              <li key={bound.slot}>
                <b>{bound.slot}: </b>
                {bound.name}
              </li>
            ))}
          </ul>
        ) : null}
        {!one.first && one.changes.length === 0 ? <p className={css.quiet}>Only places on the canvas changed; what the flow does is the same.</p> : null}
        {one.changes.length ? (
          <ul className={css.changes}>
            {one.changes.map((change, at) => (
              <li key={at}>
                {change.title ? <b>{change.title}: </b> : null}
                {change.text}
              </li>
            ))}
          </ul>
        ) : null}
        <p className={css.quiet}>
          <Link to={`/flows/${row.flow.slug}`}>Open the drawing</Link>
        </p>
      </section>
      {row.state === "open" ? <Decide row={row} onDone={onDone} /> : null}
    </div>
  );
}

function Decide({ row, onDone }: { row: PublicationRow; onDone: (done: Told) => void }) {
  const [comment, setComment] = useState("");
  const [tried, setTried] = useState(false);
  const decide = useDecidePublication(row.id);
  const send = (act: "publish" | "return" | "withdraw") => {
    setTried(act === "return");
    if (act === "return" && !comment.trim()) return;
    const words = { publish: "is live", return: `is back with ${row.asked_by}`, withdraw: "is no longer asked for" };
    void decide.mutateAsync({ act, comment }).then(
      ({ version }) => onDone({ runs: [], message: `${version ? `Version ${version} of ` : ""}«${row.flow.name}» ${words[act]}.` }),
      () => undefined, // shown as decide.error
    );
  };
  if (!row.mine) {
    return row.own ? (
      <div className={css.acts}>
        <Button variant="default" loading={decide.isPending} onClick={() => send("withdraw")}>
          Withdraw
        </Button>
        <ErrorBanner error={decide.error} />
      </div>
    ) : null;
  }
  return (
    <div className={css.decide}>
      <Textarea
        label="Comment"
        autosize
        minRows={2}
        value={comment}
        error={tried && !comment.trim() ? "Say what must change first." : null}
        onChange={(event) => setComment(event.currentTarget.value)}
      />
      <div className={css.acts}>
        <Button loading={decide.isPending} onClick={() => send("publish")}>
          Publish
        </Button>
        <Button variant="default" disabled={decide.isPending} onClick={() => send("return")}>
          Send back
        </Button>
      </div>
      <ErrorBanner error={decide.error} />
    </div>
  );
}
