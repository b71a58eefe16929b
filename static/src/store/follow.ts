/** Follows a run: server-sent events while they come, polling when they do not. */

import { fetchRun } from "../api/queries";
import type { RunDetail } from "../api/types";

const POLL_MS = 1500;
const ENDED: ReadonlySet<string> = new Set(["done", "failed", "cancelled"]);

export const hasEnded = (run: RunDetail): boolean => ENDED.has(run.state);

/** Calls `show` with each newer state until the run has ended. @returns a function that stops */
export function followRun(id: string, show: (run: RunDetail) => void, trouble: (error: unknown) => void): () => void {
  let stopped = false;
  let seq = -1;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let stream: EventSource | null = null;

  const take = (run: RunDetail) => {
    if (stopped || run.seq < seq) return;
    seq = run.seq;
    show(run);
  };

  const poll = async (): Promise<void> => {
    try {
      const run = await fetchRun(id);
      take(run);
      trouble(null);
      if (hasEnded(run)) return;
    } catch (error) {
      trouble(error);
    }
    if (!stopped) timer = setTimeout(() => void poll(), POLL_MS);
  };

  const listen = () => {
    stream = new EventSource(`/api/runs/${id}/events`);
    stream.addEventListener("progress", (event: MessageEvent<string>) => {
      trouble(null);
      take(JSON.parse(event.data) as RunDetail);
    });
    stream.addEventListener("end", () => {
      stream?.close();
      void fetchRun(id).then(take, trouble);
    });
    stream.addEventListener("error", () => {
      stream?.close();
      if (!stopped) void poll();
    });
  };

  void fetchRun(id).then((run) => {
    take(run);
    if (!stopped && !hasEnded(run)) listen();
  }, (error: unknown) => {
    trouble(error);
    if (!stopped) timer = setTimeout(() => void poll(), POLL_MS);
  });

  return () => {
    stopped = true;
    clearTimeout(timer);
    stream?.close();
  };
}
