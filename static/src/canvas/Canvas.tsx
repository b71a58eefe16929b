import "@xyflow/react/dist/style.css";

import {
  Background,
  BackgroundVariant,
  MiniMap,
  ReactFlow,
  SelectionMode,
  useKeyPress,
  useNodesInitialized,
  useReactFlow,
  useStore,
  type Connection,
  type FinalConnectionState,
  type NodeTypes,
} from "@xyflow/react";
import { useCallback, useEffect, useRef } from "react";

import { useConnections } from "../api/queries";
import { findNode, mayConnect, moveNodes, connect } from "../model/operations";
import { GRID } from "../model/layout";
import { change, present, useEditor } from "../store/editor";
import { useOverlay } from "../store/run";
import { drawFlow, edgesChanged, nodesChanged, select, selectEdge, useView, type CanvasEdge, type CanvasNode } from "../store/view";
import css from "./canvas.module.css";
import { useTypes } from "./catalog";
import { Controls } from "./Controls";
import { EdgeLine } from "./EdgeLine";
import { NodeCard } from "./NodeCard";
import { useOpenNode } from "./openNode";
import { DRAG_TYPE, entryOf, placeStep } from "./Palette";

const nodeTypes: NodeTypes = { card: NodeCard };
const edgeTypes = { line: EdgeLine };
/** Cards can be read from this zoom on. */
const READABLE = 0.62;
const MARGIN = 48;
const proOptions = { hideAttribution: false };

function asEdge({ source, sourceHandle, target, targetHandle }: Connection | CanvasEdge) {
  return { source, output: sourceHandle ?? "out", target, input: targetHandle ?? "in" };
}

/** The drawing itself. Places live in the view store while something is dragged; the document hears at the drop. */
export function Canvas({ narrow }: { narrow: boolean }) {
  const nodes = useView((view) => view.nodes);
  const edges = useView((view) => view.edges);
  const readOnly = useEditor((editor) => editor.readOnly) || narrow;
  const free = useKeyPress("Alt");
  const { openNode } = useOpenNode();
  const canvas = useReactFlow<CanvasNode, CanvasEdge>();
  const { catalog } = useTypes();
  const connections = useConnections().data ?? [];
  const frame = useRef<HTMLDivElement>(null);

  useEffect(
    () =>
      useEditor.subscribe((now, before) => {
        if (now.history.present !== before.history.present) drawFlow(now.history.present);
      }),
    [],
  );

  const dropped = useCallback((_: unknown, __: unknown, moved: CanvasNode[]) => {
    change(moved.length === 1 ? "Move a step" : `Move ${moved.length} steps`, (flow) =>
      moveNodes(flow, Object.fromEntries(moved.map((node) => [node.id, node.position]))),
    );
    drawFlow(present());
  }, []);

  const letGo = useCallback(
    (event: MouseEvent | TouchEvent, { fromNode, fromHandle, toNode }: FinalConnectionState) => {
      if (!fromNode || !fromHandle.id || toNode) return;
      const point = "touches" in event ? event.changedTouches[0] : event;
      if (!point) return;
      const at = canvas.screenToFlowPosition({ x: point.clientX, y: point.clientY });
      useView.setState({ palette: { kind: "dropped", node: fromNode.id, port: fromHandle.id, side: fromHandle.type, at } });
    },
    [canvas],
  );

  return (
    <div
      ref={frame}
      className={css.frame}
      onFocus={(event) => {
        if (!event.target.matches(":focus-visible")) return;
        const id = event.target.getAttribute("data-id");
        if (id && event.target.matches(".react-flow__node")) select([id]);
        if (id && event.target.matches(".react-flow__edge")) selectEdge(id);
      }}
      onDragOver={(event) => {
        if (!readOnly && event.dataTransfer.types.includes(DRAG_TYPE)) event.preventDefault();
      }}
      onDrop={(event) => {
        const entry = entryOf(event.dataTransfer.getData(DRAG_TYPE), catalog.nodes, catalog.systems);
        if (!entry || readOnly) return;
        event.preventDefault();
        const at = canvas.screenToFlowPosition({ x: event.clientX - 128, y: event.clientY - 30 });
        select([placeStep(entry, { kind: "place", at }, connections)]);
        useView.setState({ palette: null });
      }}
    >
      <ReactFlow<CanvasNode, CanvasEdge>
        nodes={nodes}
        edges={edges}
        nodeTypes={nodeTypes}
        edgeTypes={edgeTypes}
        onNodesChange={nodesChanged}
        onEdgesChange={edgesChanged}
        onNodeDragStop={dropped}
        onSelectionDragStop={(event, moved) => dropped(event, null, moved)}
        onNodeDoubleClick={(_, node) => openNode(node.id)}
        onNodeClick={(_, node) => {
          if (narrow) openNode(node.id);
        }}
        onConnect={(connection) => change("Connect", (flow) => connect(flow, asEdge(connection)))}
        onConnectEnd={letGo}
        isValidConnection={(connection) => mayConnect(present(), asEdge(connection))}
        nodesDraggable={!readOnly}
        nodesConnectable={!readOnly}
        connectOnClick={!readOnly}
        snapToGrid={!free}
        snapGrid={[GRID, GRID]}
        selectionOnDrag={!narrow}
        selectionMode={SelectionMode.Partial}
        panOnScroll
        panOnDrag={narrow ? true : [1, 2]}
        panActivationKeyCode="Space"
        multiSelectionKeyCode="Shift"
        selectionKeyCode={null}
        deleteKeyCode={null}
        disableKeyboardA11y
        zoomOnDoubleClick={false}
        onlyRenderVisibleElements={nodes.length > 80}
        minZoom={0.1}
        maxZoom={2}
        connectionRadius={28}
        proOptions={proOptions}
        aria-label="Drawing of the flow"
      >
        <Background variant={BackgroundVariant.Dots} gap={GRID * 1.5} size={1.4} color="var(--dots)" />
        {narrow ? null : <Map />}
        <Controls narrow={narrow} />
        <Start />
      </ReactFlow>
    </div>
  );
}

