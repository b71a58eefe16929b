/** Real records that would be decided otherwise: how they were, how they would be, and why. */

import { IconArrowRight, IconChevronRight } from "@tabler/icons-react";

import type { Otherwise } from "../api/decisions";
import { Changes, Outcome } from "./Outcomes";
import css from "./trial.module.css";

export function OtherwiseList({ changed }: { changed: readonly Otherwise[] }) {
  return (
    <div className={css.list}>
      {changed.map((one) => (
        <details key={`${one.run}/${one.key}`} className={css.one}>
          <summary>
            <IconChevronRight size={15} aria-hidden className={css.chevron} />
            <span className={css.name}>{one.title}</span>
            <Outcome decided={one.live} />
            <IconArrowRight size={14} aria-label="becomes" />
            <Outcome decided={one.draft} />
          </summary>
          <div className={css.detail}>
            {one.live.message ? <p className={css.hint}>Was: {one.live.message}</p> : null}
            {one.draft.message ? <p className={css.message}>Now: {one.draft.message}</p> : null}
            <Changes fields={one.fields} />
          </div>
        </details>
      ))}
    </div>
  );
}
