import { Button, Group, Modal } from "@mantine/core";

import { removeAndRejoin, removeNodes } from "../../model/operations";
import { change } from "../../store/editor";
import { useView } from "../../store/view";
import type { Hands } from "../actions";
import { CommandsDialog, ConnectDialog, FindDialog, ShortcutsDialog } from "./lists";
import { HookDialog } from "./HookDialog";
import { PolicyDialog } from "./PolicyDialog";
import { PublishDialog } from "./PublishDialog";
import { RunDialog } from "./RunDialog";
import { SlotsDialog } from "./SlotsDialog";
import { SwitchDialog } from "./SwitchDialog";
import { TablesDialog } from "./TablesDialog";
import { VersionsDialog } from "./VersionsDialog";

/** One dialog at a time, by name; each is mounted only while it is open, so that it starts afresh. */
export function Dialogs({ hands, slug }: { hands: Hands; slug: string }) {
  const dialog = useView((view) => view.dialog);
  const close = () => useView.setState({ dialog: null });
  return (
    <>
      {dialog === "run" ? <RunDialog slug={slug} close={close} /> : null}
      {dialog === "publish" ? <PublishDialog slug={slug} close={close} /> : null}
      {dialog === "versions" ? <VersionsDialog slug={slug} close={close} /> : null}
      {dialog === "policy" ? <PolicyDialog close={close} /> : null}
      {dialog === "slots" ? <SlotsDialog close={close} /> : null}
      {dialog === "tables" ? <TablesDialog close={close} /> : null}
      {dialog === "hook" ? <HookDialog slug={slug} close={close} /> : null}
      {dialog === "switch" ? <SwitchDialog slug={slug} close={close} /> : null}
      {dialog === "shortcuts" ? <ShortcutsDialog close={close} /> : null}
      {dialog === "commands" ? <CommandsDialog hands={hands} close={close} /> : null}
      {dialog === "find" ? <FindDialog hands={hands} close={close} /> : null}
      {dialog === "connect" ? <ConnectDialog hands={hands} close={close} /> : null}
      <DeleteQuestion />
    </>
  );
}

function DeleteQuestion() {
  const deleting = useView((view) => view.deleting);
  if (!deleting) return null;
  const close = () => useView.setState({ deleting: null });
  const count = deleting.ids.size;
  return (
    <Modal opened onClose={close} title={count === 1 ? "Delete the step that starts the flow?" : `Delete ${count} steps?`}>
      {count === 1 ? "Without it nothing comes into the flow." : "They go with their settings and wires."} Undo (Ctrl Z) brings everything back.
      <Group justify="flex-end" mt="lg">
        <Button variant="default" onClick={close}>
          Keep
        </Button>
        <Button
          color="red"
          data-autofocus
          onClick={() => {
            change(count === 1 ? "Delete the step" : `Delete ${count} steps`, (flow) =>
              deleting.rejoin ? removeAndRejoin(flow, deleting.ids) : removeNodes(flow, deleting.ids),
            );
            close();
          }}
        >
          Delete
        </Button>
      </Group>
    </Modal>
  );
}
