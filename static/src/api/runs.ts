/** Runs, their records and deliveries, and what waits for an answer. */

import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { api } from "./client";
import type { HeldGroup } from "./held";
import type { Delivery, RecordHistory, RunRecord, RunRow } from "./types";
import type { Json } from "../model/flow";

export interface RunFilters {
  flow?: string;
  state?: string;
  outcome?: string;
  q?: string;
}

const PAGE = 50;
const LIVE_MS = 4_000;
const QUIET_MS = 30_000;
const MOVING = new Set(["queued", "running", "waiting"]);

interface RunPage {
  runs: RunRow[];
  next: string | null;
}

/** How far a step of the live version has read: `mark` the newest change seen, `since` where its next read begins. */
export interface Reading {
  node: string;
  title: string;
  mark: string | null;
  since: string | null;
  run: string | null;
}

export const useWatermarks = (slug: string) =>
  useQuery({
    queryKey: ["runs", "watermarks", slug],
    queryFn: () => api<{ reads: Reading[] }>(`/api/flows/${slug}/watermarks`),
    staleTime: 0,
  });

export function useRuns(filters: RunFilters) {
  return useInfiniteQuery({
    queryKey: ["runs", "list", filters],
    queryFn: ({ pageParam, signal }) =>
      api<RunPage>("/api/runs", { query: { ...filters, before: pageParam, limit: PAGE }, signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    placeholderData: (before) => before,
    refetchInterval: ({ state }) => {
      const moving = state.data?.pages.some((page) => page.runs.some((run) => MOVING.has(run.state)));
      return moving ? LIVE_MS : QUIET_MS;
    },
  });
}

export interface RecordFilters {
  outcome?: string;
  node?: string;
  q?: string;
}

/** `moving`: whether the run still goes on; when it stops, what is shown is asked for once more. */
export function useDeliveries(run: string, filters: RecordFilters, moving: boolean) {
  return useInfiniteQuery({
    queryKey: ["runs", run, "deliveries", filters, moving],
    queryFn: ({ pageParam, signal }) =>
      api<{ deliveries: Delivery[]; next: string | null }>(`/api/runs/${run}/deliveries`, {
        query: { ...filters, after: pageParam, limit: 100 },
        signal,
      }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    placeholderData: (before) => before,
    refetchInterval: moving ? LIVE_MS : false,
  });
}

export function useRecords(run: string, filters: Omit<RecordFilters, "node">, moving: boolean) {
  return useInfiniteQuery({
    queryKey: ["runs", run, "records", filters, moving],
    queryFn: ({ pageParam, signal }) =>
      api<{ records: RunRecord[]; next: string | null }>(`/api/runs/${run}/records`, {
        query: { ...filters, after: pageParam },
        signal,
      }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    placeholderData: (before) => before,
    refetchInterval: moving ? LIVE_MS : false,
  });
}

export const useRecord = (run: string, key: string) =>
  useQuery({
    queryKey: ["runs", run, "records", "one", key],
    queryFn: () => api<RecordHistory>(`/api/runs/${run}/records/${encodeURIComponent(key)}`, { exact: true }),
  });

export interface Retry {
  only: "failed" | "held" | "keys";
  keys?: string[];
  from: "failed-node" | "trigger";
  version: "run" | "current";
}

export function useRetry(run: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: Retry) => api<{ run: string; records: number }>(`/api/runs/${run}/retry`, { method: "POST", body }),
    onSuccess: () => client.invalidateQueries({ queryKey: ["runs"] }),
  });
}

export function useRunAct(run: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (act: "cancel" | "pause" | "resume") => api<null>(`/api/runs/${run}/${act}`, { method: "POST" }),
    onSuccess: () => client.invalidateQueries({ queryKey: ["runs"] }),
  });
}

export const useHeld = () =>
  useQuery({
    queryKey: ["reviews", "held"],
    queryFn: () => api<{ groups: HeldGroup[] }>("/api/reviews", { query: { kind: "held" } }),
    refetchInterval: QUIET_MS,
  });

export interface Answer {
  question: Json;
  answer: Json;
}

/** What became of an answer: `left` go on by themselves within seconds, `problems` tell why some cannot. */
export interface Released {
  version: number;
  runs: string[];
  released: number;
  left: number;
  problems: { message: string; cure: string }[];
}

function useSetFree<Body>(path: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: Body) => api<Released>(path, { method: "POST", body }),
    onSuccess: () =>
      Promise.all([
        client.invalidateQueries({ queryKey: ["reviews"] }),
        client.invalidateQueries({ queryKey: ["runs"] }),
        client.invalidateQueries({ queryKey: ["flows"] }),
      ]),
  });
}

export const useAnswer = () => useSetFree<Answer>("/api/reviews/answer");

export const useRelease = () => useSetFree<{ question: Json; do: "again" | "read" }>("/api/reviews/release");

export function useOwner() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: { question: Json; owner: string }) => api<null>("/api/reviews/owner", { method: "POST", body }),
    onSuccess: () => client.invalidateQueries({ queryKey: ["reviews"] }),
  });
}
