/** An answer that was given, and the question it was given to. */

import type { Released } from "../api/runs";
import type { HeldGroup } from "../api/held";
import { many } from "../model/runs";

export interface Done {
  message: string;
  runs: string[];
  /** The question that was answered, and when (ms). */
  question: string;
  at: number;
}

/** What there is to say when an approval was decided: no question of the held tab is answered by it. */
export type Told = Pick<Done, "message" | "runs">;

export const questionKey = (group: HeldGroup): string => JSON.stringify(group.question);

/** How many go out, and why some do not. */
export function releasedText({ released, left, problems }: Released): string {
  const count = released + left;
  const stuck = problems[0] ? ` Some could not: ${problems[0].message} ${problems[0].cure}` : "";
  return `${many(count, "document")} ${count === 1 ? "goes" : "go"} out${left ? `, ${left} of them within the next seconds` : ""}.${stuck}`;
}
