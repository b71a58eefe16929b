/** A drawing and its catalog for working on the editor without a server. Not part of the build. */

import type { Catalog, Entity, Field, Flow, FlowNode, NodeType, Port } from "../src/model/flow";

const port = (name: string, title = "", required = true): Port => ({ name, title, required });
const rejected = port("rejected", "Rejected", false);
const slotted = { type: "object", properties: { slot: { type: "string" }, entity: { type: "string" } } };

function type(name: string, title: string, group: NodeType["group"], glyph: string, help: string, more: Partial<NodeType> = {}): NodeType {
  const inputs = group === "trigger" ? [] : [port("in")];
  return { type: name, version: 1, title, group, glyph, help, editor: null, inputs, outputs: [port("out"), rejected], settings: { type: "object", properties: {} }, ...more };
}

const written = [port("written", "Written", false), port("unchanged", "Unchanged", false), port("held", "Held", false), port("failed", "Failed", false), rejected];

export const catalog: Catalog = {
  nodes: [
    type("manual", "By hand", "trigger", "play", "Starts when somebody presses Run."),
    type("webhook", "Webhook", "trigger", "webhook", "Starts when a button or webhook of another system calls."),
    type("read", "Read", "read", "read", "Reads objects of a system, page by page.", { settings: slotted }),
    type("lookup", "Look up", "shape", "lookup", "Fetches something that belongs to each record, in bulk.", { settings: slotted }),
    type("map", "Map fields", "shape", "map", "Makes each record what the target system wants.", { editor: "mapper" }),
    type("filter", "Filter", "decide", "filter", "Lets through what meets a condition."),
    type("rules", "Rules", "decide", "rules", "Decides by rules: set, route, hold.", { editor: "rules" }),
    type("switch", "Switch", "decide", "switch", "Sends records different ways."),
    type("split", "Split lines", "shape", "split", "One record for each line."),
    type("write", "Write", "write", "write", "Creates and updates objects in a system.", { settings: slotted, outputs: written }),
  ],
  systems: ["creatio:Creatio", "vtiger:Vtiger", "intacct:Sage Intacct", "exact:Exact Online"].map((pair) => {
    const [system = "", title = ""] = pair.split(":");
    return { system, title, help: "", settings: {}, capability: {} };
  }),
  functions: [],
  operators: [],
};

const node = (id: string, kind: string, title: string, settings = {}, note = ""): FlowNode => ({ id, type: kind, version: 1, title, settings, note, disabled: false });

export const drawing: Flow = {
  heddle: 1,
  name: "Closed Won → Sage invoice",
  description: "",
  slots: { crm: { system: "creatio", title: "CRM" }, erp: { system: "intacct", title: "Accounting" } },
  nodes: [
    node("webhook", "webhook", "Button in Creatio"),
    node("read", "read", "Won opportunities", { slot: "crm", entity: "Opportunity" }),
    node("filter", "filter", "Has something to invoice", { condition: { left: { kind: "path", path: "$.Amount" } } }),
    node("lookup", "lookup", "Customer in Intacct", { slot: "erp", entity: "CUSTOMER" }),
    node("rules", "rules", "Which account?", {}, "Agreed with finance in March."),
    node("map", "map", "Opportunity to invoice", { rows: [{ target: "CUSTOMERID", value: { kind: "path", path: "$.Account.Code" } }] }),
    node("write", "write", "Write the invoice", { slot: "erp", entity: "ARINVOICE", operation: "upsert" }),
    node("write_2", "write", "Number back to the CRM", { slot: "crm", entity: "Opportunity", operation: "update" }),
    node("vip", "approval_gate", "Ask the controller"),
  ],
  edges: [
    ["webhook.out", "read.in"],
    ["read.out", "filter.in"],
    ["filter.out", "lookup.in"],
    ["lookup.out", "rules.in"],
    ["rules.out", "map.in"],
    ["rules.vip", "vip.in"],
    ["map.out", "write.in"],
    ["write.written", "write_2.in"],
  ].map(([from = "", to = ""]) => {
    const [source = "", output = ""] = from.split(".");
    const [target = "", input = ""] = to.split(".");
    return { source, output, target, input };
  }),
  tables: {},
  rules: {},
  policy: { lanes: 1, batch_size: 200, retry_minutes: [1, 5, 15], sample_size: 10 },
  layout: {
    webhook: { x: 0, y: 96 }, read: { x: 336, y: 96 }, filter: { x: 672, y: 96 }, lookup: { x: 1008, y: 96 },
    rules: { x: 336, y: 352 }, map: { x: 672, y: 352 }, write: { x: 1008, y: 320 }, write_2: { x: 1360, y: 320 }, vip: { x: 672, y: 528 },
  },
};

const field = (name: string, title: string, kind: Field["type"], required = false): Field => ({
  name, title, type: kind, required, read_only: false, create_only: false, max_length: null, refers_to: null, choices: [], fields: [], description: "",
});

export const opportunity: Entity = {
  name: "Opportunity", title: "Opportunity", plural: "Opportunities", key: "Id", title_field: "Title", modified: "ModifiedOn", match: [], open: false, operations: ["read", "create", "update"], description: "",
  fields: [field("Id", "Id", "id"), field("Title", "Title", "text", true), field("Amount", "Amount", "money"), field("CloseDate", "Closed on", "date"), field("Account", "Account", "reference")],
};

export const summaries: Record<string, string> = {
  webhook: "Called by a button; needs the key in the address",
  read: "Opportunities where Stage is Closed Won, with their products",
  filter: "Amount is more than 0 and Account is not empty",
  lookup: "CUSTOMER where CUSTOMERID is the account's code",
  rules: "4 rules: services to 4000, hardware to 4100, else hold",
  map: "12 fields → ARINVOICE, with its lines",
  write: "ARINVOICE in Sage Intacct: update what matches RECORDID, else create",
  write_2: "Opportunity in Creatio: invoice number and link",
};
