import { Button, TextInput } from "@mantine/core";
import { IconArrowLeft, IconSearch } from "@tabler/icons-react";
import { useState } from "react";
import { useNavigate, useSearchParams } from "react-router";

import { useCatalog, useMay } from "../api/queries";
import { ErrorBanner, Page, Rows } from "../ui/parts";
import { ConnectionForm, type Fields } from "./ConnectionForm";
import { Initials } from "./Initials";
import css from "./connections.module.css";

export function NewConnectionPage({ Fields }: { Fields: Fields }) {
  const catalog = useCatalog();
  const may = useMay("editor");
  const navigate = useNavigate();
  const [search, setSearch] = useState("");
  const [params, setParams] = useSearchParams();
  const card = catalog.data?.systems.find((one) => one.system === params.get("system"));
  if (!may) {
    return (
      <Page title="Connect a system">
        <p>This needs the role editor. Ask an administrator to do it, or to give you the role.</p>
      </Page>
    );
  }
  if (card) {
    return (
      <Page
        title={`Connect ${card.title}`}
        lead={firstParagraph(card.help)}
        acts={
          <Button variant="default" leftSection={<IconArrowLeft size={16} />} onClick={() => setParams({})}>
            Another system
          </Button>
        }
      >
        <ConnectionForm
          key={card.system}
          card={card}
          connection={null}
          Fields={Fields}
          onSaved={(saved) => void navigate(`/connections/${saved.id}`)}
        />
      </Page>
    );
  }
  const found = catalog.data?.systems.filter((one) => `${one.title} ${one.system}`.toLowerCase().includes(search.toLowerCase()));
  return (
    <Page title="Connect a system" lead="Which one?">
      <ErrorBanner error={catalog.error} retry={() => void catalog.refetch()} />
      {catalog.isPending ? <Rows count={4} height={70} /> : null}
      {(catalog.data?.systems.length ?? 0) > 8 ? (
        <TextInput
          mb="md"
          maw={360}
          autoFocus
          aria-label="Search systems"
          placeholder="Search systems"
          leftSection={<IconSearch size={16} />}
          value={search}
          onChange={(event) => setSearch(event.currentTarget.value)}
        />
      ) : null}
      <div className={css.systems}>
        {found?.map((one) => (
          <button key={one.system} type="button" className={css.system} onClick={() => setParams({ system: one.system })}>
            <Initials of={one.title} />
            <span>
              <strong>{one.title}</strong>
              <span className={css.help}>{firstParagraph(one.help)}</span>
            </span>
          </button>
        ))}
      </div>
      {found?.length === 0 ? <p>No system of that name can be connected in this installation.</p> : null}
    </Page>
  );
}

/** Help texts are docstrings: the first paragraph, with its line breaks undone. */
export function firstParagraph(help: string): string {
  return (help.split(/\n\s*\n/)[0] ?? "").replace(/\s+/g, " ").trim();
}
