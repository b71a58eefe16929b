import { Autocomplete, Button, Group, Modal, Select, TextInput } from "@mantine/core";
import { useState } from "react";

import { ApiError } from "../api/client";
import { useConnections, useEntities } from "../api/queries";
import { type Side, useLink } from "../api/references";
import { ErrorBanner } from "../ui/parts";
import css from "./references.module.css";

const EMPTY: Side = { connection: "", entity: "", id: "" };

/** Both objects are looked up in their systems before they are believed. */
export function AddDialog({ close }: { close: () => void }) {
  const link = useLink();
  const [left, setLeft] = useState(EMPTY);
  const [right, setRight] = useState(EMPTY);
  const taken = link.error instanceof ApiError && link.error.code === "E-TAKEN";
  const change = (set: (side: Side) => void) => (side: Side) => {
    set(side);
    link.reset();
  };
  const ready = [left, right].every((side) => side.connection && side.entity.trim() && side.id.trim());
  return (
    <Modal opened onClose={close} title="Link two objects" size={640} radius="lg">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          link.mutate({ left: trimmed(left), right: trimmed(right), both: taken }, { onSuccess: close });
        }}
      >
        <div className={css.two}>
          <SideFields title="This object" side={left} onChange={change(setLeft)} />
          <SideFields title="is this one" side={right} onChange={change(setRight)} />
        </div>
        <p className={css.text}>Both are looked up before the link is kept. Flows that write the first then update the second.</p>
        <div className={css.refused}><ErrorBanner error={link.error} /></div>
        <Group justify="flex-end" mt="lg">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button type="submit" disabled={!ready} loading={link.isPending}>
            {taken ? "Link both all the same" : "Link them"}
          </Button>
        </Group>
      </form>
    </Modal>
  );
}

const trimmed = (side: Side): Side => ({ ...side, entity: side.entity.trim(), id: side.id.trim() });

function SideFields({ title, side, onChange }: { title: string; side: Side; onChange: (side: Side) => void }) {
  const connections = useConnections();
  const entities = useEntities(side.connection || undefined);
  return (
    <fieldset className={css.fields}>
      <legend>{title}</legend>
      <Select
        label="Connection"
        data={(connections.data ?? []).map((one) => ({ value: one.id, label: one.name }))}
        value={side.connection || null}
        onChange={(connection) => onChange({ ...side, connection: connection ?? "", entity: "" })}
      />
      <Autocomplete
        label="Object"
        limit={50}
        data={(entities.data ?? []).map((one) => one.name)}
        value={side.entity}
        onChange={(entity) => onChange({ ...side, entity })}
      />
      <TextInput label="Id" value={side.id} onChange={(event) => onChange({ ...side, id: event.currentTarget.value })} />
    </fieldset>
  );
}
