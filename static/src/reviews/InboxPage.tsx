import { IconInbox } from "@tabler/icons-react";

import { EmptyState, Page } from "../ui/parts";

export function InboxPage() {
  return (
    <Page title="Inbox" lead="What you decide">
      <EmptyState icon={IconInbox} title="Nothing waits for you">
        Held documents appear here with the question they wait for.
      </EmptyState>
    </Page>
  );
}
