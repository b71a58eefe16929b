/** What a search found: an object and all that stand for it, in one row. */

import { Link } from "react-router";

import { type Hit, timelinePath } from "../api/records";
import { RelativeTime, StatusBadge } from "../ui/parts";
import { thingText } from "./words";
import css from "./timeline.module.css";

interface Props {
  hits: readonly Hit[];
  onOpen?: () => void;
}

export function Hits({ hits, onOpen }: Props) {
  return (
    <ul className={css.hits}>
      {hits.map((hit) => {
        const first = hit.things[0];
        if (!first) return null;
        return (
          <li key={timelinePath(first)}>
            <Link to={`/records/${timelinePath(first)}`} className={css.hit} data-hit onClick={onOpen}>
              <span className={css.hitTitle}>{hit.title}</span>
              <StatusBadge status={hit.last.outcome} />
              <span className={css.hitThings}>{hit.things.map(thingText).join(" · ")}</span>
              <span className={css.when}>
                <RelativeTime at={hit.last.at} />
              </span>
            </Link>
          </li>
        );
      })}
    </ul>
  );
}
