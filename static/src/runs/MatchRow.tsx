import { Anchor, Badge, Button, Menu } from "@mantine/core";
import { IconChevronDown, IconExternalLink } from "@tabler/icons-react";
import { Link } from "react-router";

import type { Match, useDecide } from "../api/firstload";
import { recordAddress } from "./words";
import css from "./runs.module.css";

interface Props {
  run: string;
  row: Match;
  decide: ReturnType<typeof useDecide>;
  may: boolean;
}

export function MatchRow({ run, row, decide, may }: Props) {
  const say = (choice: string) => decide.mutate({ choice, records: [{ node: row.node, key: row.key }] });
  const sought = Object.values(row.match).join(", ");
  const busy = decide.isPending && decide.variables.records?.[0]?.key === row.key;
  return (
    <div className={css.step}>
      <div className={css.stepHead}>
        <Link to={recordAddress(run, row.root)}>
          <strong>{row.title}</strong>
        </Link>
        <span className={css.quiet}>{sought && sought !== row.title ? sought : row.thing}</span>
        <span className={css.grow} />
        {row.decision ? <Badge tt="none" variant="light">{told(row.decision)}</Badge> : null}
        {row.decision?.linked ? null : may && row.can_decide ? (
          <Menu position="bottom-end" withinPortal>
            <Menu.Target>
              <Button size="compact-sm" variant={row.decision ? "subtle" : "default"} loading={busy} rightSection={<IconChevronDown size={14} />} aria-label={`Decide on ${row.title}`}>
                {row.decision ? "Change" : "Decide"}
              </Button>
            </Menu.Target>
            <Menu.Dropdown>
              {row.candidates.map((one) => (
                <Menu.Item key={one.id} onClick={() => say(one.id)}>
                  It is {one.number ?? one.id}
                </Menu.Item>
              ))}
              <Menu.Item onClick={() => say("new")}>Create a new {row.thing}</Menu.Item>
              <Menu.Item onClick={() => say("out")}>Leave it out</Menu.Item>
              {row.decision ? (
                <>
                  <Menu.Divider />
                  <Menu.Item onClick={() => say("undo")}>Take the decision back</Menu.Item>
                </>
              ) : null}
            </Menu.Dropdown>
          </Menu>
        ) : null}
      </div>
      {row.candidates.length ? (
        <ul className={css.candidates}>
          {row.candidates.map((one) => (
            <li key={one.id}>
              <b>{one.number ?? one.id}</b> {Object.values(one.values).filter(Boolean).join(", ")}{" "}
              {one.exact ? null : <Badge tt="none" variant="light" color="gray" size="sm">Looks alike</Badge>}{" "}
              {one.link ? (
                <Anchor href={one.link} target="_blank" rel="noreferrer" size="sm" aria-label={`Open ${one.number ?? one.id}`}>
                  Open <IconExternalLink size={13} aria-hidden />
                </Anchor>
              ) : null}
            </li>
          ))}
        </ul>
      ) : null}
    </div>
  );
}

function told({ choice, number, linked }: { choice: string; number: string | null; linked: boolean }): string {
  if (choice === "new") return "New";
  if (choice === "out") return "Left out";
  return `${linked ? "Linked to" : "It is"} ${number ?? choice}`;
}
