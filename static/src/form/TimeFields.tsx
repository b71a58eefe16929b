/** When a flow starts by itself: cron with its next ten firings, the time zone, the flow to follow. */

import { Autocomplete, Select, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useState } from "react";

import { useFlows } from "../api/queries";
import { useFirings, useZones } from "../api/schedules";
import { firingText, offsetText } from "../model/firings";
import { valueText } from "../model/values";
import { type FieldProps, useForm, useProblem } from "./context";
import { labelOf } from "./schema";
import css from "./form.module.css";

const USUAL = [
  { value: "0 6 * * 1-5", label: "Every weekday at 06:00" },
  { value: "0 * * * *", label: "Every hour" },
  { value: "*/15 * * * *", label: "Every quarter of an hour" },
  { value: "30 22 * * *", label: "Every night at 22:30" },
  { value: "0 7 * * 1", label: "Every Monday at 07:00" },
  { value: "0 5 1 * *", label: "On the first of every month at 05:00" },
];
const TYPING_MS = 300;

export function CronField({ place, name, schema, value, required, onChange }: FieldProps) {
  const { node, readOnly } = useForm();
  const problem = useProblem(place);
  const cron = valueText(value ?? schema.default);
  const zone = valueText(node?.value["zone"]) || "UTC";
  // Whoever types looks at the next times below, which the proposals would cover.
  const [typing, setTyping] = useState(false);
  return (
    <div className={css.block} data-place={place}>
      <Autocomplete
        label={labelOf(name, schema)}
        description={schema.description}
        withAsterisk={required}
        readOnly={readOnly}
        error={problem}
        spellCheck={false}
        styles={{ input: { fontFamily: "var(--mono)" } }}
        data={typing ? [] : USUAL.map((one) => one.value)}
        filter={({ options }) => options}
        renderOption={({ option }) => (
          <span className={css.usual}>
            {USUAL.find((one) => one.value === option.value)?.label}
            <code>{option.value}</code>
          </span>
        )}
        value={cron}
        onFocus={() => setTyping(false)}
        onChange={(next) => {
          setTyping(next !== "" && !USUAL.some((one) => one.value === next));
          onChange(next);
        }}
      />
      <Firings cron={cron} zone={zone} told={problem !== undefined} />
    </div>
  );
}

/** The next ten firings of what is being typed; while it is wrong, why, unless the field says so already. */
function Firings({ cron, zone, told }: { cron: string; zone: string; told: boolean }) {
  const [timing] = useDebouncedValue(JSON.stringify({ cron, zone }), TYPING_MS);
  const found = useFirings(JSON.parse(timing) as { cron: string; zone: string });
  if (found.error) {
    return told ? null : (
      <p className={css.error} role="status">
        {found.error.message}
      </p>
    );
  }
  if (!found.data) return null;
  return (
    <section className={css.firings} aria-label="Next firings" aria-live="polite">
      <strong>{found.data.summary}</strong>
      <ol>
        {found.data.firings.map((firing) => (
          <li key={firing}>
            {firingText(firing)} <span>{offsetText(firing)}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}

export function ZoneField({ place, name, schema, value, required, onChange }: FieldProps) {
  const { readOnly } = useForm();
  const problem = useProblem(place);
  const zones = useZones();
  const given = valueText(value ?? schema.default);
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const known = zones.data ?? [];
  const stray = given && !known.includes(given) ? [given] : [];
  return (
    <Select
      label={labelOf(name, schema)}
      description={schema.description}
      withAsterisk={required}
      readOnly={readOnly}
      error={problem}
      searchable
      allowDeselect={false}
      limit={200}
      nothingFoundMessage="There is no such time zone. Search for a large city nearby."
      data-place={place}
      data={[
        { group: "This browser's", items: known.includes(own) ? [own] : [] },
        { group: "All", items: [...stray, ...known.filter((zone) => zone !== own)] },
      ].filter((group) => group.items.length)}
      value={given}
      onChange={(next) => onChange(next ?? undefined)}
    />
  );
}

export function FlowField({ place, name, schema, value, required, onChange }: FieldProps) {
  const { readOnly } = useForm();
  const problem = useProblem(place);
  const flows = useFlows();
  const given = valueText(value);
  const shared = { label: labelOf(name, schema), description: schema.description, withAsterisk: required, error: problem, readOnly };
  if (flows.isError) {
    return <TextInput {...shared} data-place={place} value={given} onChange={(event) => onChange(event.currentTarget.value)} />;
  }
  const items = (flows.data ?? []).map((flow) => ({ value: flow.slug, label: flow.name }));
  const stray = given && !items.some((item) => item.value === given) ? [{ value: given, label: `${given} (is not here)` }] : [];
  return (
    <Select
      {...shared}
      searchable
      allowDeselect={false}
      placeholder="Choose a flow"
      data-place={place}
      data={[...stray, ...items]}
      value={given || null}
      onChange={(next) => onChange(next ?? undefined)}
    />
  );
}
