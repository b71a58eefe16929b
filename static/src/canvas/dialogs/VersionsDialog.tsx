import { Button, Modal, Select } from "@mantine/core";
import { IconHistory } from "@tabler/icons-react";
import { useState } from "react";

import { fetchVersion, useDiff, useVersions } from "../../api/queries";
import type { Version } from "../../api/types";
import { change, useEditor } from "../../store/editor";
import { EmptyState, ErrorBanner, RelativeTime, Rows } from "../../ui/parts";
import { Changes } from "./Changes";
import css from "./dialogs.module.css";

export function VersionsDialog({ slug, close }: { slug: string; close: () => void }) {
  const versions = useVersions(slug);
  const sorted = [...(versions.data ?? [])].sort((one, other) => other.number - one.number);
  return (
    <Modal opened onClose={close} title="Version history" size={640} radius="lg">
      <ErrorBanner error={versions.error} retry={() => void versions.refetch()} />
      {versions.isPending ? <Rows count={4} /> : null}
      {versions.data?.length === 0 ? (
        <EmptyState icon={IconHistory} title="Not published yet">
          Each publication becomes a version that can be compared and brought back.
        </EmptyState>
      ) : null}
      <ul className={css.versions}>
        {sorted.map((version) => (
          <Row key={version.number} slug={slug} version={version} others={sorted.filter((other) => other !== version)} close={close} />
        ))}
      </ul>
    </Modal>
  );
}

interface RowProps {
  slug: string;
  version: Version;
  others: Version[];
  close: () => void;
}

function Row({ slug, version, others, close }: RowProps) {
  const live = useEditor((editor) => editor.liveVersion);
  const readOnly = useEditor((editor) => editor.readOnly);
  const [comparing, setComparing] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const [other, setOther] = useState<number | "draft">("draft");
  const [older, newer] = other !== "draft" && other < version.number ? [other, version.number] : [version.number, other];
  const diff = useDiff(slug, older, newer, comparing);
  const restore = async () => {
    try {
      const document = await fetchVersion(slug, version.number);
      change(`Bring back version ${version.number}`, () => document);
      close();
    } catch (cause) {
      setError(cause);
    }
  };
  return (
    <li>
      <b>v{version.number}</b>
      <div>
        {version.note || "No note"}
        <small>
          {version.by} · <RelativeTime at={version.at} />
          {version.number === live ? " · live" : ""}
        </small>
      </div>
      <div className={css.acts}>
        <Button size="compact-sm" variant="subtle" aria-expanded={comparing} onClick={() => setComparing(!comparing)}>
          Compare
        </Button>
        {readOnly ? null : (
          <Button size="compact-sm" variant="default" onClick={() => void restore()}>
            Bring back
          </Button>
        )}
      </div>
      {comparing ? (
        <div style={{ gridColumn: "1 / -1" }}>
          <Select
            size="xs"
            w={260}
            mb="xs"
            label={`What is different between version ${version.number} and`}
            allowDeselect={false}
            data={[
              { value: "draft", label: "the draft" },
              ...others.map(({ number, note }) => ({ value: String(number), label: `version ${number}${note ? `: ${note}` : ""}` })),
            ]}
            value={String(other)}
            onChange={(next) => setOther(next === null || next === "draft" ? "draft" : Number(next))}
          />
          {diff.isPending ? <Rows count={2} /> : null}
          {diff.data ? <Changes diff={diff.data} /> : null}
        </div>
      ) : null}
      <div style={{ gridColumn: "1 / -1" }}>
        <ErrorBanner error={error ?? diff.error} />
      </div>
    </li>
  );
}
