import { Button, FileInput, Group, List, Modal } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconUpload } from "@tabler/icons-react";
import { useState } from "react";

import { ApiError } from "../api/client";
import { type Imported, useImport } from "../api/references";
import { ErrorBanner } from "../ui/parts";
import css from "./references.module.css";

/** First what the file would change, then all of it, or nothing. */
export function ImportDialog({ close }: { close: () => void }) {
  const look = useImport();
  const apply = useImport();
  const [csv, setCsv] = useState("");
  const problems = look.error instanceof ApiError && look.error.problems.length > 1 ? look.error.problems : [];
  const choose = (file: File | null) => {
    look.reset();
    apply.reset();
    setCsv("");
    void file?.text().then((text) => {
      setCsv(text);
      look.mutate({ csv: text, apply: false });
    });
  };
  return (
    <Modal opened onClose={close} title="Import cross references" size={560} radius="lg">
      <FileInput
        label="CSV file"
        description="With the columns of the export. Every object is looked up in its system first; with one wrong line nothing is imported."
        accept=".csv,text/csv"
        clearable
        leftSection={<IconUpload size={16} />}
        placeholder="Choose a file"
        onChange={choose}
      />
      <div aria-live="polite">
        {look.isPending ? <p className={css.text}>Looking the objects up…</p> : null}
        {look.data ? <p className={css.text}>{told(look.data)}</p> : null}
      </div>
      <div className={css.refused}><ErrorBanner error={apply.error ?? look.error} /></div>
      {problems.length ? (
        <List size="sm" mt="sm">
          {problems.map((problem, at) => (
            <List.Item key={at}>{problem.message}</List.Item>
          ))}
        </List>
      ) : null}
      <Group justify="flex-end" mt="lg">
        <Button variant="default" onClick={close}>
          Cancel
        </Button>
        <Button
          disabled={!look.data || look.data.added + look.data.changed === 0}
          loading={apply.isPending}
          onClick={() =>
            apply.mutate(
              { csv, apply: true },
              {
                onSuccess: (done) => {
                  notifications.show({ title: "Imported", message: `${done.added} added, ${done.changed} changed.` });
                  close();
                },
              },
            )
          }
        >
          Import
        </Button>
      </Group>
    </Modal>
  );
}

function told({ added, changed, unchanged }: Imported): string {
  if (!added && !changed) return `Nothing to do: all ${unchanged} are known like this.`;
  return `${added} would be added, ${changed} changed, ${unchanged} are known like this.`;
}
