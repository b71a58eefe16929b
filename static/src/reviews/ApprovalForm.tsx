/** What the person fills in, says and decides; or hands to somebody else. */

import { Button, Select, Textarea, TextInput } from "@mantine/core";
import { useState } from "react";

import { type ApprovalDetail, type AskedField, useDecide, useDelegate } from "../api/approvals";
import { ApiError } from "../api/client";
import { valueText } from "../model/values";
import { ErrorBanner } from "../ui/parts";
import type { Told } from "./done";
import css from "./reviews.module.css";

interface Props {
  approval: ApprovalDetail;
  onDone: (done: Told) => void;
}

export function ApprovalForm({ approval, onDone }: Props) {
  const decide = useDecide(approval.id);
  const [values, setValues] = useState(() => startOf(approval));
  const [comment, setComment] = useState("");
  const problems = decide.error instanceof ApiError ? decide.error.problems : [];
  // by promise: a decided card is gone before callbacks of `mutate` would be called
  const send = (decision: "approve" | "decline") => {
    decide.mutateAsync({ decision, comment, form: values }).then(
      ({ state, run }) => {
        onDone({
          runs: run ? [run] : [],
          message:
            state === "open"
              ? `Noted. ${approval.quorum} people must approve “${approval.question}”.`
              : `“${approval.question}” is ${state}.`,
        });
      },
      () => undefined, // shown by decide.error
    );
  };
  return (
    <section>
      <form
        className={css.decide}
        onSubmit={(event) => {
          event.preventDefault();
          send("approve");
        }}
      >
        {approval.form.map((field) => (
          <Asked
            key={field.name}
            field={field}
            value={values[field.name] ?? ""}
            problem={problems.find((one) => one.field === `form.${field.name}`)?.message}
            onChange={(next) => setValues((now) => ({ ...now, [field.name]: next }))}
          />
        ))}
        <Textarea label="Comment" autosize minRows={2} maxLength={4000} value={comment} onChange={(event) => setComment(event.currentTarget.value)} />
        {decide.error ? <ErrorBanner error={decide.error} /> : null}
        <div className={css.acts}>
          <Button type="submit" loading={decide.isPending}>
            Approve
          </Button>
          <Button variant="default" disabled={decide.isPending} onClick={() => send("decline")}>
            Decline
          </Button>
        </div>
      </form>
      {approval.delegates.length ? <HandOn approval={approval} onDone={onDone} /> : null}
    </section>
  );
}

function startOf(approval: ApprovalDetail): Record<string, string> {
  const yesNo = (value: unknown) => (value === true ? "yes" : value === false ? "no" : valueText(value));
  return Object.fromEntries(
    approval.form.filter((field) => field.name in approval.values).map((field) => [field.name, yesNo(approval.values[field.name])]),
  );
}

interface AskedProps {
  field: AskedField;
  value: string;
  problem: string | undefined;
  onChange: (next: string) => void;
}

function Asked({ field, value, problem, onChange }: AskedProps) {
  const shared = { label: field.title || field.name, withAsterisk: field.required, error: problem };
  if (field.type === "choice" || field.type === "yes_no") {
    const data = field.type === "choice" ? field.choices : ["yes", "no"];
    return <Select {...shared} data={data} value={value || null} clearable={!field.required} onChange={(next) => onChange(next ?? "")} />;
  }
  return (
    <TextInput
      {...shared}
      type={field.type === "date" ? "date" : "text"}
      inputMode={field.type === "number" ? "decimal" : "text"}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}

function HandOn({ approval, onDone }: Props) {
  const delegate = useDelegate(approval.id);
  const [to, setTo] = useState<string | null>(null);
  const person = approval.delegates.find((one) => one.id === to);
  return (
    <details className={css.hand}>
      <summary>Let somebody else decide for you</summary>
      <div className={css.acts}>
        <Select
          aria-label="Who decides for you"
          placeholder="Choose a person"
          searchable
          data={approval.delegates.map((one) => ({ value: one.id, label: `${one.name} (${one.email})` }))}
          value={to}
          onChange={setTo}
        />
        <Button
          variant="default"
          disabled={!person}
          loading={delegate.isPending}
          onClick={() =>
            person
              ? void delegate.mutateAsync(person.id).then(
                  () => onDone({ runs: [], message: `${person.name} decides “${approval.question}” for you.` }),
                  () => undefined, // shown by delegate.error
                )
              : undefined
          }
        >
          Hand it on
        </Button>
      </div>
      <ErrorBanner error={delegate.error} />
    </details>
  );
}
