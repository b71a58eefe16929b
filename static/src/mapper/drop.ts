import { type DragEvent, useState } from "react";

import { reach, useMapper } from "./context";

/** Makes a row take what is dragged onto it, as long as the source can be reached from there. */
export function useDrop(line: string | null, take: (path: string) => void) {
  const { armed, readOnly } = useMapper();
  const [over, setOver] = useState(false);
  const path = armed && !readOnly ? reach(armed, line) : null;
  const handlers = {
    onDragOver: (event: DragEvent) => {
      if (!path) return;
      event.preventDefault();
      event.stopPropagation();
      setOver(true);
    },
    onDragLeave: () => setOver(false),
    onDrop: (event: DragEvent) => {
      event.preventDefault();
      event.stopPropagation();
      setOver(false);
      if (path) take(path);
    },
  };
  return { over: over && path !== null, handlers };
}
