import { Button, Group, Modal, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { type ReactNode, useState } from "react";

import { ApiError } from "../api/client";
import { type Reference, useForget, useRepair } from "../api/references";
import { ErrorBanner } from "../ui/parts";
import css from "./references.module.css";

interface Props {
  reference: Reference;
  close: () => void;
}

/** What people call the object that the reference is about. */
const nameOf = (left: Reference["left"]): string => left.title || left.id;

/** The new object is looked up in its system before it is believed. */
export function PointDialog({ reference, close }: Props) {
  const { left, right } = reference;
  const repair = useRepair(reference.id);
  const [id, setId] = useState(right.id ?? "");
  const wanted = id.trim();
  const taken = repair.error instanceof ApiError && repair.error.code === "E-TAKEN";
  return (
    <Modal opened onClose={close} title={`Which object of ${right.connection_name} is ${nameOf(left)}?`} radius="lg">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          repair.mutate(
            { right_id: wanted, both: taken },
            {
              onSuccess: ({ right: now }) => {
                notifications.show({ title: "Linked", message: `${nameOf(left)} is ${now.number ?? now.id ?? ""} from now on.` });
                close();
              },
            },
          );
        }}
      >
        <TextInput
          data-autofocus
          required
          label={`Id in ${right.connection_name}`}
          description="It is looked up there before it is kept. The object it stood for until now stays as it is."
          value={id}
          onChange={(event) => {
            setId(event.currentTarget.value);
            repair.reset();
          }}
        />
        <div className={css.refused}><ErrorBanner error={repair.error} /></div>
        <Acts close={close}>
          <Button type="submit" loading={repair.isPending} disabled={!wanted || wanted === right.id}>
            {taken ? "Link both all the same" : "Link"}
          </Button>
        </Acts>
      </form>
    </Modal>
  );
}

const SAID = {
  new: {
    title: "Create it anew?",
    text: "the next run that writes it creates a new object, whatever looks like it. The one it stood for until now stays in the system and is no longer updated.",
    act: "Create it anew",
  },
  out: {
    title: "Leave it out?",
    text: "no flow writes this object any more, until you change it here.",
    act: "Leave it out",
  },
};

export function SayDialog({ reference, state, close }: Props & { state: "new" | "out" }) {
  const repair = useRepair(reference.id);
  const { title, text, act } = SAID[state];
  return (
    <Modal opened onClose={close} title={title} radius="lg">
      <p className={css.text}>
        {nameOf(reference.left)}: {text}
      </p>
      <div className={css.refused}><ErrorBanner error={repair.error} /></div>
      <Acts close={close}>
        <Button loading={repair.isPending} onClick={() => repair.mutate({ state }, { onSuccess: close })}>
          {act}
        </Button>
      </Acts>
    </Modal>
  );
}

export function ForgetDialog({ reference, close }: Props) {
  const forget = useForget(reference.id);
  const { left, right } = reference;
  return (
    <Modal opened onClose={close} title={`Forget what ${nameOf(left)} is?`} radius="lg">
      <p className={css.text}>
        The next run looks for it by the fields of the write step. If it finds nothing, it creates the {right.entity} a second
        time: {right.number ?? right.id ?? "the old one"} stays in {right.connection_name}.
      </p>
      <div className={css.refused}><ErrorBanner error={forget.error} /></div>
      <Acts close={close}>
        <Button color="red" loading={forget.isPending} onClick={() => forget.mutate(undefined, { onSuccess: close })}>
          Remove the cross reference
        </Button>
      </Acts>
    </Modal>
  );
}

function Acts({ close, children }: { close: () => void; children: ReactNode }) {
  return (
    <Group justify="flex-end" mt="lg">
      <Button variant="default" onClick={close}>
        Cancel
      </Button>
      {children}
    </Group>
  );
}
