/** Everything that flows share: rule sets, decision tables and lookup tables. */

import { Button, Modal, TextInput } from "@mantine/core";
import { IconGavel, IconPlus } from "@tabler/icons-react";
import { useState } from "react";
import { Link, useNavigate } from "react-router";

import { type SharedEntry, type SharedKind, useCreateShared, useLibrary } from "../api/library";
import { useMay } from "../api/queries";
import { Count, EmptyState, ErrorBanner, Page, RelativeTime, Rows } from "../ui/parts";
import { KINDS, kindOf } from "./kinds";
import { NamingFoot } from "./NamingFoot";
import css from "./library.module.css";

export function LibraryPage() {
  const library = useLibrary();
  const may = useMay("editor");
  const [making, setMaking] = useState(false);
  const act = may ? (
    <Button leftSection={<IconPlus size={16} />} onClick={() => setMaking(true)}>
      New
    </Button>
  ) : null;
  return (
    <Page title="Rules" lead="Rule sets and tables that flows share, each in versions" acts={library.data?.length ? act : null}>
      <ErrorBanner error={library.error} retry={() => void library.refetch()} />
      {library.isPending ? <Rows count={4} height={52} /> : null}
      {library.data?.length === 0 ? (
        <EmptyState icon={IconGavel} title="Nothing is shared yet" act={act}>
          What several flows decide alike belongs here: write it once, and every flow says which version it uses. A change is
          judged on real records before it is saved.
        </EmptyState>
      ) : null}
      {library.data?.length ? (
        <div className={css.list}>
          {library.data.map((entry) => (
            <EntryRow key={entry.slug} entry={entry} />
          ))}
        </div>
      ) : null}
      {making ? <NewEntry close={() => setMaking(false)} /> : null}
    </Page>
  );
}

function EntryRow({ entry }: { entry: SharedEntry }) {
  const card = kindOf(entry.kind);
  const Glyph = card?.icon ?? IconGavel;
  const older = entry.used_by.filter((user) => (user.live ?? user.draft ?? entry.version) < entry.version).length;
  return (
    <Link to={`/rules/${entry.slug}`} className={css.row}>
      <span className={css.glyph}>
        <Glyph size={19} aria-hidden />
      </span>
      <div>
        <div className={css.name}>{entry.title}</div>
        <div className={css.quiet}>
          {card?.title}
          {entry.kind === "lookup" ? (
            <>
              , <Count value={entry.rows} /> {entry.rows === 1 ? "row" : "rows"}
            </>
          ) : null}
        </div>
      </div>
      <div className={css.quiet}>
        Version {entry.version}, <RelativeTime at={entry.updated_at} />
        {entry.by ? ` by ${entry.by}` : ""}
      </div>
      <div className={css.quiet}>
        {usedWords(entry)}
        {older ? <span className={css.older}>{older === 1 ? "one with an older version" : `${older} with older versions`}</span> : null}
      </div>
    </Link>
  );
}

const usedWords = ({ used_by: users }: SharedEntry) =>
  users.length === 0 ? "Used by no flow yet" : users.length === 1 ? `Used by ${users[0]?.name ?? ""}` : `Used by ${users.length} flows`;

function NewEntry({ close }: { close: () => void }) {
  const create = useCreateShared();
  const navigate = useNavigate();
  const [kind, setKind] = useState<SharedKind>("rules");
  const [title, setTitle] = useState("");
  const make = () => {
    if (title.trim()) create.mutate({ kind, title: title.trim() }, { onSuccess: (made) => void navigate(`/rules/${made.slug}`) });
  };
  return (
    <Modal opened onClose={close} title="What do you want to share?" size={560} radius="lg">
      <div className={css.kinds} role="radiogroup" aria-label="Kind">
        {KINDS.map((card) => (
          <button key={card.kind} type="button" role="radio" aria-checked={kind === card.kind} className={css.kind} onClick={() => setKind(card.kind)}>
            <card.icon size={19} aria-hidden />
            <span>
              <b>{card.title}</b>
              <small>{card.help}</small>
            </span>
          </button>
        ))}
      </div>
      <TextInput
        label="Name"
        data-autofocus
        placeholder="Credit limits"
        value={title}
        onChange={(event) => setTitle(event.currentTarget.value)}
        onKeyDown={(event) => event.key === "Enter" && make()}
      />
      <ErrorBanner error={create.error} />
      <NamingFoot act="Make it" name={title} loading={create.isPending} onAct={make} close={close} />
    </Modal>
  );
}
