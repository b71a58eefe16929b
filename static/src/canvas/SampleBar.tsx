import { ActionIcon, Button, Select, Tooltip } from "@mantine/core";
import { IconChevronLeft, IconChevronRight, IconRefresh, IconX } from "@tabler/icons-react";

import type { Preview } from "../api/types";
import { useDocument } from "../store/editor";
import { clearOverlay, look, useOverlay } from "../store/run";
import { ErrorBanner } from "../ui/parts";
import css from "./canvas.module.css";

/** The sample that is looked at: which record, how it went, once more. */
export function SampleBar({ again }: { again: () => void }) {
  const preview = useOverlay((overlay) => overlay.preview);
  const key = useOverlay((overlay) => overlay.key);
  const error = useOverlay((overlay) => overlay.error);
  const trying = useOverlay((overlay) => overlay.trying);
  const stale = useOverlay((overlay) => overlay.previewOf);
  const flow = useDocument();
  if (error) {
    return (
      <div className={css.sample}>
        <div style={{ flex: 1 }}>
          <ErrorBanner error={error} retry={again} />
        </div>
        <Close />
      </div>
    );
  }
  if (!preview) return null;
  const at = preview.records.findIndex((record) => record.key === key);
  const step = (by: number) => {
    const next = preview.records[(at + by + preview.records.length) % preview.records.length];
    if (next) look(next.key);
  };
  return (
    <div className={css.sample} data-testid="sample-bar">
      <span className="visually-hidden" role="status">
        {summary(preview)}
      </span>
      {preview.records.length ? (
        <>
          <b>Sample</b>
          <ActionIcon variant="subtle" color="gray" aria-label="Record before" onClick={() => step(-1)}>
            <IconChevronLeft size={16} />
          </ActionIcon>
          <Select
            size="xs"
            aria-label="Sample record"
            style={{ flex: 1, minWidth: 120 }}
            data={preview.records.map((record) => ({ value: record.key, label: record.title || record.key }))}
            value={key}
            allowDeselect={false}
            onChange={(value) => {
              if (value) look(value);
            }}
          />
          <ActionIcon variant="subtle" color="gray" aria-label="Next record" onClick={() => step(1)}>
            <IconChevronRight size={16} />
          </ActionIcon>
          <span style={{ color: "var(--ink-2)", whiteSpace: "nowrap" }}>
            {at + 1} of {preview.records.length}
          </span>
        </>
      ) : (
        <span style={{ flex: 1 }}>No record came in. Check what the first step reads.</span>
      )}
      {stale && stale !== flow && !sameLogic(stale, flow) ? (
        <Button size="compact-xs" variant="light" leftSection={<IconRefresh size={14} />} loading={trying} onClick={again}>
          Changed: try again
        </Button>
      ) : (
        <Tooltip label="Try again">
          <ActionIcon variant="subtle" color="gray" aria-label="Try again" loading={trying} onClick={again}>
            <IconRefresh size={16} />
          </ActionIcon>
        </Tooltip>
      )}
      <Close />
    </div>
  );
}

function Close() {
  return (
    <ActionIcon variant="subtle" color="gray" aria-label="Put the sample away" onClick={clearOverlay}>
      <IconX size={16} />
    </ActionIcon>
  );
}

type Drawing = ReturnType<typeof useDocument>;

/** Moving cards does not make a sample stale. */
function sameLogic(one: Drawing, other: Drawing): boolean {
  return one.nodes === other.nodes && one.edges === other.edges && one.tables === other.tables && one.rules === other.rules;
}

function summary({ records, nodes }: Preview): string {
  const sum = (pick: "held" | "failed") => Object.values(nodes).reduce((total, count) => total + count[pick], 0);
  return `Tried on ${records.length} records: ${sum("held")} held, ${sum("failed")} failed. Nothing was written.`;
}
