/** What goes live with a second person: asking for it, and deciding on what others ask for. */

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { api } from "./client";
import type { Change } from "./types";

export interface PublicationRow {
  id: number;
  flow: { slug: string; name: string };
  state: "open" | "published" | "returned" | "withdrawn" | "replaced";
  note: string;
  base: number | null;
  asked_by: string;
  since: string;
  /** Whether the person at the screen may decide it, and whether it is their own. */
  mine: boolean;
  own: boolean;
  why_not: string;
  decided_by: string;
  decided_at: string | null;
  comment: string;
  version: number | null;
}

export interface PublicationDetail extends PublicationRow {
  first: boolean;
  changes: Change[];
  steps: string[];
  connections: { slot: string; name: string }[];
}

/** Where a flow stands with its second person. */
export interface Standing {
  guarded: boolean;
  reviewers: string[];
  request: PublicationRow | null;
  returned: PublicationRow | null;
}

const EVERY_MS = 15_000;

export const usePublications = (state: "open" | "decided" = "open") =>
  useQuery({
    queryKey: ["publications", state],
    queryFn: () => api<{ publications: PublicationRow[] }>("/api/publications", { query: { state } }),
    refetchInterval: EVERY_MS,
  });

export const usePublication = (id: number) =>
  useQuery({ queryKey: ["publications", "one", id], queryFn: () => api<PublicationDetail>(`/api/publications/${id}`) });

export const useStanding = (slug: string, enabled = true) =>
  useQuery({
    queryKey: ["publications", "of", slug],
    queryFn: () => api<Standing>(`/api/flows/${slug}/request`),
    enabled,
    staleTime: 0,
    gcTime: 0,
  });

function useAfter() {
  const client = useQueryClient();
  return () =>
    Promise.all(["publications", "flows", "versions"].map((key) => client.invalidateQueries({ queryKey: [key] })));
}

export function useAskForPublication(slug: string) {
  const after = useAfter();
  return useMutation({
    mutationFn: (body: { revision: number; note: string; bindings: Record<string, string> }) =>
      api<PublicationDetail>(`/api/flows/${slug}/request`, { method: "POST", body }),
    onSuccess: after,
  });
}

export function useDecidePublication(id: number) {
  const after = useAfter();
  return useMutation({
    mutationFn: ({ act, comment }: { act: "publish" | "return" | "withdraw"; comment: string }) =>
      api<{ version?: number }>(`/api/publications/${id}/${act}`, { method: "POST", body: act === "withdraw" ? undefined : { comment } }),
    onSuccess: after,
  });
}
