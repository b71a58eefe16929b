import { ActionIcon, SegmentedControl, Textarea, Tooltip } from "@mantine/core";
import { IconPlayerPause, IconPlayerPlay, IconX } from "@tabler/icons-react";
import { useMemo, useRef, useState } from "react";

import type { NodeEditors } from "../model/editing";
import type { FlowNode, Json, NodeType, Problem } from "../model/flow";
import { changeNode, findNode, toggleDisabled } from "../model/operations";
import { problemsOf, titleOf } from "../model/problems";
import { sampleFor } from "../model/trace";
import { bind, change, useDocument, useEditor } from "../store/editor";
import { useOverlay } from "../store/run";
import { setPanelWidth, useView } from "../store/view";
import canvasCss from "./canvas.module.css";
import { systemOf, useTypes } from "./catalog";
import { groupTitles } from "./glyphs";
import { Incoming } from "./Incoming";
import { useOpenNode } from "./openNode";
import { Outgoing } from "./Outgoing";
import css from "./panel.module.css";
import { StepGlyph } from "./StepGlyph";

type Column = "in" | "set" | "out";

/** What comes in, what is set, what comes out; the canvas stays in view beside it. */
export function NodePanel({ editors, narrow }: { editors: NodeEditors; narrow: boolean }) {
  const { open, openNode } = useOpenNode();
  const flow = useDocument();
  const width = useView((view) => view.panelWidth);
  const [column, setColumn] = useState<Column>("set");
  const node = open ? findNode(flow, open) : undefined;
  if (!node) return null;
  return (
    <aside className={css.panel} style={{ width }} data-panel aria-label={`Step ${titleOf(node)}`} data-testid="node-panel">
      <Resizer width={width} />
      <Head node={node} narrow={narrow} close={() => openNode(null)} />
      <div className={css.tabs}>
        <SegmentedControl
          fullWidth
          size="xs"
          value={column}
          onChange={(value) => setColumn(value)}
          data={[
            { value: "in", label: "Comes in" },
            { value: "set", label: "Settings" },
            { value: "out", label: "Comes out" },
          ]}
        />
      </div>
      <div className={css.columns}>
        <section className={`${css.column} ${css.side}`} data-on={column === "in"} aria-label="What comes in">
          <Incoming node={node} />
        </section>
        <section className={`${css.column} ${css.middle}`} data-on={column === "set"} aria-label="Settings">
          <Settings key={node.id} node={node} editors={editors} narrow={narrow} />
        </section>
        <section className={`${css.column} ${css.side}`} data-on={column === "out"} aria-label="What comes out">
          <Outgoing node={node} />
        </section>
      </div>
    </aside>
  );
}

function Head({ node, narrow, close }: { node: FlowNode; narrow: boolean; close: () => void }) {
  const types = useTypes();
  const flow = useDocument();
  const readOnly = useEditor((editor) => editor.readOnly) || narrow;
  const type = types.byType.get(node.type);
  const words = [type ? groupTitles[type.group] : "Unknown", type?.title ?? node.type, systemOf(node, flow, types), node.id];
  return (
    <header className={css.head}>
      <span className={canvasCss.tile} data-group={type?.group}>
        <StepGlyph type={type} size={19} />
      </span>
      <div className={css.words}>
        <input
          className={css.title}
          aria-label="Name of the step"
          value={node.title}
          placeholder={type?.title ?? node.type}
          readOnly={readOnly}
          onChange={(event) => {
            const title = event.currentTarget.value;
            change("Rename", (now) => changeNode(now, node.id, { title }), `title ${node.id}`);
          }}
        />
        <div className={css.sub}>{words.filter((word, at) => word && word.toLowerCase() !== words[at - 1]?.toLowerCase()).join(" · ")}</div>
      </div>
      {readOnly ? null : (
        <Tooltip label={node.disabled ? "Switch on" : "Switch off: records pass by"}>
          <ActionIcon
            variant={node.disabled ? "light" : "subtle"}
            color="gray"
            aria-label={node.disabled ? "Switch on" : "Switch off"}
            onClick={() => change("Switch off or on", (now) => toggleDisabled(now, new Set([node.id])))}
          >
            {node.disabled ? <IconPlayerPlay size={17} /> : <IconPlayerPause size={17} />}
          </ActionIcon>
        </Tooltip>
      )}
      <ActionIcon variant="subtle" color="gray" aria-label="Close the panel" onClick={close}>
        <IconX size={18} />
      </ActionIcon>
    </header>
  );
}

