import { Button, Modal, Skeleton } from "@mantine/core";
import { IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import { Link, useNavigate, useParams } from "react-router";

import { useDeleteConnection, useTestConnection } from "../api/connections";
import { useCatalog, useConnections, useEntities, useMay } from "../api/queries";
import type { Connection } from "../api/types";
import type { Summary } from "../model/flow";
import { EmptyState, ErrorBanner, Page, RelativeTime, Rows } from "../ui/parts";
import { IconPlugConnectedX } from "@tabler/icons-react";
import { ConnectionForm, type Fields } from "./ConnectionForm";
import { healthSentence } from "./ConnectionsPage";
import { LimitsPanel } from "./LimitsPanel";
import { Verdict } from "./Verdict";
import css from "./connections.module.css";

export function ConnectionPage({ Fields }: { Fields: Fields }) {
  const { id = "" } = useParams();
  const connections = useConnections();
  const catalog = useCatalog();
  const connection = connections.data?.find((one) => one.id === id);
  const card = catalog.data?.systems.find((one) => one.system === connection?.system);
  if (connections.data && !connection) {
    return (
      <EmptyState
        icon={IconPlugConnectedX}
        title="This connection is gone"
        act={
          <Button component={Link} to="/connections">
            All connections
          </Button>
        }
      >
        Somebody deleted it, or the link is old.
      </EmptyState>
    );
  }
  return (
    <Page title={connection?.name ?? "Connection"} lead={connection ? healthSentence(connection) : undefined}>
      <ErrorBanner error={connections.error ?? catalog.error} retry={() => void connections.refetch()} />
      {connection && card ? (
        <div className={css.two}>
          <div className={css.stack}>
            <ConnectionForm
              key={connection.revision}
              card={card}
              connection={connection}
              Fields={Fields}
              onSaved={() => undefined}
            />
            <LimitsPanel id={connection.id} />
          </div>
          <Aside connection={connection} />
        </div>
      ) : (
        <Rows count={6} height={48} />
      )}
    </Page>
  );
}

function Aside({ connection }: { connection: Connection }) {
  const test = useTestConnection(connection.id);
  const mayTest = useMay("operator");
  const mayDelete = useMay("editor");
  const entities = useEntities(connection.health?.ok ? connection.id : undefined);
  return (
    <div className={css.aside}>
      <section>
        <h2>Does it work?</h2>
        <p>
          {connection.health ? (
            <>
              Last tested <RelativeTime at={connection.health.at} />.
            </>
          ) : (
            "It has not been tested yet."
          )}
        </p>
        {connection.outage ? (
          <p>
            It is down since <RelativeTime at={connection.outage.since} />. Runs that need it wait, and go on with its first answer; the next
            try is <RelativeTime at={connection.outage.next_try_at} />, or now if you test it.
          </p>
        ) : null}
        <Verdict health={test.data} error={test.error} />
        {mayTest ? (
          <Button variant="default" mt="xs" loading={test.isPending} onClick={() => test.mutate()}>
            Test now
          </Button>
        ) : null}
      </section>
      <section>
        <h2>What it offers</h2>
        {entities.isLoading ? <Skeleton height={16} /> : null}
        {entities.data ? (
          <p>{offered(entities.data)}</p>
        ) : null}
        {entities.error ? <p>{entities.error.message}</p> : null}
        {connection.health?.ok ? null : <p>Known once the connection works.</p>}
      </section>
      <section>
        <h2>Used by</h2>
        {connection.used_by.length ? (
          <ul>
            {connection.used_by.map((flow) => (
              <li key={flow.slug}>
                <Link to={`/flows/${flow.slug}`}>{flow.name}</Link>
              </li>
            ))}
          </ul>
        ) : (
          <p>No flow uses it yet.</p>
        )}
      </section>
      {mayDelete ? <Delete connection={connection} /> : null}
    </div>
  );
}

function offered(all: readonly Summary[]): string {
  if (!all.length) return "No kind of object yet.";
  const some = all.length > 6 ? all.filter((one, at) => one.common || at < 4).slice(0, 6) : all;
  const names = some.map((one) => one.title || one.name).join(", ");
  if (all.length === 1) return `One kind of object: ${names}.`;
  return `${all.length} kinds of object${some.length < all.length ? ", among them" : ":"} ${names}.`;
}

function Delete({ connection }: { connection: Connection }) {
  const [open, setOpen] = useState(false);
  const remove = useDeleteConnection(connection.id);
  const navigate = useNavigate();
  const used = connection.used_by;
  return (
    <section>
      <h2>Delete</h2>
      <p>
        {used.length
          ? `${used.map((flow) => flow.name).join(", ")} would stop. Give ${used.length === 1 ? "it" : "them"} another connection first.`
          : "Its secrets are destroyed. What was written through it stays in the system and in the history."}
      </p>
      <Button variant="default" color="red" disabled={used.length > 0} leftSection={<IconTrash size={16} />} onClick={() => setOpen(true)}>
        Delete …
      </Button>
      <Modal opened={open} onClose={() => setOpen(false)} title={`Delete ${connection.name}?`} centered>
        <p style={{ marginTop: 0 }}>No flow uses it. The stored secrets cannot be brought back.</p>
        <ErrorBanner error={remove.error} />
        <div className={css.foot} style={{ marginTop: 16 }}>
          <Button
            color="red"
            loading={remove.isPending}
            onClick={() => remove.mutate(undefined, { onSuccess: () => void navigate("/connections") })}
          >
            Delete the connection
          </Button>
          <Button variant="default" data-autofocus onClick={() => setOpen(false)}>
            Keep it
          </Button>
        </div>
      </Modal>
    </section>
  );
}
