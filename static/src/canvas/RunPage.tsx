import { ReactFlowProvider } from "@xyflow/react";
import { useEffect, useMemo, useState } from "react";
import { useNavigate } from "react-router";

import { checkFlow, useCatalog, useRunDocument } from "../api/queries";
import type { Catalog } from "../model/flow";
import { placed } from "../model/layout";
import { followRun } from "../store/follow";
import { paint, showDocument, useEditor } from "../store/editor";
import { clearOverlay, showRun } from "../store/run";
import { drawFlow, resetView } from "../store/view";
import { ErrorBanner, Page, Rows } from "../ui/parts";
import { Canvas } from "./Canvas";
import css from "./canvas.module.css";
import { typesOf, TypesContext } from "./catalog";
import { OpenNodeContext } from "./openNode";
import { RunBar } from "./RunBar";
import { ShowRecordsContext } from "./showRecords";

/** A run on the canvas of the version that it ran: counts on cards and wires, live while it goes. */
export function RunPage({ slug, run }: { slug: string; run: string }) {
  const flow = useRunDocument(run);
  const drawing = useMemo(() => (flow.data ? placed(flow.data) : null), [flow.data]);
  const catalog = useCatalog();
  const [trouble, setTrouble] = useState<unknown>(null);
  const ready = useEditor((editor) => editor.stored === drawing);
  useEffect(() => {
    if (!drawing) return undefined;
    resetView();
    clearOverlay();
    showDocument(slug, drawing);
    drawFlow(drawing);
    const asked = new AbortController();
    checkFlow(drawing, {}, asked.signal).then(
      ({ nodes }) => paint({ nodes }),
      () => undefined,
    );
    const stop = followRun(run, showRun, setTrouble);
    return () => {
      asked.abort();
      stop();
    };
  }, [slug, run, drawing]);
  useEffect(() => {
    if (flow.data) document.title = `Run of ${flow.data.name} · Heddle`;
  }, [flow.data]);
  if (!flow.data || !catalog.data || !ready) {
    return (
      <Page title="Run">
        <ErrorBanner error={flow.error ?? catalog.error} retry={() => void flow.refetch()} />
        {flow.isError ? null : <Rows />}
      </Page>
    );
  }
  return (
    <ReactFlowProvider>
      <Drawn slug={slug} run={run} name={flow.data.name} catalog={catalog.data} trouble={trouble} />
    </ReactFlowProvider>
  );
}

interface DrawnProps {
  slug: string;
  run: string;
  name: string;
  catalog: Catalog;
  trouble: unknown;
}

function Drawn({ slug, run, name, catalog, trouble }: DrawnProps) {
  const navigate = useNavigate();
  const [types] = useState(() => typesOf(catalog));
  const records = (node: string, port?: string) => {
    const search = new URLSearchParams({ node, ...(port ? { port } : {}) });
    void navigate(`/runs/${run}?${search}`);
  };
  const showRecords = (edge: string) => {
    const [from = ""] = edge.split(">");
    const dot = from.indexOf(".");
    records(from.slice(0, dot), from.slice(dot + 1));
  };
  return (
    <TypesContext value={types}>
      <OpenNodeContext value={{ open: null, openNode: (id) => id && records(id) }}>
        <ShowRecordsContext value={showRecords}>
          <div className={css.screen}>
            <RunBar slug={slug} name={name} trouble={trouble} />
            <div className={css.body}>
              <div className={css.stage}>
                <Canvas narrow />
              </div>
            </div>
          </div>
        </ShowRecordsContext>
      </OpenNodeContext>
    </TypesContext>
  );
}
