/** The versions of an entry, and what each changed. */

import { useState } from "react";

import { useSharedDiff, useSharedVersions } from "../api/library";
import { ErrorBanner, RelativeTime } from "../ui/parts";
import css from "./library.module.css";

export function History({ slug, onOpen }: { slug: string; onOpen?: (number: number) => void }) {
  const versions = useSharedVersions(slug);
  const [open, setOpen] = useState<number | null>(null);
  return (
    <ul className={css.versions}>
      <ErrorBanner error={versions.error} />
      {versions.data?.slice(0, 30).map((version) => (
        <li key={version.number}>
          <button type="button" aria-expanded={open === version.number} onClick={() => setOpen(open === version.number ? null : version.number)}>
            Version {version.number}
          </button>
          {version.note ? `: ${version.note}` : ""}
          <small>
            <RelativeTime at={version.at} />
            {version.by ? ` by ${version.by}` : ""}
          </small>
          {open === version.number ? (
            <>
              {version.number > 1 ? <WhatChanged slug={slug} from={version.number - 1} to={version.number} /> : null}
              {onOpen ? (
                <button type="button" onClick={() => onOpen(version.number)}>
                  Start from this version
                </button>
              ) : null}
            </>
          ) : null}
        </li>
      ))}
    </ul>
  );
}

export function WhatChanged({ slug, from, to }: { slug: string; from: number; to: number }) {
  const diff = useSharedDiff(slug, from, to);
  if (diff.error) return <ErrorBanner error={diff.error} />;
  if (!diff.data) return <p>…</p>;
  const shown = diff.data.changes.slice(0, 60);
  return (
    <ul className={css.changes}>
      {shown.length ? shown.map((text, at) => <li key={at}>{text}</li>) : <li>Nothing that decides anything.</li>}
      {diff.data.changes.length > shown.length ? <li>and {diff.data.changes.length - shown.length} more.</li> : null}
    </ul>
  );
}
