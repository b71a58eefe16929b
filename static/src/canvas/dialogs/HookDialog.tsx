import { Button, CopyButton, Group, Modal } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";

import { api } from "../../api/client";
import { useEditor } from "../../store/editor";
import { ErrorBanner } from "../../ui/parts";
import css from "./dialogs.module.css";

/** The address that a button or webhook calls; its key is the secret. */
export function HookDialog({ slug, close }: { slug: string; close: () => void }) {
  const hook = useEditor((editor) => editor.hook);
  const state = useEditor((editor) => editor.state);
  const readOnly = useEditor((editor) => editor.readOnly);
  const [asking, setAsking] = useState(false);
  const renew = useMutation({
    mutationFn: () => api<{ url: string } | { hook: { url: string } }>(`/api/flows/${slug}/hook`, { method: "POST" }),
    onSuccess: (answer) => {
      useEditor.setState({ hook: "hook" in answer ? answer.hook.url : answer.url });
      setAsking(false);
    },
  });
  const address = hook ? new URL(hook, window.location.origin).href : "";
  return (
    <Modal opened onClose={close} title="Address for webhooks and buttons" size={620} radius="lg">
      <p className={css.lead}>
        A button in the CRM, or a webhook, posts here (JSON or form) and starts a run. Whoever knows the address can start one: treat it
        like a password.
      </p>
      <div className={css.code}>{address || "This flow has no address yet."}</div>
      {state === "live" ? null : <p className={css.lead}>It answers once the flow is live.</p>}
      <ErrorBanner error={renew.error} />
      <Group justify="flex-end" mt="lg">
        {readOnly ? null : asking ? (
          <Button variant="default" color="red" loading={renew.isPending} onClick={() => renew.mutate()}>
            Make a new key: the old address stops working
          </Button>
        ) : (
          <Button variant="subtle" color="gray" onClick={() => setAsking(true)}>
            New key
          </Button>
        )}
        <CopyButton value={address}>
          {({ copied, copy }) => (
            <Button data-autofocus disabled={!address} onClick={copy}>
              {copied ? "Copied" : "Copy"}
            </Button>
          )}
        </CopyButton>
      </Group>
    </Modal>
  );
}
