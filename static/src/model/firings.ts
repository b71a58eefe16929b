/** Firings as the server writes them: wall-clock time with its offset, shown as that clock shows it. */

const day = new Intl.DateTimeFormat("en-GB", { weekday: "short", day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });

/** `2026-11-20T06:00:00+01:00` reads «Fri, 20 Nov 2026, 06:00»; seconds only when there are any. */
export function firingText(firing: string): string {
  const time = firing.slice(11, 16) + (firing.slice(17, 19) === "00" ? "" : firing.slice(16, 19));
  return `${day.format(Date.parse(`${firing.slice(0, 19)}Z`))}, ${time}`;
}

/** `+01:00`, and `UTC` for no offset. */
export function offsetText(firing: string): string {
  const offset = firing.slice(19);
  return offset === "+00:00" || offset === "Z" ? "UTC" : offset;
}
