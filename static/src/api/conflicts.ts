/** What both sides of a two-way flow changed: what waits, and deciding it. */

import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";

import type { Pair } from "../model/pairs";
import { api } from "./client";
import type { Thing } from "./records";

export type Side = "left" | "right";

export interface ConflictField {
  /** The pair of fields, as decisions name it. */
  field: string;
  left: string;
  right: string;
  title: string;
  agreed: { left: unknown; right: unknown } | null;
  left_value: unknown;
  right_value: unknown;
  left_at: string | null;
  right_at: string | null;
  left_by: string;
  right_by: string;
  proposal: Side | "";
  reason: string;
  /** The flow that is to decide it, the run in which it was asked, and how that one stands; run null: it is not live. */
  asked: { flow: string; run: string | null; state: string } | null;
  /** In how many open conflicts of this step the same field waits, this one included. */
  alike: number;
  policy: string;
  /** A table translates between the two sides, so their values look different. */
  translated: boolean;
}

export interface Conflict {
  id: number;
  title: string;
  flow: { slug: string; name: string } | null;
  node: string;
  step: string;
  run: string;
  since: string;
  left: Thing;
  right: Thing;
  /** The rule sets of the flow. */
  rules: { value: string; label: string }[];
  fields: ConflictField[];
}

export interface ConflictPage {
  conflicts: Conflict[];
  count: number;
  next: number | null;
}

export const useConflicts = () =>
  useInfiniteQuery({
    queryKey: ["reviews", "conflicts"],
    queryFn: ({ pageParam, signal }) => api<ConflictPage>("/api/conflicts", { query: { after: pageParam }, exact: true, signal }),
    initialPageParam: null as number | null,
    getNextPageParam: (page) => page.next,
    refetchInterval: 15_000,
  });

export interface Choice {
  take: Side | "value";
  value?: string;
}

/** Who decides a field from now on, with what that policy needs. */
export type Remembered = Pick<Pair, "policy" | "state" | "rules" | "flow">;

export interface Decided {
  decided: number;
  runs: string[];
  version: number | null;
  problems: { id: number; message: string }[];
}

function useAfter() {
  const client = useQueryClient();
  return () =>
    Promise.all(["reviews", "runs", "records", "flows"].map((key) => client.invalidateQueries({ queryKey: [key] })));
}

export function useDecideConflict(id: number) {
  const after = useAfter();
  return useMutation({
    mutationFn: (body: { fields: Record<string, Choice>; remember: Record<string, Remembered> }) =>
      api<Decided>(`/api/conflicts/${id}/decide`, { method: "POST", body }),
    onSettled: after,
  });
}

export function useDecideAlike() {
  const after = useAfter();
  return useMutation({
    mutationFn: (body: { flow: string; node: string; field: string; take: Side | "proposal"; remember: Remembered | null }) =>
      api<Decided>("/api/conflicts/decide", { method: "POST", body }),
    onSettled: after,
  });
}