function Settings({ node, editors, narrow }: { node: FlowNode; editors: NodeEditors; narrow: boolean }) {
  const { catalog, byType } = useTypes();
  const flow = useDocument();
  const bindings = useEditor((editor) => editor.bindings);
  const insight = useEditor((editor) => editor.insights[node.id]);
  const problems = useEditor((editor) => problemsOf(editor.problemsByNode, node.id));
  const readOnly = useEditor((editor) => editor.readOnly) || narrow;
  const focusField = useView((view) => view.focusField);
  const preview = useOverlay((overlay) => overlay.preview);
  const key = useOverlay((overlay) => overlay.key);
  const card = byType.get(node.type);
  const sample = useMemo(() => {
    const trace = key ? preview?.trace[key] : undefined;
    const title = preview?.records.find((record) => record.key === key)?.title ?? key ?? "";
    return trace && key ? sampleFor(flow, trace, node.id, key, title) : null;
  }, [flow, preview, key, node.id]);
  const Editor = editors[card?.editor ?? "schema"] ?? editors.schema;
  return (
    <>
      <div className={css.colHead}>
        <h3>Settings</h3>
      </div>
      <div className={css.scroll}>
        {problems.filter((problem) => !standsAtItsField(problem, card)).map((problem) => (
          <div key={problem.code + (problem.field ?? "") + problem.message} className={css.trouble} data-tone={problem.severity === "error" ? "failed" : "held"}>
            <p>{problem.message}</p>
            {problem.cure ? <p>{problem.cure}</p> : null}
          </div>
        ))}
        {card ? (
          <Editor
            value={node.settings}
            onChange={(settings: Json) => change(`Set ${titleOf(node)}`, (now) => changeNode(now, node.id, { settings }), `settings ${node.id}`)}
            node={node}
            card={card}
            catalog={catalog}
            flow={flow}
            onFlow={(more) => change(`Set ${titleOf(node)}`, (now) => ({ ...now, ...more }), `settings ${node.id}`)}
            bindings={bindings}
            onBind={bind}
            shapeIn={insight?.shape_in ?? null}
            sample={sample}
            problems={problems}
            focusField={focusField}
            readOnly={readOnly}
          />
        ) : (
          <p className={css.hint}>
            This installation does not know the step type <b>{node.type}</b>. It is kept exactly as it is; install the extension that
            brings it, or replace the step (R).
          </p>
        )}
        <div className={css.note}>
          <Textarea
            label="Note"
            description="Shown on the card, for whoever reads the drawing"
            autosize
            minRows={1}
            value={node.note}
            readOnly={readOnly}
            onChange={(event) => {
              const note = event.currentTarget.value;
              change("Write a note", (now) => changeNode(now, node.id, { note }), `note ${node.id}`);
            }}
          />
        </div>
      </div>
    </>
  );
}

/** Whether the form says it beside the setting that it is about. */
function standsAtItsField(problem: Problem, card: NodeType | undefined): boolean {
  if (problem.severity === "warning" || !card || card.editor) return false;
  const properties = (card.settings["properties"] ?? {}) as Record<string, Json>;
  const property = problem.field ? properties[problem.field] : undefined;
  return property !== undefined && !property["x-advanced"];
}

function Resizer({ width }: { width: number }) {
  const from = useRef<{ x: number; width: number } | null>(null);
  return (
    <div
      role="separator"
      aria-orientation="vertical"
      aria-label="Width of the panel"
      aria-valuenow={width}
      aria-valuemin={420}
      tabIndex={0}
      className={css.resize}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        from.current = { x: event.clientX, width };
      }}
      onPointerMove={(event) => {
        if (from.current) setPanelWidth(from.current.width + from.current.x - event.clientX);
      }}
      onPointerUp={() => {
        from.current = null;
      }}
      onKeyDown={(event) => {
        if (event.key === "ArrowLeft") setPanelWidth(width + 24);
        if (event.key === "ArrowRight") setPanelWidth(width - 24);
      }}
    />
  );
}
