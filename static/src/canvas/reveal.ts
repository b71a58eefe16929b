import type { ReactFlowInstance } from "@xyflow/react";

import { CARD } from "../model/layout";
import type { CanvasEdge, CanvasNode } from "../store/view";

/** Options of a short move of the view; none for those who asked for no motion. */
export const gently = () => (matchMedia("(prefers-reduced-motion: reduce)").matches ? {} : { duration: 120 });

/** Brings a step into view, and leaves the view alone when the step is in it already. */
export function reveal(canvas: ReactFlowInstance<CanvasNode, CanvasEdge>, id: string, minZoom = 0.2): void {
  const box = document.querySelector(".react-flow")?.getBoundingClientRect();
  const node = canvas.getNode(id);
  if (!box || !node) return;
  const zoom = canvas.getZoom();
  const from = canvas.flowToScreenPosition(node.position);
  const width = (node.measured?.width ?? CARD.width) * zoom;
  const height = (node.measured?.height ?? CARD.height) * zoom;
  const inside = from.x >= box.left && from.y >= box.top && from.x + width <= box.right && from.y + height <= box.bottom;
  if (inside && zoom >= minZoom) return;
  const at = Math.min(1, Math.max(zoom, minZoom));
  void canvas.fitView({ nodes: [{ id }], minZoom: at, maxZoom: at, ...gently() });
}
