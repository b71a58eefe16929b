/** Rows of shared lookup tables, page by page, from files, and read live. */

import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { api } from "./client";
import type { SharedDetail } from "./library";

export type Cells = (string | null)[];

export interface RowPage {
  rows: { place: number; cells: Cells }[];
  total: number;
}

/** Rows by their place, null for removed ones; `added` go to the end. */
export interface RowEdits {
  changed: Record<number, Cells | null>;
  added: Cells[];
}

export interface Feed {
  connection: string;
  entity: string;
  fields: Record<string, string>;
  hours: number;
  at?: string | null;
  message?: string;
}

const at = (slug: string, what: string) => `/api/library/${encodeURIComponent(slug)}/${what}`;

export const useRowPage = (slug: string, version: number, offset: number, limit: number, search: string) =>
  useQuery({
    queryKey: ["library", slug, "rows", version, offset, limit, search],
    queryFn: () => api<RowPage>(at(slug, "rows"), { query: { version, offset, limit, search } }),
    placeholderData: keepPreviousData,
  });

function useSaved(slug: string) {
  const client = useQueryClient();
  return (detail: SharedDetail) => {
    client.setQueryData(["library", slug], detail);
    return Promise.all([
      client.invalidateQueries({ queryKey: ["library"], exact: true }),
      client.invalidateQueries({ queryKey: ["library", slug, "versions"] }),
    ]);
  };
}

export function useSaveRows(slug: string) {
  const saved = useSaved(slug);
  return useMutation({
    mutationFn: (body: RowEdits & { base: number; note?: string }) =>
      api<SharedDetail>(at(slug, "rows"), { method: "POST", body, exact: true }),
    onSuccess: saved,
  });
}

export function useImportRows(slug: string) {
  const saved = useSaved(slug);
  return useMutation({
    mutationFn: ({ file, base }: { file: File; base: number }) => {
      const form = new FormData();
      form.set("file", file);
      form.set("base", String(base));
      return api<SharedDetail>(at(slug, "import"), { method: "POST", body: form, exact: true });
    },
    onSuccess: saved,
  });
}

export const useFeed = (slug: string) =>
  useQuery({ queryKey: ["library", slug, "source"], queryFn: () => api<Feed | null>(at(slug, "source")) });

export function useSetFeed(slug: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (feed: Feed | null) =>
      feed
        ? api<Feed>(at(slug, "source"), {
            method: "PUT",
            body: { connection: feed.connection, entity: feed.entity, fields: feed.fields, hours: feed.hours },
          })
        : api<null>(at(slug, "source"), { method: "DELETE" }),
    onSuccess: () => client.invalidateQueries({ queryKey: ["library", slug, "source"] }),
  });
}

export function useRefresh(slug: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => api<{ version: number; rows: number; changed: boolean }>(at(slug, "refresh"), { method: "POST" }),
    onSettled: () => client.invalidateQueries({ queryKey: ["library"] }),
  });
}
