/** How the flow runs: how many lanes and records at a time, when it tries again, and what one run may write. */

import { Button, Group, Modal, NumberInput, SimpleGrid, Switch, TextInput } from "@mantine/core";
import { useState } from "react";

import { budgetOf, minutesOf, policyText, type PolicyText } from "../../model/policy";
import { alertsOf, NOBODY } from "../../model/alerts";
import { change, useDocument, useEditor } from "../../store/editor";
import { AlertsForm } from "./AlertsForm";
import css from "./dialogs.module.css";

export function PolicyDialog({ close }: { close: () => void }) {
  const { policy, slots } = useDocument();
  const readOnly = useEditor((editor) => editor.readOnly);
  const bindings = useEditor((editor) => editor.bindings);
  const [text, setText] = useState(() => policyText(policy));
  const [alerts, setAlerts] = useState(policy.alerts ?? NOBODY);
  const [unclear, setUnclear] = useState(false);
  const set = (part: Partial<PolicyText>) => setText((now) => ({ ...now, ...part }));
  const minutes = minutesOf(text.minutes);
  const budget = budgetOf(text);
  const count = (name: "lanes" | "batch" | "sample" | "creates" | "updates" | "deletes", max: number, empty = false) => ({
    value: text[name] === "" ? "" : Number(text[name]),
    onChange: (value: string | number) => set({ [name]: String(value) }),
    min: empty ? 0 : 1,
    max,
    allowDecimal: false,
    allowNegative: false,
    disabled: readOnly,
    error: text[name] === "" && !empty ? "It needs a number." : null,
  });
  const wrong = minutes === null || typeof budget === "string" || [text.lanes, text.batch, text.sample].includes("") || unclear;
  return (
    <Modal opened onClose={close} title="How this flow runs" size={640} radius="lg">
      <p className={css.lead}>What one run may write before it stops and asks. Leave a field empty for no limit.</p>
      <SimpleGrid cols={{ base: 1, sm: 2 }} mb="lg">
        <NumberInput label="New records at most" {...count("creates", 10_000_000, true)} />
        <NumberInput label="Changed records at most" {...count("updates", 10_000_000, true)} />
        <NumberInput label="Deleted records at most" description="0 deletes nothing." {...count("deletes", 10_000_000, true)} />
        <TextInput
          label="Field with the amount"
          placeholder="TOTALAMOUNT"
          disabled={readOnly}
          value={text.field}
          onChange={(event) => set({ field: event.currentTarget.value })}
        />
        <TextInput
          label="Sum of it at most"
          disabled={readOnly}
          value={text.limit}
          error={typeof budget === "string" ? budget : null}
          onChange={(event) => set({ limit: event.currentTarget.value })}
        />
      </SimpleGrid>
      <Switch
        mb="lg"
        label="It posts to the ledger: a second person publishes it"
        description="Whoever asks cannot publish it alone, and taking this off needs two people as well once it is live."
        disabled={readOnly}
        checked={text.fourEyes}
        onChange={(event) => set({ fourEyes: event.currentTarget.checked })}
      />
      <AlertsForm
        alerts={alerts}
        slots={slots}
        bindings={bindings}
        readOnly={readOnly}
        onChange={(next, wrongly) => {
          setAlerts(next);
          setUnclear(wrongly);
        }}
      />
      <p className={css.lead}>When a system does not answer, and how the work is cut.</p>
      <SimpleGrid cols={{ base: 1, sm: 2 }}>
        <TextInput
          label="Try again after minutes"
          description="One number an attempt; after the last one the records fail."
          disabled={readOnly}
          value={text.minutes}
          error={minutes === null ? "Numbers with commas between them, like 1, 5, 15." : null}
          onChange={(event) => set({ minutes: event.currentTarget.value })}
        />
        <NumberInput label="Records in a sample" description="For “Try on a sample”." {...count("sample", 100)} />
        <NumberInput label="Lanes" description="How many batches are worked on at once." {...count("lanes", 32)} />
        <NumberInput label="Records in a batch" description="What is written between two commits." {...count("batch", 2000)} />
      </SimpleGrid>
      <Group justify="flex-end" mt="lg">
        <Button variant="default" onClick={close}>
          {readOnly ? "Close" : "Cancel"}
        </Button>
        {readOnly ? null : (
          <Button
            disabled={wrong}
            onClick={() => {
              if (minutes === null || typeof budget === "string") return;
              const numbers = { lanes: Number(text.lanes), batch_size: Number(text.batch), sample_size: Number(text.sample) };
              change("Change how it runs", (flow) => ({
                ...flow,
                policy: { ...flow.policy, ...numbers, retry_minutes: minutes, budget, four_eyes: text.fourEyes, alerts: alertsOf(alerts) },
              }));
              close();
            }}
          >
            Keep
          </Button>
        )}
      </Group>
    </Modal>
  );
}
