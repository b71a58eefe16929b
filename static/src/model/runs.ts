/** Sentences about runs, and the arithmetic of whole counts. */

import { groupDigits } from "./values";

export interface CountsLike {
  read: number;
  created: number;
  updated: number;
  unchanged: number;
  skipped: number;
  held: number;
  failed: number;
  echo: number;
}

export interface Ahead {
  /** How many records there are in all; about, as long as it is reading. */
  reading?: boolean;
  total?: number | null;
  /** Or more: the system counts no further. */
  at_least?: boolean;
}

export interface RunLike extends Ahead {
  state: string;
  mode: string;
  counts: CountsLike;
  /** About so many more are through; they are counted with their batch. */
  answered?: number;
  /** Runs of its flow that come first. */
  before?: readonly string[];
  message: string | null;
  started_at: string | null;
  ended_at: string | null;
}

export const OUTCOMES = ["created", "updated", "unchanged", "skipped", "held", "failed", "echo"] as const;
export type Counted = (typeof OUTCOMES)[number];

const WORDS: Record<Counted, string> = {
  created: "created",
  updated: "updated",
  unchanged: "unchanged",
  skipped: "skipped",
  held: "held",
  failed: "failed",
  echo: "own echo",
};

export const many = (count: number, one: string, more = `${one}s`): string =>
  `${groupDigits(String(count))} ${count === 1 ? one : more}`;

const AHEAD: Partial<Record<Counted, string>> = { created: "to create", updated: "to update" };

/** What a count is called: `created`, and `to create` where nothing was written. */
export const countWord = (name: Counted, mode: string): string => (mode === "live" ? undefined : AHEAD[name]) ?? WORDS[name];

/** `12 created, 3 held`: what is zero is left out. */
export function countsText(counts: CountsLike, mode = "live"): string {
  const parts = OUTCOMES.filter((name) => counts[name] > 0).map((name) => `${groupDigits(String(counts[name]))} ${countWord(name, mode)}`);
  return parts.join(", ");
}

/** What came of a run, as short as can be. */
export function cameOf(run: { state: string; counts: CountsLike; message: string }): string {
  const still: Record<string, string> = { queued: "it waits for its turn", running: "it has begun", done: "nothing to do" };
  return countsText(run.counts) || (still[run.state] ?? run.message);
}

export function runSentence(run: RunLike): string {
  const done = countsText(run.counts, run.mode);
  const would = run.mode === "live" ? "" : " Nothing was written: it was only a dry run.";
  switch (run.state) {
    case "queued":
      return run.before?.length
        ? `${run.before.length === 1 ? "An older run of this flow comes" : `${many(run.before.length, "older run")} of this flow come`} first.`
        : "It waits for a worker.";
    case "running":
      return through(run) ? soFar(run, done) : "It is reading.";
    case "waiting":
      return [run.message || "It waits and goes on by itself.", through(run) ? soFar(run, done) : ""].join(" ").trim();
    case "paused":
      return [run.message || "It is paused, and goes on where it stopped.", through(run) ? soFar(run, done) : ""].join(" ").trim();
    case "failed":
      return `${run.message || "It could not go on."}${done ? ` Until then: ${done}.` : ""}`;
    case "cancelled":
      return `${run.message || "Cancelled."}${done ? ` Until then: ${done}.` : ""}`;
    default:
      return (run.counts.read === 0 ? "There was nothing to do." : `${many(run.counts.read, "record")} read: ${done}.`) + would;
  }
}

/** Records that are through, counted or not yet. */
export const through = (run: Pick<RunLike, "counts" | "answered">): number => run.counts.read + (run.answered ?? 0);

/** `340 of about 2,000 records so far: 300 created, 2 held, 38 not yet counted.` */
function soFar(run: RunLike, counted: string): string {
  const total = run.total ?? 0;
  const more = run.answered ? `${groupDigits(String(run.answered))} not yet counted` : "";
  const done = [counted, more].filter(Boolean).join(", ");
  const of = total > through(run) ? ` of ${run.at_least ? "at least " : run.reading ? "about " : ""}${many(total, "record")}` : "";
  const begun = of ? `${groupDigits(String(through(run)))}${of}` : many(through(run), "record");
  return `${begun} so far${done ? `: ${done}` : ""}.`;
}

