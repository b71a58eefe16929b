/** The systems have changed under the live version: which rows are hit, and the way to them. */

import { Button } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { use } from "react";

import { useDrift, useLookForDrift } from "../api/drifts";
import { useMay } from "../api/queries";
import { useEditor } from "../store/editor";
import { ErrorBanner } from "../ui/parts";
import css from "./bar.module.css";
import { OpenNodeContext } from "./openNode";

const SHOWN = 3;

export function DriftNotice() {
  const slug = useEditor((editor) => editor.slug);
  const live = useEditor((editor) => editor.liveVersion !== null);
  const found = useDrift(slug).data;
  const look = useLookForDrift(slug);
  const may = useMay("operator");
  const { openNode } = use(OpenNodeContext);
  if (!live || !found?.drifts.length) return null;
  const more = found.drifts.length - SHOWN;
  return (
    <div className={css.drift} role="alert">
      <IconAlertTriangle size={18} aria-hidden />
      <div>
        <p>
          <b>
            {found.paused ? "Paused: the systems have changed since this was published." : "The systems have changed since this was published."}
          </b>
        </p>
        <ul>
          {found.drifts.slice(0, SHOWN).map((drift) => (
            <li key={`${drift.kind}/${drift.entity}/${drift.field}`}>
              {drift.message}{" "}
              {drift.rows.slice(0, 4).map((row, at) => (
                <span key={`${row.node}/${row.row}`}>
                  {at ? ", " : "Hit: "}
                  <button type="button" className={css.link} onClick={() => openNode(row.node)}>
                    {row.step}
                  </button>{" "}
                  {row.row}
                </span>
              ))}
            </li>
          ))}
          {more > 0 ? <li>and {more} more</li> : null}
        </ul>
        <ErrorBanner error={look.error} />
      </div>
      {may ? (
        <Button size="compact-sm" variant="default" loading={look.isPending} onClick={() => look.mutate()}>
          Look again
        </Button>
      ) : null}
    </div>
  );
}
