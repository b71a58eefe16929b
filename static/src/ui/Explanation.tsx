/** Click a value that was sent: where it came from, each transform with the value after it, and who made it so. */

import { Popover } from "@mantine/core";
import { useState } from "react";

import { ErrorBanner, RelativeTime, Rows } from "./parts";
import { Value } from "./DataTree";
import css from "./data.module.css";

export interface ExplainedStep {
  did: string;
  value: unknown;
  reason: string;
  step: string;
}

export interface Explanation {
  title: string;
  value: unknown;
  old: unknown;
  steps: ExplainedStep[];
  lines: { field: string; steps: ExplainedStep[] }[];
  rules: { title: string; because: string; step: string }[];
  made: {
    version: number | null;
    change: { version: number | null; by: string; at: string; note: string; node: string; texts: string[] } | null;
  };
}

interface Props {
  /** What people call the field. */
  of: string;
  /** The value as it is shown. */
  text: string;
  ask: () => Promise<Explanation>;
}

export function ExplainedValue({ of, text, ask }: Props) {
  const [told, setTold] = useState<Explanation | null>(null);
  const [error, setError] = useState<unknown>(null);
  const open = () => {
    if (!told) ask().then(setTold, setError);
  };
  return (
    <Popover width={380} position="bottom-start" withArrow shadow="md" withinPortal onOpen={open} trapFocus>
      <Popover.Target>
        <ExplainButton of={of} text={text} />
      </Popover.Target>
      <Popover.Dropdown className={css.explained}>
        <ErrorBanner error={error} />
        {told ? <Told told={told} /> : error ? null : <Rows count={3} />}
      </Popover.Dropdown>
    </Popover>
  );
}

/** The popover hands its target a class and handlers of its own. */
function ExplainButton({ of, text, className = "", ...rest }: { of: string; text: string; className?: string }) {
  return (
    <button type="button" {...rest} className={`${css.asks} ${className}`} aria-label={`${text || "empty"}: why is ${of} so?`}>
      {text || "empty"}
    </button>
  );
}

function Told({ told }: { told: Explanation }) {
  const { change, version } = told.made;
  return (
    <div>
      {told.steps.length ? <Steps steps={told.steps} /> : null}
      {told.lines.map((line) => (
        <details key={line.field} className={css.line}>
          <summary>{line.field}</summary>
          <Steps steps={line.steps} />
        </details>
      ))}
      {!told.steps.length && !told.lines.length ? <p className={css.did}>Nothing was noted about how it came to be.</p> : null}
      {told.rules.length ? (
        <section className={css.because}>
          <h4>{told.rules.length === 1 ? "The rule that applied" : "Rules that applied"}</h4>
          {told.rules.map((rule) => (
            <p key={rule.title}>
              <strong>{rule.title}</strong> {rule.because}
            </p>
          ))}
        </section>
      ) : null}
      <section className={css.because}>
        {version === null ? <p>The run followed a draft.</p> : null}
        {change ? (
          <p>
            {change.version === version ? `Version ${change.version ?? ""}` : `Followed version ${version ?? ""}; this was last changed in version ${change.version ?? ""}`}
            {" by "}
            <strong>{change.by}</strong>, <RelativeTime at={change.at} />
            {change.note ? `: ${change.note}` : ""}
          </p>
        ) : null}
        {change?.texts.map((text) => (
          <p key={text}>{text}</p>
        ))}
      </section>
    </div>
  );
}

function Steps({ steps }: { steps: ExplainedStep[] }) {
  return (
    <ol className={css.steps}>
      {steps.map((step, at) => (
        <li key={at}>
          <div className={css.did}>
            {step.did}
            {step.step && step.step !== steps[at - 1]?.step ? <span className={css.at}> · {step.step}</span> : null}
          </div>
          <div className={css.got}>
            <Value value={step.value} />
          </div>
          {step.reason ? <div className={css.did}>{step.reason}</div> : null}
        </li>
      ))}
    </ol>
  );
}
