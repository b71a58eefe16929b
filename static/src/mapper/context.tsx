/** What the parts of the mapping screen share. */

import { createContext, useContext } from "react";

import type { Problem } from "../model/flow";
import type { Place, Row } from "./mapping";
import type { Results } from "./results";

/** A source field that has been picked up and waits for its target. */
export interface Armed {
  path: string;
  /** Path of the list that it is a field of, when it is a line's. */
  line: string | null;
  title: string;
}

export interface MapperAround {
  rows: Row[];
  onRows: (rows: Row[]) => void;
  results: Results;
  problems: readonly Problem[];
  armed: Armed | null;
  arm: (armed: Armed | null) => void;
  readOnly: boolean;
  /** Whether the schema knows a condition on lines (`where`). */
  filtersLines: boolean;
  /** Whether the target may have fields that nobody has told of. */
  open: boolean;
}

export const MapperContext = createContext<MapperAround>({
  rows: [],
  onRows: () => undefined,
  results: new Map(),
  problems: [],
  armed: null,
  arm: () => undefined,
  readOnly: true,
  filtersLines: false,
  open: false,
});

export const useMapper = (): MapperAround => useContext(MapperContext);

/** Where problems of a row stand: `rows.3.rows.0`. */
export function problemPlace(place: Place): string {
  return place.map((index) => `rows.${index}`).join(".");
}

/** The path that an armed source has inside the list of rows at hand; null when it cannot be reached there. */
export function reach(armed: Armed, line: string | null): string | null {
  const plain = (text: string | null) => text?.replace(/\[\*\]$/, "") ?? null;
  if (plain(armed.line) === plain(line)) return armed.path;
  if (armed.line !== null) return null;
  return armed.path.startsWith("$steps") || /^\$(key|title|run)/.test(armed.path)
    ? armed.path
    : `$parent${armed.path.slice(1)}`;
}
