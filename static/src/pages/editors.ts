/** Which editor serves which node type: the one place where the canvas meets forms, mapper and rules. */

import { SchemaForm } from "../form/SchemaForm";
import { Mapping } from "./mapping";
import type { NodeEditors } from "../model/editing";
import { RulesEditor } from "../rules/RulesEditor";

export const editors: NodeEditors = { schema: SchemaForm, mapper: Mapping, rules: RulesEditor };