/** The first view: everything where that can be read, else the beginning of the flow at a size that can. */
function Start() {
  const ready = useNodesInitialized();
  const canvas = useReactFlow<CanvasNode, CanvasEdge>();
  const begun = useRef(false);
  const width = useStore((state) => state.width);
  const height = useStore((state) => state.height);
  useEffect(() => {
    if (!ready || begun.current || !width || !height) return;
    begun.current = true;
    const box = canvas.getNodesBounds(canvas.getNodes());
    const fit = Math.min((width - 2 * MARGIN) / box.width, (height - 3 * MARGIN) / box.height, 1);
    const zoom = Math.max(fit, READABLE);
    const x = fit < READABLE ? MARGIN - box.x * zoom : (width - box.width * zoom) / 2 - box.x * zoom;
    const tall = box.height * zoom > height - 3 * MARGIN;
    const y = tall ? 1.5 * MARGIN - box.y * zoom : (height - box.height * zoom) / 2 - box.y * zoom;
    void canvas.setViewport({ x, y, zoom });
  }, [ready, canvas, width, height]);
  return null;
}

/** The minimap: kinds in their hues, what failed red, what is held amber. */
function Map() {
  const { byType } = useTypes();
  const counts = useOverlay((overlay) => overlay.nodes);
  const problems = useEditor((editor) => editor.problemsByNode);
  const colour = (node: CanvasNode) => {
    const count = counts[node.id];
    if (count?.failed || problems.get(node.id)?.some((problem) => problem.severity === "error")) return "var(--failed)";
    if (count?.held) return "var(--held)";
    const type = findNode(present(), node.id)?.type;
    return `var(--kind-${byType.get(type ?? "")?.group ?? "unknown"})`;
  };
  return (
    <MiniMap<CanvasNode>
      pannable
      zoomable
      nodeColor={colour}
      nodeBorderRadius={28}
      bgColor="var(--surface)"
      maskColor="var(--mask)"
      className={css.map}
      ariaLabel="Small map of the flow"
      style={{ width: 168, height: 112 }}
    />
  );
}
