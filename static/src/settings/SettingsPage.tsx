import { IconSettings } from "@tabler/icons-react";

import { EmptyState, Page } from "../ui/parts";

export function SettingsPage() {
  return (
    <Page title="Settings" lead="Who may do what">
      <EmptyState icon={IconSettings} title="Settings">
        Users and tokens of this installation.
      </EmptyState>
    </Page>
  );
}
