/** Who carries out runs. */

import { useQuery } from "@tanstack/react-query";

import { api } from "./client";

export interface Worker {
  owner: string;
  host: string;
  pid: number;
  /** It takes bulk runs alone; the others take whatever comes. */
  bulk: boolean;
  /** It has given no sign of life of late. */
  silent: boolean;
  since: string;
  seen_at: string;
  runs: { id: string; flow: string }[];
}

export interface Crew {
  workers: Worker[];
  /** Runs that have not begun. */
  queued: number;
  /** Batches that are read and in nobody's hands. */
  unattended: number;
}

export const useCrew = () => useQuery({ queryKey: ["workers"], queryFn: () => api<Crew>("/api/workers"), refetchInterval: 4_000 });
