/** What people decide: held documents by question, failures by cause. Tabs exist for what exists. */

import { Button, SegmentedControl } from "@mantine/core";
import { IconCircleCheck, IconInbox } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import { Link, useSearchParams } from "react-router";

import { useApprovals } from "../api/approvals";
import { useConflicts } from "../api/conflicts";
import { useFailed } from "../api/failures";
import { usePublications } from "../api/publications";
import { useHeld } from "../api/runs";
import type { HeldGroup } from "../api/held";
import { many } from "../model/runs";
import { groupDigits } from "../model/values";
import { EmptyState, ErrorBanner, Page, Rows } from "../ui/parts";
import { ApprovalList } from "./ApprovalList";
import { ConflictList } from "./ConflictList";
import { FailedGroups } from "./FailedGroups";
import { Gaps } from "./Gaps";
import { HeldGroupCard } from "./HeldGroupCard";
import { PublicationList } from "./PublicationList";
import { type Done, questionKey } from "./done";
import css from "./reviews.module.css";

/** For so long an answered question may still be listed: its documents are set free by the run that takes them. */
const LEAVING_MS = 10_000;

const TABS: ReadonlySet<string> = new Set(["approvals", "held", "conflicts", "errors", "publications"]);

export function InboxPage() {
  const [params, setParams] = useSearchParams();
  const [done, setDone] = useState<Done | null>(null);
  const held = useHeld();
  const [snoozed, setSnoozed] = useState(false);
  const [whose, setWhose] = useState<"all" | "mine">("all");
  const failed = useFailed(snoozed, done ? done.at + LEAVING_MS * 6 : 0);
  const asked = useApprovals("all").data?.approvals ?? [];
  const mine = asked.filter((one) => one.mine).length;
  const disputed = useConflicts().data?.pages[0]?.count ?? 0;
  const drawings = usePublications().data?.publications ?? [];
  const toSee = drawings.filter((one) => one.mine).length;
  const { refetch } = held;
  useEffect(() => {
    if (!done) return;
    const timer = setTimeout(() => void refetch(), LEAVING_MS + 500);
    return () => clearTimeout(timer);
  }, [done, refetch]);
  const leaving = (group: HeldGroup) =>
    done !== null && questionKey(group) === done.question && held.dataUpdatedAt < done.at + LEAVING_MS;
  const groups = (held.data?.groups ?? []).filter((group) => !leaving(group));
  const waiting = groups.reduce((sum, group) => sum + group.count, 0);
  const causes = failed.data?.groups ?? [];
  const failures = failed.data?.records ?? 0;
  const asks = params.get("tab") ?? "";
  const tab = TABS.has(asks) ? asks : (mine ? "approvals" : groups.length || !(failures || disputed) ? "held" : disputed ? "conflicts" : "errors");
  const tabs = [
    { id: "approvals", label: "Approvals", count: asked.length },
    { id: "held", label: "Held", count: waiting },
    { id: "conflicts", label: "Conflicts", count: disputed },
    { id: "errors", label: "Failed", count: failures },
    { id: "publications", label: "To publish", count: drawings.length },
  ].filter((one) => one.count > 0 || one.id === tab || one.id === "errors");
  const loading = held.isPending || failed.isPending;
  return (
    <Page title="Inbox" lead={loading ? "What you decide" : lead(mine, waiting, groups.length, disputed, failures, toSee)}>
      {done ? (
        <div className={css.done} role="status">
          <IconCircleCheck size={20} aria-hidden />
          <span>{done.message}</span>
          {done.runs[0] ? (
            <Button component={Link} to={`/runs/${done.runs[0]}`} size="compact-sm" variant="default">
              Watch them go out
            </Button>
          ) : null}
        </div>
      ) : null}
      <ErrorBanner error={held.error ?? failed.error} retry={() => void Promise.all([held.refetch(), failed.refetch()])} />
      {loading ? <Rows count={4} height={110} /> : null}
      {!loading && tabs.length > 1 ? (
        <div className={css.tabs} role="tablist" aria-label="What waits">
          {tabs.map((one) => (
            <button
              key={one.id}
              type="button"
              role="tab"
              className={css.tab}
              aria-selected={tab === one.id}
              onClick={() => setParams({ tab: one.id }, { replace: true })}
            >
              {one.label} <span>{groupDigits(String(one.count))}</span>
            </button>
          ))}
        </div>
      ) : null}
      {!loading && !held.error && tab === "held" && groups.length === 0 ? (
        <EmptyState icon={IconInbox} title="Nothing waits for you">
          A document that cannot be booked correctly waits here with its question, like “No ledger account for
          Consulting”. One answer lets all alike go out.
        </EmptyState>
      ) : null}
      {tab === "approvals" ? <ApprovalList others={asked.length - mine} onDone={(told) => setDone({ ...told, question: "", at: Date.now() })} /> : null}
      {tab === "publications" ? <PublicationList onDone={(told) => setDone({ ...told, question: "", at: Date.now() })} /> : null}
      {tab === "conflicts" ? <ConflictList onDone={(told) => setDone({ ...told, question: "", at: Date.now() })} /> : null}
      {tab === "held" && groups.some((group) => group.mine !== groups[0]?.mine || group.owner) ? (
        <div className={css.views}>
          <SegmentedControl
            aria-label="Whose questions"
            value={whose}
            onChange={setWhose}
            data={[
              { value: "all", label: "Everybody's" },
              { value: "mine", label: "Mine" },
            ]}
          />
        </div>
      ) : null}
      {tab === "held" && whose === "mine" && groups.length > 0 && !groups.some((group) => group.mine) ? (
        <EmptyState icon={IconInbox} title="No question is yours">
          What others look after is under “Everybody's”.
        </EmptyState>
      ) : null}
      {tab === "held" ? <Gaps /> : null}
      {tab === "held" ? (
        <div className={css.groups}>
          {groups.filter((group) => whose === "all" || group.mine).map((group) => (
            <HeldGroupCard key={questionKey(group)} group={group} onDone={setDone} />
          ))}
        </div>
      ) : null}
      {tab === "errors" && !loading ? (
        <FailedGroups groups={causes} snoozed={snoozed} onSnoozed={setSnoozed} onDone={setDone} />
      ) : null}
    </Page>
  );
}

function lead(mine: number, waiting: number, questions: number, disputed: number, failures: number, drawings: number): string {
  const parts = [
    mine ? `${many(mine, "approval")} ${mine === 1 ? "waits" : "wait"} for you` : "",
    waiting ? `${many(questions, "question")} ${questions === 1 ? "keeps" : "keep"} ${many(waiting, "document")} waiting` : "",
    disputed ? `${many(disputed, "record")} in conflict` : "",
    failures ? `${many(failures, "record")} failed` : "",
    drawings ? `${many(drawings, "drawing")} ${drawings === 1 ? "waits" : "wait"} for your eyes` : "",
  ].filter(Boolean);
  return parts.join(", ") || "Nothing to decide";
}
