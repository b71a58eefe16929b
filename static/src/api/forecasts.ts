/** What a flow would lack before it is switched on, and the rows that its tables still need. */

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { api } from "./client";
import type { Released } from "./runs";

export interface Amount {
  currency: string;
  amount: string;
}

interface Share {
  node: string;
  step: string;
  count: number;
  of: number;
  percent: string;
  records: { key: string; title: string }[];
}

export interface Lack extends Share {
  entity: string;
  field: string;
  title: string;
  mapped: boolean;
}

export interface Stopped extends Share {
  outcome: "held" | "failed";
  code: string;
  message: string;
}

export interface CoverageKey {
  key: string;
  count: number;
  records: number;
  amounts: Amount[];
  covered: boolean;
  value: string | null;
  proposal: { value: string; title: string; why: string } | null;
}

export interface Coverage {
  table: string;
  title: string;
  column: string;
  columns: string[];
  missing: number;
  amounts: Amount[];
  keys: CoverageKey[];
  options: { value: string; title: string; new: boolean }[];
}

export interface Forecast {
  at: string;
  read: number;
  more: boolean;
  everything: boolean;
  lacks: Lack[];
  stopped: Stopped[];
  tables: Coverage[];
}

export interface Gap {
  flow: { slug: string; name: string };
  at: string;
  tables: Coverage[];
}

export const useForecast = (slug: string) =>
  useQuery({
    queryKey: ["forecasts", slug],
    queryFn: async () => (await api<{ forecast: Forecast | null }>(`/api/flows/${slug}/forecast`)).forecast,
  });

export const useGaps = () =>
  useQuery({
    queryKey: ["forecasts"],
    queryFn: async () => (await api<{ flows: Gap[] }>("/api/forecasts")).flows,
  });

export function useRehearse(slug: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: { everything: boolean }) => api<{ forecast: Forecast }>(`/api/flows/${slug}/forecast`, { method: "POST", body }),
    onSuccess: () => client.invalidateQueries({ queryKey: ["forecasts"] }),
  });
}

export interface NewRows {
  table: string;
  column: string;
  rows: Record<string, Record<string, string>>;
}

export function useAddRows(slug: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: NewRows) => api<Released>(`/api/flows/${slug}/rows`, { method: "POST", body }),
    onSuccess: () =>
      Promise.all(["forecasts", "reviews", "flow", "flows", "runs"].map((key) => client.invalidateQueries({ queryKey: [key] }))),
  });
}
