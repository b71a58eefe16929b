/** Limits of a connection as their form holds them, and what is used of them in words. */

import type { Board, Limits } from "../api/types";

export interface LimitsText {
  per_second: string;
  concurrent: string;
  per_day: string;
}

export function limitsText(limits: Limits): LimitsText {
  return {
    per_second: limits.per_second ?? "",
    concurrent: limits.concurrent === null ? "" : String(limits.concurrent),
    per_day: limits.per_day === null ? "" : String(limits.per_day),
  };
}

/** The limits that are typed; an empty field is no limit. The server judges the rest. */
export function limitsOf(text: LimitsText): Limits {
  return {
    per_second: text.per_second.trim() === "" ? null : text.per_second.trim(),
    concurrent: text.concurrent === "" ? null : Number(text.concurrent),
    per_day: text.per_day === "" ? null : Number(text.per_day),
  };
}

/** `13200` seconds → `3 h 40 min`. */
export function duration(seconds: number): string {
  if (seconds < 60) return `${String(Math.max(1, Math.round(seconds)))} s`;
  const minutes = Math.round(seconds / 60);
  const hours = Math.floor(minutes / 60);
  return hours === 0 ? `${String(minutes)} min` : minutes % 60 === 0 ? `${String(hours)} h` : `${String(hours)} h ${String(minutes % 60)} min`;
}

export const grouped = (count: number) => count.toLocaleString("en-US");

/** What the next day will need, in one or two sentences. */
export function forecastText({ forecast, limits }: Board): string {
  if (forecast === null) return "Known once flows have used this connection.";
  const calls = `The next 24 hours will need about ${grouped(forecast.calls)} calls`;
  const time = forecast.seconds === null || limits.per_second === null ? "" : `: ${duration(forecast.seconds)} at ${limits.per_second} a second`;
  return `${calls}${time}.${forecast.fits ? "" : ` That is ${grouped(forecast.beyond)} more than a day allows; what is left goes on after midnight (UTC).`}`;
}
