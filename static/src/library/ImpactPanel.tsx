/** Before a version is saved: which flows use it, and which real records would be decided otherwise. */

import type { ComponentType } from "react";

import type { Otherwise } from "../api/decisions";
import type { Impact } from "../api/library";
import css from "./library.module.css";

export type Records = ComponentType<{ changed: readonly Otherwise[] }>;

export function ImpactPanel({ impact, Records }: { impact: Impact; Records: Records }) {
  return (
    <div className={css.impact} aria-label="What it would change" role="region">
      <p className={css.verdict} role="status">
        {verdict(impact)}
      </p>
      {impact.flows.map((flow) => (
        <section key={flow.slug} className={css.flow} aria-label={flow.name}>
          <h3>{flow.name}</h3>
          {flow.steps.map((step) => (
            <div key={step.node}>
              <p>
                {step.title}:{" "}
                {step.problem ||
                  `${step.count} of ${step.judged} ${step.judged === 1 ? "record" : "records"} otherwise${step.complete ? "" : ", of the newest ones; there are more"}`}
              </p>
              {step.changed.length ? <Records changed={step.changed} /> : null}
            </div>
          ))}
          <p>
            {flow.live === null
              ? "It has not been published with it, so no real record has been decided by it."
              : `It goes on with version ${flow.live} until somebody takes the new one and publishes it.`}
          </p>
        </section>
      ))}
    </div>
  );
}

function verdict({ flows, judged, count, days }: Impact): string {
  if (!flows.length) return "No flow uses it yet, so nothing would change.";
  const used = flows.length === 1 ? "One flow uses it." : `${flows.length} flows use it.`;
  if (!judged) return `${used} No record of the last ${days} days is kept there, so nothing can be compared.`;
  const all = judged === 1 ? `the one record of the last ${days} days` : `the ${judged} records of the last ${days} days`;
  return count ? `${used} Of ${all}, ${count} would be decided otherwise.` : `${used} Of ${all}, every one would be decided as before.`;
}
