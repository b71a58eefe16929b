/** Above the editor of a step: where its rules or table come from, and whether the library has a newer version. */

import { Button, Menu, Modal, TextInput } from "@mantine/core";
import { IconBooks, IconChevronDown } from "@tabler/icons-react";
import { useState } from "react";
import { Link } from "react-router";

import { type SharedEntry, type SharedKind, type SharedParts, takeShared, useCreateShared, useLibrary } from "../api/library";
import type { Flow, Json } from "../model/flow";
import { valueText } from "../model/values";
import { ErrorBanner } from "../ui/parts";
import { WhatChanged } from "./History";
import { kindOf } from "./kinds";
import { NamingFoot } from "./NamingFoot";
import css from "./library.module.css";

interface Props {
  kind: SharedKind;
  /** The slug that the step uses; empty while it has its own. */
  slug: string;
  flow: Flow;
  /** What the step has of its own, which can be shared; null where there is nothing to share. */
  own: unknown;
  readOnly: boolean;
  onTake: (slug: string, parts: SharedParts) => void;
  onOwn: (document: Json) => void;
}

export function SharedBar({ kind, slug, flow, own, readOnly, onTake, onOwn }: Props) {
  const library = useLibrary();
  const [error, setError] = useState<unknown>(null);
  const [sharing, setSharing] = useState(false);
  const entries = (library.data ?? []).filter((entry) => entry.kind === kind);
  const noun = (kindOf(kind)?.title ?? "").toLowerCase();

  async function take(wanted: string) {
    setError(null);
    try {
      onTake(wanted, await takeShared(wanted, flow));
    } catch (failure) {
      setError(failure);
    }
  }

  if (!slug) {
    if (readOnly || (!entries.length && !own)) return null;
    return (
      <>
        <div className={css.sharedBar}>
          <IconBooks size={17} aria-hidden />
          <p>{own ? `This ${noun} is this step’s alone.` : `This step has no ${noun} yet.`}</p>
          {entries.length ? <Choose entries={entries} label={`Use a shared ${noun}`} onPick={(picked) => void take(picked)} /> : null}
          {own ? (
            <Button size="compact-xs" variant="subtle" onClick={() => setSharing(true)}>
              Share it …
            </Button>
          ) : null}
        </div>
        <ErrorBanner error={error} />
        {sharing ? <Share kind={kind} own={own} close={() => setSharing(false)} onShared={(made) => void take(made)} /> : null}
      </>
    );
  }
  return (
    <>
      <Taken slug={slug} flow={flow} entry={entries.find((entry) => entry.slug === slug)} readOnly={readOnly} onTake={() => void take(slug)}>
        <Choose
          entries={entries.filter((entry) => entry.slug !== slug)}
          label="Use another"
          onPick={(picked) => void take(picked)}
          own={() => onOwn(copyOf(flow, kind, slug))}
        />
      </Taken>
      <ErrorBanner error={error} />
    </>
  );
}

const copyOf = (flow: Flow, kind: SharedKind, slug: string): Json =>
  (kind === "rules" ? flow.rules : (flow.decisions ?? {}))[`shared:${slug}`] ?? {};

interface TakenProps {
  slug: string;
  flow: Flow;
  entry: SharedEntry | undefined;
  readOnly: boolean;
  onTake: () => void;
  children: React.ReactNode;
}

function Taken({ slug, flow, entry, readOnly, onTake, children }: TakenProps) {
  const [diff, setDiff] = useState(false);
  const pin = flow.shared?.[slug];
  const used = pin?.version ?? 0;
  const newer = entry && entry.version > used ? entry.version : 0;
  return (
    <>
      <div className={css.sharedBar} data-newer={newer > 0}>
        <IconBooks size={17} aria-hidden />
        <p>
          {entry ? <Link to={`/rules/${slug}`}>{entry.title}</Link> : <b>{pin?.title ?? slug}</b>}, version {used} of the library
          {entry ? "." : ", which is not in this installation. The step works with its copy."}
          {newer ? <b> Version {newer} is there.</b> : null}
        </p>
        {newer ? (
          <>
            <Button size="compact-xs" variant="default" onClick={() => setDiff(!diff)} aria-expanded={diff}>
              What changed
            </Button>
            {readOnly ? null : (
              <Button size="compact-xs" onClick={onTake}>
                Take version {newer}
              </Button>
            )}
          </>
        ) : null}
        {readOnly ? null : children}
      </div>
      {diff && newer ? <WhatChanged slug={slug} from={used} to={newer} /> : null}
    </>
  );
}

interface ChooseProps {
  entries: readonly SharedEntry[];
  label: string;
  onPick: (slug: string) => void;
  own?: () => void;
}

function Choose({ entries, label, onPick, own }: ChooseProps) {
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <Button size="compact-xs" variant="default" rightSection={<IconChevronDown size={13} />}>
          {label}
        </Button>
      </Menu.Target>
      <Menu.Dropdown mah={320} style={{ overflow: "auto" }}>
        {entries.map((entry) => (
          <Menu.Item key={entry.slug} onClick={() => onPick(entry.slug)}>
            {entry.title}
          </Menu.Item>
        ))}
        {own ? (
          <>
            {entries.length ? <Menu.Divider /> : null}
            <Menu.Item onClick={own}>Copy it into this step, to change it here</Menu.Item>
          </>
        ) : null}
      </Menu.Dropdown>
    </Menu>
  );
}

function Share({ kind, own, close, onShared }: { kind: SharedKind; own: unknown; close: () => void; onShared: (slug: string) => void }) {
  const create = useCreateShared();
  const [title, setTitle] = useState(valueText((own as Json)["title"]));
  const share = () =>
    create.mutate(
      { kind, title: title.trim(), document: own },
      {
        onSuccess: (made) => {
          onShared(made.slug);
          close();
        },
      },
    );
  return (
    <Modal opened onClose={close} title="Share it with other flows" centered>
      <p style={{ marginTop: 0 }}>It moves into the library, and this step uses version 1 of it from there.</p>
      <TextInput label="Name" data-autofocus value={title} onChange={(event) => setTitle(event.currentTarget.value)} />
      <ErrorBanner error={create.error} />
      <NamingFoot act="Share it" name={title} loading={create.isPending} onAct={share} close={close} />
    </Modal>
  );
}