/** When a waiting run goes on. */
export function againText(retryAt: string, now: number): string {
  const seconds = Math.ceil((Date.parse(retryAt) - now) / 1000);
  return seconds > 0 ? `It tries again in ${durationText(seconds)}.` : "It is trying again now.";
}

/** What is known of a run whose worker gives no sign of life. */
export function silenceText(silent: { since: string; until: string }, now: number): string {
  const ago = durationText((now - Date.parse(silent.since)) / 1000);
  const left = Math.ceil((Date.parse(silent.until) - now) / 1000);
  return `No worker has given a sign of life for ${ago}. ${left > 0 ? `Another one takes over in ${durationText(left)}.` : "Whoever is free next takes over."}`;
}

/** The pace, and what is left: as far as it is known. */
export function paceText(run: { rate: number | null; left_s: number | null } & Ahead): string {
  if (!run.rate) return "Time left: – until the pace is known";
  if (run.left_s) return `${rateText(run.rate)}, about ${leftText(run.left_s)} left`;
  const unknown = run.reading && (run.total === null || run.at_least);
  return unknown ? `${rateText(run.rate)}; how much is left is known when all has been read` : rateText(run.rate);
}

/** `33 records a second`, or a minute or an hour where fewer come. */
export function rateText(rate: number): string {
  const [each, unit] = rate >= 1 ? [1, "a second"] : rate >= 1 / 60 ? [60, "a minute"] : [3600, "an hour"];
  return `${many(Math.round(rate * each), "record")} ${unit}`;
}

/** What is left, only as exact as a guess can be: so it does not flicker. */
export function leftText(seconds: number): string {
  if (seconds < 7.5) return "a few seconds";
  if (seconds < 57.5) return `${5 * Math.round(seconds / 5)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const fives = Math.round(seconds / 300);
  return fives < 12 * 24 ? `${Math.floor(fives / 12)} h ${5 * (fives % 12)} min` : `${Math.round(fives / 12)} h`;
}

/** The status that a list shows: a run that is done but left something over says so. */
export function statusText(run: Pick<RunLike, "state" | "counts">): { status: string; text?: string } {
  const left = run.counts.failed > 0 ? "failed" : run.counts.held > 0 ? "held" : null;
  if (run.state !== "done" || !left) return { status: run.state };
  return { status: left, text: `Done, ${groupDigits(String(run.counts[left]))} ${left}` };
}

export function durationText(seconds: number): string {
  if (seconds < 1) return "under a second";
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min ${whole % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** How long the run took, or has been going; null before it started. */
export function elapsed(run: Pick<RunLike, "started_at" | "ended_at">, now: number): string | null {
  if (!run.started_at) return null;
  const end = run.ended_at ? Date.parse(run.ended_at) : now;
  return durationText(Math.max(0, (end - Date.parse(run.started_at)) / 1000));
}

const CAUSES: Record<string, string> = {
  manual: "Started by hand",
  button: "A button in the CRM",
  webhook: "A button or a message from outside",
  schedule: "Its schedule",
  after: "After another flow",
  retry: "A retry",
  plan: "An approved plan",
  correction: "A corrected record",
  "first-load": "A first load",
  answer: "An answer in the inbox",
  conflict: "A conflict was decided",
  release: "An answer in the inbox",
  alert: "To tell a person",
  crossing: "Two runs had read it at once",
};

const FOLLOWS: Record<string, string> = {
  retry: "a retry",
  correction: "a correction",
  answer: "an answer",
  release: "an answer",
  alert: "a task for a person",
};

/** What a run is that another one caused. */
export const followText = (cause: string): string => FOLLOWS[cause] ?? "another run";

export function causeText(cause: { kind: string; by: string | null }): string {
  const kind = CAUSES[cause.kind] ?? cause.kind;
  return cause.by ? `${kind}, ${cause.by}` : kind;
}
