import { IconAlertTriangle, IconCircleCheck } from "@tabler/icons-react";

import { ApiError } from "../api/client";
import type { Health } from "../api/types";
import css from "./connections.module.css";

/** What a test found, as a sentence: reachable and as whom, or why not and what to do. */
export function Verdict({ health, error }: { health: Health | undefined; error: unknown }) {
  const good = health?.ok ?? false;
  if (!health && !error) return null;
  const cure = error instanceof ApiError ? error.cure : "";
  const message = error instanceof Error ? error.message : (health?.message ?? "");
  const Glyph = good && !error ? IconCircleCheck : IconAlertTriangle;
  return (
    <div className={`${css.verdict} ${good && !error ? css.good : css.bad}`} role="status">
      <Glyph size={18} aria-hidden />
      <div>
        {message}
        {good && !error && health?.identity && !message.includes(health.identity) ? ` Signed in as ${health.identity}.` : ""}
        {cure ? <div>{cure}</div> : null}
      </div>
    </div>
  );
}
