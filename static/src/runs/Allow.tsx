/** A run that its budget has stopped: what it would do in numbers, and who lets it. */

import { Button, Modal, Stack } from "@mantine/core";
import { IconShieldCheck } from "@tabler/icons-react";
import { useState } from "react";

import { useAllow } from "../api/plans";
import type { RunDetail } from "../api/types";
import { ErrorBanner } from "../ui/parts";

export const overBudget = (run: RunDetail): boolean => run.state === "paused" && (run.code === "E-BUDGET" || run.code === "E-SWEEP");

export function Allow({ run }: { run: RunDetail }) {
  const [open, setOpen] = useState(false);
  const allow = useAllow(run.id);
  const sweep = run.code === "E-SWEEP";
  return (
    <>
      <Button leftSection={<IconShieldCheck size={16} />} onClick={() => setOpen(true)}>
        Allow it
      </Button>
      <Modal opened={open} onClose={() => setOpen(false)} title={sweep ? "Were so many really deleted?" : "Let this run go beyond its budget?"} centered>
        <Stack>
          <p style={{ margin: 0 }}>
            {run.message}{" "}
            {sweep
              ? "If you allow it, this run takes all of them for deleted, and its write budget still counts. If not, check the rights of the connection and stop the run."
              : "If you allow it, this run writes and deletes as much as it finds; the next one has its budget again."}{" "}
            Your name is kept with it.
          </p>
          {allow.error ? <ErrorBanner error={allow.error} /> : null}
          <Button loading={allow.isPending} onClick={() => allow.mutate(undefined, { onSuccess: () => setOpen(false) })}>
            {sweep ? "They were deleted" : "Allow it to write more"}
          </Button>
        </Stack>
      </Modal>
    </>
  );
}
