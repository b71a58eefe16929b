import { Button } from "@mantine/core";

import css from "./list.module.css";

export interface Paged {
  hasNextPage: boolean;
  isFetchingNextPage: boolean;
  fetchNextPage: () => unknown;
}

/** The way to the next page of a list; nothing behind the last one. */
export function More({ of, text = "Show more" }: { of: Paged; text?: string }) {
  if (!of.hasNextPage) return null;
  return (
    <div className={css.more}>
      <Button variant="default" loading={of.isFetchingNextPage} onClick={() => void of.fetchNextPage()}>
        {text}
      </Button>
    </div>
  );
}
