/** One field: three values side by side, another one typed, what is remembered, and the same for all alike. */

import { Button, TextInput } from "@mantine/core";
import { Link } from "react-router";

import type { Choice, Conflict, ConflictField, Remembered, Side } from "../api/conflicts";
import type { Thing } from "../api/records";
import { many } from "../model/runs";
import { valueText } from "../model/values";
import { RelativeTime } from "../ui/parts";
import { NextTime } from "./NextTime";
import own from "./conflicts.module.css";

export interface Props {
  id: number;
  field: ConflictField;
  names: Record<Side, string>;
  choice: Choice | null;
  remembered: Remembered | null;
  rules: Conflict["rules"];
  places: Record<Side, Thing>;
  may: boolean;
  remembers: boolean;
  busy: boolean;
  onChoose: (choice: Choice) => void;
  onRemember: (policy: Remembered | null) => void;
  onAll: (take: Side | "proposal") => void;
}

export function ConflictFieldRow(props: Props) {
  const { id, field, names, choice, may, remembers, busy, onChoose, onAll } = props;
  const group = `conflict-${id}-${field.field}`;
  const agreed = field.agreed ? valueText(field.agreed.left) || "empty" : "never";
  return (
    <div className={own.field} role="radiogroup" aria-label={field.title}>
      <div className={own.row}>
        <strong title={`${field.left} ↔ ${field.right}`}>
          {field.title}
        </strong>
        <span className={own.agreed}>
          <small>Agreed</small>
          {agreed}
        </span>
        {(["left", "right"] as const).map((side) => (
          <label key={side} className={own.value} data-on={choice?.take === side}>
            <input
              type="radio"
              name={group}
              disabled={!may}
              checked={choice?.take === side}
              aria-label={`${field.title}: ${names[side]}, ${valueText(field[`${side}_value`]) || "empty"}`}
              onChange={() => onChoose({ take: side })}
            />
            <span>
              <small className={own.place}>{names[side]}</small>
              <b>{valueText(field[`${side}_value`]) || "empty"}</b>
              <small>
                {field[`${side}_by`] ? `${field[`${side}_by`]} ` : ""}
                {field[`${side}_at`] ? <RelativeTime at={field[`${side}_at`]} /> : null}
                {field.proposal === side ? <em> proposed</em> : null}
              </small>
            </span>
          </label>
        ))}
      </div>
      <p className={own.reason}>
        {field.reason} {field.asked ? <Asked asked={field.asked} /> : null}
      </p>
      {may ? (
        <div className={own.more}>
          <label className={own.other} data-on={choice?.take === "value"}>
            <input
              type="radio"
              name={group}
              checked={choice?.take === "value"}
              aria-label={`${field.title}: another value`}
              onChange={() => onChoose({ take: "value", value: choice?.value ?? "" })}
            />
            Another value
          </label>
          {choice?.take === "value" ? (
            <TextInput
              size="xs"
              autoFocus
              aria-label={`Value of ${field.title}`}
              placeholder={field.translated ? `As ${names.left} has it` : "Goes to both sides"}
              value={choice.value ?? ""}
              onChange={(event) => onChoose({ take: "value", value: event.currentTarget.value })}
            />
          ) : null}
          {choice && remembers ? <NextTime {...props} /> : null}
          {choice && choice.take !== "value" && field.alike > 1 ? (
            <Button size="compact-xs" variant="default" loading={busy} onClick={() => onAll(choice.take as Side)}>
              {names[choice.take]} in all {many(field.alike, "record")}
            </Button>
          ) : null}
          {!choice && field.proposal && field.alike > 1 ? (
            <Button size="compact-xs" variant="default" loading={busy} onClick={() => onAll("proposal")}>
              What is proposed in all {many(field.alike, "record")}
            </Button>
          ) : null}
        </div>
      ) : null}
    </div>
  );
}

/** What the flow that was asked does, or did. */
function Asked({ asked }: { asked: NonNullable<ConflictField["asked"]> }) {
  if (!asked.run) return <>It could not be asked: it is not live, or does not begin with a conflict.</>;
  const over = asked.state === "done" || asked.state === "failed" || asked.state === "cancelled";
  return (
    <>
      {over ? "It gave no answer, so somebody must: " : "It has not answered yet: "}
      <Link to={`/runs/${asked.run}`}>its run</Link>.
    </>
  );
}
