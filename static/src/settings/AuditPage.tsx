/** Who changed what, and when: for administrators. */

import { Button, Select, TextInput } from "@mantine/core";
import { IconDownload, IconHistory } from "@tabler/icons-react";
import { Link } from "react-router";

import { type AuditEntry, auditCsv, useAudit, useAuditChoices } from "../api/audit";
import { useMay } from "../api/queries";
import { DataView } from "../ui/data/DataView";
import { Filters, useFilters } from "../ui/list/Filters";
import { More } from "../ui/list/More";
import { Nothing } from "../ui/list/Nothing";
import { EmptyState, ErrorBanner, Page, RelativeTime, Rows } from "../ui/parts";
import css from "./settings.module.css";

const FILTERS = ["q", "actor", "kind", "from", "to"] as const;

export function AuditPage() {
  return useMay("admin") ? (
    <Trail />
  ) : (
    <Page title="Audit">
      <EmptyState icon={IconHistory} title="This is for administrators">
        It tells who changed what. An administrator can look it up for you, or change your role.
      </EmptyState>
    </Page>
  );
}

function Trail() {
  const { filters, filtered, set, clear } = useFilters(FILTERS);
  const trail = useAudit(filters);
  const choices = useAuditChoices().data;
  const rows = trail.data?.pages.flatMap((page) => page.entries) ?? [];
  return (
    <Page
      title="Audit"
      lead="Who changed what, and when"
      acts={
        <Button component="a" href={auditCsv(filters)} download variant="default" leftSection={<IconDownload size={16} />}>
          CSV
        </Button>
      }
    >
      <Filters q={filters.q ?? ""} onSearch={(text) => set("q", text)} label="Id or detail" hint="A part of an id, or of the details">
        <Select clearable searchable aria-label="Who" placeholder="Everybody" data={choices?.people ?? []} value={filters.actor ?? null} onChange={(next) => set("actor", next)} />
        <Select
          clearable
          aria-label="What it was about"
          placeholder="About anything"
          data={(choices?.kinds ?? []).map(({ id, title }) => ({ value: id, label: title }))}
          value={filters.kind ?? null}
          onChange={(next) => set("kind", next)}
        />
        <TextInput type="date" aria-label="From" title="From this day" max={filters.to} value={filters.from ?? ""} onChange={(event) => set("from", event.currentTarget.value)} />
        <TextInput type="date" aria-label="To" title="Up to this day" min={filters.from} value={filters.to ?? ""} onChange={(event) => set("to", event.currentTarget.value)} />
      </Filters>
      <ErrorBanner error={trail.error} retry={() => void trail.refetch()} />
      {trail.isPending ? <Rows count={8} /> : null}
      {trail.data && rows.length === 0 ? (
        <Nothing
          icon={IconHistory}
          filtered={filtered}
          clear={clear}
          titles={["Nothing like that was noted", "Nothing is noted yet"]}
          texts={["Take a filter away, or choose other days.", "Every change of flows, rules, connections and rights is noted here, and every sign-in."]}
        />
      ) : null}
      {rows.length ? (
        <div className={css.list}>
          {rows.map((entry) => (
            <Entry key={entry.id} entry={entry} />
          ))}
        </div>
      ) : null}
      <More of={trail} text="Earlier ones" />
    </Page>
  );
}

function Entry({ entry }: { entry: AuditEntry }) {
  const to = placeOf(entry);
  return (
    <details className={css.entry}>
      <summary>
        <span className={css.act}>
          <strong>{entry.actor}</strong> {entry.did} <b>{entry.name}</b>
        </span>
        <span className={css.quiet}>
          <RelativeTime at={entry.at} />
        </span>
      </summary>
      {entry.name && to ? (
        <p className={css.act}>
          <Link to={to}>Open {entry.name}</Link>
        </p>
      ) : null}
      <DataView data={{ ...entry.detail, id: entry.subject, action: entry.action, time: new Date(entry.at).toLocaleString("en-GB") }} />
    </details>
  );
}

/** Where to look at what it was done to; null where there is nothing to look at any more. */
function placeOf({ kind, action, subject }: AuditEntry): string | null {
  if (action.endsWith(".delete")) return null;
  switch (kind) {
    case "flow":
    case "publication":
    case "schedule":
    case "review":
    case "conflict":
      return `/flows/${subject}`;
    case "library":
      return `/rules/${subject}`;
    case "connection":
      return `/connections/${subject}`;
    case "run":
    case "first-load":
      return `/runs/${subject}`;
    case "sandbox":
      return "/sandboxes";
    default:
      return null;
  }
}
