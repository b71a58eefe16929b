import { Tooltip } from "@mantine/core";
import { IconAlertCircle, IconAlertTriangle } from "@tabler/icons-react";
import { Handle, Position, useUpdateNodeInternals, type NodeProps } from "@xyflow/react";
import { memo, useEffect, useMemo, useRef } from "react";

import { duration, passedOf } from "../model/counts";
import type { NodeType, Problem } from "../model/flow";
import { changeNode, findNode } from "../model/operations";
import { problemsOf, titleOf } from "../model/problems";
import { groupDigits } from "../model/values";
import { change, useEditor } from "../store/editor";
import { useOverlay } from "../store/run";
import { useView, type CanvasNode } from "../store/view";
import { portsOf, systemOf, useTypes, type Ports } from "./catalog";
import { groupTitles } from "./glyphs";
import css from "./node.module.css";
import { useOpenNode } from "./openNode";
import { StepGlyph } from "./StepGlyph";

const TONES: Record<string, string> = { held: "held", failed: "failed", rejected: "failed" };

/** One card for every type of node; it renders again only when its own node, counts or problems change. */
export const NodeCard = memo(function NodeCard({ id, selected }: NodeProps<CanvasNode>) {
  const types = useTypes();
  const node = useEditor((editor) => findNode(editor.history.present, id));
  const system = useEditor((editor) => (node ? systemOf(node, editor.history.present, types) : ""));
  const insight = useEditor((editor) => editor.insights[id]);
  const problems = useEditor((editor) => problemsOf(editor.problemsByNode, id));
  const readOnly = useEditor((editor) => editor.readOnly);
  const { open: openId } = useOpenNode();
  const type = node ? types.byType.get(node.type) : undefined;
  const ports = usePorts(id, node?.type);
  if (!node) return null;
  const summary = insight?.summary || (type ? "" : "This installation does not know this step. It is kept as it is.");
  const main = ports.outputs.filter((port) => port.name !== "rejected");
  const classes = [css.card, css[type?.group ?? "unknown"], selected && css.selected, openId === id && css.open, node.disabled && css.disabled];
  return (
    <div className={classes.filter(Boolean).join(" ")} data-testid={`node-${id}`} data-type={node.type}>
      {ports.inputs.map((port, index) => (
        <Handle
          key={port.name}
          id={port.name}
          type="target"
          role="img"
          position={Position.Left}
          className={`${css.handle} ${css.input}`}
          style={{ top: 27 + index * 22 }}
          aria-label={`Input ${port.title || port.name} of ${titleOf(node)}`}
        />
      ))}
      <div className={css.head}>
        <span className={css.tile}>
          <StepGlyph type={type} size={20} />
        </span>
        <div className={css.words}>
          <Title id={id} title={titleOf(node)} />
          <div className={css.kind}>
            <b>{type ? groupTitles[type.group] : "Unknown"}</b>
            {[system, kindWord(type, node.type, node.title)].filter(Boolean).map((word) => (
              <span key={word}>· {word}</span>
            ))}
            {node.disabled ? <span>· off</span> : null}
          </div>
        </div>
        <ProblemBadge node={id} problems={problems} />
      </div>
      <p className={summary ? css.summary : `${css.summary} ${css.none}`}>{summary || (node.disabled ? "Records pass by" : readOnly ? "" : "Not set up yet")}</p>
      {node.note ? <p className={css.note}>{node.note}</p> : null}
      {main.length > 1 ? (
        <div className={css.ports}>
          {main.map((port) => (
            <div key={port.name} className={css.port} data-tone={TONES[port.name]} data-ghost={port.ghost ?? false}>
              {port.title || port.name}
              <Output id={port.name} title={`${port.title || port.name} of ${titleOf(node)}`} />
            </div>
          ))}
        </div>
      ) : (
        main.map((port) => <Output key={port.name} id={port.name} title={titleOf(node)} top={27} />)
      )}
      <Strip id={id} />
      <Rejected node={id} title={titleOf(node)} />
    </div>
  );
});

/** The type's name, where the kind and the title do not say it already. */
function kindWord(type: NodeType | undefined, name: string, title: string): string {
  if (!type) return name;
  return type.title === title || type.title === groupTitles[type.group] ? "" : type.title;
}

function Output({ id, title, top }: { id: string; title: string; top?: number }) {
  return (
    <Handle
      id={id}
      type="source"
      role="img"
      position={Position.Right}
      className={css.handle}
      style={top === undefined ? {} : { top }}
      aria-label={`Output ${title}`}
    />
  );
}

