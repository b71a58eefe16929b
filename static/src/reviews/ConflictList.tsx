/** What both sides changed: one card a record, oldest first. */

import { Button } from "@mantine/core";
import { IconArrowsLeftRight } from "@tabler/icons-react";

import { useConflicts } from "../api/conflicts";
import { EmptyState, ErrorBanner, Rows } from "../ui/parts";
import { ConflictCard } from "./ConflictCard";
import type { Told } from "./done";
import css from "./reviews.module.css";

export function ConflictList({ onDone }: { onDone: (done: Told) => void }) {
  const list = useConflicts();
  const rows = list.data?.pages.flatMap((page) => page.conflicts) ?? [];
  return (
    <>
      <ErrorBanner error={list.error} retry={() => void list.refetch()} />
      {list.isPending ? <Rows count={3} height={140} /> : null}
      {list.data && !rows.length ? (
        <EmptyState icon={IconArrowsLeftRight} title="No two sides disagree">
          Where both systems changed the same field and no policy decides, both values wait here. Everything else of the
          record goes on meanwhile.
        </EmptyState>
      ) : null}
      <div className={css.groups}>
        {rows.map((row) => (
          <ConflictCard key={row.id} conflict={row} onDone={onDone} />
        ))}
      </div>
      {list.hasNextPage ? (
        <Button variant="default" mt={14} loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
          Show more
        </Button>
      ) : null}
    </>
  );
}
