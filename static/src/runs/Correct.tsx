/** Correct the data of one record that did not get through, and send it again. */

import { Button, JsonInput, Modal, Radio, Stack } from "@mantine/core";
import { IconPencil } from "@tabler/icons-react";
import { useState } from "react";
import { useNavigate } from "react-router";

import { useCorrect } from "../api/failures";
import { useMay } from "../api/queries";
import type { RecordHistory } from "../api/types";
import type { Json } from "../model/flow";
import { indentExact, parseExact, valueText } from "../model/values";
import { ErrorBanner, RelativeTime } from "../ui/parts";
import css from "./runs.module.css";

export function Correct({ run, record }: { run: string; record: RecordHistory }) {
  const [open, setOpen] = useState(false);
  const [text, setText] = useState("");
  const [version, setVersion] = useState<"run" | "current">("current");
  const correct = useCorrect(run);
  const navigate = useNavigate();
  const may = useMay("operator");
  const data = objectOf(text);
  if (!may) return null;
  return (
    <>
      <Button
        variant="default"
        leftSection={<IconPencil size={16} />}
        onClick={() => {
          setText(indentExact(record.source));
          setOpen(true);
        }}
      >
        Correct and send again
      </Button>
      <Modal opened={open} onClose={() => setOpen(false)} title="Correct the record" size={640} radius="lg">
        <Stack>
          <JsonInput
            label="As it was read"
            description="The source system keeps its own value: correct it there too. Who changed what is kept in the record's history."
            autosize
            minRows={8}
            maxRows={24}
            value={text}
            onChange={setText}
            error={data ? null : "It must be an object in JSON."}
          />
          <Radio.Group label="By which drawing" value={version} onChange={(next) => setVersion(next)}>
            <Radio mt={6} value="current" label="The present one" />
            <Radio mt={6} value="run" label="The one of this run" />
          </Radio.Group>
          {correct.error ? <ErrorBanner error={correct.error} /> : null}
          <Button
            disabled={!data}
            loading={correct.isPending}
            onClick={() => {
              if (!data) return;
              correct.mutate(
                { key: record.key, data, from: "trigger", version },
                { onSuccess: ({ run: started }) => void navigate(`/runs/${started}`) },
              );
            }}
          >
            Send it again
          </Button>
        </Stack>
      </Modal>
    </>
  );
}

function objectOf(text: string): Json | null {
  try {
    const data = parseExact(text);
    return typeof data === "object" && data !== null && !Array.isArray(data) ? (data as Json) : null;
  } catch {
    return null;
  }
}

export function Corrections({ corrections }: { corrections: RecordHistory["corrections"] }) {
  if (!corrections.length) return null;
  return (
    <section className={css.section}>
      <h2>What people corrected</h2>
      {corrections.map((one) => (
        <div key={one.run} className={css.step} style={{ marginBottom: 10 }}>
          <p className={css.quiet} style={{ margin: 0 }}>
            {one.by}, <RelativeTime at={one.at} />
          </p>
          <table className={css.diff}>
            <tbody>
              {one.changes.map((change) => (
                <tr key={change.field} className={css.changed}>
                  <td>{change.field}</td>
                  <td className={css.old}>{valueText(change.old) || "empty"}</td>
                  <td>{valueText(change.new) || "empty"}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      ))}
    </section>
  );
}
