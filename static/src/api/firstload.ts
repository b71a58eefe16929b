/** First loads: the match report, and what people decide on it. */

import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";

import { api } from "./client";

export type Band = "exact" | "likely" | "ambiguous" | "new";

export interface Candidate {
  id: string;
  number: string | null;
  link: string | null;
  values: Record<string, string>;
  exact: boolean;
}

export interface Match {
  node: string;
  key: string;
  root: string;
  title: string;
  message: string;
  entity: string;
  /** What people call that kind of object. */
  thing: string;
  match: Record<string, string>;
  candidates: Candidate[];
  /** `linked`: written to since, and repaired under the cross references. */
  decision: { choice: string; number: string | null; linked: boolean } | null;
  decided_by: string | null;
  can_decide: boolean;
}

export interface MatchReport {
  run: string;
  over: boolean;
  bands: Record<Band | "open" | "held" | "failed" | "skipped", number>;
  rows: Match[];
  next: number | null;
}

export interface Decision {
  /** The id of an object, `new`, `out`, `best` (the only candidate) or `undo`. */
  choice: string;
  records?: { node: string; key: string }[];
  band?: Band;
}

export function useStartFirstLoad(slug: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => api<{ run: string }>(`/api/flows/${slug}/first-load`, { method: "POST" }),
    onSuccess: () => client.invalidateQueries({ queryKey: ["runs"] }),
  });
}

export const useMatches = (run: string, band: Band, q: string) =>
  useInfiniteQuery({
    queryKey: ["runs", run, "matches", band, q],
    queryFn: ({ pageParam, signal }) =>
      api<MatchReport>(`/api/runs/${run}/matches`, { query: { band, q, after: pageParam }, signal }),
    initialPageParam: null as number | null,
    getNextPageParam: (page) => page.next,
    placeholderData: (before) => before,
  });

export function useDecide(run: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: Decision) => api<{ decided: number }>(`/api/runs/${run}/matches`, { method: "POST", body }),
    onSuccess: () =>
      Promise.all([
        client.invalidateQueries({ queryKey: ["runs", run, "matches"] }),
        client.invalidateQueries({ queryKey: ["references"] }),
      ]),
  });
}
