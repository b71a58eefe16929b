/** The mapper with its head: the settings beside the rows are an ordinary form. */

import { SchemaForm } from "../form/SchemaForm";
import { Mapper } from "../mapper/Mapper";
import type { NodeEditorProps } from "../model/editing";
import type { Json } from "../model/flow";
import { without } from "../model/without";

export function Mapping(props: NodeEditorProps) {
  const { card, problems } = props;
  const properties = without((card.settings["properties"] ?? {}) as Json, "rows");
  const head = {
    ...props,
    card: { ...card, settings: { ...card.settings, properties } },
    problems: problems.filter((problem) => !problem.field?.startsWith("rows")),
  };
  return <Mapper {...props} head={<SchemaForm {...head} />} />;
}
