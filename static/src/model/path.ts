/** Paths into a record: `$` the current data, `$steps.<node>` earlier results, `$parent`, `$key`, `$title`. */

export type Root = "$" | "$steps" | "$parent" | "$key" | "$title" | "$run";

export interface Path {
  root: Root;
  parts: (string | number)[];
}

/** What a path can reach for one record; for showing values only, the server computes the real ones. */
export interface Scope {
  data: unknown;
  steps?: Record<string, unknown>;
  parent?: unknown;
  key?: string;
  title?: string;
}

const PLAIN = /^[A-Za-z_][A-Za-z0-9_]*$/;
const PART = /\.([A-Za-z_][A-Za-z0-9_-]*)|\[(\d+)\]|\[\*\]|\['((?:[^'\\]|\\.)*)'\]|\["((?:[^"\\]|\\.)*)"\]/y;
const ROOT = /^\$(?:(steps|parent|key|title|run)(?![A-Za-z0-9_]))?/;

/** Parts of a path; null when it is not one that the pickers can show (it stays as text then). */
export function parsePath(text: string): Path | null {
  const start = ROOT.exec(text);
  if (!start) return null;
  const parts: (string | number)[] = [];
  let at = start[0].length;
  while (at < text.length) {
    PART.lastIndex = at;
    const found = PART.exec(text);
    if (!found) return null;
    if (found[2] !== undefined) parts.push(Number(found[2]));
    else if (found[0] === "[*]") parts.push("*");
    else parts.push(found[1] ?? unquote(found[3] ?? found[4] ?? ""));
    at = PART.lastIndex;
  }
  return { root: start[0] as Root, parts };
}

export function formatPath(root: Root, parts: (string | number)[]): string {
  return parts.reduce<string>((text, part) => {
    if (typeof part === "number") return `${text}[${part}]`;
    if (part === "*") return `${text}[*]`;
    if (PLAIN.test(part)) return `${text}.${part}`;
    return `${text}['${part.replace(/[\\']/g, "\\$&")}']`;
  }, root);
}

/** The path of a field below another path; a dotted field name (`Account.Name`) is two steps. */
export function childPath(base: string, field: string): string {
  const parts = field.split(".").map((part) => (PLAIN.test(part) ? `.${part}` : `['${part}']`));
  return base + parts.join("");
}

/** The value at a path, `undefined` when there is none. `*` takes the first line, as an example. */
export function valueAt(text: string, scope: Scope): unknown {
  const path = parsePath(text);
  if (!path) return undefined;
  let value: unknown = {
    $: scope.data,
    $steps: scope.steps,
    $parent: scope.parent,
    $key: scope.key,
    $title: scope.title,
    $run: undefined,
  }[path.root];
  for (const part of path.parts) {
    if (value === null || value === undefined) return undefined;
    if (Array.isArray(value)) value = value[part === "*" ? 0 : Number(part)];
    else if (typeof value === "object") value = (value as Record<string, unknown>)[part];
    else return undefined;
  }
  return value;
}

/** The last named part: what a person would call the path without a shape at hand. */
export function lastName(text: string): string {
  const names = parsePath(text)?.parts.filter((part) => typeof part === "string" && part !== "*") ?? [];
  return String(names.at(-1) ?? text);
}

function unquote(text: string): string {
  return text.replace(/\\(.)/g, "$1");
}
