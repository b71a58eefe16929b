import { Button } from "@mantine/core";
import { IconPlugConnected, IconPlus } from "@tabler/icons-react";
import { Link } from "react-router";

import { useCatalog, useConnections, useMay } from "../api/queries";
import type { Connection } from "../api/types";
import { EmptyState, ErrorBanner, Page, RelativeTime, Rows, StatusBadge } from "../ui/parts";
import { Initials } from "./Initials";
import css from "./connections.module.css";

export function ConnectionsPage() {
  const connections = useConnections();
  const catalog = useCatalog();
  const may = useMay("editor");
  const titles = new Map(catalog.data?.systems.map((card) => [card.system, card.title]));
  const act = !may ? null : (
    <Button component={Link} to="/connections/new" leftSection={<IconPlus size={16} />}>
      Connect a system
    </Button>
  );
  return (
    <Page title="Connections" lead="Is each system reachable, and as whom" acts={connections.data?.length ? act : null}>
      <ErrorBanner error={connections.error} retry={() => void connections.refetch()} />
      {connections.isPending ? <Rows count={4} height={52} /> : null}
      {connections.data?.length === 0 ? (
        <EmptyState icon={IconPlugConnected} title="No system is connected yet" act={act}>
          A connection is how Heddle signs in to one of your systems. Connect the CRM that deals come from and the ERP
          that invoices go to; each is tested before it is kept.
        </EmptyState>
      ) : null}
      {connections.data?.length ? (
        <div className={css.list}>
          {connections.data.map((connection) => (
            <ConnectionRow key={connection.id} connection={connection} system={titles.get(connection.system) ?? connection.system} />
          ))}
        </div>
      ) : null}
    </Page>
  );
}

function ConnectionRow({ connection, system }: { connection: Connection; system: string }) {
  const { health, used_by: used } = connection;
  return (
    <Link to={`/connections/${connection.id}`} className={css.row}>
      <Initials of={system} />
      <div>
        <div className={css.name}>{connection.name}</div>
        <div className={css.quiet}>{system}</div>
      </div>
      <div className={css.health}>
        <span>{healthSentence(connection)}</span>
        {health ? (
          <span className={css.quiet}>
            Tested <RelativeTime at={health.at} />
          </span>
        ) : null}
      </div>
      <div className={`${css.quiet} ${css.users}`}>
        {used.length === 0 ? "Used by no flow yet" : used.length === 1 ? `Used by ${used[0]?.name ?? ""}` : `Used by ${used.length} flows`}
      </div>
      {health ? (
        <StatusBadge status={health.ok ? "done" : "failed"} text={health.ok ? "Works" : "Fails"} />
      ) : (
        <StatusBadge status="draft" text="Not tested" />
      )}
    </Link>
  );
}

export function healthSentence({ health }: Pick<Connection, "health">): string {
  if (!health) return "Nobody has tested it yet.";
  if (!health.ok) return health.message;
  return health.identity ? `Signed in as ${health.identity}` : health.message;
}
