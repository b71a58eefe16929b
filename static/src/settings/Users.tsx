import { ActionIcon, Button, Menu, Modal, Select, Stack, TextInput } from "@mantine/core";
import { IconDots, IconUserPlus } from "@tabler/icons-react";
import { useState } from "react";

import { type Person, useAddUser, useChangeUser, useDelete, useUsers } from "../api/people";
import type { Role } from "../api/types";
import { ErrorBanner, RelativeTime, Rows } from "../ui/parts";
import { Once } from "./Once";
import { asRole, ROLES } from "./roles";
import css from "./settings.module.css";

export function Users({ me }: { me: string }) {
  const users = useUsers(true);
  const [adding, setAdding] = useState(false);
  const [secret, setSecret] = useState<{ what: string; text: string } | null>(null);
  return (
    <section className={css.section}>
      <header>
        <div>
          <h2>People</h2>
          <p>Who may do what.</p>
        </div>
        <Button variant="default" leftSection={<IconUserPlus size={16} />} onClick={() => setAdding(true)}>
          Invite
        </Button>
      </header>
      {secret ? <Once {...secret} onDone={() => setSecret(null)} /> : null}
      <ErrorBanner error={users.error} retry={() => void users.refetch()} />
      {users.isPending ? <Rows count={3} height={48} /> : null}
      <div className={css.list}>
        {users.data?.map((user) => (
          <UserRow
            key={user.id}
            user={user}
            self={user.id === me}
            onPassword={(text) => setSecret({ what: `The new first password of ${user.email}.`, text })}
          />
        ))}
      </div>
      <Invite
        opened={adding}
        onClose={() => setAdding(false)}
        onPassword={(email, text) => setSecret({ what: `The first password of ${email}.`, text })}
      />
    </section>
  );
}

function UserRow({ user, self, onPassword }: { user: Person; self: boolean; onPassword: (text: string) => void }) {
  const change = useChangeUser(user.id);
  const remove = useDelete("users");
  const [deleting, setDeleting] = useState(false);
  return (
    <div className={css.row}>
      <div>
        <strong>{user.name || user.email}</strong> {self ? <span className={css.quiet}>(you)</span> : null}
        <div className={css.quiet}>{user.name ? user.email : ""}</div>
        <ErrorBanner error={change.error ?? remove.error} />
      </div>
      <Select
        size="xs"
        aria-label={`Role of ${user.email}`}
        allowDeselect={false}
        disabled={self}
        data={ROLES.map(({ value, label }) => ({ value, label: label.split(":")[0] ?? value }))}
        value={user.role}
        onChange={(next) => {
          const role = asRole(next);
          if (role) change.mutate({ role });
        }}
      />
      <span className={css.quiet}>
        {user.active ? (
          user.signed_in_at ? (
            <>
              signed in <RelativeTime at={user.signed_in_at} />
            </>
          ) : (
            "never signed in"
          )
        ) : (
          "switched off"
        )}
      </span>
      <Menu position="bottom-end" withinPortal>
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" aria-label={`More for ${user.email}`} disabled={self} style={{ visibility: self ? "hidden" : "visible" }}>
            <IconDots size={16} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item
            onClick={() => change.mutate({ reset_password: true }, { onSuccess: ({ password }) => password && onPassword(password) })}
          >
            Give a new first password
          </Menu.Item>
          <Menu.Item onClick={() => change.mutate({ active: !user.active })}>{user.active ? "Switch off" : "Switch on"}</Menu.Item>
          <Menu.Item color="red" onClick={() => setDeleting(true)}>
            Delete
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Modal opened={deleting} onClose={() => setDeleting(false)} title={`Delete ${user.email}?`} centered>
        <p style={{ marginTop: 0 }}>They can no longer sign in. What they did stays in the history.</p>
        <Button color="red" loading={remove.isPending} onClick={() => remove.mutate(user.id, { onSuccess: () => setDeleting(false) })}>
          Delete
        </Button>
      </Modal>
    </div>
  );
}

interface InviteProps {
  opened: boolean;
  onClose: () => void;
  onPassword: (email: string, text: string) => void;
}

function Invite({ opened, onClose, onPassword }: InviteProps) {
  const add = useAddUser();
  const [email, setEmail] = useState("");
  const [name, setName] = useState("");
  const [role, setRole] = useState<Role>("operator");
  return (
    <Modal opened={opened} onClose={onClose} title="Invite somebody" centered>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          add.mutate(
            { email, name, role },
            {
              onSuccess: (user) => {
                if (user.password) onPassword(user.email, user.password);
                setEmail("");
                setName("");
                onClose();
              },
            },
          );
        }}
      >
        <Stack>
          <ErrorBanner error={add.error} />
          <TextInput label="E-mail" type="email" required data-autofocus value={email} onChange={(event) => setEmail(event.currentTarget.value)} />
          <TextInput label="Name" value={name} onChange={(event) => setName(event.currentTarget.value)} />
          <Select label="May" allowDeselect={false} data={ROLES} value={role} onChange={(next) => setRole(asRole(next) ?? role)} />
          <Button type="submit" loading={add.isPending}>
            Invite
          </Button>
        </Stack>
      </form>
    </Modal>
  );
}
