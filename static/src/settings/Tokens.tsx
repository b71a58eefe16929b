import { Button, Modal, NumberInput, Select, Stack, TextInput } from "@mantine/core";
import { IconKey } from "@tabler/icons-react";
import { useState } from "react";

import { useAddToken, useDelete, useTokens } from "../api/people";
import type { Role } from "../api/types";
import { ErrorBanner, RelativeTime, Rows } from "../ui/parts";
import { useNow } from "../ui/useNow";
import { Once } from "./Once";
import { asRole, ROLES } from "./roles";
import css from "./settings.module.css";

export function Tokens() {
  const tokens = useTokens(true);
  const remove = useDelete("tokens");
  const [adding, setAdding] = useState(false);
  const now = useNow(true);
  const [secret, setSecret] = useState<string | null>(null);
  return (
    <section className={css.section}>
      <header>
        <div>
          <h2>Tokens</h2>
          <p>For scripts and other machines that speak to the API.</p>
        </div>
        <Button variant="default" leftSection={<IconKey size={16} />} onClick={() => setAdding(true)}>
          New token
        </Button>
      </header>
      {secret ? <Once what="The token." text={secret} onDone={() => setSecret(null)} /> : null}
      <ErrorBanner error={tokens.error ?? remove.error} />
      {tokens.isPending ? <Rows count={2} height={48} /> : null}
      <div className={css.list}>
        {tokens.data?.map((token) => (
          <div key={token.id} className={css.row}>
            <div>
              <strong>{token.name}</strong>
              <div className={css.quiet}>
                made by {token.created_by} <RelativeTime at={token.created_at} />
              </div>
            </div>
            <span>{ROLES.find((role) => role.value === token.role)?.label.split(":")[0]}</span>
            <span className={css.quiet}>
              {token.used_at ? (
                <>
                  used <RelativeTime at={token.used_at} />
                </>
              ) : (
                "never used"
              )}
              {token.expires_at ? (
                <>
                  , {Date.parse(token.expires_at) < now ? "ended" : "ends"} <RelativeTime at={token.expires_at} />
                </>
              ) : null}
            </span>
            <Button size="compact-sm" variant="subtle" color="red" onClick={() => remove.mutate(token.id)}>
              Revoke
            </Button>
          </div>
        ))}
        {tokens.data?.length === 0 ? <p className={css.none}>No machine may speak to Heddle yet.</p> : null}
      </div>
      <NewToken opened={adding} onClose={() => setAdding(false)} onToken={setSecret} />
    </section>
  );
}

function NewToken({ opened, onClose, onToken }: { opened: boolean; onClose: () => void; onToken: (text: string) => void }) {
  const add = useAddToken();
  const [name, setName] = useState("");
  const [role, setRole] = useState<Role>("operator");
  const [days, setDays] = useState<number | "">(365);
  return (
    <Modal opened={opened} onClose={onClose} title="New token" centered>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          add.mutate(
            { name, role, ...(days ? { days } : {}) },
            {
              onSuccess: ({ token }) => {
                onToken(token);
                setName("");
                onClose();
              },
            },
          );
        }}
      >
        <Stack>
          <ErrorBanner error={add.error} />
          <TextInput label="What is it for?" placeholder="Nightly export" required data-autofocus value={name} onChange={(event) => setName(event.currentTarget.value)} />
          <Select label="May" allowDeselect={false} data={ROLES} value={role} onChange={(next) => setRole(asRole(next) ?? role)} />
          <NumberInput label="Valid for days" description="Empty: until it is revoked." min={1} allowDecimal={false} value={days} onChange={(next) => setDays(Number(next) || "")} />
          <Button type="submit" loading={add.isPending}>
            Make the token
          </Button>
        </Stack>
      </form>
    </Modal>
  );
}
