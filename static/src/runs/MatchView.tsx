/** The match report of a first load: what is there, what looks alike, what is new, and who decides. */

import { Button } from "@mantine/core";
import { IconListSearch, IconPencilCheck } from "@tabler/icons-react";
import { useState } from "react";
import { Link, useNavigate } from "react-router";

import { type Band, type MatchReport, useDecide, useMatches } from "../api/firstload";
import { useExecute, usePlan } from "../api/plans";
import { useMay } from "../api/queries";
import type { RunDetail } from "../api/types";
import { many } from "../model/runs";
import { Filters } from "../ui/list/Filters";
import { More } from "../ui/list/More";
import { Count, EmptyState, ErrorBanner, Rows } from "../ui/parts";
import { MatchRow } from "./MatchRow";
import css from "./runs.module.css";

const BANDS: { id: Band; title: string; text: string }[] = [
  { id: "exact", title: "Recognised", text: "They are there already, and are updated." },
  { id: "likely", title: "Look alike", text: "Written differently: they may be there already." },
  { id: "ambiguous", title: "Several fit", text: "More than one object is the same." },
  { id: "new", title: "New", text: "Nothing like them is there; they are created." },
];

export function MatchView({ run }: { run: RunDetail }) {
  const [band, setBand] = useState<Band>("likely");
  const [q, setQ] = useState("");
  const list = useMatches(run.id, band, q);
  const decide = useDecide(run.id);
  const may = useMay("operator");
  const report = list.data?.pages[0];
  const rows = list.data?.pages.flatMap((page) => page.rows) ?? [];
  if (!report) return list.error ? <ErrorBanner error={list.error} retry={() => void list.refetch()} /> : <Rows count={6} />;
  const asked = band === "likely" || band === "ambiguous";
  const chosen = BANDS.find((one) => one.id === band);
  return (
    <section>
      <LoadIt run={run} report={report} />
      <div className={css.counts} role="group" aria-label="Bands">
        {BANDS.map(({ id, title }) => (
          <button
            key={id}
            type="button"
            className={`${css.count} ${id !== "exact" && id !== "new" && report.bands[id] ? css["held"] : ""}`}
            aria-pressed={band === id}
            onClick={() => setBand(id)}
          >
            <b>
              <Count value={report.bands[id]} />
            </b>
            <span>{title.toLowerCase()}</span>
          </button>
        ))}
      </div>
      <Filters q={q} onSearch={setQ} label="Name or key" />
      <div className={css.bulk}>
        <p className={css.bandText}>{chosen?.text}</p>
        {may && asked && report.bands[band] ? (
          <>
            {band === "likely" ? (
              <Button variant="default" loading={decide.isPending} onClick={() => decide.mutate({ choice: "best", band })}>
                All with one candidate are it
              </Button>
            ) : null}
            <Button variant="default" loading={decide.isPending} onClick={() => decide.mutate({ choice: "new", band })}>
              The others are new
            </Button>
            <Button variant="default" loading={decide.isPending} onClick={() => decide.mutate({ choice: "out", band })}>
              Leave the others out
            </Button>
          </>
        ) : null}
      </div>
      {decide.error ? <ErrorBanner error={decide.error} /> : null}
      {rows.length ? null : (
        <EmptyState icon={IconListSearch} title={q ? "No record is like that" : asked ? "Nothing to decide here" : "No record is like that"}>
          {q ? "Search for another part of the name." : "The other numbers above show the rest of the report."}
        </EmptyState>
      )}
      <div className={css.steps}>
        {rows.map((row) => (
          <MatchRow key={`${row.node}/${row.key}`} run={run.id} row={row} decide={decide} may={may} />
        ))}
      </div>
      <More of={list} />
    </section>
  );
}

/** What is still open, and the button that does exactly what the report shows. */
function LoadIt({ run, report }: { run: RunDetail; report: MatchReport }) {
  const plan = usePlan(run.id, {}).data?.pages[0];
  const execute = useExecute(run.id);
  const may = useMay("operator");
  const navigate = useNavigate();
  const { open } = report.bands;
  return (
    <div className={css.state}>
      <div className={css.grow}>
        <p>
          {!open ? (
            "Everything is decided."
          ) : plan?.executed_by ? (
            <>
              {many(open, "record")} {open === 1 ? "was" : "were"} left to the <Link to="/inbox?tab=held">inbox</Link>.
            </>
          ) : (
            `${many(open, "record")} ${open === 1 ? "needs" : "need"} a decision.`
          )}
        </p>
        <small>
          {plan?.executed_by
            ? "It has been loaded. What it has linked is repaired under the references."
            : "Nothing has been written yet. The load does exactly what stands here; what nobody has decided waits in the inbox. Later runs go on from when this report began."}
        </small>
        {run.counts.failed ? (
          <small className={css.beyond}>
            {many(run.counts.failed, "record")} failed and {run.counts.failed === 1 ? "is" : "are"} not loaded:{" "}
            <Link to={`/runs/${run.id}?outcome=failed`}>why</Link>.
          </small>
        ) : null}
        {plan && !plan.executable && !plan.executed_by ? <small className={css.beyond}>{plan.why_not}</small> : null}
        {execute.error ? <ErrorBanner error={execute.error} /> : null}
      </div>
      {plan?.executed_by ? (
        <Button variant="default" onClick={() => void navigate(`/runs/${plan.executed_by ?? ""}`)}>
          See the load
        </Button>
      ) : may && plan?.executable ? (
        <Button
          leftSection={<IconPencilCheck size={16} />}
          loading={execute.isPending}
          onClick={() => execute.mutate(undefined, { onSuccess: ({ run: started }) => void navigate(`/runs/${started}`) })}
        >
          Load exactly this
        </Button>
      ) : null}
    </div>
  );
}
