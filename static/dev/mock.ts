/** An answer to every question of the editor, for working on it without a server: HEDDLE_MOCK=1. Not part of the build. */

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Plugin } from "vite";

import type { Flow, Problem } from "../src/model/flow";
import { catalog, drawing, opportunity, summaries } from "./drawing.ts";

let document: Flow = drawing;
let revision = 1;
const bindings: Record<string, string> = { crm: "c1" };
const started = Date.now();

const problems = (flow: Flow): Problem[] =>
  flow.nodes.flatMap((node): Problem[] => {
    const at = { node: node.id, port: null };
    if (node.id === "map") return [{ code: "P-REQUIRED", message: "Invoice needs a due date, and no row sets WHENDUE.", cure: "Add a row for WHENDUE.", field: "rows.0.target", severity: "error", ...at }];
    if (node.id === "write_2") return [{ code: "P-UNWIRED", message: "What fails here goes nowhere.", cure: "Connect Failed, or leave it to the inbox.", field: null, severity: "warning", ...at }];
    return Object.keys(node.settings).length || summaries[node.id] || node.id === "vip" ? [] : [{ code: "P-EMPTY", message: "This step is not set up yet.", cure: "Open it.", field: "entity", severity: "error", ...at }];
  });

const check = (flow: Flow) => ({
  problems: problems(flow),
  nodes: Object.fromEntries(
    flow.nodes.map((node) => {
      const type = catalog.nodes.find((other) => other.type === node.type);
      const outputs = node.type === "rules" ? [{ name: "out", title: "To the invoice", required: true }, { name: "vip", title: "Over 50,000", required: false }] : (type?.outputs ?? []);
      return [node.id, { summary: summaries[node.id] ?? "", outputs, shape_in: opportunity, shapes: { out: opportunity } }];
    }),
  ),
});

const counts = (done: number) => ({
  webhook: { in: 1, ports: { out: 1 }, failed: 0, held: 0, ms: 2 },
  read: { in: 1, ports: { out: done }, failed: 0, held: 0, ms: 1820 },
  filter: { in: done, ports: { out: Math.floor(done * 0.9) }, failed: 0, held: 0, ms: 40 },
  lookup: { in: Math.floor(done * 0.9), ports: { out: Math.floor(done * 0.88), rejected: 0 }, failed: 3, held: 0, ms: 5210 },
  rules: { in: Math.floor(done * 0.88), ports: { out: Math.floor(done * 0.8), vip: 4 }, failed: 0, held: 12, ms: 310 },
  map: { in: Math.floor(done * 0.8), ports: { out: Math.floor(done * 0.8) }, failed: 0, held: 0, ms: 95 },
  write: { in: Math.floor(done * 0.8), ports: { written: Math.floor(done * 0.7), unchanged: 20, held: 0, failed: 2 }, failed: 2, held: 0, ms: 48_210 },
});

function run(id: string) {
  const done = id === "r1" ? 1284 : Math.min(1284, Math.floor((Date.now() - started) / 10));
  const state = done < 1284 ? "running" : "done";
  return {
    id, seq: done, flow: { slug: "demo", name: document.name }, version: 3, mode: "live", state, cause: { kind: "button", by: "Ada Price" },
    counts: { read: done, created: Math.floor(done * 0.6), updated: Math.floor(done * 0.1), unchanged: 20, skipped: 130, held: 12, failed: 5, echo: 0 }, answered: 0,
    nodes: counts(done), edges: {}, rate: 96, left_s: state === "running" ? 42 : null, message: null, retry_at: null, parent: null, children: [],
    started_at: new Date(started).toISOString(), ended_at: null,
  };
}

