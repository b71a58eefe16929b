/** Which object of one system is which of another. */

import { keepPreviousData, useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { api } from "./client";

export type ReferenceState = "linked" | "new" | "out" | "deleted" | "creating" | "doubt";

export interface ReferenceSide {
  connection: string;
  connection_name: string;
  entity: string;
  id: string;
}

export interface Reference {
  id: number;
  /** `title`: what people call it, empty where no run has told. */
  left: ReferenceSide & { title: string };
  right: Omit<ReferenceSide, "id"> & { id: string | null; number: string | null; link: string | null };
  state: ReferenceState;
  outcome: string;
  flows: { slug: string; name: string; step: string }[];
  written_at: string;
}

export interface Imported {
  added: number;
  changed: number;
  unchanged: number;
  applied: boolean;
}

export type Side = Omit<ReferenceSide, "connection_name">;
export type Repair = { right_id: string; both: boolean } | { state: "new" | "out" };

interface Page {
  references: Reference[];
  next: number | null;
}

export const CSV = "/api/references.csv";

export const useReferences = (filters: Record<string, string>) =>
  useInfiniteQuery({
    queryKey: ["references", filters],
    queryFn: ({ pageParam, signal }) => api<Page>("/api/references", { query: { ...filters, before: pageParam }, signal }),
    initialPageParam: null as number | null,
    getNextPageParam: (page) => page.next,
    placeholderData: (before) => before,
  });

function useChange<Given, Answer>(change: (given: Given) => Promise<Answer>) {
  const client = useQueryClient();
  return useMutation({ mutationFn: change, onSuccess: () => client.invalidateQueries({ queryKey: ["references"] }) });
}

export const useRepair = (id: number) =>
  useChange((body: Repair) => api<Reference>(`/api/references/${id}`, { method: "PATCH", body }));

export const useForget = (id: number) =>
  useChange(() => api<{ id: number }>(`/api/references/${id}`, { method: "DELETE" }));

export const useLink = () =>
  useChange((body: { left: Side; right: Side; both: boolean }) => api<Reference>("/api/references", { method: "POST", body }));

export const useImport = () =>
  useChange((body: { csv: string; apply: boolean }) => api<Imported>("/api/references/import", { method: "POST", body }));

/** An object of a connected system, as it was found there just now. */
export interface Found {
  id: string;
  number: string | null;
  title: string;
  link: string | null;
}

/** Objects by their id, their number or a part of their name. */
export const useObjects = (connection: string, entity: string, q: string) =>
  useQuery({
    queryKey: ["references", "objects", connection, entity, q],
    queryFn: ({ signal }) => api<{ objects: Found[] }>("/api/references/objects", { query: { connection, entity, q }, signal }),
    enabled: q !== "",
    placeholderData: keepPreviousData,
    retry: false,
  });
