import { Button, Modal, NumberInput, Select, Stack, TextInput } from "@mantine/core";
import { IconKey } from "@tabler/icons-react";
import { useState } from "react";

import { type Token, useAddToken, useDelete, useTokens } from "../api/people";
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
  const [secret, setSecret] = useState<{ id: string; text: string } | null>(null);
  const [revoking, setRevoking] = useState<Token | null>(null);
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
      {secret ? <Once what="The token." text={secret.text} onDone={() => setSecret(null)} /> : null}
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
            <Button size="compact-sm" variant="subtle" color="red" aria-label={`Revoke ${token.name}`} onClick={() => setRevoking(token)}>
              Revoke
            </Button>
          </div>
        ))}
        {tokens.data?.length === 0 ? <p className={css.none}>No machine may speak to Heddle yet.</p> : null}
      </div>
      <NewToken opened={adding} onClose={() => setAdding(false)} onToken={setSecret} />
      <Modal opened={revoking !== null} onClose={() => setRevoking(null)} title={`Revoke «${revoking?.name ?? ""}»?`} centered>
        <p style={{ marginTop: 0 }}>Whatever uses it is refused from now on. A token cannot be brought back: make a new one instead.</p>
        <Button
          color="red"
          loading={remove.isPending}
          onClick={() =>
            revoking &&
            remove.mutate(revoking.id, {
              onSuccess: () => {
                if (secret?.id === revoking.id) setSecret(null);
                setRevoking(null);
              },
            })
          }
        >
          Revoke
        </Button>
      </Modal>
    </section>
  );
}

function NewToken({ opened, onClose, onToken }: { opened: boolean; onClose: () => void; onToken: (made: { id: string; text: string }) => void }) {
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
              onSuccess: ({ id, token }) => {
                onToken({ id, text: token });
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
