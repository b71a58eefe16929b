/** Rules and decision tables with where they come from above, and the panel that tries them below. */

import { SharedBar } from "../library/SharedBar";
import type { NodeEditorProps } from "../model/editing";
import type { Json } from "../model/flow";
import { valueText } from "../model/values";
import { RulesEditor } from "../rules/RulesEditor";
import { portsOf, type RuleSet } from "../rules/ruleset";
import { DecisionEditor } from "../tables/DecisionEditor";
import { TryPanel } from "../trial/TryPanel";

const SHARED = "shared:";

export function Rules(props: NodeEditorProps) {
  const { value, flow, onChange, onFlow, readOnly } = props;
  const named = valueText(value["rule_set"]);
  const shared = named.startsWith(SHARED);
  const document = named ? flow.rules[named] : value["rules"];
  return (
    <>
      <SharedBar
        kind="rules"
        slug={shared ? named.slice(SHARED.length) : ""}
        flow={flow}
        own={named ? null : value["rules"]}
        readOnly={readOnly}
        onTake={(slug, parts) => {
          onFlow(parts);
          onChange({ rule_set: SHARED + slug, routes: portsOf(parts.rules[SHARED + slug] as unknown as RuleSet) });
        }}
        onOwn={(copy: Json) => onChange({ rules: copy })}
      />
      <RulesEditor {...props} readOnly={readOnly || shared} />
      {document ? <TryPanel {...props} kind="rules" document={document} /> : null}
    </>
  );
}

export function Tables(props: NodeEditorProps) {
  const { value, flow, onChange, onFlow, readOnly } = props;
  const { no_match: noMatch } = value;
  const named = value["table"] ? "" : valueText(value["decision"]);
  const document = named ? flow.decisions?.[named] : value["table"];
  const kept = noMatch === undefined ? {} : { no_match: noMatch };
  return (
    <>
      <SharedBar
        kind="decision"
        slug={named.slice(SHARED.length)}
        flow={flow}
        own={value["table"] ?? null}
        readOnly={readOnly}
        onTake={(slug, parts) => {
          onFlow(parts);
          onChange({ ...kept, decision: SHARED + slug });
        }}
        onOwn={(copy: Json) => onChange({ ...kept, table: copy })}
      />
      {named ? (
        <DecisionEditor {...props} value={{ ...value, table: document }} onChange={(next) => onChange({ ...value, no_match: next["no_match"] })} locked />
      ) : (
        <DecisionEditor {...props} />
      )}
      {document ? <TryPanel {...props} kind="tables" document={document} noMatch={valueText(noMatch)} /> : null}
    </>
  );
}
