import { IconTestPipe } from "@tabler/icons-react";

import { EmptyState, Page } from "../ui/parts";

export function SandboxesPage() {
  return (
    <Page title="Sandboxes" lead="What if the other system misbehaved">
      <EmptyState icon={IconTestPipe} title="No sandboxes">
        They run in demo mode only.
      </EmptyState>
    </Page>
  );
}
