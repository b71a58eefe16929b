/** Failures by cause, with the money that waits: fix a cause once, try all of it again, give it to somebody. */

import { Button, Menu, Select } from "@mantine/core";
import { IconAlertTriangle, IconChevronDown, IconExternalLink, IconInbox, IconMoonStars, IconPencil, IconRepeat } from "@tabler/icons-react";
import { Link } from "react-router";

import { useCare, usePeople, useRetryFailed, type RetryFailed } from "../api/failures";
import { useMay } from "../api/queries";
import type { FailedGroup } from "../api/types";
import { many } from "../model/runs";
import { groupDigits } from "../model/values";
import { EmptyState, ErrorBanner, Money, RelativeTime } from "../ui/parts";
import type { Done } from "./done";
import css from "./reviews.module.css";

interface Props {
  groups: FailedGroup[];
  snoozed: boolean;
  onSnoozed: (snoozed: boolean) => void;
  onDone: (done: Done) => void;
}

export function FailedGroups({ groups, snoozed, onSnoozed, onDone }: Props) {
  const may = useMay("operator");
  const records = groups.reduce((sum, group) => sum + group.count, 0);
  return (
    <>
      <div className={css.bar}>
        <p>{groups.length ? `${many(records, "error")}, ${many(groups.length, "cause")}` : ""}</p>
        {!may || snoozed || groups.length < 2 ? null : <RetryMenu causes={null} label="Try all again" onDone={onDone} />}
        <Button variant="subtle" color="gray" onClick={() => onSnoozed(!snoozed)}>
          {snoozed ? "Back to what needs looking at" : "What rests"}
        </Button>
      </div>
      {groups.length ? null : (
        <EmptyState icon={IconInbox} title={snoozed ? "Nothing rests" : "Nothing needs looking at"}>
          {snoozed ? "A cause that you let rest waits here until its time." : "Records that a system refused appear here, grouped by what it said. What you let rest is under «What rests»."}
        </EmptyState>
      )}
      <div className={css.groups}>
        {groups.map((group) => (
          <Group key={group.cause} group={group} onDone={onDone} />
        ))}
      </div>
    </>
  );
}

function Group({ group, onDone }: { group: FailedGroup; onDone: (done: Done) => void }) {
  const people = usePeople();
  const care = useCare(group.cause);
  const may = useMay("operator");
  const only = group.count === 1 ? group.records[0] : undefined;
  return (
    <article className={css.group}>
      <div className={css.question}>
        <span className={`${css.glyph} ${css.failed}`}>
          <IconAlertTriangle size={20} aria-hidden />
        </span>
        <div>
          <h2>{group.message}</h2>
          <p>
            {group.cure ? `${group.cure} ` : ""}
            {many(group.count, "record")} at {group.step}
            {group.flow ? (
              <>
                {" "}
                of <Link to={`/flows/${group.flow.slug}?node=${group.node}`}>{group.flow.name}</Link>
              </>
            ) : null}
            , last <RelativeTime at={group.last} />
            {group.money.map(({ currency, amount }) => (
              <span key={currency}>
                , <Money amount={amount} currency={currency} /> at risk
              </span>
            ))}
            {group.snoozed_until ? (
              <>
                , rests until <time dateTime={group.snoozed_until}>{new Date(group.snoozed_until).toLocaleString("en-GB")}</time>
              </>
            ) : null}
          </p>
          {group.fix.length ? (
            <p className={css.fix}>
              Put it right in{" "}
              {group.fix.map((place, at) => (
                <span key={place.kind}>
                  {at ? (at === group.fix.length - 1 ? " or " : ", ") : ""}
                  {place.outside ? (
                    <a href={place.href} target="_blank" rel="noreferrer">
                      {place.text} <IconExternalLink size={13} aria-hidden />
                    </a>
                  ) : (
                    <Link to={place.href}>{place.text}</Link>
                  )}
                </span>
              ))}
              , then try again.
            </p>
          ) : null}
        </div>
      </div>
      {may ? <div className={css.form}>
        <RetryMenu causes={[group.cause]} label={group.count === 1 ? "Try it again" : `Try all ${groupDigits(String(group.count))} again`} onDone={onDone} />
        {only ? (
          <Button component={Link} to={`${addressOf(only)}?correct`} variant="default" leftSection={<IconPencil size={16} />}>
            Correct it
          </Button>
        ) : null}
        <Select
          aria-label="Who looks after it"
          placeholder="Nobody looks after it"
          clearable
          searchable
          data={(people.data ?? []).map((person) => ({ value: person.email, label: person.name }))}
          value={group.assignee || null}
          onChange={(email) => care.mutate({ assignee: email ?? "" })}
        />
        <SnoozeMenu group={group} snooze={(until) => care.mutate({ snoozed_until: until })} />
        {care.error ? <ErrorBanner error={care.error} /> : null}
      </div> : null}
      <details className={css.wait}>
        <summary>{group.count === 1 ? "Which record" : "Which records"}</summary>
        <ul className={css.keys}>
          {group.records.map((record) => (
            <li key={`${record.run} ${record.key}`}>
              <Link to={addressOf(record)} title={record.message}>
                {record.title || record.key}
              </Link>
              {may && !only ? (
                <Link style={{ marginLeft: 8 }} to={`${addressOf(record)}?correct`} aria-label={`Correct ${record.title || record.key}`}>
                  Correct it
                </Link>
              ) : null}
              {record.source ? (
                <a href={record.source} target="_blank" rel="noreferrer" aria-label={`Open ${record.title || record.key} in its system`}>
                  {" "}
                  <IconExternalLink size={13} aria-hidden />
                </a>
              ) : null}
              {record.amount ? (
                <>
                  {" "}
                  <Money amount={record.amount} currency={record.currency} />
                </>
              ) : null}
            </li>
          ))}
        </ul>
      </details>
    </article>
  );
}

