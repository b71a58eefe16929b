import { ActionIcon, Anchor, Menu } from "@mantine/core";
import { IconDots, IconExternalLink } from "@tabler/icons-react";
import { useState } from "react";
import { Link } from "react-router";

import type { Reference } from "../api/references";
import { RelativeTime, StatusBadge } from "../ui/parts";
import { ForgetDialog, PointDialog, SayDialog } from "./RepairDialogs";
import { STATES } from "./words";
import css from "./references.module.css";

type Act = "point" | "new" | "out" | "forget";

export function ReferenceRow({ reference, may }: { reference: Reference; may: boolean }) {
  const [act, setAct] = useState<Act | null>(null);
  const { left, right, state, flows } = reference;
  const close = () => setAct(null);
  const busy = state === "creating";
  return (
    <div className={css.row}>
      <span>
        <StatusBadge status={STATES[state].status} text={STATES[state].text} />
      </span>
      <span className={css.side}>
        <b>{left.title || left.id}</b>
        <small>
          {left.title ? `${left.id} · ` : ""}
          {left.connection ? `${left.entity} · ${left.connection_name}` : "brought by a call"}
        </small>
      </span>
      <span className={css.side}>
        <b>
          {right.link ? (
            <Anchor href={right.link} target="_blank" rel="noreferrer" inherit>
              {right.number ?? right.id} <IconExternalLink size={13} aria-label="opens the system" />
            </Anchor>
          ) : (
            (right.number ?? right.id ?? "–")
          )}
        </b>
        <small>
          {right.number && right.id && right.number !== right.id ? `${right.id} · ` : ""}
          {right.entity} · {right.connection_name}
        </small>
      </span>
      <span className={css.side}>
        {flows.length ? (
          flows.map((flow) => (
            <Link key={`${flow.slug}/${flow.step}`} to={`/flows/${flow.slug}`}>
              {flow.name} · {flow.step}
            </Link>
          ))
        ) : (
          <span>{reference.outcome === "chosen" ? "Chosen by hand" : "–"}</span>
        )}
        <small>
          <RelativeTime at={reference.written_at} />
        </small>
      </span>
      {may ? (
        <Menu position="bottom-end" withinPortal>
          <Menu.Target>
            <ActionIcon variant="subtle" color="gray" aria-label={`Repair ${left.id}`} disabled={busy}>
              <IconDots size={18} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item onClick={() => setAct("point")}>Point to another object…</Menu.Item>
            <Menu.Item onClick={() => setAct("new")}>Create it anew…</Menu.Item>
            <Menu.Item onClick={() => setAct("out")}>Leave it out…</Menu.Item>
            <Menu.Divider />
            <Menu.Item color="red" onClick={() => setAct("forget")}>
              Remove…
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      ) : (
        <span />
      )}
      {act === "point" ? <PointDialog reference={reference} close={close} /> : null}
      {act === "new" || act === "out" ? <SayDialog reference={reference} state={act} close={close} /> : null}
      {act === "forget" ? <ForgetDialog reference={reference} close={close} /> : null}
    </div>
  );
}
