/** Which object of one system is which of another: found by any id or number, and repaired. */

import { Button, Select } from "@mantine/core";
import { IconDownload, IconLink, IconPlus, IconUpload } from "@tabler/icons-react";
import { useState } from "react";

import { useConnections, useMay } from "../api/queries";
import { CSV, useReferences } from "../api/references";
import { Filters, useFilters } from "../ui/list/Filters";
import { More } from "../ui/list/More";
import { Nothing } from "../ui/list/Nothing";
import { ErrorBanner, Page, Rows } from "../ui/parts";
import { AddDialog } from "./AddDialog";
import { ImportDialog } from "./ImportDialog";
import { ReferenceRow } from "./ReferenceRow";
import { STATES } from "./words";
import css from "./references.module.css";

const FILTERS = ["q", "connection", "state"] as const;

export function ReferencesPage() {
  const { filters, filtered, set, clear } = useFilters(FILTERS);
  const [open, setOpen] = useState<"add" | "import" | null>(null);
  const found = useReferences(filters);
  const connections = useConnections();
  const may = useMay("operator");
  const rows = found.data?.pages.flatMap((page) => page.references) ?? [];
  return (
    <Page
      title="Cross references"
      lead="Which object of one system is which of another"
      acts={
        <>
          <Button component="a" href={CSV} download variant="default" leftSection={<IconDownload size={16} />}>
            Export
          </Button>
          {may ? (
            <>
              <Button variant="default" leftSection={<IconUpload size={16} />} onClick={() => setOpen("import")}>
                Import
              </Button>
              <Button leftSection={<IconPlus size={16} />} onClick={() => setOpen("add")}>
                Add
              </Button>
            </>
          ) : null}
        </>
      }
    >
      <Filters q={filters.q ?? ""} onSearch={(text) => set("q", text)} label="Id or number" hint="Id or number, or its beginning">
        <Select
          clearable
          aria-label="Connection"
          placeholder="Every connection"
          data={(connections.data ?? []).map((one) => ({ value: one.id, label: one.name }))}
          value={filters.connection ?? null}
          onChange={(next) => set("connection", next)}
        />
        <Select
          clearable
          aria-label="State"
          placeholder="Any state"
          data={Object.entries(STATES).map(([value, { text }]) => ({ value, label: text }))}
          value={filters.state ?? null}
          onChange={(next) => set("state", next)}
        />
      </Filters>
      <ErrorBanner error={found.error} retry={() => void found.refetch()} />
      {found.isPending ? <Rows count={8} height={48} /> : null}
      {found.data && rows.length === 0 ? (
        <Nothing
          icon={IconLink}
          filtered={filtered}
          clear={clear}
          titles={["No cross reference is like that", "Nothing is linked yet"]}
          texts={[
            "Search for the beginning of an id or number, or take a filter away.",
            "When a flow writes an object, what it stands for is remembered here. Then it is updated, never created twice.",
          ]}
        />
      ) : null}
      {rows.length ? (
        <div className={css.table}>
          <div className={`${css.row} ${css.headRow}`} aria-hidden>
            <span>State</span>
            <span>This object</span>
            <span>is this one</span>
            <span>Written by</span>
            <span />
          </div>
          {rows.map((one) => (
            <ReferenceRow key={one.id} reference={one} may={may} />
          ))}
        </div>
      ) : null}
      <More of={found} text="Older ones" />
      {open === "add" ? <AddDialog close={() => setOpen(null)} /> : null}
      {open === "import" ? <ImportDialog close={() => setOpen(null)} /> : null}
    </Page>
  );
}
