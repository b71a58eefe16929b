import { IconHome } from "@tabler/icons-react";

import { EmptyState, Page } from "../ui/parts";

export function HomePage() {
  return (
    <Page title="Home" lead="What needs you today">
      <EmptyState icon={IconHome} title="Nothing needs you">
        Held, failed and waiting records appear here, the oldest first.
      </EmptyState>
    </Page>
  );
}
