/** One field: three values side by side, another one typed, what is remembered, and the same for all alike. */

import { Button, Select, TextInput } from "@mantine/core";

import type { Choice, ConflictField, Side } from "../api/conflicts";
import { many } from "../model/runs";
import { valueText } from "../model/values";
import { RelativeTime } from "../ui/parts";
import own from "./conflicts.module.css";

interface Props {
  id: number;
  field: ConflictField;
  names: Record<Side, string>;
  choice: Choice | null;
  policy: string;
  may: boolean;
  remembers: boolean;
  busy: boolean;
  onChoose: (choice: Choice) => void;
  onRemember: (policy: string) => void;
  onAll: (take: Side | "proposal") => void;
}

export function ConflictFieldRow(props: Props) {
  const { id, field, names, choice, policy, may, remembers, busy, onChoose, onRemember, onAll } = props;
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
      <p className={own.reason}>{field.reason}</p>
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
          {choice && remembers ? (
            <Select
              size="xs"
              aria-label={`Next time for ${field.title}`}
              data={[
                { value: "", label: "Next time: ask again" },
                { value: "left", label: `Next time: ${names.left} decides` },
                { value: "right", label: `Next time: ${names.right} decides` },
                { value: "newest", label: "Next time: the later change wins" },
              ]}
              allowDeselect={false}
              value={policy}
              onChange={(next) => onRemember(next ?? "")}
            />
          ) : null}
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
