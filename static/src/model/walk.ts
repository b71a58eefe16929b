/** Walking a drawing with the arrow keys. */

import type { Flow } from "./flow";
import { placeOf } from "./layout";

export type Arrow = "left" | "right" | "up" | "down";

/** The neighbour in this direction: along a wire to the left and right, the nearest node above and below. */
export function neighbour(flow: Flow, from: string, arrow: Arrow): string | null {
  const here = placeOf(flow, from);
  const wired =
    arrow === "right"
      ? flow.edges.filter((edge) => edge.source === from).map((edge) => edge.target)
      : arrow === "left"
        ? flow.edges.filter((edge) => edge.target === from).map((edge) => edge.source)
        : [];
  const beyond = (id: string) => {
    const at = placeOf(flow, id);
    return { left: at.x < here.x, right: at.x > here.x, up: at.y < here.y, down: at.y > here.y }[arrow];
  };
  const pool = wired.length ? wired : flow.nodes.map((node) => node.id).filter((id) => id !== from && beyond(id));
  const across = arrow === "left" || arrow === "right";
  const distance = (id: string) => {
    const at = placeOf(flow, id);
    const [along, aside] = across ? [at.x - here.x, at.y - here.y] : [at.y - here.y, at.x - here.x];
    return Math.abs(along) + 2 * Math.abs(aside);
  };
  return pool.sort((one, other) => distance(one) - distance(other))[0] ?? null;
}
