import { Button } from "@mantine/core";
import { IconPlugConnected, IconSitemap } from "@tabler/icons-react";
import { Link } from "react-router";

import { EmptyState } from "../ui/parts";

/** The way in for a new installation: two systems, then a flow between them. */
export function FirstSteps({ connected, drawn }: { connected: boolean; drawn: boolean }) {
  if (connected && !drawn) {
    return (
      <EmptyState
        icon={IconSitemap}
        title="Now draw what should happen"
        act={
          <Button component={Link} to="/flows">
            Start a flow
          </Button>
        }
      >
        A flow reads from one system, shapes what it finds, and writes it to the other. Start from a ready-made one.
      </EmptyState>
    );
  }
  return (
    <EmptyState
      icon={IconPlugConnected}
      title="Connect your systems first"
      act={
        <Button component={Link} to="/connections/new">
          Connect a system
        </Button>
      }
    >
      Heddle carries records between your CRM and your ERP. Connect both, then draw what should happen in between.
    </EmptyState>
  );
}
