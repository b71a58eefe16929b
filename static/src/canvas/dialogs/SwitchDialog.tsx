/** Switching a flow off or on: what needs it, and what it needs. */

import { Button, Checkbox, Group, Modal } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useState } from "react";
import { Link } from "react-router";

import { type NeedingFlow, useNeeds, useSwitch } from "../../api/needs";
import { useEditor } from "../../store/editor";
import { ErrorBanner, Rows } from "../../ui/parts";
import css from "./dialogs.module.css";

export function SwitchDialog({ slug, close }: { slug: string; close: () => void }) {
  const state = useEditor((editor) => editor.state);
  const name = useEditor((editor) => editor.history.present.name);
  const needs = useNeeds(slug);
  const turn = useSwitch(slug);
  const [along, setAlong] = useState(true);
  const off = state === "live";
  const lacking = (needs.data?.objects ?? []).flatMap((object) =>
    object.needs
      .filter((need) => !need.here && need.flows.length > 0 && !need.flows.some((flow) => flow.state === "live"))
      .map((need) => ({ object: object.title, ...need })),
  );
  const paused = [...new Map(lacking.flatMap((need) => need.flows.filter((flow) => flow.state === "paused")).map((flow) => [flow.slug, flow])).values()];
  const send = () => {
    turn.mutate(
      { state: off ? "paused" : "live", with_needed: !off && along && paused.length > 0 },
      {
        onSuccess: (detail) => {
          useEditor.setState({ state: detail.state });
          notifications.show({
            title: off ? "Switched off" : "Switched on",
            message: off ? "Nothing starts it until it is switched on again; what runs is finished." : "Its trigger works again.",
          });
          close();
        },
      },
    );
  };
  return (
    <Modal opened onClose={close} title={off ? `Switch «${name}» off?` : `Switch «${name}» on?`} size={560} radius="lg">
      <p className={css.lead}>
        {off ? "Nothing starts it any more, and what is held in it waits. Runs under way are finished." : "Its trigger works again, from now on."}
      </p>
      {needs.isPending ? <Rows count={2} /> : null}
      {off && needs.data?.needed_by.length ? (
        <p className={css.lead}>
          {list(needs.data.needed_by)} {needs.data.needed_by.length === 1 ? "needs" : "need"} what it writes: documents whose partner is missing will wait there.
        </p>
      ) : null}
      {!off && lacking.length ? (
        <ul className={css.changes}>
          {lacking.map((need) => (
            <li key={`${need.object}/${need.entity}`}>
              <b>{need.object}</b> needs {need.entity} ({need.fields.join(", ")}), and {list(need.flows)} {need.flows.length === 1 ? "is" : "are"} not switched on.
            </li>
          ))}
        </ul>
      ) : null}
      {!off && paused.length ? (
        <Checkbox mb="md" checked={along} onChange={(event) => setAlong(event.currentTarget.checked)} label={<>Switch on with it: {list(paused)}</>} />
      ) : null}
      <ErrorBanner error={needs.error ?? turn.error} />
      <Group justify="flex-end" mt="lg">
        <Button variant="default" onClick={close}>
          Cancel
        </Button>
        <Button color={off ? "red" : undefined} loading={turn.isPending} data-autofocus onClick={send}>
          {off ? "Switch off" : "Switch on"}
        </Button>
      </Group>
    </Modal>
  );
}

const list = (flows: NeedingFlow[]) =>
  flows.map((flow, at) => (
    <span key={flow.slug}>
      {at ? ", " : ""}
      <Link to={`/flows/${flow.slug}`}>«{flow.name}»</Link>
    </span>
  ));