function Rejected({ node, title }: { node: string; title: string }) {
  const wired = useEditor((editor) => editor.history.present.edges.some((edge) => edge.source === node && edge.output === "rejected"));
  return (
    <Handle
      id="rejected"
      type="source"
      role="img"
      position={Position.Bottom}
      className={`${css.handle} ${css.rejected}`}
      data-wired={wired}
      title="Rejected: what this step cannot handle"
      aria-label={`Rejected records of ${title}`}
    />
  );
}

function Title({ id, title }: { id: string; title: string }) {
  const renaming = useView((view) => view.renaming === id);
  const left = useRef(false);
  if (!renaming) {
    return (
      <div className={css.title} title={title}>
        {title}
      </div>
    );
  }
  const done = (value: string | null) => {
    if (left.current) return;
    left.current = true;
    const name = value?.trim();
    if (name) change("Rename", (flow) => changeNode(flow, id, { title: name }));
    useView.setState({ renaming: null });
  };
  return (
    <input
      className={`${css.rename} nodrag nopan`}
      aria-label="Name of the step"
      defaultValue={title}
      ref={(input) => {
        if (!input || document.activeElement === input) return;
        left.current = false;
        input.focus();
        input.select();
      }}
      onBlur={(event) => done(event.currentTarget.value)}
      onKeyDown={(event) => {
        event.stopPropagation();
        if (event.key === "Enter") done(event.currentTarget.value);
        if (event.key === "Escape") done(null);
      }}
    />
  );
}

function ProblemBadge({ node, problems }: { node: string; problems: readonly Problem[] }) {
  const { openNode } = useOpenNode();
  const first = problems[0];
  if (!first) return null;
  const error = first.severity === "error";
  const Glyph = error ? IconAlertCircle : IconAlertTriangle;
  return (
    <Tooltip
      label={problems.map((problem) => (
        <div key={problem.code + (problem.field ?? "") + problem.message}>
          {problem.message} {problem.cure}
        </div>
      ))}
    >
      <button
        type="button"
        className={`${css.problem} ${error ? "" : css.warning} nodrag`}
        aria-label={`${problems.length === 1 ? "Problem" : `${problems.length} problems`}: ${first.message}`}
        onClick={(event) => {
          event.stopPropagation();
          openNode(node, first.field);
        }}
      >
        <Glyph size={16} aria-hidden />
      </button>
    </Tooltip>
  );
}

function Strip({ id }: { id: string }) {
  const count = useOverlay((overlay) => overlay.nodes[id]);
  if (!count) return null;
  const number = (value: number) => groupDigits(String(value));
  return (
    <div className={css.strip}>
      <span>
        in <b>{number(count.in)}</b>
      </span>
      <span>
        out <b>{number(passedOf(count))}</b>
      </span>
      {count.held ? <span className={css.heldCount}>{number(count.held)} held</span> : null}
      {count.failed ? <span className={css.failedCount}>{number(count.failed)} failed</span> : null}
      {count.ms === undefined || count.ms < 1 ? null : <span className={css.time}>{duration(count.ms)}</span>}
    </div>
  );
}

/** The ports of a node; tells React Flow to measure again when they change. */
function usePorts(id: string, typeName: string | undefined): Ports {
  const { byType } = useTypes();
  const insight = useEditor((editor) => editor.insights[id]);
  const wired = useEditor(({ history: { present } }) => {
    const into = present.edges.filter((edge) => edge.target === id).map((edge) => edge.input);
    const out = present.edges.filter((edge) => edge.source === id).map((edge) => edge.output);
    return [[...new Set(into)].join(" "), [...new Set(out)].join(" ")].join("|");
  });
  const ports = useMemo(() => {
    const [into = "", out = ""] = wired.split("|").map((names) => names.split(" ").filter(Boolean).join(" "));
    return portsOf(typeName ? byType.get(typeName) : undefined, insight, into ? into.split(" ") : [], out ? out.split(" ") : []);
  }, [byType, typeName, insight, wired]);
  const names = [...ports.inputs, ...ports.outputs].map((port) => port.name).join(" ");
  const measure = useUpdateNodeInternals();
  const measured = useRef(names);
  useEffect(() => {
    if (measured.current === names) return;
    measured.current = names;
    measure(id);
  }, [measure, id, names]);
  return ports;
}
