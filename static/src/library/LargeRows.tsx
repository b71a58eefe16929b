/** Rows of a large table, a page at a time; edits are gathered and saved as one version. */

import { ActionIcon, Button, Pagination, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconArrowBackUp, IconPlus, IconSearch, IconTrash } from "@tabler/icons-react";
import { useState } from "react";

import type { SharedDetail } from "../api/library";
import { type Cells, type RowEdits, useRowPage, useSaveRows } from "../api/lookups";
import { Count, ErrorBanner } from "../ui/parts";
import css from "./library.module.css";

const PAGE = 50;
const NONE: RowEdits = { changed: {}, added: [] };

export function LargeRows({ detail, columns, readOnly }: { detail: SharedDetail; columns: string[]; readOnly: boolean }) {
  const [page, setPage] = useState(1);
  const [search, setSearch] = useState("");
  const [wanted] = useDebouncedValue(search, 250);
  const [edits, setEdits] = useState<RowEdits>(NONE);
  const found = useRowPage(detail.slug, detail.version, (page - 1) * PAGE, PAGE, wanted);
  const save = useSaveRows(detail.slug);
  const total = found.data?.total ?? 0;
  const many = Object.keys(edits.changed).length + edits.added.length;
  const change = (place: number, cells: Cells | null) => setEdits({ ...edits, changed: { ...edits.changed, [place]: cells } });
  const undo = (place: number) => {
    const rest = Object.entries(edits.changed).filter(([other]) => Number(other) !== place);
    setEdits({ ...edits, changed: Object.fromEntries(rest) });
  };
  return (
    <div className={css.large}>
      <div className={css.bar}>
        <TextInput
          size="xs"
          aria-label="Search keys"
          placeholder={`${columns[0] ?? "Key"} begins with`}
          leftSection={<IconSearch size={15} />}
          value={search}
          onChange={(event) => {
            setSearch(event.currentTarget.value);
            setPage(1);
          }}
        />
        <span className={css.quiet} role="status">
          <Count value={total} /> {total === 1 ? "row" : "rows"}
        </span>
        <span className={css.spring} />
        {many ? (
          <>
            <Button size="compact-sm" loading={save.isPending} onClick={() => save.mutate({ ...edits, base: detail.version })}>
              Save {many === 1 ? "one row" : `${many} rows`} as version {detail.version + 1}
            </Button>
            <Button size="compact-sm" variant="default" onClick={() => setEdits(NONE)}>
              Leave as it was
            </Button>
          </>
        ) : null}
      </div>
      <ErrorBanner error={found.error ?? save.error} />
      <div className={css.rows}>
        <table>
          <thead>
            <tr>
              {columns.map((column) => (
                <th key={column} scope="col">
                  {column}
                </th>
              ))}
              {readOnly ? null : <th aria-label="Remove" />}
            </tr>
          </thead>
          <tbody>
            {found.data?.rows.map(({ place, cells }) => {
              const edited = edits.changed[place];
              return (
                <Line key={place} columns={columns} cells={edited ?? cells} state={edited === null ? "gone" : edited ? "edited" : ""} readOnly={readOnly || edited === null} onChange={(next) => change(place, next)}>
                  {readOnly ? null : edited === undefined ? (
                    <ActionIcon variant="subtle" color="gray" aria-label={`Remove ${cells[0] ?? "the row"}`} onClick={() => change(place, null)}>
                      <IconTrash size={15} />
                    </ActionIcon>
                  ) : (
                    <ActionIcon variant="subtle" color="gray" aria-label={`Undo the change of ${cells[0] ?? "the row"}`} onClick={() => undo(place)}>
                      <IconArrowBackUp size={15} />
                    </ActionIcon>
                  )}
                </Line>
              );
            })}
            {edits.added.map((cells, at) => (
              <Line key={`new ${at}`} columns={columns} cells={cells} state="edited" readOnly={readOnly} onChange={(next) => setEdits({ ...edits, added: edits.added.with(at, next) })}>
                <ActionIcon variant="subtle" color="gray" aria-label="Remove the new row" onClick={() => setEdits({ ...edits, added: edits.added.filter((_, other) => other !== at) })}>
                  <IconTrash size={15} />
                </ActionIcon>
              </Line>
            ))}
          </tbody>
        </table>
      </div>
      <div className={css.bar}>
        {readOnly ? null : (
          <Button size="compact-sm" variant="default" leftSection={<IconPlus size={14} />} onClick={() => setEdits({ ...edits, added: [...edits.added, columns.map(() => null)] })}>
            Row
          </Button>
        )}
        <span className={css.spring} />
        <Pagination size="sm" total={Math.max(1, Math.ceil(total / PAGE))} value={page} onChange={setPage} aria-label="Pages" />
      </div>
    </div>
  );
}

interface LineProps {
  columns: string[];
  cells: Cells;
  state: "" | "edited" | "gone";
  readOnly: boolean;
  onChange: (cells: Cells) => void;
  children: React.ReactNode;
}

function Line({ columns, cells, state, readOnly, onChange, children }: LineProps) {
  const whole = columns.map((_, at) => cells[at] ?? null);
  return (
    <tr data-state={state}>
      {columns.map((column, at) => (
        <td key={column}>
          <input
            aria-label={`${column} of ${cells[0] ?? "the new row"}`}
            readOnly={readOnly}
            value={cells[at] ?? ""}
            onChange={(event) => onChange(whole.with(at, event.currentTarget.value || null))}
          />
        </td>
      ))}
      {children ? <td>{children}</td> : null}
    </tr>
  );
}
