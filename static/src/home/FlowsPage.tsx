import { Anchor, Button } from "@mantine/core";
import { IconSitemap } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "react-router";

import { api } from "../api/client";
import { useFlows } from "../api/queries";
import type { FlowDetail } from "../api/types";
import { EmptyState, ErrorBanner, Page, Rows, StatusBadge } from "../ui/parts";

export function FlowsPage() {
  const flows = useFlows();
  const navigate = useNavigate();
  const client = useQueryClient();
  const create = useMutation({
    mutationFn: () => api<FlowDetail>("/api/flows", { method: "POST", body: { name: "New flow" } }),
    onSuccess: async (flow) => {
      await client.invalidateQueries({ queryKey: ["flows"] });
      await navigate(`/flows/${flow.slug}`);
    },
  });
  const act = (
    <Button loading={create.isPending} onClick={() => create.mutate()}>
      New flow
    </Button>
  );
  return (
    <Page title="Flows" lead="Which flows exist, and are they well" acts={act}>
      <ErrorBanner error={flows.error ?? create.error} retry={() => void flows.refetch()} />
      {flows.isPending ? <Rows /> : null}
      {flows.data?.length === 0 ? (
        <EmptyState icon={IconSitemap} title="No flows yet" act={act}>
          A flow reads from one system, shapes what it finds, and writes it to another.
        </EmptyState>
      ) : null}
      {flows.data?.map((flow) => (
        <div key={flow.slug} style={{ display: "flex", gap: 12, padding: "8px 0", borderBottom: "1px solid var(--line)" }}>
          <Anchor component={Link} to={`/flows/${flow.slug}`}>
            {flow.name}
          </Anchor>
          <StatusBadge status={flow.state} />
        </div>
      ))}
    </Page>
  );
}
