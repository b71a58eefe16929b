import { IconPlugConnected } from "@tabler/icons-react";

import { EmptyState, Page } from "../ui/parts";

export function ConnectionsPage() {
  return (
    <Page title="Connections" lead="Is each system reachable, and as whom">
      <EmptyState icon={IconPlugConnected} title="No connections yet">
        Connect the CRM and the ERP first.
      </EmptyState>
    </Page>
  );
}
