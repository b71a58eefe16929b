/** Which object of one system is which of another: found by any id or number, and repaired. */

import { Button, Select, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconDownload, IconLink, IconPlus, IconSearch, IconUpload } from "@tabler/icons-react";
import { useState } from "react";
import { useSearchParams } from "react-router";

import { useConnections, useMay } from "../api/queries";
import { CSV, useReferences } from "../api/references";
import { EmptyState, ErrorBanner, Page, Rows } from "../ui/parts";
import { AddDialog } from "./AddDialog";
import { ImportDialog } from "./ImportDialog";
import { ReferenceRow } from "./ReferenceRow";
import { STATES } from "./words";
import css from "./references.module.css";

const FILTERS = ["q", "connection", "state"] as const;

export function ReferencesPage() {
  const [params, setParams] = useSearchParams();
  const [open, setOpen] = useState<"add" | "import" | null>(null);
  const filters = Object.fromEntries(FILTERS.flatMap((name) => (params.get(name) ? [[name, params.get(name) ?? ""]] : [])));
  const filtered = Object.keys(filters).length > 0;
  const found = useReferences(filters);
  const connections = useConnections();
  const may = useMay("operator");
  const rows = found.data?.pages.flatMap((page) => page.references) ?? [];
  const set = (name: string, value: string | null) =>
    setParams(
      (now) => {
        if (value) now.set(name, value);
        else now.delete(name);
        return now;
      },
      { replace: true },
    );
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
      <div className={css.filters}>
        <Search value={params.get("q") ?? ""} onChange={(text) => set("q", text)} />
        <Select
          clearable
          aria-label="Connection"
          placeholder="Every connection"
          data={(connections.data ?? []).map((one) => ({ value: one.id, label: one.name }))}
          value={params.get("connection")}
          onChange={(next) => set("connection", next)}
        />
        <Select
          clearable
          aria-label="State"
          placeholder="Any state"
          data={Object.entries(STATES).map(([value, { text }]) => ({ value, label: text }))}
          value={params.get("state")}
          onChange={(next) => set("state", next)}
        />
      </div>
      <ErrorBanner error={found.error} retry={() => void found.refetch()} />
      {found.isPending ? <Rows count={8} height={48} /> : null}
      {found.data && rows.length === 0 ? (
        <EmptyState
          icon={IconLink}
          title={filtered ? "No cross reference is like that" : "Nothing is linked yet"}
          act={
            filtered ? (
              <Button variant="default" onClick={() => setParams({})}>
                Show all
              </Button>
            ) : undefined
          }
        >
          {filtered
            ? "Search for the beginning of an id or number, or take a filter away."
            : "When a flow writes an object, what it stands for is remembered here. Then it is updated, never created twice."}
        </EmptyState>
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
      {found.hasNextPage ? (
        <div className={css.more}>
          <Button variant="default" loading={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>
            Older ones
          </Button>
        </div>
      ) : null}
      {open === "add" ? <AddDialog close={() => setOpen(null)} /> : null}
      {open === "import" ? <ImportDialog close={() => setOpen(null)} /> : null}
    </Page>
  );
}

function Search({ value, onChange }: { value: string; onChange: (text: string) => void }) {
  const [text, setText] = useState(value);
  const tell = useDebouncedCallback(onChange, 300);
  return (
    <TextInput
      className={css.search}
      type="search"
      aria-label="Id or number"
      placeholder="Id or number, or its beginning"
      leftSection={<IconSearch size={16} />}
      value={text}
      onChange={(event) => {
        setText(event.currentTarget.value);
        tell(event.currentTarget.value);
      }}
    />
  );
}
