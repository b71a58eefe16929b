/** What flows share: rule sets, decision tables and lookup tables, and their versions. */

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import type { Entity, Flow, Json, Problem } from "../model/flow";
import { api } from "./client";
import type { Otherwise } from "./decisions";

export type SharedKind = "rules" | "decision" | "lookup";

export interface SharedUser {
  slug: string;
  name: string;
  live: number | null;
  draft: number | null;
}

export interface SharedEntry {
  slug: string;
  kind: SharedKind;
  title: string;
  description: string;
  version: number;
  rows: number;
  updated_at: string;
  by: string;
  live_source: boolean;
  /** Of a lookup table. */
  columns: string[];
  rates: boolean;
  used_by: SharedUser[];
}

export interface SharedDetail extends SharedEntry {
  document: Json;
  shape: Entity | null;
}

export interface SharedVersion {
  number: number;
  at: string;
  by: string;
  note: string;
  rows: number;
}

export interface ImpactStep {
  node: string;
  title: string;
  judged: number;
  count: number;
  complete: boolean;
  problem: string;
  changed: Otherwise[];
}

export interface Impact {
  days: number;
  judged: number;
  count: number;
  flows: (SharedUser & { steps: ImpactStep[] })[];
}

export type SharedParts = Pick<Flow, "tables" | "rules" | "decisions" | "shared">;

const at = (slug: string) => `/api/library/${encodeURIComponent(slug)}`;

export const useLibrary = () => useQuery({ queryKey: ["library"], queryFn: () => api<SharedEntry[]>("/api/library") });

export const useShared = (slug: string) =>
  useQuery({
    queryKey: ["library", slug],
    queryFn: () => api<SharedDetail>(at(slug), { exact: true }),
    staleTime: Infinity,
    gcTime: 0,
  });

export const useSharedVersions = (slug: string) =>
  useQuery({ queryKey: ["library", slug, "versions"], queryFn: () => api<SharedVersion[]>(`${at(slug)}/versions`) });

export const useSharedDiff = (slug: string, from: number, to: number) =>
  useQuery({
    queryKey: ["library", slug, "diff", from, to],
    queryFn: () => api<{ changes: string[] }>(`${at(slug)}/diff`, { query: { from, to } }),
    enabled: from !== to && from > 0,
    staleTime: Infinity,
  });

export const useSharedCheck = (slug: string, document: Json) =>
  useQuery({
    queryKey: ["library", slug, "check", document],
    queryFn: ({ signal }) => api<{ problems: Problem[] }>(`${at(slug)}/check`, { method: "POST", body: { document }, signal }),
    placeholderData: (before) => before,
    staleTime: Infinity,
    gcTime: 60_000,
  });

export const sharedDocument = (slug: string, number: number) => api<Json>(`${at(slug)}/versions/${number}`, { exact: true });

export function useCreateShared() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: { kind: SharedKind; title: string; description?: string; document?: unknown }) =>
      api<SharedDetail>("/api/library", { method: "POST", body, exact: true }),
    onSuccess: () => client.invalidateQueries({ queryKey: ["library"], exact: true }),
  });
}

export function useSaveShared(slug: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: { document: Json; base: number; note: string }) =>
      api<SharedDetail>(`${at(slug)}/versions`, { method: "POST", body, exact: true }),
    onSuccess: (detail) => {
      client.setQueryData(["library", slug], detail);
      return Promise.all([
        client.invalidateQueries({ queryKey: ["library"], exact: true }),
        client.invalidateQueries({ queryKey: ["library", slug, "versions"] }),
      ]);
    },
  });
}

export function useDeleteShared(slug: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => api<null>(at(slug), { method: "DELETE" }),
    onSuccess: () => client.invalidateQueries({ queryKey: ["library"], exact: true }),
  });
}

export const useImpact = (slug: string) =>
  useMutation({
    mutationFn: (document: Json) => api<Impact>(`${at(slug)}/impact`, { method: "POST", body: { document }, exact: true }),
  });

/** The parts of a drawing in which it uses a version, the newest if none is named; nothing is stored by asking. */
export const takeShared = (slug: string, document: Flow, version?: number) =>
  api<SharedParts>(`${at(slug)}/take`, { method: "POST", body: { document, version: version ?? null }, exact: true });
