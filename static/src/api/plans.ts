/** Dry runs as plans, and runs that their budget has paused. */

import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";

import { api } from "./client";
import type { Plan } from "./types";

export interface PlanFilters {
  outcome?: string;
  q?: string;
}

export function usePlan(run: string, filters: PlanFilters) {
  return useInfiniteQuery({
    queryKey: ["runs", run, "plan", filters],
    queryFn: ({ pageParam, signal }) =>
      api<Plan>(`/api/runs/${run}/plan`, { query: { ...filters, after: pageParam }, exact: true, signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    placeholderData: (before) => before,
  });
}

export function useExecute(run: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => api<{ run: string }>(`/api/runs/${run}/execute`, { method: "POST" }),
    onSuccess: () => client.invalidateQueries({ queryKey: ["runs"] }),
  });
}

export function useAllow(run: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => api<null>(`/api/runs/${run}/allow`, { method: "POST" }),
    onSuccess: () => client.invalidateQueries({ queryKey: ["runs"] }),
  });
}
