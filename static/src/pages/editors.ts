/** Which editor serves which node type: the one place where the canvas meets forms, mapper, rules and tables. */

import { SchemaForm } from "../form/SchemaForm";
import { Mapping } from "./mapping";
import { Matrix } from "./matrix";
import type { NodeEditors } from "../model/editing";
import { Rules, Tables } from "./deciding";

export const editors: NodeEditors = { schema: SchemaForm, mapper: Mapping, rules: Rules, "decision-table": Tables, matrix: Matrix };
