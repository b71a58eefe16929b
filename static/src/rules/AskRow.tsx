/** A question whose answer fills a field, or a conflict between two values; and an approval that a rule requires. */

import { ActionIcon, Autocomplete, Button, MultiSelect, TagsInput, Textarea, TextInput } from "@mantine/core";
import { IconX } from "@tabler/icons-react";

import { constant, type Value } from "../model/value";
import { useAround } from "../ui/value/context";
import { ValueEditor } from "../ui/value/ValueEditor";
import type { Action } from "./ruleset";
import css from "./rules.module.css";

type Ask = Extract<Action, { do: "ask" }>;
type Approve = Extract<Action, { do: "approve" }>;

export function AskRow({ action, fields, onChange }: { action: Ask; fields: string[]; onChange: (next: Ask) => void }) {
  const { readOnly } = useAround();
  const choices = action.choices ?? [];
  const set = (next: Value[]) => onChange({ ...action, choices: next });
  return (
    <div className={css.stack}>
      <Textarea
        size="xs"
        autosize
        aria-label="The question"
        placeholder={action.conflict ? "What is in conflict: The CRM and the ledger disagree on the total of {Number}." : "The question, as the one who answers should read it. {Field} is filled in."}
        readOnly={readOnly}
        value={action.message}
        onChange={(event) => onChange({ ...action, message: event.currentTarget.value })}
      />
      <div className={css.bar}>
        The answer becomes
        <Autocomplete
          size="xs"
          aria-label="Field that gets the answer"
          placeholder="Field"
          readOnly={readOnly}
          data={fields}
          value={action.target}
          onChange={(target) => onChange({ ...action, target })}
        />
      </div>
      {choices.map((choice, at) => (
        <div key={at} className={css.bar}>
          {action.conflict ? (at === 0 ? "Either" : "or") : "Offered:"}
          <ValueEditor label={`Answer ${at + 1}`} value={choice} onChange={(next) => set(choices.with(at, next))} />
          {readOnly || (action.conflict && choices.length <= 2) ? null : (
            <ActionIcon variant="subtle" color="gray" aria-label={`Remove answer ${at + 1}`} onClick={() => set(choices.filter((_, other) => other !== at))}>
              <IconX size={14} />
            </ActionIcon>
          )}
        </div>
      ))}
      {readOnly ? null : (
        <div className={css.bar}>
          <Button size="compact-xs" variant="subtle" color="gray" onClick={() => set([...choices, constant("")])}>
            Offer {choices.length ? "another" : "an"} answer
          </Button>
          {choices.length ? null : <span className={css.sentence}>Without offers, any text is taken.</span>}
        </div>
      )}
      <TextInput
        size="xs"
        aria-label="Who answers"
        placeholder="Who answers (may stay empty)"
        readOnly={readOnly}
        value={action.owner ?? ""}
        onChange={(event) => onChange({ ...action, owner: event.currentTarget.value })}
      />
    </div>
  );
}

const ROLES = [
  { value: "operator", label: "Operators" },
  { value: "editor", label: "Editors" },
  { value: "admin", label: "Administrators" },
];

export function ApproveRow({ action, onChange }: { action: Approve; onChange: (next: Approve) => void }) {
  const { readOnly } = useAround();
  return (
    <div className={css.stack}>
      <div className={css.bar}>
        by
        <MultiSelect
          size="xs"
          aria-label="Roles that approve"
          placeholder={action.roles?.length ? "" : "Roles"}
          readOnly={readOnly}
          data={ROLES}
          value={action.roles ?? []}
          onChange={(roles) => onChange({ ...action, roles })}
        />
        <TagsInput
          size="xs"
          aria-label="People who approve"
          placeholder={action.users?.length ? "" : "or e-mail addresses"}
          readOnly={readOnly}
          value={action.users ?? []}
          onChange={(users) => onChange({ ...action, users })}
        />
      </div>
      <TextInput
        size="xs"
        aria-label="Why it needs approval"
        placeholder="Why, for those who are asked. {Field} is filled in."
        readOnly={readOnly}
        value={action.reason ?? ""}
        onChange={(event) => onChange({ ...action, reason: event.currentTarget.value })}
      />
      <p className={css.sentence}>
        The record leaves by the port “{action.port}”: connect an approval step there. It asks these people, or its own where you name none.
      </p>
    </div>
  );
}
