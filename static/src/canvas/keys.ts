/** Keys as text (`mod+shift+z`): matched against events, and shown to people. */

const SHOWN: Record<string, string> = {
  mod: /Mac|iP(hone|ad)/.test(navigator.userAgent) ? "⌘" : "Ctrl",
  shift: "Shift",
  alt: "Alt",
  delete: "Del",
  backspace: "⌫",
  enter: "Enter",
  escape: "Esc",
  arrowleft: "←",
  arrowright: "→",
  arrowup: "↑",
  arrowdown: "↓",
};

/** The key that was pressed as text; symbols stand for themselves, however the keyboard makes them. */
export function keyOf(event: KeyboardEvent): string {
  const letter = event.altKey && event.code.startsWith("Key") ? event.code.slice(3) : event.key;
  const key = letter.toLowerCase();
  const symbol = key.length === 1 && !/[a-z0-9]/.test(key);
  const parts = [
    (event.ctrlKey || event.metaKey) && "mod",
    event.altKey && "alt",
    event.shiftKey && !symbol && "shift",
    key === "=" ? "+" : key,
  ];
  return parts.filter(Boolean).join("+");
}

/** "Ctrl Shift Z" */
export function shownKey(key: string): string {
  return key
    .split(/(?<!^|\+)\+|\+(?=.)/)
    .filter(Boolean)
    .map((part) => SHOWN[part] ?? part.toUpperCase())
    .join(" ");
}

export function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}
