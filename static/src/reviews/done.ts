/** An answer that was given, and the question it was given to. */

import type { HeldGroup } from "../api/types";

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
