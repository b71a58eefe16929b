/** Server state, one hook a question. Keys start with what the answer is about, so that one line invalidates it. */

import { queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import type { Wanted } from "../model/reading";
import type { Catalog, Entity, Flow, Summary } from "../model/flow";
import { plainNumber } from "../model/values";
import { api, rememberCsrf } from "./client";
import type {
  Connection,
  Diff,
  FlowDetail,
  FlowRow,
  Preview,
  Role,
  RunDetail,
  RunMode,
  Sandbox,
  Saved,
  Session,
  Template,
  Version,
} from "./types";

export const sessionQuery = queryOptions({
  queryKey: ["session"],
  queryFn: async () => {
    const session = await api<Session>("/api/session");
    rememberCsrf(session.csrf);
    return session;
  },
  staleTime: 5 * 60_000,
});

export const useSession = () => useQuery(sessionQuery);

const RANKS: readonly Role[] = ["viewer", "operator", "editor", "admin"];

/** Whether the person may do what needs this role; the server decides, this keeps dead buttons off the screen. */
export function useMay(role: Role): boolean {
  const mine = useSession().data?.user?.role;
  return mine !== undefined && RANKS.indexOf(mine) >= RANKS.indexOf(role);
}

export function useSignIn() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (credentials: { email: string; password: string }) =>
      api<Session>("/api/session", { method: "POST", body: credentials }),
    onSuccess: (session) => {
      rememberCsrf(session.csrf);
      client.setQueryData(sessionQuery.queryKey, session);
      return client.invalidateQueries();
    },
  });
}

export function useSignOut() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => api<null>("/api/session", { method: "DELETE" }),
    onSuccess: () => {
      client.clear();
      return client.invalidateQueries();
    },
  });
}

export const useCatalog = () =>
  useQuery({ queryKey: ["catalog"], queryFn: () => api<Catalog>("/api/catalog"), staleTime: Infinity });

export const useConnections = () =>
  useQuery({ queryKey: ["connections"], queryFn: () => api<Connection[]>("/api/connections") });

export const useEntities = (connection: string | undefined) =>
  useQuery({
    queryKey: ["connections", connection, "entities"],
    queryFn: () => api<Summary[]>(`/api/connections/${connection ?? ""}/entities`),
    enabled: Boolean(connection),
    staleTime: 5 * 60_000,
  });

export const entityQuery = (connection: string | undefined, entity: string | null | undefined) =>
  queryOptions({
    queryKey: ["connections", connection, "entities", entity],
    queryFn: () =>
      api<Entity>(`/api/connections/${connection ?? ""}/entities/${encodeURIComponent(entity ?? "")}`),
    enabled: Boolean(connection && entity),
    staleTime: 5 * 60_000,
  });

export const useEntity = (connection: string | undefined, entity: string | null | undefined) => useQuery(entityQuery(connection, entity));

export const useOptions = (connection: string | undefined, entity: string | undefined, field: string | undefined) =>
  useQuery({
    queryKey: ["connections", connection, "entities", entity, "options", field],
    queryFn: () =>
      api<{ value: string; title: string }[]>(
        `/api/connections/${connection ?? ""}/entities/${encodeURIComponent(entity ?? "")}/options/${encodeURIComponent(field ?? "")}`,
      ),
    enabled: Boolean(connection && entity && field),
    staleTime: 60_000,
  });

export const useFlows = () => useQuery({ queryKey: ["flows"], queryFn: () => api<FlowRow[]>("/api/flows") });

export const useTemplates = () =>
  useQuery({ queryKey: ["templates"], queryFn: () => api<Template[]>("/api/templates"), staleTime: Infinity });

/** Positions are drawn, so they are plain numbers whichever way they were written. */
export function withPlainLayout(document: Flow): Flow {
  const layout = Object.fromEntries(
    Object.entries(document.layout).map(([id, at]) => [id, { x: plainNumber(at.x), y: plainNumber(at.y) }]),
  );
  return { ...document, layout };
}

export async function fetchFlow(slug: string): Promise<FlowDetail> {
  const detail = await api<FlowDetail>(`/api/flows/${slug}`, { exact: true });
  return { ...detail, document: withPlainLayout(detail.document) };
}

export const useFlow = (slug: string) =>
  useQuery({ queryKey: ["flow", slug], queryFn: () => fetchFlow(slug), staleTime: Infinity, gcTime: 0 });

export const saveDraft = (slug: string, document: Flow, revision: number) =>
  api<Saved>(`/api/flows/${slug}/draft`, { method: "PUT", body: { document, revision } });

export const checkFlow = (document: Flow, bindings: Record<string, string>, signal: AbortSignal) =>
  api<Saved>("/api/flows/check", { method: "POST", body: { document, bindings }, signal });

export async function previewFlow(
  slug: string,
  body: { document: Flow; records?: unknown; input?: unknown; limit?: number },
): Promise<Preview> {
  const preview = await api<Preview>(`/api/flows/${slug}/preview`, { method: "POST", body, exact: true });
  const nodes = Object.entries(preview.nodes).map(([id, count]) => [id, { ...count, ms: plainNumber(count.ms ?? 0) }]);
  return { ...preview, nodes: Object.fromEntries(nodes) as Preview["nodes"] };
}

export const bindSlots = (slug: string, bindings: Record<string, string>) =>
  api<null>(`/api/flows/${slug}/bindings`, { method: "PUT", body: bindings });

export const useVersions = (slug: string, enabled = true) =>
  useQuery({ queryKey: ["versions", slug], queryFn: () => api<Version[]>(`/api/flows/${slug}/versions`), enabled });

export const useDiff = (slug: string, from: string | number | null, to: string | number, enabled = true) =>
  useQuery({
    queryKey: ["diff", slug, from, to],
    queryFn: () => api<Diff>(`/api/flows/${slug}/diff`, { query: { from, to } }),
    enabled: enabled && from !== null,
    staleTime: 0,
  });

export async function fetchVersion(slug: string, number: number): Promise<Flow> {
  return withPlainLayout(await api<Flow>(`/api/flows/${slug}/versions/${number}`, { exact: true }));
}

export function usePublish(slug: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: { revision: number; note: string }) =>
      api<{ version: number }>(`/api/flows/${slug}/publish`, { method: "POST", body }),
    onSuccess: () =>
      Promise.all([
        client.invalidateQueries({ queryKey: ["versions", slug] }),
        client.invalidateQueries({ queryKey: ["flows"] }),
      ]),
  });
}

export function useStartRun(slug: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: { mode: RunMode; version?: number } & Wanted) =>
      api<{ run: string }>(`/api/flows/${slug}/runs`, { method: "POST", body }),
    onSuccess: () => client.invalidateQueries({ queryKey: ["runs"] }),
  });
}

export const fetchRun = (id: string, after?: number, signal?: AbortSignal) =>
  api<RunDetail>(`/api/runs/${id}`, { query: { after }, signal });

export async function fetchRunDocument(id: string): Promise<Flow> {
  return withPlainLayout(await api<Flow>(`/api/runs/${id}/document`, { exact: true }));
}

export const useRunDocument = (id: string) =>
  useQuery({ queryKey: ["runs", id, "document"], queryFn: () => fetchRunDocument(id), staleTime: Infinity });

export const useSandboxes = (enabled: boolean) =>
  useQuery({ queryKey: ["sandboxes"], queryFn: () => api<Sandbox[]>("/api/sandboxes"), enabled });
