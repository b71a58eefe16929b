/** A dry run as a plan: each write with old → new, and the button that writes exactly this. */

import { Button, Select } from "@mantine/core";
import { IconDownload, IconListSearch, IconPencilCheck } from "@tabler/icons-react";
import { useState } from "react";
import { Link, useNavigate } from "react-router";

import { useMay } from "../api/queries";
import { useExecute, usePlan } from "../api/plans";
import type { Plan, PlanLine, RunDetail } from "../api/types";
import { many } from "../model/runs";
import { groupDigits, plainNumber, valueText } from "../model/values";
import { Filters } from "../ui/list/Filters";
import { More } from "../ui/list/More";
import { EmptyState, ErrorBanner, Rows, StatusBadge } from "../ui/parts";
import { statusOf } from "../ui/status";
import { recordAddress, outcomeOf } from "./words";
import css from "./runs.module.css";

export function PlanView({ run }: { run: RunDetail }) {
  const [outcome, setOutcome] = useState("changes");
  const [q, setQ] = useState("");
  const filters = { ...(outcome ? { outcome } : {}), ...(q ? { q } : {}) };
  const list = usePlan(run.id, filters);
  const plan = list.data?.pages[0];
  const rows = list.data?.pages.flatMap((page) => page.writes) ?? [];
  if (!plan) return list.error ? <ErrorBanner error={list.error} retry={() => void list.refetch()} /> : <Rows count={6} />;
  const outcomes = Object.entries(plan.counts).map(([name, count]) => ({
    value: name,
    label: `${AHEAD[name] ?? statusOf(name).text} (${groupDigits(valueText(count))})`,
  }));
  return (
    <section>
      <Verdict plan={plan} run={run} />
      <Filters q={q} onSearch={setQ} label="Name, number or key">
        <Select
          aria-label="Which writes"
          placeholder="All outcomes"
          clearable
          data={[{ value: "changes", label: "To be written" }, ...outcomes]}
          value={outcome || null}
          onChange={(next) => setOutcome(next ?? "")}
        />
        <Button component="a" href={`/api/runs/${run.id}/plan?format=xlsx`} download variant="default" leftSection={<IconDownload size={16} />}>
          Excel
        </Button>
        <Button component="a" href={`/api/runs/${run.id}/plan?format=csv`} download variant="default" leftSection={<IconDownload size={16} />}>
          CSV
        </Button>
      </Filters>
      {rows.length ? null : (
        <EmptyState icon={IconListSearch} title={q || (outcome && outcome !== "changes") ? "No write is like that" : "Nothing would be written"}>
          {outcome || q ? "Choose another outcome, or take the search away." : "No record reached a step that writes."}
        </EmptyState>
      )}
      <div className={css.steps}>
        {rows.map((row) => (
          <PlanCard key={row.id} run={run.id} row={row} />
        ))}
      </div>
      <More of={list} />
    </section>
  );
}

/** What it comes to, what stands in the way, and the one button. */
function Verdict({ plan, run }: { plan: Plan; run: RunDetail }) {
  const execute = useExecute(run.id);
  const may = useMay("operator");
  const navigate = useNavigate();
  const writes = plan.steps.reduce((sum, step) => (["created", "updated", "deleted"].includes(step.outcome) ? sum + plainNumber(step.count) : sum), 0);
  return (
    <div className={css.state}>
      <div className={css.grow}>
        <p>{plan.sentence ? `${plan.sentence}.` : "It would write nothing."}</p>
        {plan.budget.map((sentence) => (
          <small key={sentence} className={css.beyond}>
            {sentence} The run would stop there and ask.
          </small>
        ))}
        {plan.executed_by ? (
          <small>
            This plan has been executed: <Link to={`/runs/${plan.executed_by}`}>the run that wrote it</Link>.
            {plan.not_met.length ? ` ${many(plan.not_met.length, "record")} of it could not be met again.` : ""}
          </small>
        ) : (
          <small>{plan.executable ? "What differs by then is held; what is not in the plan is skipped." : plan.why_not}</small>
        )}
        {execute.error ? <ErrorBanner error={execute.error} /> : null}
      </div>
      {may && plan.executable && !plan.executed_by && writes ? (
        <Button
          leftSection={<IconPencilCheck size={16} />}
          loading={execute.isPending}
          onClick={() => execute.mutate(undefined, { onSuccess: ({ run: started }) => void navigate(`/runs/${started}`) })}
        >
          Write exactly this ({many(writes, "write")})
        </Button>
      ) : null}
    </div>
  );
}

/** What an outcome of the plan is called as long as nothing is written. */
const AHEAD: Partial<Record<string, string>> = {
  created: "Would be created",
  updated: "Would be updated",
  deleted: "Would be deleted",
  held: "Would be held",
  failed: "Would fail",
};

/** `Invoice INV-7 in the books`; one that is yet to be made has no number. */
function objectOf(row: PlanLine): string {
  return [row.entity_title, row.operation === "create" ? "" : (row.number ?? row.remote_id), row.place ? `in ${row.place}` : ""].filter(Boolean).join(" ");
}

function PlanCard({ run, row }: { run: string; row: PlanLine }) {
  const [all, setAll] = useState(false);
  const fields = row.fields.filter((one) => all || one.changed);
  const shown = all ? fields : fields.slice(0, 12);
  const reasoned = shown.some((one) => one.why);
  return (
    <div className={css.step}>
      <div className={css.stepHead}>
        <StatusBadge status={outcomeOf(row)} text={AHEAD[outcomeOf(row)]} />
        <Link to={recordAddress(run, row.root)}>
          <strong>{row.title || row.key}</strong>
        </Link>
        <span className={css.quiet}>
          {[row.step, objectOf(row)].filter(Boolean).join(" · ")}
        </span>
      </div>
      {row.message ? <p className={row.outcome === "failed" || row.outcome === "held" ? css.error : css.quiet}>{row.message}</p> : null}
      {shown.length ? (
        <table className={css.diff}>
          <thead>
            <tr>
              <th scope="col">Field</th>
              <th scope="col">Now</th>
              <th scope="col">Then</th>
              {reasoned ? <th scope="col">Why</th> : null}
            </tr>
          </thead>
          <tbody>
            {shown.map((one) => (
              <tr key={one.field} className={one.changed ? css.changed : undefined}>
                <td title={one.field}>{one.title}</td>
                <td className={one.changed && row.operation === "update" ? css.old : css.quiet}>{valueText(one.old) || "empty"}</td>
                <td>{valueText(one.new) || "empty"}</td>
                {reasoned ? <td className={css.why}>{one.why}</td> : null}
              </tr>
            ))}
          </tbody>
        </table>
      ) : null}
      {shown.length < row.fields.length ? (
        <Button size="compact-sm" variant="subtle" onClick={() => setAll(true)}>
          All {row.fields.length} fields
        </Button>
      ) : null}
    </div>
  );
}
