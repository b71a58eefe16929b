/** One object in all systems: found by any id, number or title, and what happened to it. */

import { useInfiniteQuery, useQuery } from "@tanstack/react-query";

import { api } from "./client";

export interface Thing {
  /** Id of the connection; "flow" for what a trigger brought by itself, `entity` is then the slug of its flow. */
  connection: string;
  connection_name: string;
  system: string;
  entity: string;
  entity_title: string;
  id: string;
  number: string | null;
  link: string | null;
  opens: boolean;
}

export interface Hit {
  title: string;
  things: Thing[];
  last: { outcome: string; message: string; at: string };
}

export interface ChangedField {
  field: string;
  title: string;
  old: unknown;
  new: unknown;
}

export interface TimelineEvent {
  kind: string;
  at: string;
  place: number;
  outcome: string;
  text: string;
  detail: string;
  by: string;
  key: string;
  run: string;
  flow: { slug: string; name: string };
  node: string;
  step: string;
  slot: string;
  number: string | null;
  link: string | null;
  fields: ChangedField[];
}

export interface Timeline {
  title: string;
  things: Thing[];
  events: TimelineEvent[];
  next: number | null;
}

export const useFound = (q: string) =>
  useQuery({
    queryKey: ["records", "find", q],
    queryFn: ({ signal }) => api<{ records: Hit[] }>("/api/records", { query: { q }, signal }),
    enabled: q.trim().length > 1,
    placeholderData: (before) => before,
  });

export const timelinePath = (thing: Pick<Thing, "connection" | "entity" | "id">): string =>
  [thing.connection, thing.entity, thing.id].map(encodeURIComponent).join("/");

export function useTimeline(path: string, everything: boolean) {
  return useInfiniteQuery({
    queryKey: ["records", "timeline", path, everything],
    queryFn: ({ pageParam, signal }) =>
      api<Timeline>(`/api/records/${path}/timeline`, {
        query: { everything: everything || null, before: pageParam },
        exact: true,
        signal,
      }),
    initialPageParam: null as number | null,
    getNextPageParam: (page) => page.next,
    refetchInterval: 30_000,
  });
}

export interface WhyStep {
  did: string;
  value: unknown;
  reason: string;
  step: string;
}

export interface Explained {
  title: string;
  value: unknown;
  old: unknown;
  steps: WhyStep[];
  lines: { field: string; steps: WhyStep[] }[];
  rules: { title: string; because: string; step: string }[];
  made: {
    version: number | null;
    change: { version: number | null; by: string; at: string; note: string; node: string; texts: string[] } | null;
  };
}

export const fetchWhy = (run: string, query: { key: string; node: string; field: string; slot?: string }) =>
  api<Explained>(`/api/runs/${run}/why`, { query, exact: true });
