import { useEffect, useState } from "react";

import type { RunDetail } from "../api/types";
import { followRun } from "../store/follow";

/** A run as it is now: live while it goes, by events or by asking again. */
export function useRun(id: string): { run: RunDetail | null; error: unknown } {
  const [run, setRun] = useState<RunDetail | null>(null);
  const [error, setError] = useState<unknown>(null);
  useEffect(() => followRun(id, setRun, setError), [id]);
  return { run: run?.id === id ? run : null, error };
}
