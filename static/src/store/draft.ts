/** Keeps the draft: saves it a moment after each change, survives a dropped network, notices other people's saves. */

import { ApiError } from "../api/client";
import { bindSlots, checkFlow, fetchFlow, saveDraft, withPlainLayout } from "../api/queries";
import type { Flow } from "../model/flow";
import { parseExact, stringifyExact } from "../model/values";
import { change, paint, present, useEditor, type Theirs } from "./editor";

const SAVE_MS = 900;
const CHECK_MS = 250;
const AGAIN_MS = [2_000, 5_000, 10_000, 20_000];

const { getState, setState, subscribe } = useEditor;
const shelf = (slug: string) => `heddle.draft.${slug}`;

/** Starts keeping the open flow. @returns a function that saves what is left and stops */
export function keepDraft(): () => void {
  const { slug } = getState();
  let saving: ReturnType<typeof setTimeout> | undefined;
  let checking: ReturnType<typeof setTimeout> | undefined;
  let asked = new AbortController();
  let misses = 0;
  let stopped = false;
  /** The drawing as it was when this stopped: what the store holds by then may be another flow's. */
  let left = present();
  /** Connections that were chosen. The server takes them when it knows the slots: with, or after, the drawing that has them. */
  let chosen: Record<string, string> | null = null;

  const soon = (delay: number) => {
    clearTimeout(saving);
    saving = setTimeout(() => void save(), delay);
  };

  const save = async (): Promise<void> => {
    const { revision, stored, save: state } = getState();
    const document = present();
    if (state === "saving" || state === "conflict") return;
    if (document === stored) {
      tellChosen();
      return;
    }
    setState({ save: "saving" });
    try {
      const answer = await saveDraft(slug, document, revision);
      const newest = stopped ? left : present();
      const whole = newest === document; // nothing was changed while it was under way
      if (whole) unshelve(slug);
      else shelve(slug, answer.revision, newest);
      if (getState().slug !== slug) {
        tellChosen();
        return;
      }
      misses = 0;
      setState({
        revision: answer.revision,
        stored: document,
        save: whole ? "saved" : "waiting",
        saveMessage: "",
        draftChanged: true,
      });
      if (whole) paint(answer);
      if (whole || stopped) tellChosen();
      else soon(SAVE_MS);
    } catch (error) {
      if (getState().slug === slug) await refused(error);
    }
  };

  const refused = async (error: unknown): Promise<void> => {
    if (error instanceof ApiError && error.code === "E-REVISION") {
      setState({ save: "conflict", theirs: await theirsOf(error, slug) });
    } else if (error instanceof ApiError && !error.offline && error.status < 500) {
      setState({ save: "refused", saveMessage: error.message });
    } else {
      setState({ save: "offline", saveMessage: error instanceof Error ? error.message : "" });
      if (!stopped) soon(AGAIN_MS[Math.min(misses, AGAIN_MS.length - 1)] ?? SAVE_MS);
      misses += 1;
    }
  };

  /** Where a flow that posts to the ledger posts goes live with its next publication. */
  const bindLater = (error: unknown) => (error instanceof ApiError && error.code === "E-FOUR-EYES" ? undefined : refused(error));

  const tellChosen = () => {
    if (chosen) void bindSlots(slug, chosen).catch(bindLater);
    chosen = null;
  };

  const check = async (): Promise<void> => {
    asked.abort();
    asked = new AbortController();
    const document = present();
    try {
      const answer = await checkFlow(document, getState().bindings, asked.signal);
      if (getState().slug === slug && present() === document) paint(answer);
    } catch (error) {
      if (error instanceof ApiError && error.problems.length) paint({ problems: error.problems });
    }
  };

  const forget = subscribe((now, before) => {
    if (now.slug !== slug) return;
    const changed = now.history.present !== before.history.present;
    if (changed && now.history.present !== now.stored) {
      shelve(slug, now.revision, now.history.present);
      if (now.save !== "conflict" && now.save !== "saving") setState({ save: now.save === "offline" ? "offline" : "waiting" });
    }
    if (changed || (now.save === "waiting" && before.save === "conflict")) soon(SAVE_MS);
    if (changed || now.bindings !== before.bindings) {
      clearTimeout(checking);
      checking = setTimeout(() => void check(), CHECK_MS);
    }
    if (now.bindings !== before.bindings) {
      chosen = now.bindings;
      if (now.history.present === now.stored && now.save !== "saving") tellChosen();
    }
  });

  const back = () => void save();
  const leaving = (event: BeforeUnloadEvent) => {
    if (present() !== getState().stored) event.preventDefault();
  };
  window.addEventListener("online", back);
  window.addEventListener("beforeunload", leaving);
  takeFromShelf(slug);
  checking = setTimeout(() => void check(), 0);

  return () => {
    stopped = true;
    left = present();
    forget();
    clearTimeout(saving);
    clearTimeout(checking);
    asked.abort();
    window.removeEventListener("online", back);
    window.removeEventListener("beforeunload", leaving);
    void save();
  };
}

async function theirsOf(error: ApiError, slug: string): Promise<Theirs> {
  const { detail } = error;
  const nested = typeof detail === "object" && detail !== null && "current" in detail ? detail.current : undefined;
  const current = (error.body["current"] ?? nested) as Theirs | undefined;
  if (current?.document) return { revision: current.revision, document: withPlainLayout(current.document) };
  const { revision, document } = await fetchFlow(slug);
  return { revision, document };
}

/** A copy in the browser while the server does not have it: a closed tab loses nothing. */
function shelve(slug: string, revision: number, document: Flow): void {
  try {
    localStorage.setItem(shelf(slug), stringifyExact({ revision, document }));
  } catch {
    setState({ saveMessage: "This browser keeps no copy of unsaved changes: its storage is full or switched off." });
  }
}

function unshelve(slug: string): void {
  try {
    localStorage.removeItem(shelf(slug));
  } catch {
    return;
  }
}

function takeFromShelf(slug: string): void {
  try {
    const kept = localStorage.getItem(shelf(slug));
    if (!kept) return;
    const { revision, document } = parseExact(kept) as Theirs;
    if (revision === getState().revision) change("Restore unsaved changes", () => withPlainLayout(document));
    else unshelve(slug);
  } catch {
    unshelve(slug);
  }
}
