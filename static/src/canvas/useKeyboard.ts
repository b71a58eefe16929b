/** The keyboard of the editor: one listener, the table of actions, nothing while somebody types. */

import { useEffect, useRef } from "react";

import { useEditor } from "../store/editor";
import { useView } from "../store/view";
import { actions, type Action, type Hands } from "./actions";
import { clipboardEvents } from "./clipping";
import { isTyping, keyOf } from "./keys";

/** The browser brings these three itself, with access to the system clipboard. */
const BY_EVENT: ReadonlySet<string> = new Set(["mod+c", "mod+x", "mod+v"]);
/** These work while typing as well. */
const ALWAYS: ReadonlySet<string> = new Set(["mod+k", "mod+shift+p", "mod+enter", "escape"]);
/** On a focused button or link these belong to the button. */
const ON_CONTROLS: ReadonlySet<string> = new Set(["enter", " ", "arrowup", "arrowdown", "arrowleft", "arrowright"]);

const byKey = new Map<string, Action>(actions.flatMap((action) => action.keys.map((key) => [key, action] as const)));

export function useKeyboard(hands: Hands): void {
  const latest = useRef(hands);
  useEffect(() => {
    latest.current = hands;
  });
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      const key = keyOf(event);
      if (key === "mod+s") event.preventDefault();
      const action = byKey.get(key);
      const { target } = event;
      if (!action || event.defaultPrevented || BY_EVENT.has(key) || useView.getState().dialog) return;
      if (isTyping(target) && !ALWAYS.has(key)) return;
      // what is open within the panel closes by itself, and the panel stays
      if (key === "escape" && target instanceof Element && (target.matches("[aria-expanded=true]") || target.closest("[role=dialog]"))) return;
      if (ON_CONTROLS.has(key) && target instanceof Element && target.closest("button, a, [role=menu], [role=tab], [role=separator]")) return;
      if (action.edits && (useEditor.getState().readOnly || inPanel(target))) return;
      event.preventDefault();
      action.run(latest.current);
    };
    window.addEventListener("keydown", pressed);
    const stop = clipboardEvents();
    return () => {
      window.removeEventListener("keydown", pressed);
      stop();
    };
  }, []);
}

/** Keys that change the drawing rest while the focus is in the panel: there they belong to its fields. */
function inPanel(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest("[data-panel]") !== null;
}
