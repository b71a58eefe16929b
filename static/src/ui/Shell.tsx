import { ActionIcon, Menu, useMantineColorScheme } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import {
  IconCalendarClock,
  IconDeviceDesktop,
  IconGavel,
  IconHome,
  IconInbox,
  IconLink,
  IconListDetails,
  IconLogout,
  IconMenu2,
  IconMoon,
  IconPlugConnected,
  IconSearch,
  IconSettings,
  IconSitemap,
  IconSun,
  IconTestPipe,
  type Icon,
} from "@tabler/icons-react";
import type { ReactNode } from "react";
import { NavLink, useMatches } from "react-router";

import { PlacesDrawer } from "./PlacesDrawer";
import css from "./shell.module.css";

export interface Place {
  to: string;
  title: string;
  icon: Icon;
}

/** How many of the places stand in the bar of a phone; the others are behind its last button. */
const AT_HAND = 4;

const places: Place[] = [
  { to: "/", title: "Home", icon: IconHome },
  { to: "/flows", title: "Flows", icon: IconSitemap },
  { to: "/runs", title: "Runs", icon: IconListDetails },
  { to: "/inbox", title: "Inbox", icon: IconInbox },
  { to: "/schedules", title: "Schedules", icon: IconCalendarClock },
  { to: "/references", title: "References", icon: IconLink },
  { to: "/rules", title: "Rules", icon: IconGavel },
  { to: "/connections", title: "Connections", icon: IconPlugConnected },
];
const sandboxes: Place = { to: "/sandboxes", title: "Sandboxes", icon: IconTestPipe };
const settings: Place = { to: "/settings", title: "Settings", icon: IconSettings };

export interface ShellProps {
  user: { name: string; email: string };
  demo: boolean;
  /** Icons only: for screens that need the room (the editor). */
  slim?: boolean;
  onFind: () => void;
  onSignOut: () => void;
  children: ReactNode;
}

export function Shell({ user, demo, slim = false, onFind, onSignOut, children }: ShellProps) {
  const shown = [...places, ...(demo ? [sandboxes] : []), settings];
  const rare = shown.slice(AT_HAND);
  const away = useMatches().some(({ pathname }) => rare.some(({ to }) => pathname.startsWith(to)));
  const [opened, more] = useDisclosure(false);
  return (
    <div className={`${css.shell} ${slim ? css.slim : ""}`}>
      <a href="#main" className={css.skip}>
        Skip to the content
      </a>
      <nav className={css.nav} aria-label="Main">
        <NavLink to="/" className={css.brand} aria-label="Heddle home">
          <img src="/favicon.svg" alt="" width={26} height={26} />
          <span className={css.label}>Heddle</span>
        </NavLink>
        <button type="button" className={css.find} title="Find a record" aria-keyshortcuts="Control+K" onClick={onFind}>
          <IconSearch size={17} stroke={1.7} aria-hidden />
          <span className={css.label}>Find</span>
          <kbd className={css.label}>Ctrl K</kbd>
        </button>
        {shown.map(({ to, title, icon: Glyph }, at) => (
          <NavLink key={to} to={to} end={to === "/"} className={`${css.link} ${at < AT_HAND ? "" : css.rare}`} title={title}>
            <Glyph size={19} stroke={1.7} aria-hidden />
            <span className={css.label}>{title}</span>
          </NavLink>
        ))}
        <button type="button" className={`${css.link} ${css.more}`} aria-haspopup="dialog" aria-expanded={opened} data-away={away} onClick={more.open}>
          <IconMenu2 size={19} stroke={1.7} aria-hidden />
          <span className={css.label}>Menu</span>
        </button>
        <div className={css.foot}>
          <span className={css.who} title={user.email}>
            {user.name || user.email}
          </span>
          <SchemeMenu onSignOut={onSignOut} />
        </div>
      </nav>
      <main id="main" className={css.main} tabIndex={-1}>
        {children}
      </main>
      <PlacesDrawer opened={opened} onClose={more.close} places={rare} user={user} onFind={onFind} onSignOut={onSignOut} />
    </div>
  );
}

function SchemeMenu({ onSignOut }: { onSignOut: () => void }) {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const Glyph = { light: IconSun, dark: IconMoon, auto: IconDeviceDesktop }[colorScheme];
  return (
    <Menu position="right-end" withinPortal>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" aria-label="Appearance and sign out">
          <Glyph size={18} stroke={1.7} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>Appearance</Menu.Label>
        <Menu.Item leftSection={<IconSun size={16} />} onClick={() => setColorScheme("light")}>
          Light
        </Menu.Item>
        <Menu.Item leftSection={<IconMoon size={16} />} onClick={() => setColorScheme("dark")}>
          Dark
        </Menu.Item>
        <Menu.Item leftSection={<IconDeviceDesktop size={16} />} onClick={() => setColorScheme("auto")}>
          As the system
        </Menu.Item>
        <Menu.Divider />
        <Menu.Item leftSection={<IconLogout size={16} />} onClick={onSignOut}>
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
