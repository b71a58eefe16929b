/** Who changed what, and when. */

import { useInfiniteQuery, useQuery } from "@tanstack/react-query";

import { address, api } from "./client";

export interface AuditEntry {
  id: number;
  at: string;
  actor: string;
  /** Such as `flow.publish`. */
  action: string;
  /** The first word of the action. */
  kind: string;
  /** With `actor` before it and `name` behind it a sentence. */
  did: string;
  name: string;
  /** The id of what it was done to. */
  subject: string;
  detail: Record<string, unknown>;
}

export interface AuditFilters {
  q?: string;
  actor?: string;
  kind?: string;
  /** Days, as the person's calendar has them. */
  from?: string;
  to?: string;
}

/** What the server is asked: days become the moments at which they begin here. */
function wanted({ from, to, ...rest }: AuditFilters) {
  return { ...rest, since: begins(from, 0), until: begins(to, 1) };
}

function begins(day: string | undefined, later: number): string | undefined {
  if (!day) return undefined;
  const at = new Date(`${day}T00:00`);
  at.setDate(at.getDate() + later);
  return Number.isNaN(at.getTime()) ? undefined : at.toISOString();
}

export const auditCsv = (filters: AuditFilters) => address("/api/audit.csv", wanted(filters));

export const useAudit = (filters: AuditFilters) =>
  useInfiniteQuery({
    queryKey: ["audit", filters],
    queryFn: ({ pageParam, signal }) =>
      api<{ entries: AuditEntry[]; next: number | null }>("/api/audit", { query: { ...wanted(filters), before: pageParam, limit: 50 }, signal }),
    initialPageParam: null as number | null,
    getNextPageParam: (page) => page.next,
    placeholderData: (before) => before,
  });

export const useAuditChoices = () =>
  useQuery({
    queryKey: ["audit", "choices"],
    queryFn: () => api<{ people: string[]; kinds: { id: string; title: string }[] }>("/api/audit/choices"),
  });