const data = { Id: "b1f0", Title: "Renewal 14", Amount: "@1240.50", CloseDate: "2026-11-02", Account: { Name: "Brightwater Ltd", Code: "C-1042" }, Lines: [{ Product: "Consulting", Quantity: 3, Price: "@413.50" }] };
const why = [{ did: "Read Amount of Opportunity “Renewal 14”", value: "@1240.50" }, { did: "Rounded to 2 places", value: "@1240.50" }];
const preview = {
  records: Array.from({ length: 10 }, (_, index) => ({ key: index ? `k${index}` : "b1f0", title: index ? `Renewal ${index}` : "Renewal 14" })),
  nodes: counts(10),
  trace: {
    b1f0: [
      ...["webhook", "read", "filter", "lookup", "rules"].map((node) => ({ node, port: "out", data: node === "rules" ? { ...data, GLACCOUNT: "4000" } : data, notes: [], error: null, write: null })),
      { node: "map", port: "out", data: { CUSTOMERID: "C-1042", TOTAL: "@1240.50", WHENDUE: "2026-12-02" }, notes: [{ field: "TOTAL", source: "$.Amount", steps: why }], error: null, write: null },
      { node: "write", port: "written", data, notes: [], error: null, write: { operation: "update", entity: "ARINVOICE", fields: [
        { field: "CUSTOMERID", title: "Customer", old: "C-1042", new: "C-1042", changed: false, why },
        { field: "TOTAL", title: "Total", old: "@1100.00", new: "@1240.50", changed: true, why },
        { field: "WHENDUE", title: "Due date", old: null, new: "2026-12-02", changed: true, why },
        { field: "DESCRIPTION", title: "Description", old: "Renewal 14", new: "Renewal 14", changed: false, why },
      ] } },
    ],
    k1: [{ node: "rules", port: null, data, notes: [], error: { code: "E-HELD", message: "Held: no ledger account for Consulting.", cure: "Choose one and 4 invoices go out." }, write: null }],
  },
};

type Answer = [status: number, body: unknown];

function answer(method: string, path: string, body: Record<string, unknown>): Answer {
  const flow = { slug: "demo", document, revision, bindings, problems: problems(document), state: "live", live_version: 3, draft_changed: true, hook: { url: "/hooks/demo/3f9a27c1b07e" }, plan: null };
  if (path === "/api/session") return [200, { user: { id: "u", name: "Ada Price", email: "ada@example.test", role: "editor", must_change_password: false }, csrf: "x", demo: true, version: "0.1.0" }];
  if (path === "/api/catalog") return [200, catalog];
  if (path === "/api/connections") return [200, [{ id: "c1", system: "creatio", name: "Creatio (sandbox)", settings: {}, secrets: {}, health: null, used_by: [], revision: 1 }]];
  if (path === "/api/flows") return [200, [{ slug: "demo", name: document.name, state: "live", live_version: 3, draft_changed: true }]];
  if (path === "/api/flows/check") return [200, check(body["document"] as Flow)];
  if (path === "/api/flows/demo/draft") {
    if (body["revision"] !== revision) return [409, { code: "E-REVISION", message: "Changed meanwhile.", current: { revision, document } }];
    document = body["document"] as Flow;
    revision += 1;
    return [200, { revision, ...check(document) }];
  }
  if (path === "/api/flows/demo/preview") return [200, preview];
  if (path === "/api/flows/demo/bindings") return [200, Object.assign(bindings, body)];
  if (path === "/api/flows/demo/publish") return [200, { version: 4 }];
  if (path === "/api/flows/demo/diff") return [200, { changes: [{ kind: "changed", node: "map", title: "Opportunity to invoice", text: "WHENDUE is now the close date plus 30 days (was: empty)." }, { kind: "added", node: "write_2", title: "Number back to the CRM", text: "added: Opportunity in Creatio." }], layout_changed: true }];
  if (path === "/api/flows/demo/versions") return [200, [3, 2, 1].map((number) => ({ number, at: new Date(Date.now() - number * 9e7).toISOString(), by: "Ada Price", note: number === 1 ? "First version" : "Hold what has no account" }))];
  if (path === "/api/flows/demo/runs" && method === "POST") return [202, { run: "r1" }];
  if (path.startsWith("/api/flows/demo/versions/")) return [200, drawing];
  if (path === "/api/flows/demo") return [200, flow];
  const runs = /^\/api\/runs\/(\w+)(\/document)?$/.exec(path);
  if (runs) return [200, runs[2] ? document : run(runs[1] ?? "")];
  return [404, { code: "E-NOT-FOUND", message: `The mock knows nothing of ${path}.` }];
}

async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
  let text = "";
  for await (const chunk of request) text += String(chunk);
  const path = new URL(request.url ?? "/", "http://mock").pathname;
  const [status, body] = answer(request.method ?? "GET", path, text ? (JSON.parse(text) as Record<string, unknown>) : {});
  response.writeHead(status, { "Content-Type": "application/json" });
  response.end(JSON.stringify(body).replace(/"@(-?[\d.]+)"/g, "$1"));
}

export function mock(): Plugin {
  return {
    name: "heddle-mock",
    configureServer(server) {
      server.middlewares.use((request, response, next) => {
        if (request.url?.startsWith("/api/")) void respond(request, response);
        else next();
      });
    },
  };
}
