/** Which editor serves which node type: the one place where the canvas meets forms, mapper and rules. */

import { SchemaForm } from "../form/SchemaForm";
import type { NodeEditors } from "../model/editing";

export const editors: NodeEditors = { schema: SchemaForm };
