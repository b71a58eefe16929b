import { IconListDetails } from "@tabler/icons-react";

import { EmptyState, Page } from "../ui/parts";

export function RunsPage() {
  return (
    <Page title="Runs" lead="What happened">
      <EmptyState icon={IconListDetails} title="No runs yet">
        Each run of a flow appears here with its counts.
      </EmptyState>
    </Page>
  );
}
