/** Lookup tables of the library in this flow: taking one, and taking its newer version. */

import { Button, Menu } from "@mantine/core";
import { IconBooks, IconChevronDown } from "@tabler/icons-react";
import { useState } from "react";
import { Link } from "react-router";

import { takeShared, useLibrary, useSharedDiff } from "../../api/library";
import { change, present, useDocument } from "../../store/editor";
import { Count, ErrorBanner } from "../../ui/parts";
import css from "./dialogs.module.css";

/** Puts the newest version into the drawing. @throws ApiError */
async function take(slug: string): Promise<void> {
  const parts = await takeShared(slug, present());
  change("Use a shared table", (flow) => ({ ...flow, ...parts }));
}

export function UseShared({ onTaken }: { onTaken: (id: string) => void }) {
  const { tables } = useDocument();
  const library = useLibrary();
  const [error, setError] = useState<unknown>(null);
  const free = (library.data ?? []).filter((entry) => entry.kind === "lookup" && !(`shared:${entry.slug}` in tables));
  if (!free.length) return null;
  return (
    <>
      <Menu position="bottom-end" withinPortal>
        <Menu.Target>
          <Button variant="default" leftSection={<IconBooks size={16} />} rightSection={<IconChevronDown size={14} />}>
            Use a shared table
          </Button>
        </Menu.Target>
        <Menu.Dropdown mah={320} style={{ overflow: "auto" }}>
          {free.map((entry) => (
            <Menu.Item key={entry.slug} onClick={() => void take(entry.slug).then(() => onTaken(`shared:${entry.slug}`), setError)}>
              {entry.title}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
      <ErrorBanner error={error} />
    </>
  );
}

export function SharedTable({ slug, readOnly }: { slug: string; readOnly: boolean }) {
  const pin = useDocument().shared?.[slug];
  const entry = useLibrary().data?.find((one) => one.slug === slug);
  const used = pin?.version ?? 0;
  const newer = entry && entry.version > used ? entry.version : 0;
  const diff = useSharedDiff(slug, newer ? used : 0, newer);
  const [error, setError] = useState<unknown>(null);
  return (
    <div className={css.shared} data-newer={newer > 0}>
      <p>
        {entry ? <Link to={`/rules/${slug}`}>{entry.title}</Link> : <b>{pin?.title}</b>}, version {used} of the library
        {entry ? ". It is changed there." : ", which is not in this installation."}
        {pin?.large && entry ? (
          <>
            {" "}
            Its <Count value={entry.rows} /> rows stay there.
          </>
        ) : null}
        {newer ? <b> Version {newer} is there.</b> : null}
      </p>
      {newer && diff.data ? (
        <ul>
          {diff.data.changes.slice(0, 8).map((text, at) => (
            <li key={at}>{text}</li>
          ))}
          {diff.data.changes.length > 8 ? <li>and {diff.data.changes.length - 8} more.</li> : null}
        </ul>
      ) : null}
      {newer && !readOnly ? (
        <Button size="compact-sm" onClick={() => void take(slug).catch(setError)}>
          Take version {newer}
        </Button>
      ) : null}
      <ErrorBanner error={error} />
    </div>
  );
}
