/** Settings of one connection: fill in, test, save. A failing test can be overruled, knowingly. */

import { Button, Stack, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { type ComponentType, useState } from "react";

import { ApiError } from "../api/client";
import { useSaveConnection, useTestDraft } from "../api/connections";
import { useMay } from "../api/queries";
import type { Connection } from "../api/types";
import type { Json, Problem, SystemCard } from "../model/flow";
import { ErrorBanner } from "../ui/parts";
import { halves } from "./settings";
import { Verdict } from "./Verdict";
import css from "./connections.module.css";

export type Fields = ComponentType<{
  schema: Json;
  value: Json;
  onChange: (next: Json) => void;
  problems?: readonly Problem[];
  stored?: Readonly<Record<string, boolean>>;
}>;

interface Props {
  card: SystemCard;
  connection: Connection | null;
  Fields: Fields;
  onSaved: (connection: Connection) => void;
}

export function ConnectionForm({ card, connection, Fields, onSaved }: Props) {
  const [name, setName] = useState(connection?.name ?? card.title);
  const [value, setValue] = useState<Json>(connection?.settings ?? {});
  const may = useMay("editor");
  const test = useTestDraft();
  const save = useSaveConnection(connection?.id ?? null);
  const draft = { system: card.system, ...halves(card.settings, value) };
  const failed = save.error instanceof ApiError ? save.error : null;
  const refused = failed !== null && ["E-ACCESS", "E-UNREACHABLE"].includes(failed.code);
  const problems = [test.error, save.error].flatMap((error) => (error instanceof ApiError ? error.problems : [])).map((problem) => ({
    ...problem,
    field: problem.field?.replace(/^(settings|secrets)\./, "") ?? null,
  }));

  // A saved connection is shown afresh, so this form may be gone when the answer comes: then only a promise tells.
  const keep = (force: boolean) =>
    void save
      .mutateAsync(
{ ...draft, name, ...(connection ? { revision: connection.revision } : {}), ...(force ? { force } : {}) })
      .then(
        (saved) => {
          notifications.show({ message: `${saved.name} is ${connection ? "saved" : "connected"}.`, color: "green" });
          onSaved(saved);
        },
        () => undefined, // shown as save.error
      );

  return (
    <form
      className={css.panel}
      onSubmit={(event) => {
        event.preventDefault();
        keep(false);
      }}
    >
      <fieldset className={css.plain} disabled={!may}>
      <Stack>
        {may ? null : <p style={{ margin: 0 }}>To look at only: changing a connection needs the role editor.</p>}
        <TextInput
          label="Name"
          description="What people call it here, like “Creatio live” or “Intacct test company”."
          required
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <Fields
          schema={card.settings}
          value={value}
          problems={problems}
          stored={connection?.secrets ?? {}}
          onChange={(next) => {
            setValue(next);
            test.reset();
            save.reset();
          }}
        />
        <Verdict health={refused ? undefined : test.data} error={refused ? failed : test.error} />
        {failed && !refused ? <ErrorBanner error={failed} /> : null}
        {may ? <div className={css.foot}>
          <Button type="submit" loading={save.isPending}>
            {connection ? "Test and save" : "Test and connect"}
          </Button>
          <Button
            variant="default"
            loading={test.isPending}
            onClick={() => test.mutate({ ...draft, ...(connection ? { id: connection.id } : {}) })}
          >
            Only test
          </Button>
          {refused ? (
            <Button variant="subtle" color="gray" onClick={() => keep(true)}>
              Save although it fails
            </Button>
          ) : null}
        </div> : null}
      </Stack>
      </fieldset>
    </form>
  );
}
