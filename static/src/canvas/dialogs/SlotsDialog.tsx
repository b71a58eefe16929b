import { Anchor, Modal, Select } from "@mantine/core";
import { IconPlugConnected } from "@tabler/icons-react";
import { Link } from "react-router";

import { useConnections } from "../../api/queries";
import { bind, useDocument, useEditor } from "../../store/editor";
import { EmptyState, ErrorBanner } from "../../ui/parts";
import { useTypes } from "../catalog";
import css from "./dialogs.module.css";

/** Which connection of this installation stands for each system that the drawing names. */
export function SlotsDialog({ close }: { close: () => void }) {
  const { slots } = useDocument();
  const bindings = useEditor((editor) => editor.bindings);
  const readOnly = useEditor((editor) => editor.readOnly);
  const connections = useConnections();
  const { systemTitle } = useTypes();
  const names = Object.entries(slots);
  return (
    <Modal opened onClose={close} title="Connections of this flow" size={600} radius="lg">
      <ErrorBanner error={connections.error} retry={() => void connections.refetch()} />
      {names.length === 0 ? (
        <EmptyState icon={IconPlugConnected} title="No system needed yet">
          As soon as a step reads from or writes to a system, it appears here.
        </EmptyState>
      ) : (
        <p className={css.lead}>The drawing names systems only; here you say which of your connections they are.</p>
      )}
      {names.map(([name, slot]) => {
        const fitting = (connections.data ?? []).filter((connection) => connection.system === slot.system);
        return (
          <div key={name} className={css.slot}>
            <div>
              {slot.title || systemTitle(slot.system)}
              <small>
                {systemTitle(slot.system)} · {name}
              </small>
            </div>
            {fitting.length || connections.isPending ? (
              <Select
                aria-label={`Connection for ${slot.title || name}`}
                placeholder="Choose a connection"
                disabled={readOnly || connections.isPending}
                data={fitting.map((connection) => ({ value: connection.id, label: connection.name }))}
                value={bindings[name] ?? null}
                onChange={(value) => {
                  if (value) bind(name, value);
                }}
              />
            ) : (
              <Anchor component={Link} to="/connections" size="sm">
                Connect {systemTitle(slot.system)} first
              </Anchor>
            )}
          </div>
        );
      })}
    </Modal>
  );
}
