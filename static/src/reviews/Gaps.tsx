/** Rows that tables will ask for: known before any document waits for them. */

import { Button } from "@mantine/core";
import { IconTelescope } from "@tabler/icons-react";
import { Link } from "react-router";

import { useGaps } from "../api/forecasts";
import { many } from "../model/runs";
import { Amounts } from "../ui/Amounts";
import css from "./reviews.module.css";

export function Gaps() {
  const gaps = useGaps().data ?? [];
  return gaps.flatMap(({ flow, tables }) =>
    tables.map((table) => (
      <article key={`${flow.slug}/${table.table}/${table.column}`} className={`${css.group} ${css.gap}`} aria-label={`Coverage of ${table.title}`}>
        <div className={css.question}>
          <span className={css.glyph}>
            <IconTelescope size={20} aria-hidden />
          </span>
          <div className={css.grow}>
            <h2>
              {many(table.missing, "entry", "entries")} without {table.column}: {table.keys.slice(0, 3).map((key) => key.key).join(", ")}
              {table.missing > 3 ? "…" : ""}
            </h2>
            <p>
              Seen ahead in <Link to={`/flows/${flow.slug}`}>{flow.name}</Link>
              {table.amounts.length ? (
                <>
                  ; they stand for <Amounts of={table.amounts} />
                </>
              ) : null}
            </p>
          </div>
          <Button component={Link} to={`/flows/${flow.slug}/forecast`} variant="default">
            Complete them
          </Button>
        </div>
      </article>
    )),
  );
}
