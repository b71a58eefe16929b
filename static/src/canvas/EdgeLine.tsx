import { IconHandStop, IconPlus, IconX } from "@tabler/icons-react";
import { BaseEdge, EdgeLabelRenderer, getSmoothStepPath, type EdgeProps } from "@xyflow/react";
import { memo, useState } from "react";

import { pillOf, type Pill } from "../model/counts";
import { edgeId } from "../model/flow";
import { groupDigits } from "../model/values";
import { useEditor } from "../store/editor";
import { useOverlay } from "../store/run";
import { useView, type CanvasEdge } from "../store/view";
import css from "./edge.module.css";
import { useShowRecords } from "./showRecords";

const SIDE: Record<string, string | undefined> = { held: css["held"], failed: css["failed"], rejected: css["failed"] };

/** A wire with the number of records on it; what was held or failed stands apart. */
export const EdgeLine = memo(function EdgeLine(props: EdgeProps<CanvasEdge>) {
  const { id, selected, source, sourceHandleId, target } = props;
  const [hovered, setHovered] = useState(false);
  const readOnly = useEditor((editor) => editor.readOnly);
  const moving = useOverlay((overlay) => overlay.moving);
  const pill = usePill(id);
  const twin = useEditor(({ history }) => history.present.edges.some((edge) => edge.source === source && edge.target === target && edgeId(edge) !== id));
  const [path, middleX, middleY] = getSmoothStepPath({ ...props, borderRadius: 14, offset: 12 });
  // the middles of two wires between the same steps all but meet; where they leave they are apart
  const [x, y] = twin ? [props.sourceX + 26, props.sourceY] : [middleX, middleY];
  const classes = [css.line, selected && css.selected, SIDE[sourceHandleId ?? ""], moving && pill && pill.passed > 0 && css.moving];
  return (
    <>
      <BaseEdge path={path} className={classes.filter(Boolean).join(" ")} interactionWidth={0} />
      <path
        d={path}
        fill="none"
        stroke="transparent"
        strokeWidth={24}
        onMouseEnter={() => setHovered(true)}
        onMouseLeave={() => setHovered(false)}
      />
      <EdgeLabelRenderer>
        <div
          className={css.label}
          style={{ transform: `translate(-50%, -50%) translate(${x}px, ${y}px)`, zIndex: hovered ? 1001 : 1 }}
          onMouseEnter={() => setHovered(true)}
          onMouseLeave={() => setHovered(false)}
        >
          {pill ? <Counts id={id} pill={pill} /> : null}
          {readOnly ? null : (
            <button
              type="button"
              tabIndex={selected ? 0 : -1}
              className={`${css.insert} ${hovered || selected ? css.shown : ""} nodrag nopan`}
              aria-label="Insert a step here"
              title="Insert a step here"
              onClick={() => useView.setState({ palette: { kind: "edge", edge: id } })}
            >
              <IconPlus size={14} aria-hidden />
            </button>
          )}
        </div>
      </EdgeLabelRenderer>
    </>
  );
});

function Counts({ id, pill }: { id: string; pill: Pill }) {
  const show = useShowRecords();
  const number = (value: number) => groupDigits(String(value));
  const words = [`${number(pill.passed)} passed`, pill.held && `${number(pill.held)} held`, pill.failed && `${number(pill.failed)} failed`]
    .filter(Boolean)
    .join(", ");
  return (
    <button type="button" className={`${css.pill} nodrag nopan`} aria-label={`${words}: show these records`} title={words} onClick={() => show(id)}>
      {pill.passed || !(pill.held || pill.failed) ? <span className={css.part}>{number(pill.passed)}</span> : null}
      {pill.held ? (
        <span className={`${css.part} ${css["held"]}`}>
          <IconHandStop size={12} stroke={2.2} aria-hidden /> {number(pill.held)}
        </span>
      ) : null}
      {pill.failed ? (
        <span className={`${css.part} ${css["failed"]}`}>
          <IconX size={12} stroke={2.6} aria-hidden /> {number(pill.failed)}
        </span>
      ) : null}
    </button>
  );
}

function usePill(id: string): Pill | null {
  const flow = useEditor((editor) => editor.history.present);
  const nodes = useOverlay((overlay) => overlay.nodes);
  const edges = useOverlay((overlay) => overlay.edges);
  const edge = flow.edges.find((other) => edgeId(other) === id);
  return edge ? pillOf(flow, edge, nodes, edges) : null;
}
