import { Tooltip } from "@mantine/core";
import { IconLayoutDistributeHorizontal, IconMaximize, IconMinus, IconPlus } from "@tabler/icons-react";
import { Panel, useReactFlow, useStore } from "@xyflow/react";

import { tidy } from "../model/layout";
import { change, useEditor } from "../store/editor";
import { chosenNodes, sizes } from "../store/view";
import css from "./canvas.module.css";
import { gently } from "./reveal";

/** Zoom, fit, reset, tidy: each with its key in the tooltip. */
export function Controls({ narrow }: { narrow: boolean }) {
  const canvas = useReactFlow();
  const zoom = useStore((state) => Math.round(state.transform[2] * 100));
  const readOnly = useEditor((editor) => editor.readOnly);
  const fit = () => void canvas.fitView({ padding: 0.15, maxZoom: 1, ...gently() });
  const buttons = [
    { label: "Zoom out (-)", icon: IconMinus, run: () => void canvas.zoomOut(gently()) },
    { label: "Zoom in (+)", icon: IconPlus, run: () => void canvas.zoomIn(gently()) },
    { label: "See everything (1)", icon: IconMaximize, run: fit },
  ];
  return (
    <Panel position="bottom-left" className={css.controls}>
      {buttons.slice(0, 1).map((button) => (
        <Control key={button.label} {...button} />
      ))}
      <Tooltip label="Real size (0)">
        <button type="button" className={css.zoom} aria-label={`Zoom ${zoom} per cent; back to real size`} onClick={() => void canvas.zoomTo(1, gently())}>
          {zoom}%
        </button>
      </Tooltip>
      {buttons.slice(1).map((button) => (
        <Control key={button.label} {...button} />
      ))}
      {readOnly || narrow ? null : (
        <Control
          label="Tidy up (Alt Shift T)"
          icon={IconLayoutDistributeHorizontal}
          run={() => {
            const chosen = chosenNodes();
            change("Tidy up", (flow) => tidy(flow, chosen.size > 1 ? chosen : null, sizes()));
            requestAnimationFrame(fit);
          }}
        />
      )}
    </Panel>
  );
}

function Control({ label, icon: Glyph, run }: { label: string; icon: typeof IconPlus; run: () => void }) {
  return (
    <Tooltip label={label}>
      <button type="button" className={css.control} aria-label={label} onClick={run}>
        <Glyph size={17} stroke={1.8} aria-hidden />
      </button>
    </Tooltip>
  );
}
