import { JsonInput, SegmentedControl, SimpleGrid, TagsInput, TextInput } from "@mantine/core";

import { useWatermarks } from "../../api/runs";
import type { Readable, Reading, ReadingKind } from "../../model/reading";
import { momentText } from "../../model/values";
import css from "./dialogs.module.css";

interface Props {
  slug: string;
  reading: Reading;
  readable: Readable;
  error: string | null;
  onChange: (reading: Reading) => void;
}

/** What this one run reads. Where incremental reads go on stays as it is. */
export function ReadingFields({ slug, reading, readable, error, onChange }: Props) {
  const set = (part: Partial<Reading>) => onChange({ ...reading, ...part });
  const kinds: { value: ReadingKind; label: string }[] = [
    { value: "all", label: readable.time ? "What changed" : "Everything" },
    ...(readable.time ? [{ value: "time" as const, label: "A span of time" }] : []),
    ...(readable.idField ? [{ value: "ids" as const, label: "Certain records" }] : []),
    { value: "json", label: "As if triggered" },
  ];
  return (
    <div className={css.reading}>
      <SegmentedControl
        fullWidth
        size="xs"
        aria-label="What to read"
        data={kinds}
        value={reading.kind}
        onChange={(kind) => set({ kind })}
      />
      {reading.kind === "all" && readable.time ? <GoesOn slug={slug} /> : null}
      {reading.kind === "time" ? (
        <>
          <SimpleGrid cols={{ base: 1, sm: 2 }} mt="sm">
            <TextInput type="datetime-local" label="Changed from" value={reading.since} onChange={(event) => set({ since: event.currentTarget.value })} />
            <TextInput type="datetime-local" label="until" value={reading.until} onChange={(event) => set({ until: event.currentTarget.value })} />
          </SimpleGrid>
          <p className={css.lead}>
            That time is read anew, by your clock. What was written already and is equal stays as it is; later runs go on where they
            were.
          </p>
        </>
      ) : null}
      {reading.kind === "ids" ? (
        <TagsInput
          mt="sm"
          label="Ids of the records"
          description="Type one and press Enter, or paste several with commas between them."
          splitChars={[",", " ", ";", "\n"]}
          value={reading.ids}
          onChange={(ids) => set({ ids })}
        />
      ) : null}
      {reading.kind === "json" ? (
        <JsonInput
          mt="sm"
          label="Start with"
          description={'What the trigger would bring, as JSON, such as {"id": "4711"}'}
          autosize
          minRows={2}
          value={reading.json}
          onChange={(json) => set({ json })}
          error={reading.json.trim() ? error : null}
        />
      ) : null}
    </div>
  );
}

/** Where the steps that read only what changed go on. */
function GoesOn({ slug }: { slug: string }) {
  const reads = useWatermarks(slug).data?.reads ?? [];
  return reads.map(({ node, title, mark, since }) => (
    <p key={node} className={css.lead}>
      {mark && since
        ? `«${title}» has seen changes until ${momentText(mark)}. It reads on from ${momentText(since)}: what was stored late is read again, and what is equal stays as it is.`
        : `«${title}» has read nothing yet: this run reads everything.`}
    </p>
  ));
}
