/** A lookup table that is read live: from which system, which list, which field for each column. */

import { Button, NumberInput, Select } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconRefresh } from "@tabler/icons-react";
import { useState } from "react";

import { type Feed, useFeed, useRefresh, useSetFeed } from "../api/lookups";
import { useConnections, useEntities, useEntity } from "../api/queries";
import { ErrorBanner, RelativeTime } from "../ui/parts";
import css from "./library.module.css";

interface Props {
  slug: string;
  columns: string[];
  readOnly: boolean;
}

export function FeedPanel(props: Props) {
  const feed = useFeed(props.slug);
  if (feed.isPending) return null;
  return <Live key={drawing(feed.data ?? null)} {...props} feed={feed.data ?? null} />;
}

/** What is set up, without what became of it. */
const drawing = (feed: Feed | null): string => (feed ? JSON.stringify([feed.connection, feed.entity, feed.fields, feed.hours]) : "");

function Live({ slug, columns, readOnly, feed }: Props & { feed: Feed | null }) {
  const [drawn, setDrawn] = useState<Feed | null>(feed);
  const save = useSetFeed(slug);
  const refresh = useRefresh(slug);
  const connections = useConnections();
  const entities = useEntities(drawn?.connection || undefined);
  const entity = useEntity(drawn?.connection || undefined, drawn?.entity || undefined);
  const fields = (entity.data?.fields ?? []).map((field) => ({ value: field.name, label: field.title || field.name }));
  const changed = drawing(drawn) !== drawing(feed);
  if (!drawn) {
    return readOnly ? null : (
      <div className={css.options}>
        <h3>Read live</h3>
        <div className={css.bar}>
          <span className={css.quiet}>Its rows are kept by hand.</span>
          <Button size="compact-sm" variant="default" onClick={() => setDrawn({ connection: "", entity: "", fields: {}, hours: 24 })}>
            Read them from a system …
          </Button>
        </div>
      </div>
    );
  }
  const set = (more: Partial<Feed>) => setDrawn({ ...drawn, ...more });
  // told beside the page: with a new version, all of this begins anew
  const readNow = () =>
    void refresh.mutateAsync().then(
      (read) => notifications.show({ message: read.changed ? `Version ${read.version} has ${read.rows} rows.` : "Nothing has changed there." }),
      () => undefined,
    );
  return (
    <div className={css.options}>
      <h3>Read live</h3>
      <div className={css.fields}>
        <Select
          size="xs"
          label="Connection"
          readOnly={readOnly}
          data={(connections.data ?? []).map((one) => ({ value: one.id, label: one.name }))}
          value={drawn.connection || null}
          onChange={(connection) => set({ connection: connection ?? "", entity: "", fields: {} })}
        />
        <Select
          size="xs"
          searchable
          label="List"
          readOnly={readOnly}
          data={(entities.data ?? []).map((one) => ({ value: one.name, label: one.title || one.name }))}
          value={drawn.entity || null}
          onChange={(next) => set({ entity: next ?? "", fields: {} })}
        />
        {columns.map((column) => (
          <Select
            key={column}
            size="xs"
            searchable
            clearable
            label={`${column} is`}
            readOnly={readOnly}
            data={fields}
            value={drawn.fields[column] ?? null}
            onChange={(next) => set({ fields: next ? { ...drawn.fields, [column]: next } : Object.fromEntries(Object.entries(drawn.fields).filter(([name]) => name !== column)) })}
          />
        ))}
        <NumberInput
          size="xs"
          label="Again every … hours"
          description="0: only by hand"
          min={0}
          max={744}
          allowDecimal={false}
          readOnly={readOnly}
          value={drawn.hours}
          onChange={(hours) => set({ hours: Number(hours) || 0 })}
        />
      </div>
      {feed?.message ? <p className={css.problem}>The last time it failed: {feed.message}</p> : null}
      <ErrorBanner error={entities.error ?? entity.error ?? save.error ?? refresh.error} />
      {readOnly ? null : (
        <div className={css.bar}>
          {changed ? (
            <Button size="compact-sm" loading={save.isPending} disabled={!drawn.connection || !drawn.entity || !drawn.fields[columns[0] ?? ""]} onClick={() => save.mutate(drawn)}>
              Keep this
            </Button>
          ) : (
            <Button size="compact-sm" variant="default" loading={refresh.isPending} leftSection={<IconRefresh size={15} />} onClick={readNow}>
              Read it now
            </Button>
          )}
          <Button size="compact-sm" variant="subtle" color="gray" onClick={() => (feed ? save.mutate(null) : setDrawn(null))}>
            Keep it by hand
          </Button>
          <span className={css.quiet} role="status">
            {feed?.at ? (
              <>
                Read <RelativeTime at={feed.at} />
              </>
            ) : null}
          </span>
        </div>
      )}
    </div>
  );
}
