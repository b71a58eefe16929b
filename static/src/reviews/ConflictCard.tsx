/** One record that two systems disagree about: what was agreed, what each side has, and what shall stay. */

import { Button } from "@mantine/core";
import { IconArrowsLeftRight, IconExternalLink } from "@tabler/icons-react";
import { useState } from "react";
import { Link } from "react-router";

import { type Choice, type Conflict, type Remembered, type Side, useDecideAlike, useDecideConflict } from "../api/conflicts";
import { useMay } from "../api/queries";
import { type Thing, timelinePath } from "../api/records";
import { many } from "../model/runs";
import { ErrorBanner, RelativeTime } from "../ui/parts";
import { ConflictFieldRow } from "./ConflictFieldRow";
import type { Told } from "./done";
import css from "./reviews.module.css";
import own from "./conflicts.module.css";

interface Props {
  conflict: Conflict;
  onDone: (done: Told) => void;
}

export function ConflictCard({ conflict, onDone }: Props) {
  const { fields, left, right, flow, title } = conflict;
  const may = useMay("operator");
  const remembers = useMay("editor");
  const decide = useDecideConflict(conflict.id);
  const alike = useDecideAlike();
  const [choices, setChoices] = useState<Record<string, Choice>>({});
  const [remember, setRemember] = useState<Record<string, Remembered | null>>({});
  const chosen = fields.filter((field) => choices[field.field]);
  const names = { left: left.connection_name || "The left side", right: right.connection_name || "The right side" };
  const what = (side: Choice) => (side.take === "value" ? "what you typed" : `what ${names[side.take]} has`);
  const send = () => {
    const picked: Record<string, Choice> = Object.fromEntries(
      chosen.flatMap(({ field }): [string, Choice][] => (choices[field] ? [[field, choices[field]]] : [])),
    );
    const policies = Object.fromEntries(chosen.flatMap(({ field }) => (remember[field] ? [[field, remember[field]]] : [])));
    decide.mutateAsync({ fields: picked, remember: policies }).then(
      ({ runs, version }) =>
        onDone({
          runs,
          message: `${title}: ${chosen.map((field) => `${field.title} takes ${what(choices[field.field] ?? { take: "left" })}`).join(", ")}.${remembered(version)}`,
        }),
      () => undefined, // shown by decide.error
    );
  };
  const sendAll = (field: string, label: string, take: Side | "proposal") => {
    alike.mutateAsync({ flow: flow?.slug ?? "", node: conflict.node, field, take, remember: remember[field] ?? null }).then(
      ({ decided, runs, version, problems }) =>
        onDone({
          runs,
          message: `${label} is decided in ${many(decided, "record")}.${problems.length ? ` ${many(problems.length, "record")} could not be decided.` : ""}${remembered(version)}`,
        }),
      () => undefined, // shown by alike.error
    );
  };
  return (
    <article className={css.group} aria-label={`Conflict about ${title}`}>
      <div className={css.question}>
        <span className={css.glyph}>
          <IconArrowsLeftRight size={20} aria-hidden />
        </span>
        <div className={css.grow}>
          <h2>{title}</h2>
          <p>
            {fields.some((field) => field.agreed) ? "Both sides changed" : "The sides differ in"} {fields.length} {fields.length === 1 ? "field" : "fields"}, seen{" "}
            <RelativeTime at={conflict.since} />
            {flow ? (
              <>
                {" "}
                in <Link to={`/flows/${flow.slug}?node=${conflict.node}`}>{flow.name}</Link>
              </>
            ) : null}
            {" · "}
            <Link to={`/records/${timelinePath(left)}`}>what happened to it</Link>
          </p>
        </div>
      </div>
      <section className={own.table} aria-label={`What ${names.left} and ${names.right} have`}>
        <div className={own.head}>
          <span>Field</span>
          <span>Agreed</span>
          {[left, right].map((thing) => (
            <span key={thing.connection + thing.entity}>
              <Place thing={thing} />
            </span>
          ))}
        </div>
        {fields.map((field) => (
          <ConflictFieldRow
            key={field.field}
            id={conflict.id}
            field={field}
            names={names}
            choice={choices[field.field] ?? null}
            remembered={remember[field.field] ?? null}
            rules={conflict.rules}
            places={{ left, right }}
            may={may}
            remembers={remembers && flow !== null}
            busy={decide.isPending || alike.isPending}
            onChoose={(choice) => setChoices((now) => ({ ...now, [field.field]: choice }))}
            onRemember={(next) => setRemember((now) => ({ ...now, [field.field]: next }))}
            onAll={(take) => sendAll(field.field, field.title, take)}
          />
        ))}
      </section>
      {may ? (
        <div className={own.acts}>
          <Button disabled={!chosen.length} loading={decide.isPending} onClick={send}>
            {chosen.length === fields.length ? "Decide" : chosen.length ? `Decide ${chosen.length} of ${fields.length}` : "Choose what stays"}
          </Button>
          {fields.length > 1
            ? (["left", "right"] as const).map((side) => (
                <Button
                  key={side}
                  variant="default"
                  onClick={() => setChoices(Object.fromEntries(fields.map((field) => [field.field, { take: side }])))}
                >
                  All from {names[side]}
                </Button>
              ))
            : null}
          <ErrorBanner error={decide.error ?? alike.error} />
        </div>
      ) : null}
    </article>
  );
}

const remembered = (version: number | null): string => (version === null ? "" : ` Version ${version} remembers it.`);

function Place({ thing }: { thing: Thing }) {
  return (
    <a href={thing.link ?? `/api/records/${timelinePath(thing)}/open`} target="_blank" rel="noreferrer" title={`${thing.entity_title} ${thing.id}`}>
      {thing.connection_name || thing.entity_title} <IconExternalLink size={12} aria-hidden />
    </a>
  );
}
