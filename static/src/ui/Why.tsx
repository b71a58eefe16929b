/** Why a value is what it is: from the source field through each transform to what is written. */

import { Popover } from "@mantine/core";

import { Value } from "./DataTree";
import css from "./data.module.css";

export interface WhyStepLike {
  did: string;
  value: unknown;
  /** Why a side won, where two systems are kept in step. */
  reason?: string | undefined;
}

export function Why({ of, steps }: { of: string; steps: readonly WhyStepLike[] }) {
  if (!steps.length) return null;
  return (
    <Popover width={320} position="left-start" withArrow shadow="md" withinPortal>
      <Popover.Target>
        <button type="button" className={css.why} aria-label={`Why is ${of} so?`}>
          why
        </button>
      </Popover.Target>
      <Popover.Dropdown>
        <ol className={css.steps}>
          {steps.map((step, index) => (
            <li key={index}>
              <div className={css.did}>{step.did}</div>
              <div className={css.got}>
                <Value value={step.value} />
              </div>
              {step.reason ? <div className={css.did}>{step.reason}</div> : null}
            </li>
          ))}
        </ol>
      </Popover.Dropdown>
    </Popover>
  );
}

export interface WrittenFieldLike {
  field: string;
  title: string;
  old: unknown;
  new: unknown;
  changed: boolean;
  why: readonly WhyStepLike[];
}

/** What would be written or was: old → new, changed fields first and marked, a why for every value. */
export function WriteTable({ fields, creating }: { fields: readonly WrittenFieldLike[]; creating: boolean }) {
  const sorted = creating ? fields : [...fields].sort((one, other) => Number(other.changed) - Number(one.changed));
  return (
    <table className={css.table}>
      <thead>
        <tr>
          <th scope="col">Field</th>
          <th scope="col">{creating ? "Value" : "Now → then"}</th>
          <th scope="col">
            <span className="visually-hidden">Reason</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {sorted.map((field) => (
          <tr key={field.field} className={field.changed && !creating ? css.changed : ""}>
            <td title={field.field}>{field.title || field.field}</td>
            <td>
              {field.changed && !creating ? (
                <>
                  <span className={css.old}>
                    <Value value={field.old} />
                  </span>{" "}
                  <span aria-label="becomes">→</span>{" "}
                </>
              ) : null}
              <span className={field.changed ? css.new : css.same}>
                <Value value={field.new} />
              </span>
            </td>
            <td>
              <Why of={field.title || field.field} steps={field.why} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
