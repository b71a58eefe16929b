import { useRef } from "react";

/** For choosing a file: `field` stands anywhere on the screen, unseen, and `choose` opens the window for it. */
export function useFileChoice(label: string, accept: string, onPick: (file: File) => void) {
  const input = useRef<HTMLInputElement>(null);
  const field = (
    <input
      ref={input}
      type="file"
      hidden
      aria-label={label}
      accept={accept}
      onChange={(event) => {
        const picked = event.currentTarget.files?.[0];
        event.currentTarget.value = ""; // the same file may be chosen again
        if (picked) onPick(picked);
      }}
    />
  );
  return { field, choose: () => input.current?.click() };
}
