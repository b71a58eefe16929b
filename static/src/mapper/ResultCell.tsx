import { HoverCard } from "@mantine/core";

import { valueText } from "../model/values";
import { useWords } from "../ui/value/context";
import type { Result } from "./results";
import css from "./mapper.module.css";

/** What the row gives for the sample; on hover or focus why: each step with the value after it. */
export function ResultCell({ results }: { results: Result[] | undefined }) {
  const words = useWords();
  const result = results?.find((one) => one.error) ?? results?.[0];
  if (!result) return <span className={css.result} />;
  if (result.error) {
    return (
      <span className={`${css.result} ${css.bad}`} role="status">
        {result.error.message}
      </span>
    );
  }
  const text = valueText(result.value);
  const more = (results?.length ?? 1) - 1;
  return (
    <HoverCard position="bottom-end" openDelay={200} withinPortal shadow="md">
      <HoverCard.Target>
        <button type="button" className={css.result} aria-label={`Result: ${text || "empty"}`}>
          {text || <span className={css.quiet}>empty</span>}
          {more > 0 ? <span className={css.quiet}> +{more} more lines</span> : null}
        </button>
      </HoverCard.Target>
      <HoverCard.Dropdown>
        <div className={css.why}>
          <strong>How it came to be</strong>
          {result.steps.map((step, at) => (
            <div key={at}>
              <span>{at === 0 ? step.did : (words.call?.(step.did) ?? step.did)}</span>
              <span>{valueText(step.value) || "empty"}</span>
            </div>
          ))}
        </div>
      </HoverCard.Dropdown>
    </HoverCard>
  );
}
