/** What a flow needs of other flows, who needs it, and switching it on and off. */

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { api } from "./client";
import type { FlowDetail, FlowState } from "./types";

export interface NeedingFlow {
  slug: string;
  name: string;
  state: FlowState;
}

export interface Needs {
  objects: {
    entity: string;
    title: string;
    /** `here`: this flow writes it itself; `flows`: who else does. */
    needs: { entity: string; fields: string[]; here: boolean; flows: NeedingFlow[] }[];
  }[];
  needed_by: NeedingFlow[];
}

export const useNeeds = (slug: string) =>
  useQuery({ queryKey: ["needs", slug], queryFn: () => api<Needs>(`/api/flows/${slug}/needs`), staleTime: 0 });

export function useSwitch(slug: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: { state: "live" | "paused"; with_needed: boolean }) => api<FlowDetail>(`/api/flows/${slug}`, { method: "PATCH", body }),
    onSuccess: () => Promise.all(["flows", "needs", "drifts", "schedules"].map((key) => client.invalidateQueries({ queryKey: [key] }))),
  });
}
