/** One question, what it is about, and the way to an answer. */

import { Button, Checkbox, TextInput } from "@mantine/core";
import { IconUserCheck } from "@tabler/icons-react";
import { useState } from "react";
import { Link } from "react-router";

import { type ApprovalRow, useApproval, useWithdraw } from "../api/approvals";
import { many } from "../model/runs";
import { ErrorBanner, RelativeTime, Rows } from "../ui/parts";
import { ApprovalForm } from "./ApprovalForm";
import { Grounds } from "./Grounds";
import type { Told } from "./done";
import css from "./reviews.module.css";

interface Props {
  row: ApprovalRow;
  picked: boolean;
  onPick: ((on: boolean) => void) | null;
  onDone: (done: Told) => void;
}

export function ApprovalCard({ row, picked, onPick, onDone }: Props) {
  const [open, setOpen] = useState(false);
  const yes = row.votes.filter((vote) => vote.decision === "approve");
  return (
    <article className={css.group} aria-label={row.question}>
      <div className={css.question}>
        {onPick ? (
          <Checkbox mt={8} aria-label={`Choose ${row.question}`} checked={picked} onChange={(event) => onPick(event.currentTarget.checked)} />
        ) : (
          <span className={css.glyph}>
            <IconUserCheck size={20} aria-hidden />
          </span>
        )}
        <div className={css.grow}>
          <h2>{row.question}</h2>
          <p>
            {row.amount ? <strong className={css.amount}>{row.amount}</strong> : null}
            Asked <RelativeTime at={row.since} />
            {row.asked_by.length ? ` by ${row.asked_by.join(", ")}` : ""} in <Link to={`/flows/${row.flow.slug}`}>{row.flow.name}</Link>
            {row.deadline ? (
              <>
                , expires <RelativeTime at={row.deadline} />
              </>
            ) : null}
          </p>
          {row.quorum > 1 ? (
            <p>
              {yes.length} of {row.quorum} approved{yes.length ? `: ${yes.map((vote) => vote.name).join(", ")}` : ""}
            </p>
          ) : null}
          {row.mine ? null : <p>Waits for {row.by}</p>}
        </div>
        <Button variant={open ? "default" : "light"} aria-expanded={open} onClick={() => setOpen(!open)}>
          {open ? "Close" : row.mine ? "Look and decide" : "Look"}
        </Button>
      </div>
      {open ? <Inside id={row.id} onDone={onDone} /> : null}
    </article>
  );
}

function Inside({ id, onDone }: { id: number; onDone: (done: Told) => void }) {
  const approval = useApproval(id);
  const one = approval.data;
  if (!one) return approval.error ? <ErrorBanner error={approval.error} /> : <Rows count={4} />;
  return (
    <div className={css.inside}>
      <Grounds approval={one} />
      {one.votes.length ? (
        <section>
          <h3>{many(one.votes.length, "answer")} so far</h3>
          <ul className={css.votes}>
            {one.votes.map((vote) => (
              <li key={vote.name}>
                <strong>{vote.name}</strong> {vote.decision === "approve" ? "approved" : "declined"} <RelativeTime at={vote.at} />
                {vote.comment ? `: ${vote.comment}` : ""}
              </li>
            ))}
          </ul>
        </section>
      ) : null}
      {one.why_not ? <p className={css.quiet}>{one.why_not}</p> : <ApprovalForm approval={one} onDone={onDone} />}
      {one.may_withdraw ? <Withdraw id={id} question={one.question} onDone={onDone} /> : null}
    </div>
  );
}

/** For whoever asked: the question was a mistake, or is no longer one. */
function Withdraw({ id, question, onDone }: { id: number; question: string; onDone: (done: Told) => void }) {
  const withdraw = useWithdraw(id);
  const [reason, setReason] = useState("");
  const send = () => {
    withdraw.mutateAsync(reason).then(
      () => onDone({ runs: [], message: `${question} Taken back; the record goes no further.` }),
      () => undefined, // shown by withdraw.error
    );
  };
  return (
    <details className={css.hand}>
      <summary>Take the question back</summary>
      <p className={css.quiet}>Nobody is asked any more, and this record goes no further. It is asked anew when it comes again with other values.</p>
      <div className={css.acts}>
        <TextInput aria-label="Why it is taken back" placeholder="Why" value={reason} onChange={(event) => setReason(event.currentTarget.value)} />
        <Button variant="default" loading={withdraw.isPending} onClick={send}>
          Withdraw
        </Button>
      </div>
      <ErrorBanner error={withdraw.error} />
    </details>
  );
}
