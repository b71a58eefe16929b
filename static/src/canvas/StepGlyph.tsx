import { createElement } from "react";

import type { NodeType } from "../model/flow";
import { glyphOf } from "./glyphs";

/** The icon of a type of step; a question mark for one that this installation does not know. */
export function StepGlyph({ type, size }: { type: NodeType | undefined; size: number }) {
  return createElement(glyphOf(type), { size, stroke: 1.8, "aria-hidden": true });
}
