/** The records that a search on the runs page means, above the runs that met them. */

import { useFound } from "../api/records";
import { Hits } from "./Hits";
import css from "./timeline.module.css";

export function FoundRecords({ q }: { q: string }) {
  const found = useFound(q);
  const hits = q.trim().length > 1 ? (found.data?.records ?? []).slice(0, 3) : [];
  if (!hits.length) return null;
  return (
    <section className={css.above} aria-label="Records found">
      <h2>What happened to it</h2>
      <Hits hits={hits} />
    </section>
  );
}
