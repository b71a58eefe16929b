import { Button } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { IconPlus, IconSitemap } from "@tabler/icons-react";
import { useReactFlow } from "@xyflow/react";
import { useEffect, useMemo } from "react";

import { useMay } from "../api/queries";
import type { NodeEditors } from "../model/editing";
import type { Catalog } from "../model/flow";
import { plainNumber } from "../model/values";
import { present, useDocument, useEditor } from "../store/editor";
import { tryOnSample } from "../store/run";
import { useView, type CanvasEdge, type CanvasNode } from "../store/view";
import { EmptyState } from "../ui/parts";
import { wishNow, type Hands } from "./actions";
import { Canvas } from "./Canvas";
import css from "./canvas.module.css";
import { typesOf, TypesContext } from "./catalog";
import { Dialogs } from "./dialogs/Dialogs";
import { NodePanel } from "./NodePanel";
import { OpenNodeContext } from "./openNode";
import { Palette } from "./Palette";
import { ProblemsList } from "./ProblemsList";
import { reveal } from "./reveal";
import { SampleBar } from "./SampleBar";
import { ShowRecordsContext } from "./showRecords";
import { TopBar } from "./TopBar";
import { useKeyboard } from "./useKeyboard";
import { useNodeInUrl } from "./useNodeInUrl";

const NARROW = "(max-width: 640px)";

/** The editor: bar, canvas, panel. Everything that the keyboard can do goes through `hands`. */
export function EditorScreen({ slug, catalog, editors }: { slug: string; catalog: Catalog; editors: NodeEditors }) {
  const narrow = useMediaQuery(NARROW, matchMedia(NARROW).matches);
  const canvas = useReactFlow<CanvasNode, CanvasEdge>();
  const types = useMemo(() => typesOf(catalog), [catalog]);
  const opened = useNodeInUrl();
  const mayRun = useMay("operator");
  const trySample = () => void tryOnSample(slug, present(), plainNumber(present().policy.sample_size));
  const hands: Hands = { types, canvas, open: opened.open, openNode: opened.openNode, trySample, mayRun };
  useKeyboard(hands);
  useEffect(() => {
    if (!opened.open || narrow) return undefined;
    const id = opened.open;
    const settled = setTimeout(() => reveal(canvas, id, 0.6), 80);
    return () => clearTimeout(settled);
  }, [canvas, opened.open, narrow]);
  const showRecords = (edge: string) => opened.openNode(edge.slice(edge.indexOf(">") + 1).split(".")[0] ?? null);
  return (
    <TypesContext value={types}>
      <OpenNodeContext value={opened}>
        <ShowRecordsContext value={showRecords}>
          <div className={css.screen}>
            <div>
              <TopBar narrow={narrow} trySample={trySample} />
            </div>
            <div className={css.body}>
              <div className={css.stage}>
                <Canvas narrow={narrow} />
                {narrow ? null : <AddStep hands={hands} />}
                <Palette />
                <FirstStep hands={hands} narrow={narrow} />
                <SampleBar again={trySample} />
                <ProblemsList />
              </div>
              <NodePanel editors={editors} narrow={narrow} />
            </div>
            <Dialogs hands={hands} slug={slug} />
          </div>
        </ShowRecordsContext>
      </OpenNodeContext>
    </TypesContext>
  );
}

function AddStep({ hands }: { hands: Hands }) {
  const readOnly = useEditor((editor) => editor.readOnly);
  const open = useView((view) => view.palette !== null);
  if (readOnly || open) return null;
  return (
    <Button
      className={css.add}
      variant="default"
      leftSection={<IconPlus size={16} />}
      title="Add a step (N)"
      onClick={() => useView.setState({ palette: wishNow(hands) })}
    >
      Add a step
    </Button>
  );
}

function FirstStep({ hands, narrow }: { hands: Hands; narrow: boolean }) {
  const empty = useDocument().nodes.length === 0;
  const readOnly = useEditor((editor) => editor.readOnly) || narrow;
  const open = useView((view) => view.palette !== null);
  if (!empty || open) return null;
  return (
    <div className={css.firstStep}>
      <EmptyState
        icon={IconSitemap}
        title="What starts this flow?"
        act={readOnly ? null : <Button onClick={() => useView.setState({ palette: wishNow(hands) })}>Choose the first step</Button>}
      >
        A button in the CRM, a schedule, a change, or you. Then: what to read, how to shape it, what to decide, where to write.
      </EmptyState>
    </div>
  );
}
