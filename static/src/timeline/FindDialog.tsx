/** Find a customer, an order or an invoice by whatever is known of it, from anywhere. */

import { Modal, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconSearch } from "@tabler/icons-react";
import { useRef, useState, type KeyboardEvent } from "react";

import { useFound } from "../api/records";
import { ErrorBanner, Keys } from "../ui/parts";
import { Hits } from "./Hits";
import css from "./timeline.module.css";

export function FindDialog({ onClose }: { onClose: () => void }) {
  const [text, setText] = useState("");
  const [asked] = useDebouncedValue(text.trim(), 200);
  const found = useFound(asked);
  const list = useRef<HTMLDivElement>(null);
  const hits = asked.length > 1 ? (found.data?.records ?? []) : [];
  const links = () => [...(list.current?.querySelectorAll<HTMLElement>("[data-hit]") ?? [])];
  const walk = (event: KeyboardEvent) => {
    const rows = links();
    const at = rows.indexOf(document.activeElement as HTMLElement);
    if (event.key === "ArrowDown") rows[Math.min(at + 1, rows.length - 1)]?.focus();
    else if (event.key === "ArrowUp" && at > 0) rows[at - 1]?.focus();
    else if (event.key === "Enter" && at < 0) rows[0]?.click();
    else return;
    event.preventDefault();
  };
  return (
    <Modal opened onClose={onClose} title="Find a record" size="lg" yOffset="10vh">
      <div onKeyDown={walk} ref={list}>
        <TextInput
          data-autofocus
          type="search"
          aria-label="Number, id or name"
          placeholder="Number, id or name of a customer, order or invoice"
          leftSection={<IconSearch size={16} />}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        <ErrorBanner error={found.error} />
        <div className={css.found} role="status">
          {hits.length ? <Hits hits={hits} onOpen={onClose} /> : null}
          {asked.length > 1 && found.data && !found.isFetching && !hits.length ? (
            <p className={css.none}>
              Nothing that went through Heddle has this number, id or name. Names are found whole, or by a part when the
              record moved lately.
            </p>
          ) : null}
          {asked.length <= 1 ? (
            <p className={css.none}>
              The id or number of either system will do. <Keys of="↓" /> to the results, <Keys of="Enter" /> opens the first.
            </p>
          ) : null}
        </div>
      </div>
    </Modal>
  );
}
