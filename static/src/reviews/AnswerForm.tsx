/** The form that answers a question: a missing row, what a person saw in the system, or another date. */

import { Autocomplete, Button, Radio, Select, TextInput } from "@mantine/core";
import { useState } from "react";

import type { LookupForm } from "../api/held";
import { valueText } from "../model/values";
import { ChoiceForm } from "./ChoiceForm";
import { Frame, type Props } from "./Frame";
import { GoneAnswer } from "./GoneAnswer";
import css from "./reviews.module.css";

export function AnswerForm({ group, onDone }: Props) {
  const { form } = group;
  if (form?.kind === "lookup" || form?.kind === "rate" || form?.kind === "translate" || form?.kind === "ask") return <RowForm group={group} form={form} onDone={onDone} />;
  if (form?.kind === "choice") return <ChoiceForm group={group} form={form} onDone={onDone} />;
  if (form?.kind === "gone") return <GoneAnswer group={group} form={form} onDone={onDone} />;
  if (form?.kind === "in-doubt") return <DoubtForm group={group} form={form} onDone={onDone} />;
  if (form?.kind === "closed-period") return <PeriodForm group={group} form={form} onDone={onDone} />;
  return null;
}

function RowForm({ group, form, onDone }: Props & { form: LookupForm }) {
  const [values, setValues] = useState<Record<string, string>>({});
  const asked = form.kind === "lookup" ? valueText(group.question["column"]) : "";
  const needed = form.columns.filter((column) => !asked || column.name === asked);
  const lacking = needed.some((column) => !values[column.name]?.trim());
  const set = (name: string, value: string) => setValues((now) => ({ ...now, [name]: value }));
  return (
    <Frame group={group} onDone={onDone} answer={values} lacking={lacking} said={form.kind === "ask" ? "Answered." : `${form.key} is answered, and the next one like it will not ask.`}>
      {(tried) => [
        ...Object.entries(form.proposals ?? {}).map(([column, near]) => (
          <p key={`near/${column}`} className={css.near}>
            {values[column] === near.value ? "Proposed: " : ""}
            {values[column] === near.value ? null : (
              <Button size="compact-sm" variant="default" onClick={() => set(column, near.value)}>
                Take {near.value}
                {near.title === near.value ? "" : ` · ${near.title}`}
              </Button>
            )}{" "}
            {near.why}
          </p>
        )),
        ...form.columns.map((column) => {
          const required = needed.includes(column);
          const name = form.key ? `${column.name} for ${form.key}` : column.name;
          const error = tried && required && !values[column.name]?.trim() ? `Choose ${name}.` : null;
          const shared = { label: name, withAsterisk: required, error, className: css.field };
          const fixed = form.kind === "ask" && column.options.length > 0;
          const closed = fixed || column.options.some((option) => option.title && option.title !== option.value);
          return closed ? (
            <Select
              key={column.name}
              {...shared}
              searchable
              limit={200}
              placeholder={`Choose from ${column.options.length}`}
              nothingFoundMessage="The system offers no such choice."
              data={column.options.map((option) => ({
                value: option.value,
                label: option.title && option.title !== option.value ? `${option.value} · ${option.title}` : option.value,
              }))}
              value={values[column.name] ?? null}
              onChange={(next) => set(column.name, next ?? "")}
            />
          ) : (
            <Autocomplete
              key={column.name}
              {...shared}
              placeholder={column.options.length ? "Choose one that is in use, or type another" : "Type it"}
              data={column.options.map((option) => option.value)}
              value={values[column.name] ?? ""}
              onChange={(next) => set(column.name, next)}
            />
          );
        }),
      ]}
    </Frame>
  );
}

function DoubtForm({ group, form, onDone }: Props & { form: { entity: string; system: string } }) {
  const [outcome, setOutcome] = useState<string | null>(null);
  const [id, setId] = useState("");
  const there = outcome === "there";
  return (
    <Frame
      group={group}
      onDone={onDone}
      answer={there ? { outcome: "there", id } : { outcome: outcome ?? "" }}
      lacking={!outcome || (there && !id.trim())}
      said={there ? "It is known now." : "It is written now."}
    >
      {(tried) => (
        <>
          <Radio.Group
            className={css.field}
            label={`Look in ${form.system || "the system"}: is the ${form.entity} there?`}
            value={outcome}
            onChange={setOutcome}
            error={tried && !outcome ? "Look, then choose one." : null}
          >
            <Radio value="there" label="It is there" my={6} />
            <Radio value="not-there" label="It is not there: write it" />
          </Radio.Group>
          {there ? (
            <TextInput
              className={css.field}
              label="Its id there"
              withAsterisk
              value={id}
              error={tried && !id.trim() ? "Copy it from the system." : null}
              onChange={(event) => setId(event.currentTarget.value)}
            />
          ) : null}
        </>
      )}
    </Frame>
  );
}

function PeriodForm({ group, form, onDone }: Props & { form: { date: string } }) {
  const [date, setDate] = useState(form.date);
  return (
    <Frame group={group} onDone={onDone} answer={{ date }} lacking={!date} said={`They are posted on ${date}.`}>
      {(tried) => (
        <TextInput
          className={css.field}
          type="date"
          label="Post on another day"
          description="A day in a period that is open."
          value={date}
          error={tried && !date ? "Choose a day." : null}
          onChange={(event) => setDate(event.currentTarget.value)}
        />
      )}
    </Frame>
  );
}
