/** One question, all documents that wait for it, and the form whose answer lets them go. */

import { Autocomplete, Button, Select } from "@mantine/core";
import { IconHandStop } from "@tabler/icons-react";
import { useState } from "react";
import { Link } from "react-router";

import { useMay } from "../api/queries";
import { useAnswer } from "../api/runs";
import type { HeldGroup, LookupQuestion } from "../api/types";
import { many } from "../model/runs";
import { valueText } from "../model/values";
import { ErrorBanner, RelativeTime } from "../ui/parts";
import { ChoiceForm } from "./ChoiceForm";
import { type Done, questionKey } from "./done";
import css from "./reviews.module.css";

interface Props {
  group: HeldGroup;
  onDone: (done: Done) => void;
}

export function HeldGroupCard({ group, onDone }: Props) {
  const { form, count, runs, question } = group;
  const may = useMay("operator");
  const flow = group.flow?.slug ?? valueText(question["flow"]);
  const wait = `${many(count, "document")} ${count === 1 ? "waits" : "wait"}`;
  return (
    <article className={css.group}>
      <div className={css.question}>
        <span className={css.glyph}>
          <IconHandStop size={20} aria-hidden />
        </span>
        <div>
          <h2>{group.message}</h2>
          <p>
            {wait}
            {group.since ? (
              <>
                , the oldest since <RelativeTime at={group.since} />
              </>
            ) : null}
            {flow ? (
              <>
                {" "}
                in <Link to={`/flows/${flow}`}>{group.flow?.name ?? flow}</Link>
              </>
            ) : null}
          </p>
        </div>
      </div>
      {form?.kind === "lookup" && may ? <AnswerForm group={group} form={form} onDone={onDone} /> : null}
      {form?.kind === "choice" && may ? <ChoiceForm group={group} form={form} onDone={onDone} /> : null}
      {form ? null : <NoForm runs={runs} flow={flow} gone={question["kind"] === "gone" ? valueText(question["id"]) : ""} />}
      <details className={css.wait}>
        <summary>{count === 1 ? "Which document" : "Which documents"}</summary>
        <ul className={css.keys}>
          {group.keys.map((key, at) => (
            <li key={key}>
              {runs.length === 1 ? (
                <Link to={`/runs/${runs[0] ?? ""}/records/${encodeURIComponent(key)}`}>{group.titles?.[at] || key}</Link>
              ) : (
                <Link to={`/runs?q=${encodeURIComponent(key)}`}>{group.titles?.[at] || key}</Link>
              )}
            </li>
          ))}
        </ul>
      </details>
    </article>
  );
}

function AnswerForm({ group, form, onDone }: Props & { form: LookupQuestion }) {
  const answer = useAnswer();
  const [values, setValues] = useState<Record<string, string>>({});
  const [tried, setTried] = useState(false);
  const asked = valueText(group.question["column"]);
  const needed = form.columns.filter((column) => !asked || column.name === asked);
  const lacking = needed.some((column) => !values[column.name]?.trim());
  const set = (name: string, value: string) => setValues((now) => ({ ...now, [name]: value }));
  return (
    <form
      className={css.form}
      onSubmit={(event) => {
        event.preventDefault();
        setTried(true);
        if (lacking) return;
        // The answered group leaves the list, and this form with it: then only a promise tells.
        void answer.mutateAsync({ question: group.question, answer: values }).then(
          ({ released, runs }) =>
            onDone({
              runs,
              question: questionKey(group),
              at: Date.now(),
              message: `${form.key} is answered. ${many(released, "document")} ${released === 1 ? "goes" : "go"} out, and the next one like it will not ask.`,
            }),
          () => undefined, // shown as answer.error
        );
      }}
    >
      {form.columns.map((column) => {
        const required = needed.includes(column);
        const error = tried && required && !values[column.name]?.trim() ? `Choose ${column.name} for ${form.key}.` : null;
        const shared = { label: `${column.name} for ${form.key}`, withAsterisk: required, error, className: css.field };
        const closed = column.options.some((option) => option.title && option.title !== option.value);
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
      })}
      <Button type="submit" loading={answer.isPending}>
        Release {group.count === 1 ? "it" : `all ${group.count}`}
      </Button>
      {answer.error ? (
        <div style={{ flexBasis: "100%" }}>
          <ErrorBanner error={answer.error} />
        </div>
      ) : null}
    </form>
  );
}

/** A question that no single answer settles: correct the cause, then send them again. */
function NoForm({ runs, flow, gone }: { runs: string[]; flow: string; gone: string }) {
  return (
    <div className={css.form}>
      {gone ? (
        <Button component={Link} to={`/references?q=${encodeURIComponent(gone)}`}>
          Repair the cross reference
        </Button>
      ) : null}
      {runs[0] ? (
        <Button component={Link} to={`/runs/${runs[0]}?outcome=held`} variant={gone ? "default" : "filled"}>
          Look at them and retry
        </Button>
      ) : null}
      {flow ? (
        <Button component={Link} to={`/flows/${flow}`} variant="default">
          Change the flow
        </Button>
      ) : null}
    </div>
  );
}
