/** What is wrong with a drawing, as the server said it, sorted for people. */

import type { Flow, FlowNode, Problem } from "./flow";

const NONE: readonly Problem[] = [];

export function byNode(problems: readonly Problem[]): ReadonlyMap<string, readonly Problem[]> {
  const found = new Map<string, Problem[]>();
  for (const problem of problems) {
    if (problem.node === null) continue;
    const list = found.get(problem.node);
    if (list) list.push(problem);
    else found.set(problem.node, [problem]);
  }
  return found;
}

export function problemsOf(problems: ReadonlyMap<string, readonly Problem[]>, node: string): readonly Problem[] {
  return problems.get(node) ?? NONE;
}

/** Errors before warnings, then in the order of the drawing; what concerns the whole flow comes first. */
export function inOrder(problems: readonly Problem[], flow: Flow): Problem[] {
  const place = new Map(flow.nodes.map((node, index) => [node.id, index]));
  const rank = (problem: Problem) => (problem.severity === "error" ? 0 : 10_000) + (problem.node ? 1 + (place.get(problem.node) ?? 9_000) : 0);
  return [...problems].sort((one, other) => rank(one) - rank(other));
}

/** "Everything in order", "2 problems", "1 problem, 3 warnings". */
export function problemsLine(problems: readonly Problem[]): string {
  const errors = problems.filter((problem) => problem.severity === "error").length;
  const warnings = problems.length - errors;
  const counted = (count: number, word: string) => (count ? [`${count} ${word}${count === 1 ? "" : "s"}`] : []);
  return [...counted(errors, "problem"), ...counted(warnings, "warning")].join(", ") || "Everything in order";
}

export function titleOf(node: FlowNode): string {
  return node.title || node.type;
}
