/** The library of pre-flight checks: choose one, say which fields it means, and it is a rule like any other. */

import { Button, Modal, Select, TextInput } from "@mantine/core";
import { IconChevronLeft, IconShieldCheck } from "@tabler/icons-react";
import { useState } from "react";

import { useChecks } from "../api/decisions";
import { flatten, type SourceField } from "../model/sources";
import { ErrorBanner, Rows } from "../ui/parts";
import { useAround } from "../ui/value/context";
import { type Asked, type Check, lineFields, ruleOf, suggested } from "./checks";
import type { Rule, RuleSet } from "./ruleset";
import css from "./rules.module.css";

interface Props {
  set: RuleSet;
  onAdd: (rule: Rule) => void;
  onClose: () => void;
}

export function ChecksDialog({ set, onAdd, onClose }: Props) {
  const checks = useChecks();
  const [picked, setPicked] = useState<Check | null>(null);
  const [search, setSearch] = useState("");
  const found = ((checks.data?.checks ?? []) as Check[]).filter((check) => `${check.title} ${check.help}`.toLowerCase().includes(search.toLowerCase()));
  return (
    <Modal opened onClose={onClose} size="lg" title={picked ? picked.title : "Add a check"}>
      {picked ? (
        <Fields
          check={picked}
          back={() => setPicked(null)}
          add={(chosen) => {
            onAdd(ruleOf(picked, chosen, set));
            onClose();
          }}
        />
      ) : (
        <div className={css.editor}>
          <TextInput data-autofocus aria-label="Search checks" placeholder="What should be in order before it is booked?" value={search} onChange={(event) => setSearch(event.currentTarget.value)} />
          <ErrorBanner error={checks.error} />
          {checks.isPending ? <Rows /> : null}
          <div className={css.checks}>
            {found.map((check) => (
              <button key={check.id} type="button" className={css.check} onClick={() => setPicked(check)}>
                <IconShieldCheck size={18} aria-hidden />
                <span>
                  <b>{check.title}</b>
                  <small>{check.help}</small>
                </span>
                {set.rules.some((rule) => rule.id === check.id) ? <i>in use</i> : null}
              </button>
            ))}
            {checks.data && !found.length ? <p className={css.sentence}>No check speaks of “{search}”. Write a rule of your own instead.</p> : null}
          </div>
        </div>
      )}
    </Modal>
  );
}

function Fields({ check, back, add }: { check: Check; back: () => void; add: (chosen: Record<string, string>) => void }) {
  const { groups } = useAround();
  const fields = groups.flatMap((group) => flatten(group.fields).map((field) => ({ ...field, from: group.id === "$" ? "" : group.title })));
  const [typed, setTyped] = useState<Record<string, string>>({});
  const lines = check.fields.find((asked) => asked.of === "lines");
  const textOf = (asked: Asked): string => typed[asked.name] ?? suggested(asked, asked.of === "line" ? lineFields(groups, lines ? textOf(lines) : "") : fields);
  const chosen = Object.fromEntries(check.fields.map((asked) => [asked.name, textOf(asked)]));
  const lacking = check.fields.filter((asked) => !chosen[asked.name]?.trim());
  return (
    <form
      className={css.editor}
      onSubmit={(event) => {
        event.preventDefault();
        if (!lacking.length) add(chosen);
      }}
    >
      <p className={css.sentence}>{check.help}</p>
      {check.fields.map((asked) => (
        <Field
          key={asked.name}
          asked={asked}
          text={textOf(asked)}
          choices={asked.of === "line" ? lineFields(groups, chosen[lines?.name ?? ""] ?? "") : asked.of === "lines" ? fields.filter((field) => field.field.type === "lines") : fields}
          onChange={(text) => setTyped((before) => ({ ...before, [asked.name]: text }))}
        />
      ))}
      <div className={css.bar}>
        <Button variant="subtle" leftSection={<IconChevronLeft size={15} />} onClick={back}>
          Other checks
        </Button>
        <span className={css.spring} />
        <Button type="submit" disabled={lacking.length > 0}>
          Add the check
        </Button>
      </div>
    </form>
  );
}

interface FieldProps {
  asked: Asked;
  text: string;
  choices: readonly (SourceField & { from?: string })[];
  onChange: (text: string) => void;
}

/** A field is chosen from what is known, or its path is typed; lists and days are typed. */
function Field({ asked, text, choices, onChange }: FieldProps) {
  const [search, setSearch] = useState("");
  const { tables } = useAround();
  const rates = Object.entries(tables).filter(([, table]) => table.rates).map(([id, table]) => ({ value: id, label: table.title || id }));
  if (asked.of === "date") return <TextInput type="date" required label={asked.title} value={text} onChange={(event) => onChange(event.currentTarget.value)} />;
  if (asked.of === "list")
    return <TextInput required label={asked.title} description="With commas between them" placeholder="EUR, USD" value={text} onChange={(event) => onChange(event.currentTarget.value)} />;
  if (asked.of === "text") return <TextInput required label={asked.title} value={text} onChange={(event) => onChange(event.currentTarget.value)} />;
  if (asked.of === "table")
    return (
      <Select
        required
        label={asked.title}
        description="A lookup table whose rows are currency rates"
        placeholder={rates.length ? "Choose" : "There is none: make one, or take one of the library"}
        data={rates}
        value={text || null}
        onChange={(next) => onChange(next ?? "")}
      />
    );
  const data = choices.map((field) => ({ value: field.path, label: field.from ? `${field.title} (${field.from})` : field.title }));
  for (const own of [search, text]) if (own.startsWith("$.") && !data.some((one) => one.value === own)) data.push({ value: own, label: own });
  return (
    <Select
      required
      searchable
      label={asked.title}
      placeholder="Choose a field, or type a path that starts with $"
      nothingFoundMessage="No field is called so. A path starts with $."
      data={[...new Map(data.map((one) => [one.value, one])).values()]}
      value={text || null}
      onSearchChange={setSearch}
      onChange={(next) => onChange(next ?? "")}
    />
  );
}
