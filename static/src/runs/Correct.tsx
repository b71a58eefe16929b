/** Correct the data of one record that did not get through, and send it again. */

import { Button, JsonInput, Modal, Radio, SegmentedControl, Stack } from "@mantine/core";
import { IconPencil } from "@tabler/icons-react";
import { useState } from "react";
import { useNavigate, useSearchParams } from "react-router";

import { useCorrect } from "../api/failures";
import { useMay } from "../api/queries";
import type { RecordHistory } from "../api/types";
import type { Json } from "../model/flow";
import { isPlain } from "../model/record";
import { indentExact, parseExact, stringifyExact, valueText } from "../model/values";
import { ErrorBanner, RelativeTime } from "../ui/parts";
import { RecordForm } from "../ui/record/RecordForm";
import css from "./runs.module.css";

/** The button and its dialog; `?correct` in the address opens it at once. */
export function Correct({ run, record }: { run: string; record: RecordHistory }) {
  const [params, setParams] = useSearchParams();
  const may = useMay("operator");
  if (!may) return null;
  const show = (open: boolean) => setParams(open ? { correct: "" } : {}, { replace: true });
  return (
    <>
      <Button variant="default" leftSection={<IconPencil size={16} />} onClick={() => show(true)}>
        Correct and send again
      </Button>
      <Modal opened={params.has("correct")} onClose={() => show(false)} title="Correct the record" size={820} radius="lg">
        <Correction run={run} record={record} />
      </Modal>
    </>
  );
}

type View = "form" | "json";

function Correction({ run, record }: { run: string; record: RecordHistory }) {
  const [data, setData] = useState(record.source);
  const [view, setView] = useState<View>("form");
  const [text, setText] = useState("");
  const [version, setVersion] = useState<"run" | "current">("current");
  const correct = useCorrect(run);
  const navigate = useNavigate();
  const sent = view === "json" ? objectOf(text) : data;
  const changed = sent !== null && stringifyExact(sent) !== stringifyExact(record.source);
  const turn = (next: View) => {
    if (next === "json") setText(indentExact(data));
    else if (sent) setData(sent);
    if (next === "json" || sent) setView(next);
  };
  return (
    <Stack>
      <p className={css.lead}>
        As it was read. The source system keeps its own value: correct it there too. Who changed what is kept in the record’s history.
      </p>
      <SegmentedControl
        aria-label="How it is shown"
        style={{ alignSelf: "flex-start" }}
        data={[
          { value: "form", label: "As a form" },
          { value: "json", label: "As JSON" },
        ]}
        value={view}
        onChange={(next) => turn(next)}
      />
      {view === "form" ? (
        <RecordForm data={data} before={record.source} fields={record.shape?.fields ?? []} wrong={record.wrong} onChange={setData} />
      ) : (
        <JsonInput
          aria-label="The record as JSON"
          autosize
          minRows={8}
          maxRows={24}
          value={text}
          onChange={setText}
          validationError="This is not valid JSON yet."
          error={sent ? null : "It must be an object in JSON."}
        />
      )}
      <Radio.Group label="By which drawing" value={version} onChange={(next) => setVersion(next)}>
        <Radio mt={6} value="current" label="The present one" />
        <Radio mt={6} value="run" label="The one of this run" />
      </Radio.Group>
      <div className={css.foot}>
        {correct.error ? <ErrorBanner error={correct.error} /> : null}
        <Button
          fullWidth
          disabled={!changed}
          loading={correct.isPending}
          onClick={() => {
            if (!sent) return;
            correct.mutate(
              { key: record.key, data: sent, from: "trigger", version },
              { onSuccess: ({ run: started }) => void navigate(`/runs/${started}`) },
            );
          }}
        >
          {changed || !sent ? "Send it again" : "Nothing is changed yet"}
        </Button>
      </div>
    </Stack>
  );
}

function objectOf(text: string): Json | null {
  try {
    const data = parseExact(text);
    return isPlain(data) ? data : null;
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
