import type { ReactNode } from "react";

import { useProblem } from "./context";
import css from "./form.module.css";

interface BlockProps {
  label: string;
  description?: string;
  required?: boolean;
  place: string;
  children: ReactNode;
}

/** Label, help and problem around a control that brings none of its own. */
export function Block({ label, description, required = false, place, children }: BlockProps) {
  const problem = useProblem(place);
  return (
    <div className={css.block} role="group" aria-label={label} data-place={place}>
      <span className={css.label}>
        {label}
        {required ? <span className={css.star}> *</span> : null}
      </span>
      {description ? <p className={css.description}>{description}</p> : null}
      {children}
      {problem ? (
        <p className={css.error} role="alert">
          {problem}
        </p>
      ) : null}
    </div>
  );
}
