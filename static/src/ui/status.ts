/** Outcomes and states in four tones; every one has a word and a glyph, never colour alone. */

import {
  IconAlertTriangle,
  IconCircleCheck,
  IconCircleDashed,
  IconCircleMinus,
  IconCircleX,
  IconClockHour4,
  IconEqual,
  IconHandStop,
  IconPencil,
  IconPlayerPause,
  IconProgress,
  IconRepeat,
  IconTrash,
  type Icon,
} from "@tabler/icons-react";

export type Tone = "ok" | "held" | "failed" | "busy" | "quiet";

export interface Status {
  tone: Tone;
  icon: Icon;
  text: string;
}

const statuses: Record<string, Status> = {
  created: { tone: "ok", icon: IconCircleCheck, text: "Created" },
  updated: { tone: "ok", icon: IconCircleCheck, text: "Updated" },
  deleted: { tone: "ok", icon: IconTrash, text: "Deleted" },
  unchanged: { tone: "quiet", icon: IconEqual, text: "Unchanged" },
  skipped: { tone: "quiet", icon: IconCircleMinus, text: "Skipped" },
  echo: { tone: "quiet", icon: IconRepeat, text: "Own echo" },
  held: { tone: "held", icon: IconHandStop, text: "Held" },
  conflict: { tone: "held", icon: IconAlertTriangle, text: "Conflict" },
  in_doubt: { tone: "held", icon: IconAlertTriangle, text: "In doubt" },
  rejected: { tone: "failed", icon: IconCircleX, text: "Rejected" },
  failed: { tone: "failed", icon: IconCircleX, text: "Failed" },
  queued: { tone: "busy", icon: IconClockHour4, text: "Queued" },
  running: { tone: "busy", icon: IconProgress, text: "Running" },
  waiting: { tone: "held", icon: IconClockHour4, text: "Waiting" },
  paused: { tone: "held", icon: IconPlayerPause, text: "Paused" },
  done: { tone: "ok", icon: IconCircleCheck, text: "Done" },
  cancelled: { tone: "quiet", icon: IconCircleMinus, text: "Cancelled" },
  draft: { tone: "quiet", icon: IconPencil, text: "Draft" },
  live: { tone: "ok", icon: IconCircleCheck, text: "Live" },
};

export function statusOf(name: string): Status {
  return statuses[name.replace("-", "_")] ?? { tone: "quiet", icon: IconCircleDashed, text: name };
}
