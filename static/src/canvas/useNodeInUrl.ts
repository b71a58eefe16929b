import { useMemo } from "react";
import { useSearchParams } from "react-router";

import { useView } from "../store/view";
import type { OpenNode } from "./openNode";

/** The open panel is part of the address, so that back, forward and a sent link find it. */
export function useNodeInUrl(): OpenNode {
  const [search, setSearch] = useSearchParams();
  const open = search.get("node");
  return useMemo(
    () => ({
      open,
      openNode: (id, field = null) => {
        useView.setState({ focusField: field });
        if (id === open) return;
        setSearch(
          (before) => {
            const next = new URLSearchParams(before);
            if (id) next.set("node", id);
            else next.delete("node");
            return next;
          },
          { replace: open !== null && id !== null },
        );
      },
    }),
    [open, setSearch],
  );
}
