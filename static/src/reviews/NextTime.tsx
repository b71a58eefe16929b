/** Who decides this field from now on: any policy that the matrix knows, with what it needs. */

import { Select } from "@mantine/core";

import { useEntity, useFlows } from "../api/queries";
import { changed, leavesOf, POLICIES, policyText, type Pair } from "../model/pairs";
import { PolicyForm } from "../ui/PolicyForm";
import type { Props } from "./ConflictFieldRow";
import own from "./conflicts.module.css";

export function NextTime({ field, names, remembered, rules, places, onRemember }: Props) {
  const flows = useFlows().data ?? [];
  const left = useEntity(places.left.connection, places.left.entity).data;
  const right = useEntity(places.right.connection, places.right.entity).data;
  const pair: Pair = { left: field.left, right: field.right, ...remembered };
  const save = (change: Partial<Pair>) => {
    const { policy, state, rules: set, flow } = changed(pair, change);
    onRemember({ ...(policy ? { policy } : {}), ...(state ? { state } : {}), ...(set ? { rules: set } : {}), ...(flow ? { flow } : {}) });
  };
  return (
    <>
      <Select
        size="xs"
        aria-label={`Next time for ${field.title}`}
        data={[
          { value: "", label: "Next time: ask again" },
          ...POLICIES.filter((one) => one !== "ask").map((one) => ({ value: one, label: `Next time: ${midSentence(policyText(one, names), names)}` })),
        ]}
        allowDeselect={false}
        value={remembered?.policy ?? ""}
        onChange={(next) => (next ? save({ policy: next }) : onRemember(null))}
      />
      {remembered ? (
        <div className={own.needs}>
          <PolicyForm
            name={field.title}
            pair={pair}
            names={names}
            leaves={{ left: leavesOf(left?.fields ?? []), right: leavesOf(right?.fields ?? []) }}
            rules={rules}
            flows={flows.filter((one) => one.decides).map(({ slug, name: label }) => ({ value: slug, label }))}
            readOnly={false}
            onChange={save}
          />
        </div>
      ) : null}
    </>
  );
}

/** A policy behind a colon: small at the start, unless it starts with what a side is called. */
const midSentence = (text: string, names: Props["names"]): string =>
  text.startsWith(names.left) || text.startsWith(names.right) ? text : text.charAt(0).toLowerCase() + text.slice(1);
