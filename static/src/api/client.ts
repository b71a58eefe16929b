/** The one way to the server: CSRF header, one error shape, exact numbers where records travel. */

import type { Problem } from "../model/flow";
import { parseExact, stringifyExact } from "../model/values";

/** What the server says when it cannot: `{code, message, detail, cure, problems, current}`. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly detail: unknown = "",
    readonly cure = "",
    readonly problems: Problem[] = [],
    /** The whole answer, for what an error brings along (409: `current`). */
    readonly body: Record<string, unknown> = {},
  ) {
    super(message);
    this.name = "ApiError";
  }

  /** True when nobody answered: worth trying again without asking. */
  get offline(): boolean {
    return this.status === 0 || this.status === 502 || this.status === 504;
  }
}

let csrf = "";

export function rememberCsrf(token: string): void {
  csrf = token;
}

export interface Ask {
  method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  body?: unknown;
  query?: Record<string, string | number | boolean | null | undefined>;
  /** Keep the text of numbers that a JavaScript number would change: records, documents. */
  exact?: boolean;
  signal?: AbortSignal;
}

export function address(path: string, query: Ask["query"] = {}): string {
  const pairs = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== "");
  const search = new URLSearchParams(pairs.map(([name, value]) => [name, String(value)]));
  return pairs.length ? `${path}?${search}` : path;
}

/** Asks the API. @throws ApiError for every answer that is not a success, status 0 when there was none. */
export async function api<T>(path: string, ask: Ask = {}): Promise<T> {
  const answer = await send(path, ask);
  return parsedBody(await answer.text(), ask.exact ?? false) as T;
}

/** The same for what is a file. */
export async function fetchFile(path: string, ask: Ask = {}): Promise<{ name: string; content: Blob }> {
  const answer = await send(path, ask);
  const name = /filename="([^"]+)"/.exec(answer.headers.get("Content-Disposition") ?? "")?.[1] ?? "file";
  return { name, content: await answer.blob() };
}

async function send(path: string, { method = "GET", body, query, exact = false, signal }: Ask): Promise<Response> {
  const form = body instanceof FormData;
  const headers: Record<string, string> = { Accept: "application/json" };
  if (body !== undefined && !form) headers["Content-Type"] = "application/json";
  if (method !== "GET") headers["X-CSRF-Token"] = csrf;
  let answer: Response;
  try {
    answer = await fetch(address(path, query), {
      method,
      headers,
      body: body === undefined ? null : form ? body : stringifyExact(body),
      signal: signal ?? null,
      credentials: "same-origin",
    });
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === "AbortError") throw cause;
    throw new ApiError(0, "E-OFFLINE", "Heddle does not answer.", "", "Check the network; your work is kept here meanwhile.");
  }
  if (!answer.ok) throw errorOf(answer.status, parsedBody(await answer.text(), exact));
  return answer;
}

function parsedBody(text: string, exact: boolean): unknown {
  if (!text) return null;
  try {
    return exact ? parseExact(text) : (JSON.parse(text) as unknown);
  } catch {
    return null;
  }
}

function errorOf(status: number, parsed: unknown): ApiError {
  const body = (typeof parsed === "object" && parsed !== null ? parsed : {}) as Record<string, unknown>;
  const text = (name: string) => (typeof body[name] === "string" ? body[name] : "");
  return new ApiError(
    status,
    text("code") || `E-HTTP-${status}`,
    text("message") || `The server answered ${status} without saying why.`,
    body["detail"] ?? "",
    text("cure"),
    Array.isArray(body["problems"]) ? (body["problems"] as Problem[]) : [],
    body,
  );
}
