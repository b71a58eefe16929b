/** What has become of an object that is gone: merged into which one, or deleted, and what of its counterpart. */

import { Radio, Select } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useState } from "react";

import type { GoneForm } from "../api/held";
import { useObjects } from "../api/references";
import { Frame, type Props } from "./Frame";
import css from "./reviews.module.css";

export function GoneAnswer({ group, form, onDone }: Props & { form: GoneForm }) {
  const [choice, setChoice] = useState<string | null>(null);
  const [survivor, setSurvivor] = useState<string | null>(null);
  const merged = choice === "merged";
  const words = {
    merged: `It was merged into another one in ${form.lost_in}`,
    delete: `It was deleted: delete ${form.left} in ${form.left_in} as well`,
    mark: `It was deleted: mark ${form.left} in ${form.left_in}`,
    keep: `Leave ${form.left} in ${form.left_in} as it is, no longer kept in step`,
  };
  return (
    <Frame
      group={group}
      onDone={onDone}
      answer={merged ? { choice: "merged", id: survivor ?? "" } : { choice: choice ?? "" }}
      lacking={!choice || (merged && !survivor)}
      said={merged ? `${form.title} goes on with the survivor.` : "It is carried out."}
    >
      {(tried) => (
        <>
          <Radio.Group
            className={css.whole}
            label={`What has become of ${form.title}?`}
            value={choice}
            onChange={setChoice}
            error={tried && !choice ? "Choose one." : null}
          >
            {form.choices.map((one) => (
              <Radio key={one} value={one} label={words[one]} my={6} />
            ))}
          </Radio.Group>
          {merged ? <Survivor form={form} value={survivor} error={tried && !survivor ? "Choose it." : null} onChange={setSurvivor} /> : null}
        </>
      )}
    </Frame>
  );
}

interface SurvivorProps {
  form: GoneForm;
  value: string | null;
  error: string | null;
  onChange: (id: string | null) => void;
}

function Survivor({ form, value, error, onChange }: SurvivorProps) {
  const [text, setText] = useState(form.title);
  const [wanted] = useDebouncedValue(text.trim(), 300);
  const found = useObjects(form.connection, form.entity, wanted);
  const rows = found.data?.objects ?? [];
  return (
    <Select
      className={css.field}
      label={`Which one is left in ${form.lost_in}?`}
      description="Found by its name, its number or its id."
      withAsterisk
      searchable
      searchValue={text}
      onSearchChange={setText}
      filter={({ options }) => options}
      nothingFoundMessage={found.isFetching ? "Looking …" : (found.error?.message ?? "Nothing is called like this there.")}
      error={error}
      data={rows.map((row) => ({ value: row.id, label: row.number && row.number !== row.title ? `${row.number} · ${row.title}` : row.title }))}
      value={value}
      onChange={onChange}
    />
  );
}
