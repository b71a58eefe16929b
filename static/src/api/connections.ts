/** Connections: tested before they are kept, and never telling a secret. */

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import type { Json } from "../model/flow";
import { api } from "./client";
import type { Board, Connection, Health, Limits } from "./types";

export interface ConnectionDraft {
  system: string;
  name: string;
  settings: Json;
  secrets: Json;
}

export function useTestDraft() {
  return useMutation({
    mutationFn: (draft: Omit<ConnectionDraft, "name"> & { id?: string }) =>
      api<Health>("/api/connections/test", { method: "POST", body: draft }),
  });
}

export function useTestConnection(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => api<Health>(`/api/connections/${id}/test`, { method: "POST" }),
    onSettled: () => client.invalidateQueries({ queryKey: ["connections"], exact: true }),
  });
}

export function useSaveConnection(id: string | null) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ system, ...draft }: ConnectionDraft & { force?: boolean; revision?: number }) =>
      id
        ? api<Connection>(`/api/connections/${id}`, { method: "PATCH", body: draft })
        : api<Connection>("/api/connections", { method: "POST", body: { system, ...draft } }),
    onSuccess: () => client.invalidateQueries({ queryKey: ["connections"] }),
  });
}

export const useBoard = (id: string) =>
  useQuery({ queryKey: ["connections", id, "limits"], queryFn: () => api<Board>(`/api/connections/${id}/limits`), refetchInterval: 15_000 });

export function useSaveLimits(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (limits: Limits | null) => api<Board>(`/api/connections/${id}/limits`, { method: "PUT", body: { limits } }),
    onSuccess: (board) => {
      client.setQueryData(["connections", id, "limits"], board);
      return client.invalidateQueries({ queryKey: ["connections"], exact: true });
    },
  });
}

export function useDeleteConnection(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => api<null>(`/api/connections/${id}`, { method: "DELETE" }),
    onSuccess: () => client.invalidateQueries({ queryKey: ["connections"] }),
  });
}
