/** What waits for a yes or a no: one by one with its grounds, or many at once. */

import { Button, Checkbox, SegmentedControl, TextInput } from "@mantine/core";
import { IconUserCheck } from "@tabler/icons-react";
import { useState } from "react";
import { Link } from "react-router";

import { type ApprovalRow, useApprovals, useDecideMany } from "../api/approvals";
import { many } from "../model/runs";
import { EmptyState, ErrorBanner, RelativeTime, Rows } from "../ui/parts";
import { ApprovalCard } from "./ApprovalCard";
import type { Told } from "./done";
import css from "./reviews.module.css";

type View = "mine" | "all" | "decided";

interface Props {
  /** How many wait for somebody else. */
  others: number;
  onDone: (done: Told) => void;
}

export function ApprovalList({ others, onDone }: Props) {
  const [view, setView] = useState<View>("mine");
  const found = useApprovals(view === "mine" ? "mine" : "all", view === "decided" ? "decided" : "open");
  const [picked, setPicked] = useState<ReadonlySet<number>>(new Set());
  const rows = found.data?.approvals ?? [];
  const chosen = rows.filter((row) => picked.has(row.id) && row.mine);
  const open = rows.filter((row) => row.mine && !row.has_form);
  const pick = (id: number, on: boolean) =>
    setPicked((now) => new Set(on ? [...now, id] : [...now].filter((one) => one !== id)));
  return (
    <>
      <div className={css.views}>
        <SegmentedControl
          aria-label="Which approvals"
          value={view}
          onChange={setView}
          data={[
            { value: "mine", label: "Mine" },
            { value: "all", label: "Everybody's" },
            { value: "decided", label: "Decided" },
          ]}
        />
        {view !== "decided" && open.length > 1 ? (
          <Checkbox
            label={`Choose all ${open.length}`}
            checked={open.every((row) => picked.has(row.id))}
            onChange={(event) => setPicked(event.currentTarget.checked ? new Set(open.map((row) => row.id)) : new Set())}
          />
        ) : null}
      </div>
      <ErrorBanner error={found.error} retry={() => void found.refetch()} />
      {found.isPending ? <Rows count={3} height={100} /> : null}
      {found.data && rows.length === 0 ? (
        <EmptyState
          icon={IconUserCheck}
          title={EMPTY[view]}
          act={
            view === "mine" && others ? (
              <Button variant="default" onClick={() => setView("all")}>
                Show {others === 1 ? "the one that waits" : `the ${others} that wait`} for others
              </Button>
            ) : null
          }
        >
          A step “Approval” in a flow stops a record here until the people it names have said yes.
        </EmptyState>
      ) : null}
      {chosen.length ? <Bulk rows={chosen} onDone={onDone} clear={() => setPicked(new Set())} /> : null}
      <div className={css.groups}>
        {rows.map((row) =>
          row.state === "open" ? (
            <ApprovalCard
              key={row.id}
              row={row}
              picked={picked.has(row.id)}
              onPick={row.mine && !row.has_form ? (on) => pick(row.id, on) : null}
              onDone={onDone}
            />
          ) : (
            <Decided key={row.id} row={row} />
          ),
        )}
      </div>
    </>
  );
}

const EMPTY: Record<View, string> = {
  mine: "Nothing waits for your approval",
  all: "Nothing waits for an approval",
  decided: "Nothing has been decided yet",
};

function Bulk({ rows, onDone, clear }: { rows: ApprovalRow[]; onDone: (done: Told) => void; clear: () => void }) {
  const decide = useDecideMany();
  const [comment, setComment] = useState("");
  const send = (decision: "approve" | "decline") => {
    decide.mutateAsync({ ids: rows.map((row) => row.id), decision, comment }).then(
      ({ done, problems }) => {
        clear();
        const refused = problems[0] ? ` ${many(problems.length, "other")} could not be decided: ${problems[0].message}` : "";
        onDone({
          runs: done.flatMap((one) => (one.run ? [one.run] : [])),
          message: `${many(done.length, "approval")} ${decision === "approve" ? "approved" : "declined"}.${refused}`,
        });
      },
      () => undefined, // shown by decide.error
    );
  };
  return (
    <div className={css.bulk} role="group" aria-label="Decide the chosen ones">
      <strong>{many(rows.length, "approval")} chosen</strong>
      <TextInput aria-label="Comment for all" placeholder="Comment for all" value={comment} onChange={(event) => setComment(event.currentTarget.value)} />
      <Button loading={decide.isPending} onClick={() => send("approve")}>
        Approve {rows.length}
      </Button>
      <Button variant="default" disabled={decide.isPending} onClick={() => send("decline")}>
        Decline {rows.length}
      </Button>
      {decide.error ? <ErrorBanner error={decide.error} /> : null}
    </div>
  );
}

function Decided({ row }: { row: ApprovalRow }) {
  const agreed = row.state === "approved" ? row.votes.filter((vote) => vote.decision === "approve").map((vote) => vote.name) : [];
  const by = agreed.length > 1 ? ` by ${agreed.join(" and ")}` : row.decided_by ? ` by ${row.decided_by}` : "";
  return (
    <article className={css.group}>
      <div className={css.question}>
        <span className={css.glyph}>
          <IconUserCheck size={20} aria-hidden />
        </span>
        <div>
          <h2>{row.question}</h2>
          <p>
            {row.amount ? <strong className={css.amount}>{row.amount}</strong> : null}
            {row.state.charAt(0).toUpperCase() + row.state.slice(1)}
            {by} <RelativeTime at={row.decided_at} />
            {row.reason ? `: ${row.reason}` : ""}
            {row.released ? (
              <>
                {" "}
                · <Link to={`/runs/${row.released}`}>what came of it</Link>
              </>
            ) : null}
          </p>
        </div>
      </div>
    </article>
  );
}
