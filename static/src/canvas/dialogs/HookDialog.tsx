import { Button, CopyButton, Group, Modal } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";

import { api } from "../../api/client";
import { useEditor } from "../../store/editor";
import { ErrorBanner } from "../../ui/parts";
import css from "./dialogs.module.css";

type Hook = { url: string; secret: string };

/** What the secret is for, by the way in which callers prove themselves. */
const USES: Record<string, (header: string) => string> = {
  key: () => "Callers need it only if the step asks for a signature, a password or a header. It is also the verify token of a subscription.",
  signature: () => "The caller signs each call with it, as Standard Webhooks say (webhook-id, webhook-timestamp, webhook-signature).",
  basic: () => "The caller signs in with it as the password; any user name will do.",
  header: (header) => `The caller sends it as the header ${header}.`,
};

const text = (value: unknown, otherwise: string) => (typeof value === "string" && value !== "" ? value : otherwise);

/** The address that a button or webhook calls, and the secret with which callers prove themselves besides. */
export function HookDialog({ slug, close }: { slug: string; close: () => void }) {
  const hook = useEditor((editor) => editor.hook);
  const state = useEditor((editor) => editor.state);
  const readOnly = useEditor((editor) => editor.readOnly);
  const settings = useEditor((editor) => editor.history.present.nodes.find((node) => node.type === "webhook")?.settings);
  const [asking, setAsking] = useState(false);
  const [shown, setShown] = useState(false);
  const renew = useMutation({
    mutationFn: () => api<{ hook: Hook }>(`/api/flows/${slug}/hook`, { method: "POST" }),
    onSuccess: (answer) => {
      useEditor.setState({ hook: answer.hook });
      setAsking(false);
    },
  });
  const address = hook ? new URL(hook.url, window.location.origin).href : "";
  const use = USES[text(settings?.auth, "key")] ?? USES.key;
  return (
    <Modal opened onClose={close} title="Address for webhooks and buttons" size={620} radius="lg">
      <p className={css.lead}>
        A button in the CRM, or a webhook, posts here (JSON or form) and starts a run. Whoever knows the address can start one: treat it
        like a password.
      </p>
      <div className={css.code}>{address || "This flow has no address yet."}</div>
      {state === "live" ? null : <p className={css.lead}>It answers once the flow is live.</p>}
      {hook ? (
        <section aria-label="Secret">
          <h3 className={css.tableHead}>Secret</h3>
          <p className={css.lead}>{use?.(text(settings?.header, "X-Webhook-Secret"))}</p>
          <div className={css.code}>{shown ? hook.secret : "•".repeat(32)}</div>
          <Group gap="xs" mt={8}>
            <Button size="compact-sm" variant="default" onClick={() => setShown(!shown)}>
              {shown ? "Hide secret" : "Show secret"}
            </Button>
            <CopyButton value={hook.secret}>
              {({ copied, copy }) => (
                <Button size="compact-sm" variant="default" onClick={copy}>
                  {copied ? "Secret copied" : "Copy secret"}
                </Button>
              )}
            </CopyButton>
          </Group>
        </section>
      ) : null}
      <ErrorBanner error={renew.error} />
      <Group justify="flex-end" mt="lg">
        {readOnly ? null : asking ? (
          <Button variant="default" color="red" loading={renew.isPending} onClick={() => renew.mutate()}>
            Make a new key: the old address and secret stop working
          </Button>
        ) : (
          <Button variant="subtle" color="gray" onClick={() => setAsking(true)}>
            New key
          </Button>
        )}
        <CopyButton value={address}>
          {({ copied, copy }) => (
            <Button data-autofocus disabled={!address} onClick={copy}>
              {copied ? "Address copied" : "Copy address"}
            </Button>
          )}
        </CopyButton>
      </Group>
    </Modal>
  );
}
