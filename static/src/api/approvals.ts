/** What waits for people to let it through, and their decisions. */

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { api } from "./client";
import type { TraceStep } from "./types";
import type { Json } from "../model/flow";

export interface Vote {
  name: string;
  decision: "approve" | "decline";
  comment: string;
  at: string;
}

export interface ApprovalRow {
  id: number;
  question: string;
  amount: string;
  title: string;
  key: string;
  state: "open" | "approved" | "declined" | "expired" | "withdrawn";
  flow: { slug: string; name: string };
  run: string;
  asked_by: string[];
  by: string;
  since: string;
  deadline: string | null;
  quorum: number;
  has_form: boolean;
  mine: boolean;
  votes: Vote[];
  decided_by: string;
  decided_at: string | null;
  reason: string;
  released: string | null;
}

export interface AskedField {
  name: string;
  title: string;
  type: "text" | "number" | "date" | "yes_no" | "choice";
  required: boolean;
  choices: string[];
}

export interface ApprovalDetail extends ApprovalRow {
  data: unknown;
  form: AskedField[];
  values: Json;
  why_not: string;
  /** Whether the person at the screen may take the question back. */
  may_withdraw: boolean;
  delegates: { id: string; name: string; email: string }[];
}

export interface Decision {
  decision: "approve" | "decline";
  comment: string;
  form?: Record<string, string>;
}

export interface Outcome {
  id: number;
  state: ApprovalRow["state"];
  run: string | null;
  decided_by: string;
}

const EVERY_MS = 15_000;

export const useApprovals = (of: "mine" | "all", state: "open" | "decided" = "open") =>
  useQuery({
    queryKey: ["reviews", "approvals", of, state],
    queryFn: () => api<{ approvals: ApprovalRow[] }>("/api/reviews", { query: { kind: "approval", of, state } }),
    refetchInterval: EVERY_MS,
  });

export const useApproval = (id: number) =>
  useQuery({
    queryKey: ["reviews", "approvals", "one", id],
    queryFn: () => api<ApprovalDetail>(`/api/approvals/${id}`, { exact: true }),
  });

export const useApprovalPreview = (id: number) =>
  useQuery({
    queryKey: ["reviews", "approvals", "preview", id],
    queryFn: () => api<{ steps: TraceStep[] }>(`/api/approvals/${id}/preview`, { exact: true }),
    retry: false,
    staleTime: 60_000,
  });

function useAfterDecision() {
  const client = useQueryClient();
  return () =>
    Promise.all([client.invalidateQueries({ queryKey: ["reviews"] }), client.invalidateQueries({ queryKey: ["runs"] })]);
}

export function useDecide(id: number) {
  const after = useAfterDecision();
  return useMutation({
    mutationFn: (body: Decision) => api<Outcome>(`/api/approvals/${id}/decision`, { method: "POST", body }),
    onSuccess: after,
  });
}

export function useDecideMany() {
  const after = useAfterDecision();
  return useMutation({
    mutationFn: (body: Omit<Decision, "form"> & { ids: number[] }) =>
      api<{ done: Outcome[]; problems: { id: number; message: string }[] }>("/api/approvals/decide", { method: "POST", body }),
    onSuccess: after,
  });
}

export function useDelegate(id: number) {
  const after = useAfterDecision();
  return useMutation({
    mutationFn: (user: string) => api<ApprovalDetail>(`/api/approvals/${id}/delegate`, { method: "POST", body: { user } }),
    onSuccess: after,
  });
}

export function useWithdraw(id: number) {
  const after = useAfterDecision();
  return useMutation({
    mutationFn: (reason: string) => api<Outcome>(`/api/approvals/${id}/withdraw`, { method: "POST", body: { reason } }),
    onSuccess: after,
  });
}
