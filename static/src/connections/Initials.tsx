import css from "./connections.module.css";

/** A quiet mark for a system that has no glyph of its own. */
export function Initials({ of }: { of: string }) {
  const words = of.split(/[^\p{L}\p{N}]+/u).filter(Boolean);
  const text = (words.length > 1 ? words.slice(0, 2).map((word) => word.charAt(0)) : [of.slice(0, 2)]).join("");
  return (
    <span className={css.glyph} aria-hidden>
      {text.toUpperCase()}
    </span>
  );
}
