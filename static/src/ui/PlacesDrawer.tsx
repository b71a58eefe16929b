import { Drawer, SegmentedControl, useMantineColorScheme } from "@mantine/core";
import { IconLogout, IconSearch } from "@tabler/icons-react";
import { NavLink } from "react-router";

import type { Place } from "./Shell";
import css from "./shell.module.css";

interface Props {
  opened: boolean;
  onClose: () => void;
  places: Place[];
  user: { name: string; email: string };
  onFind: () => void;
  onSignOut: () => void;
}

const SCHEMES = [
  { value: "light", label: "Light" },
  { value: "dark", label: "Dark" },
  { value: "auto", label: "As the system" },
];

/** What the bar of a phone has no room for, in reach of the thumb. */
export function PlacesDrawer({ opened, onClose, places, user, onFind, onSignOut }: Props) {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const then = (act: () => void) => () => {
    onClose();
    act();
  };
  return (
    <Drawer opened={opened} onClose={onClose} position="bottom" size="auto" title={user.name || user.email} classNames={{ content: css.sheet }}>
      <button type="button" className={css.row} onClick={then(onFind)}>
        <IconSearch size={19} stroke={1.7} aria-hidden /> Find a record
      </button>
      <nav aria-label="More">
        {places.map(({ to, title, icon: Glyph }) => (
          <NavLink key={to} to={to} className={css.row} onClick={onClose}>
            <Glyph size={19} stroke={1.7} aria-hidden /> {title}
          </NavLink>
        ))}
      </nav>
      <SegmentedControl fullWidth my={12} aria-label="Appearance" data={SCHEMES} value={colorScheme} onChange={(next) => setColorScheme(next as typeof colorScheme)} />
      <button type="button" className={css.row} onClick={then(onSignOut)}>
        <IconLogout size={19} stroke={1.7} aria-hidden /> Sign out
      </button>
    </Drawer>
  );
}
