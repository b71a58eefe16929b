import type { Diff } from "../../api/types";
import css from "./dialogs.module.css";

/** The difference between two versions, in words. */
export function Changes({ diff }: { diff: Diff }) {
  if (!diff.changes.length) {
    return <p className={css.lead}>{diff.layout_changed ? "Only places on the canvas changed; what the flow does is the same." : "Nothing changed."}</p>;
  }
  return (
    <ul className={css.changes}>
      {diff.changes.map((change, index) => (
        <li key={index}>
          {change.title ? <b>{change.title}: </b> : null}
          {change.text}
        </li>
      ))}
    </ul>
  );
}
