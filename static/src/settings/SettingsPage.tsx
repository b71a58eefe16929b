import { notifications } from "@mantine/notifications";
import { IconHistory, IconServerCog, type Icon } from "@tabler/icons-react";
import type { ComponentType } from "react";
import { Link } from "react-router";

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
      <nav className={`${css.section} ${css.doors}`} aria-label="More settings">
        <Door to="/settings/workers" icon={IconServerCog} title="Workers" text="Who carries out runs, and at what they are" />
        {admin ? <Door to="/settings/audit" icon={IconHistory} title="Audit" text="Who changed what, and when" /> : null}
      </nav>
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

function Door({ to, icon: Glyph, title, text }: { to: string; icon: Icon; title: string; text: string }) {
  return (
    <Link to={to} className={css.door}>
      <Glyph size={22} stroke={1.6} aria-hidden />
      <span>
        <strong>{title}</strong>
        <small>{text}</small>
      </span>
    </Link>
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
