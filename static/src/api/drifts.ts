/** What became different in the systems since a flow was published. */

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { api } from "./client";

export interface Drift {
  kind: "gone" | "removed" | "type" | "mandatory";
  slot: string;
  entity: string;
  field: string;
  message: string;
  rows: { node: string; step: string; row: string }[];
  renamed: string;
}

export interface DriftReport {
  at: string;
  version: number;
  drifts: Drift[];
  paused: boolean;
  /** Objects that could not be looked at: `slot/entity`. */
  unseen: string[];
}

export interface DriftedFlow extends DriftReport {
  flow: { slug: string; name: string; state: "draft" | "live" | "paused" };
}

export const useDrift = (slug: string) =>
  useQuery({
    queryKey: ["drifts", slug],
    queryFn: async () => (await api<{ drift: DriftReport | null }>(`/api/flows/${slug}/drift`)).drift,
  });

export const useDrifts = () =>
  useQuery({ queryKey: ["drifts"], queryFn: async () => (await api<{ flows: DriftedFlow[] }>("/api/drifts")).flows });

export function useLookForDrift(slug: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async () => (await api<{ drift: DriftReport }>(`/api/flows/${slug}/drift`, { method: "POST" })).drift,
    onSuccess: () => Promise.all(["drifts", "flows"].map((key) => client.invalidateQueries({ queryKey: [key] }))),
  });
}
