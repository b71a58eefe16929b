import { ActionIcon } from "@mantine/core";
import { IconAlertCircle, IconAlertTriangle, IconX } from "@tabler/icons-react";
import { useReactFlow } from "@xyflow/react";

import { findNode } from "../model/operations";
import { problemsLine, titleOf } from "../model/problems";
import { useDocument, useEditor } from "../store/editor";
import { select, useView, type CanvasEdge, type CanvasNode } from "../store/view";
import css from "./canvas.module.css";
import { useOpenNode } from "./openNode";
import { reveal } from "./reveal";

/** What is wrong and how to cure it; a click goes to the step and the field. */
export function ProblemsList() {
  const open = useView((view) => view.problemsOpen);
  const problems = useEditor((editor) => editor.problems);
  const flow = useDocument();
  const canvas = useReactFlow<CanvasNode, CanvasEdge>();
  const { openNode } = useOpenNode();
  if (!open) return null;
  return (
    <section className={css.problems} aria-label="Problems">
      <div className={css.problemsHead}>
        {problemsLine(problems)}
        <ActionIcon variant="subtle" color="gray" aria-label="Close" onClick={() => useView.setState({ problemsOpen: false })}>
          <IconX size={16} />
        </ActionIcon>
      </div>
      {problems.map((problem, index) => {
        const node = problem.node === null ? undefined : findNode(flow, problem.node);
        const Glyph = problem.severity === "error" ? IconAlertCircle : IconAlertTriangle;
        return (
          <button
            type="button"
            key={`${problem.code}-${index}`}
            className={css.problemRow}
            data-severity={problem.severity}
            onClick={() => {
              if (!node) return;
              select([node.id]);
              openNode(node.id, problem.field);
              reveal(canvas, node.id, 0.6);
            }}
          >
            <Glyph size={17} aria-hidden />
            <span>
              {node ? <b>{titleOf(node)}: </b> : null}
              {problem.message}
              {problem.cure ? <small>{problem.cure}</small> : null}
            </span>
          </button>
        );
      })}
    </section>
  );
}
