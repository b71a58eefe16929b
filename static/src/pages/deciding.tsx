/** Rules and decision tables with the panel that tries them below. */

import { valueText } from "../model/values";
import type { NodeEditorProps } from "../model/editing";
import { RulesEditor } from "../rules/RulesEditor";
import { DecisionEditor } from "../tables/DecisionEditor";
import { TryPanel } from "../trial/TryPanel";

export function Rules(props: NodeEditorProps) {
  const shared = valueText(props.value["rule_set"]);
  const document = shared ? props.flow.rules[shared] : props.value["rules"];
  return (
    <>
      <RulesEditor {...props} />
      {document ? <TryPanel {...props} kind="rules" document={document} /> : null}
    </>
  );
}

export function Tables(props: NodeEditorProps) {
  const { table: document, no_match: noMatch } = props.value;
  return (
    <>
      <DecisionEditor {...props} />
      {document ? <TryPanel {...props} kind="tables" document={document} noMatch={valueText(noMatch)} /> : null}
    </>
  );
}
