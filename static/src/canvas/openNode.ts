/** Which node's panel is open, and how to open another: the URL says it (`?node=`). */

import { createContext, useContext } from "react";

export interface OpenNode {
  open: string | null;
  openNode: (id: string | null, field?: string | null) => void;
}

export const OpenNodeContext = createContext<OpenNode>({ open: null, openNode: () => undefined });
export const useOpenNode = (): OpenNode => useContext(OpenNodeContext);
