/** The mapper with its head: the settings beside the rows are an ordinary form. */

import { SchemaForm } from "../form/SchemaForm";
import { Mapper } from "../mapper/Mapper";
import type { NodeEditorProps } from "../model/editing";
import type { Json } from "../model/flow";

export function Mapping(props: NodeEditorProps) {
  const { card, problems } = props;
  const { rows: _rows, ...properties } = (card.settings["properties"] ?? {}) as Json;
  const head = {
    ...props,
    card: { ...card, settings: { ...card.settings, properties } },
    problems: problems.filter((problem) => !problem.field?.startsWith("rows")),
  };
  return <Mapper {...props} head={<SchemaForm {...head} />} />;
}