/** Where a failed record is looked at. */
function addressOf(record: FailedGroup["records"][number]): string {
  return `/runs/${record.run}/records/${encodeURIComponent(record.root)}`;
}

const WAYS: { label: string; from: RetryFailed["from"]; version: RetryFailed["version"] }[] = [
  { label: "From where it failed, with the present drawing", from: "failed-node", version: "current" },
  { label: "From the start, with the present drawing", from: "trigger", version: "current" },
  { label: "From where it failed, with the drawing of then", from: "failed-node", version: "run" },
  { label: "From the start, with the drawing of then", from: "trigger", version: "run" },
];

function RetryMenu({ causes, label, onDone }: { causes: string[] | null; label: string; onDone: (done: Done) => void }) {
  const retry = useRetryFailed();
  return (
    <>
      <Menu position="bottom-start">
        <Menu.Target>
          <Button loading={retry.isPending} leftSection={<IconRepeat size={16} />} rightSection={<IconChevronDown size={15} />}>
            {label}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {WAYS.map(({ label: words, from, version }) => (
            <Menu.Item
              key={words}
              onClick={() =>
                retry.mutate(
                  { causes, from, version },
                  {
                    onSuccess: ({ runs, records, problems }) =>
                      onDone({
                        runs,
                        question: "",
                        at: Date.now(),
                        message: `${many(records, "record")} ${records === 1 ? "is" : "are"} tried again. ${problems.map((one) => one.message).join(" ")}`,
                      }),
                  },
                )
              }
            >
              {words}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
      {retry.error ? <ErrorBanner error={retry.error} /> : null}
    </>
  );
}

const HOURS: [string, number][] = [
  ["For an hour", 1],
  ["Until tomorrow", 24],
  ["For a week", 168],
];

function SnoozeMenu({ group, snooze }: { group: FailedGroup; snooze: (until: string | null) => void }) {
  if (group.snoozed_until) {
    return (
      <Button variant="default" onClick={() => snooze(null)}>
        Wake it
      </Button>
    );
  }
  return (
    <Menu position="bottom-start">
      <Menu.Target>
        <Button variant="default" leftSection={<IconMoonStars size={16} />}>
          Let it rest
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {HOURS.map(([words, hours]) => (
          <Menu.Item key={words} onClick={() => snooze(new Date(Date.now() + hours * 3_600_000).toISOString())}>
            {words}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
