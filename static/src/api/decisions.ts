/** Rules and decision tables: the check while drawing, files in and out, trying them. */

import { keepPreviousData, useMutation, useQuery } from "@tanstack/react-query";

import type { DecisionTable } from "../model/decision";
import type { Flow, Json, LookupTable, Problem } from "../model/flow";
import { stringifyExact } from "../model/values";
import { api, fetchFile } from "./client";

export interface TableReport {
  problems: Problem[];
  gaps: { example: Record<string, string>; row: string[] }[];
  overlaps: { rows: string[]; example: Record<string, string>; conflict: boolean }[];
  never: string[];
  complete: boolean;
}

export const useTableReport = (table: DecisionTable | null) =>
  useQuery({
    queryKey: ["tables", "check", table],
    queryFn: ({ signal }) => api<TableReport>("/api/tables/check", { method: "POST", body: { table }, signal }),
    enabled: table !== null,
    placeholderData: keepPreviousData,
    staleTime: Infinity,
    gcTime: 60_000,
  });

export const exportTable = (table: DecisionTable, format: "xlsx" | "dmn") =>
  fetchFile("/api/tables/export", { method: "POST", query: { format }, body: { table } });

export function importTable(file: File, table: DecisionTable | null, decision = "") {
  const form = new FormData();
  form.set("file", file);
  if (table) form.set("table", stringifyExact(table));
  if (decision) form.set("decision", decision);
  return api<{ table: DecisionTable | null; decisions: string[] }>("/api/tables/import", { method: "POST", body: form, exact: true });
}

export function readCells(file: File) {
  const form = new FormData();
  form.set("file", file);
  return api<{ rows: string[][] }>("/api/tables/cells", { method: "POST", body: form });
}

export interface FieldChange {
  field: string;
  before: unknown;
  after: unknown;
}

export interface Decided {
  ports: string[];
  message: string;
  cure: string;
  changed: FieldChange[];
}

export interface Tried extends Decided {
  key: string;
  title: string;
  run: string;
  notes: Json[];
}

export interface TrialBody {
  document: unknown;
  tables: Record<string, LookupTable>;
  no_match?: string;
  facts?: unknown;
  records?: { key: string; title: string; data: unknown; steps: unknown }[];
  flow?: string;
  node?: string;
  last?: number;
}

export const useTrial = (kind: "rules" | "tables") =>
  useMutation({
    mutationFn: (body: TrialBody) => api<{ records: Tried[] }>(`/api/${kind}/try`, { method: "POST", body, exact: true }),
  });

export interface Otherwise {
  key: string;
  title: string;
  run: string;
  live: Decided;
  draft: Decided;
  fields: FieldChange[];
  notes: Json[];
}

export interface WhatIf {
  version: number;
  judged: number;
  count: number;
  changed: Otherwise[];
}

export const useWhatIf = (slug: string) =>
  useMutation({
    mutationFn: (body: { node: string; document: Flow }) =>
      api<WhatIf>(`/api/flows/${slug}/what-if`, { method: "POST", body, exact: true }),
  });

export interface ChoiceSourceLike {
  entity: string;
  value: string;
  title: string;
}

/** What a connected system offers to choose from, read live. */
export const useChoices = (connection: string | undefined, source: ChoiceSourceLike | null) =>
  useQuery({
    queryKey: ["choices", connection, source],
    queryFn: () =>
      api<{ value: string; title: string }[]>("/api/choices", {
        query: { connection, entity: source?.entity, value: source?.value, title: source?.title },
      }),
    enabled: Boolean(connection && source?.entity && source.value),
    retry: false,
    staleTime: 60_000,
  });

/** The pre-flight checks; a check is read by whoever shows it. */
export const useChecks = () =>
  useQuery({ queryKey: ["rules", "checks"], queryFn: () => api<{ title: string; checks: unknown[] }>("/api/rules/checks"), staleTime: Infinity });
