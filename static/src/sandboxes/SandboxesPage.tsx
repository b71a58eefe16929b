import { Button, Modal, NumberInput } from "@mantine/core";
import { IconExternalLink, IconTestPipe } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { api } from "../api/client";
import { useMay, useSandboxes, useSession } from "../api/queries";
import type { Sandbox } from "../api/types";
import type { Json } from "../model/flow";
import { many } from "../model/runs";
import { plainNumber } from "../model/values";
import { EmptyState, ErrorBanner, Page, Rows } from "../ui/parts";
import { ViceRow } from "./ViceRow";
import css from "./sandboxes.module.css";

export function SandboxesPage() {
  const demo = useSession().data?.demo ?? false;
  const sandboxes = useSandboxes(demo);
  return (
    <Page title="Sandboxes" lead="What would happen if the other system misbehaved?">
      <ErrorBanner error={sandboxes.error} retry={() => void sandboxes.refetch()} />
      {demo && sandboxes.isPending ? <Rows count={5} height={80} /> : null}
      {!demo || sandboxes.data?.length === 0 ? (
        <EmptyState icon={IconTestPipe} title="No sandboxes here">
          In demo mode each system is imitated by a sandbox that can be slow, lose answers or refuse on command. This
          installation talks to real systems.
        </EmptyState>
      ) : null}
      <div className={css.cards}>
        {sandboxes.data?.map((sandbox) => (
          <SandboxCard key={sandbox.system} sandbox={sandbox} />
        ))}
      </div>
    </Page>
  );
}

function SandboxCard({ sandbox }: { sandbox: Sandbox }) {
  const client = useQueryClient();
  const may = useMay("editor");
  const [count, setCount] = useState(100);
  const [emptying, setEmptying] = useState(false);
  const tell = useMutation({
    mutationFn: ({ what, body }: { what: "vices" | "seed" | "reset"; body?: Json }) =>
      api<Json>(`/api/sandboxes/${sandbox.system}/${what}`, { method: "POST", body: body ?? {} }),
    onSettled: () => client.invalidateQueries({ queryKey: ["sandboxes"] }),
  });
  const on = sandbox.vices.filter((vice) => vice.active !== null).length;
  const made = tell.variables?.what === "seed" && tell.data ? Object.entries(tell.data) : [];
  return (
    <article className={css.card}>
      <div className={css.head}>
        <h2>{sandbox.title}</h2>
        <span style={{ color: on ? "var(--held)" : "var(--ink-2)", fontSize: 13 }}>
          {on ? `${many(on, "vice")} switched on` : "behaves well"}
        </span>
        <span className={css.spring} />
        <Button component="a" href={sandbox.home} target="_blank" rel="noreferrer" size="compact-sm" variant="default" rightSection={<IconExternalLink size={14} />}>
          Open it
        </Button>
      </div>
      {sandbox.message ? <p className={css.down}>{sandbox.message}</p> : null}
      <div className={css.vices}>
        {sandbox.vices.map((vice) => (
          <ViceRow key={vice.name} vice={vice} busy={tell.isPending} fixed={!may} onChange={(options) => tell.mutate({ what: "vices", body: { [vice.name]: options } })} />
        ))}
      </div>
      {tell.error ? <ErrorBanner error={tell.error} /> : null}
      {made.length ? (
        <p className={css.said} role="status">
          Made {made.map(([what, number]) => `${plainNumber(number)} ${what}`).join(", ")}.
        </p>
      ) : null}
      {may ? <div className={css.foot}>
        <NumberInput size="xs" w={100} min={1} max={100000} allowDecimal={false} aria-label="How many main objects" value={count} onChange={(next) => setCount(Number(next) || 1)} />
        <Button size="xs" variant="default" loading={tell.isPending && tell.variables.what === "seed"} onClick={() => tell.mutate({ what: "seed", body: { n: count, seed: 1 } })}>
          Fill with data
        </Button>
        <span className={css.spring} />
        <Button size="xs" variant="subtle" color="red" onClick={() => setEmptying(true)}>
          Empty it …
        </Button>
      </div> : <p className={css.said}>Switching them needs the role editor.</p>}
      <Modal opened={emptying} onClose={() => setEmptying(false)} title={`Empty the ${sandbox.title} sandbox?`} centered>
        <p style={{ marginTop: 0 }}>All its objects, its journal and its vices go. Real systems are not touched.</p>
        <Button
          color="red"
          onClick={() => {
            tell.mutate({ what: "reset" });
            setEmptying(false);
          }}
        >
          Empty it
        </Button>
      </Modal>
    </article>
  );
}
