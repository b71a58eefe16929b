import { Button } from "@mantine/core";
import { IconMapOff } from "@tabler/icons-react";
import { Link, useRouteError } from "react-router";

import { EmptyState } from "../ui/parts";

export function NotFound() {
  const error = useRouteError();
  return (
    <EmptyState
      heading={1}
      icon={IconMapOff}
      title={error ? "This screen broke" : "Nothing lives at this address"}
      act={
        <Button component={Link} to="/" reloadDocument={Boolean(error)}>
          Go home
        </Button>
      }
    >
      {error instanceof Error ? error.message : "The link may be old, or the thing it led to was deleted."}
    </EmptyState>
  );
}
