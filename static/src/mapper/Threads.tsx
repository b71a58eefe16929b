/** The lines between source fields and rows: measured from the page, redrawn on scroll and change. */

import { type RefObject, useEffect, useState } from "react";

import { isLines, type Place, type Row } from "./mapping";
import { placeKey } from "./results";
import { sourceKey } from "./SourceTree";
import css from "./mapper.module.css";

interface Thread {
  key: string;
  from: { x: number; y: number };
  to: { x: number; y: number };
}

interface Pair {
  source: string;
  target: string;
}

function pairs(rows: readonly Row[], above: Place = [], line: string | null = null): Pair[] {
  return rows.flatMap((row, index) => {
    const place = [...above, index];
    const target = placeKey(place);
    if (isLines(row)) {
      const list = row.lines.replace(/\[\*\]$/, "");
      return [{ source: sourceKey(list, line), target }, ...pairs(row.rows, place, list)];
    }
    return row.value.kind === "path" ? [{ source: sourceKey(row.value.path, line), target }] : [];
  });
}

/** Both ends of each pair, relative to the board; a pair with an end out of view has no thread. */
function measured(root: HTMLElement, rows: readonly Row[]): Thread[] {
  const frame = root.getBoundingClientRect();
  const spot = (attribute: string, key: string, edge: "left" | "right") => {
    const box = root.querySelector(`[data-${attribute}="${CSS.escape(key)}"]`)?.getBoundingClientRect();
    if (!box || box.bottom < frame.top || box.top > frame.bottom) return null;
    return { x: box[edge] - frame.left, y: box.top + Math.min(box.height, 42) / 2 - frame.top };
  };
  return pairs(rows).flatMap(({ source, target }) => {
    const from = spot("source", source, "right");
    const to = spot("target", target, "left");
    return from && to ? [{ key: `${source}>${target}`, from, to }] : [];
  });
}

interface Props {
  board: RefObject<HTMLDivElement | null>;
  rows: readonly Row[];
}

export function Threads({ board, rows }: Props) {
  const [threads, setThreads] = useState<Thread[]>([]);
  const [hovered, setHovered] = useState<string | null>(null);

  useEffect(() => {
    const root = board.current;
    if (!root) return;
    const measure = () => setThreads(measured(root, rows));
    let frame = requestAnimationFrame(measure);
    const again = () => {
      cancelAnimationFrame(frame);
      frame = requestAnimationFrame(measure);
    };
    const over = (event: Event) => {
      const node = (event.target as Element).closest("[data-target], [data-source]");
      setHovered(node?.getAttribute("data-target") ?? node?.getAttribute("data-source") ?? null);
    };
    const watch = new ResizeObserver(again);
    watch.observe(root);
    const grown = new MutationObserver(again);
    grown.observe(root, { childList: true, subtree: true });
    root.addEventListener("scroll", again, true);
    root.addEventListener("pointerover", over);
    return () => {
      cancelAnimationFrame(frame);
      watch.disconnect();
      grown.disconnect();
      root.removeEventListener("scroll", again, true);
      root.removeEventListener("pointerover", over);
    };
  }, [board, rows]);

  return (
    <svg className={css.threads} aria-hidden>
      {threads.map(({ key, from, to }) => {
        const bend = Math.max(24, (to.x - from.x) / 2);
        const live = hovered !== null && (key.startsWith(`${hovered}>`) || key.endsWith(`>${hovered}`));
        return (
          <path
            key={key}
            className={live ? css.live : undefined}
            d={`M${from.x} ${from.y} C${from.x + bend} ${from.y} ${to.x - bend} ${to.y} ${to.x} ${to.y}`}
          />
        );
      })}
    </svg>
  );
}
