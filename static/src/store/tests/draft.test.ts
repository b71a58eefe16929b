// @vitest-environment jsdom
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import type { FlowDetail } from "../../api/types";
import type { Flow } from "../../model/flow";
import { keepDraft } from "../draft";
import { bind, change, keepMine, openFlow, present, stepBack, takeTheirs, useEditor } from "../editor";

const drawing: Flow = {
  heddle: 1,
  name: "First",
  description: "",
  slots: {},
  nodes: [],
  edges: [],
  tables: {},
  rules: {},
  policy: { lanes: 1, batch_size: 200, retry_minutes: [1], sample_size: 10 },
  layout: {},
};

const detail: FlowDetail = {
  slug: "demo",
  document: drawing,
  revision: 7,
  bindings: {},
  problems: [],
  state: "draft",
  live_version: null,
  draft_changed: false,
  guarded: false,
  request: null,
  hook: null,
  plan: null,
};

interface Sent {
  revision: number;
  document: Flow;
}

/** The server's side of a draft: one revision, one drawing, and a switch for the network. */
const server = { revision: 7, document: drawing, up: true, saves: [] as Sent[], bound: [] as string[] };

function answer(status: number, body: unknown): Response {
  return new Response(JSON.stringify(body), { status, headers: { "Content-Type": "application/json" } });
}

function respond(path: string, init?: RequestInit): Promise<Response> {
  if (!server.up) return Promise.reject(new TypeError("no network"));
  if (path.endsWith("/bindings")) {
    server.bound.push(server.document.slots["crm"] ? "known" : "unknown");
    return Promise.resolve(answer(200, {}));
  }
  if (path.endsWith("/check")) return Promise.resolve(answer(200, { problems: [], nodes: {} }));
  const sent = JSON.parse(init?.body as string) as Sent;
  if (sent.revision !== server.revision) {
    const current = { revision: server.revision, document: server.document };
    return Promise.resolve(answer(409, { code: "E-REVISION", message: "Changed meanwhile.", current }));
  }
  server.saves.push(sent);
  server.revision += 1;
  server.document = sent.document;
  return Promise.resolve(answer(200, { revision: server.revision, problems: [], nodes: {} }));
}

const rename = (name: string) => change("Rename", (flow) => ({ ...flow, name }), "name");
const wait = (ms: number) => vi.advanceTimersByTimeAsync(ms);
let stop: () => void = () => undefined;

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("fetch", vi.fn(respond));
  Object.assign(server, { revision: 7, document: drawing, up: true, saves: [], bound: [] });
  localStorage.clear();
  openFlow(detail);
  stop = keepDraft();
});

afterEach(async () => {
  server.up = true;
  stop();
  await wait(60_000);
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("typing is saved once, a moment after it ends", async () => {
  for (const name of ["S", "Se", "Sec", "Second"]) {
    rename(name);
    await wait(100);
  }
  expect(server.saves).toHaveLength(0);
  await wait(2000);
  expect(server.saves.map((sent) => sent.document.name)).toEqual(["Second"]);
  expect(useEditor.getState().save).toBe("saved");
  expect(useEditor.getState().revision).toBe(8);
});

test("undo after a save is a change that is saved too", async () => {
  rename("Second");
  await wait(2000);
  stepBack();
  await wait(2000);
  expect(server.saves.map((sent) => sent.document.name)).toEqual(["Second", "First"]);
});

test("without a network nothing is lost: a copy stays here, and the save follows by itself", async () => {
  server.up = false;
  rename("Second");
  await wait(5000);
  expect(useEditor.getState().save).toBe("offline");
  expect(localStorage.getItem("heddle.draft.demo")).toContain("Second");
  server.up = true;
  await wait(30_000);
  expect(server.document.name).toBe("Second");
  expect(useEditor.getState().save).toBe("saved");
  expect(localStorage.getItem("heddle.draft.demo")).toBeNull();
});

/** From now on saves reach the server at once, and their answers come when the function that this returns is called. */
function slowly(): () => void {
  let arrive: () => void = () => undefined;
  vi.mocked(fetch).mockImplementation(async (path, init) => {
    const answered = await respond(path as string, init);
    if ((path as string).endsWith("/draft")) await new Promise<void>((done) => (arrive = done));
    return answered;
  });
  return () => arrive();
}

const tell = () => change("Tell", (flow) => ({ ...flow, description: "more" }));

test("what is changed while a save is under way is not told as saved, and is saved next", async () => {
  const arrive = slowly();
  rename("Second");
  await wait(1000);
  tell();
  arrive();
  await wait(0);
  expect(useEditor.getState().save).toBe("waiting");
  await wait(1000);
  arrive();
  await wait(0);
  expect(server.document.description).toBe("more");
  expect(useEditor.getState().save).toBe("saved");
  expect(localStorage.getItem("heddle.draft.demo")).toBeNull();
});

test.each(["demo", "other"])("nor is it lost when somebody leaves then, and opens %s", async (slug) => {
  const arrive = slowly();
  rename("Second");
  await wait(1000);
  tell();
  stop();
  openFlow({ ...detail, slug });
  arrive();
  await wait(1000);
  vi.mocked(fetch).mockImplementation((path, init) => respond(path as string, init));
  openFlow({ ...detail, revision: server.revision, document: server.document });
  stop = keepDraft();
  await wait(2000);
  expect(server.document).toMatchObject({ name: "Second", description: "more" });
});

test("a copy that never reached the server comes back when the flow is opened again", async () => {
  server.up = false;
  rename("Second");
  await wait(1000);
  stop();
  await wait(1000);
  server.up = true;
  openFlow(detail);
  stop = keepDraft();
  expect(present().name).toBe("Second");
  await wait(2000);
  expect(server.document.name).toBe("Second");
});

test("somebody else saved first: mine over theirs speaks of their revision", async () => {
  Object.assign(server, { revision: 9, document: { ...drawing, name: "Theirs" } });
  rename("Mine");
  await wait(2000);
  expect(useEditor.getState().save).toBe("conflict");
  rename("Mine, still typing");
  await wait(5000);
  expect(server.document.name).toBe("Theirs");
  keepMine();
  await wait(2000);
  expect(server.saves.at(-1)).toMatchObject({ revision: 9, document: { name: "Mine, still typing" } });
});

test("somebody else saved first: theirs is taken, and undo brings mine back", async () => {
  Object.assign(server, { revision: 9, document: { ...drawing, name: "Theirs" } });
  rename("Mine");
  await wait(2000);
  takeTheirs();
  expect(present().name).toBe("Theirs");
  expect(useEditor.getState().save).toBe("saved");
  stepBack();
  await wait(2000);
  expect(server.saves.at(-1)).toMatchObject({ revision: 9, document: { name: "Mine" } });
});

test("a connection is chosen when the server knows the slot", async () => {
  change("Add a slot", (flow) => ({ ...flow, slots: { crm: { system: "creatio", title: "" } } }));
  bind("crm", "c1");
  await wait(500);
  expect(server.bound).toEqual([]);
  await wait(5_000);
  expect(server.bound).toEqual(["known"]);
  bind("crm", "c2");
  await wait(0);
  expect(server.bound).toEqual(["known", "known"]);
});
