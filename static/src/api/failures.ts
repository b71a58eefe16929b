/** Failed records by cause: who looks after them, trying them again, correcting one. */

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import type { Json } from "../model/flow";
import { api } from "./client";
import type { Retry } from "./runs";
import type { FailedGroup } from "./types";

const QUIET_MS = 30_000;
const LIVE_MS = 2_000;

/** Asked anew often until `until` (ms), while what is tried again leaves the list. */
export const useFailed = (snoozed = false, until = 0) =>
  useQuery({
    queryKey: ["reviews", "failed", snoozed],
    queryFn: () =>
      api<{ groups: FailedGroup[]; records: number }>("/api/reviews", { query: { kind: "failed", snoozed: snoozed || null } }),
    refetchInterval: () => (Date.now() < until ? LIVE_MS : QUIET_MS),
  });

export const usePeople = () =>
  useQuery({
    queryKey: ["reviews", "people"],
    queryFn: () => api<{ email: string; name: string }[]>("/api/reviews/people"),
    staleTime: 5 * 60_000,
  });

export interface Care {
  assignee?: string;
  snoozed_until?: string | null;
}

export function useCare(cause: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: Care) => api<null>(`/api/reviews/failed/${cause}/care`, { method: "POST", body }),
    onSuccess: () => client.invalidateQueries({ queryKey: ["reviews"] }),
  });
}

export interface RetryFailed {
  /** null: everything that failed. */
  causes: string[] | null;
  from: Retry["from"];
  version: Retry["version"];
}

export function useRetryFailed() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: RetryFailed) =>
      api<{ runs: string[]; records: number; problems: { message: string }[] }>("/api/reviews/failed/retry", { method: "POST", body }),
    onSuccess: () =>
      Promise.all([client.invalidateQueries({ queryKey: ["reviews"] }), client.invalidateQueries({ queryKey: ["runs"] })]),
  });
}

export function useCorrect(run: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: { key: string; data: Json; from: Retry["from"]; version: Retry["version"] }) =>
      api<{ run: string }>(`/api/runs/${run}/correct`, { method: "POST", body }),
    onSuccess: () =>
      Promise.all([client.invalidateQueries({ queryKey: ["reviews"] }), client.invalidateQueries({ queryKey: ["runs"] })]),
  });
}
