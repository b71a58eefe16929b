import { notifications } from "@mantine/notifications";
import type { ComponentType } from "react";

import { useSession } from "../api/queries";
import { Page } from "../ui/parts";
import { Tokens } from "./Tokens";
import { Users } from "./Users";
import css from "./settings.module.css";

interface Props {
  PasswordForm: ComponentType<{ act: string; onDone: () => void }>;
}

export function SettingsPage({ PasswordForm }: Props) {
  const session = useSession().data;
  const admin = session?.user?.role === "admin";
  return (
    <Page title="Settings" lead={session?.user ? `You are ${session.user.name || session.user.email}, ${roleText(session.user.role)}.` : undefined}>
      {admin ? <Users me={session.user?.id ?? ""} /> : null}
      {admin ? <Tokens /> : null}
      <section className={css.section}>
        <header>
          <h2>Your password</h2>
        </header>
        <div className={css.narrow}>
          <PasswordForm
            act="Change the password"
            onDone={() => notifications.show({ message: "Your password is changed.", color: "green" })}
          />
        </div>
      </section>
      <p className={css.quiet}>Heddle {session?.version}</p>
    </Page>
  );
}

function roleText(role: string): string {
  const words: Record<string, string> = {
    viewer: "and may look at everything",
    operator: "and may run flows and decide what waits",
    editor: "and may draw, publish and connect systems",
    admin: "an administrator",
  };
  return words[role] ?? role;
}
