/** What starts by itself, and when. */

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { api } from "./client";
import type { CountsLike } from "../model/runs";

export interface Schedule {
  id: number;
  flow: { slug: string; name: string };
  node: string;
  kind: "schedule" | "changes" | "after";
  summary: string;
  zone: string | null;
  missed_policy: "skip" | "last" | "all" | "ask" | null;
  state: "on" | "paused" | "flow-paused";
  /** The next ten firings, each as the clock of its zone shows it. */
  next: string[];
  last_at: string | null;
  last_run: { id: string; state: string; at: string; counts: CountsLike; message: string } | null;
  /** What becomes of a run while another one is at work; empty where the trigger has no say in it. */
  overlap: string;
  /** Missed firings that somebody must decide on. */
  asks: string[];
  missed: number;
  message: string;
}

export interface Timing {
  cron: string;
  zone: string;
}

const REFRESH_MS = 15_000;

export const useSchedules = () =>
  useQuery({ queryKey: ["schedules"], queryFn: () => api<Schedule[]>("/api/schedules"), refetchInterval: REFRESH_MS });

export const useZones = () =>
  useQuery({ queryKey: ["schedules", "zones"], queryFn: () => api<string[]>("/api/schedules/zones"), staleTime: Infinity });

export const useFirings = (timing: Timing) =>
  useQuery({
    queryKey: ["schedules", "preview", timing],
    queryFn: ({ signal }) =>
      api<{ summary: string; firings: string[] }>("/api/schedules/preview", { query: { cron: timing.cron, zone: timing.zone }, signal }),
    enabled: timing.cron.trim() !== "",
    retry: false,
    staleTime: 30_000,
  });

export function useScheduleAct(id: number) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (act: "pause" | "resume") => api<Schedule>(`/api/schedules/${id}/${act}`, { method: "POST" }),
    onSettled: () => client.invalidateQueries({ queryKey: ["schedules"] }),
  });
}

export function useCatchUp(id: number) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (choice: "skip" | "last" | "all") =>
      api<{ runs: string[] }>(`/api/schedules/${id}/catch-up`, { method: "POST", body: { choice } }),
    onSettled: () =>
      Promise.all([client.invalidateQueries({ queryKey: ["schedules"] }), client.invalidateQueries({ queryKey: ["runs"] })]),
  });
}
