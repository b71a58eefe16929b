import { ReactFlowProvider } from "@xyflow/react";
import { useEffect } from "react";

import { useCatalog, useFlow, useSession } from "../api/queries";
import type { FlowDetail } from "../api/types";
import type { NodeEditors } from "../model/editing";
import type { Catalog } from "../model/flow";
import { keepDraft } from "../store/draft";
import { openFlow, present, useEditor } from "../store/editor";
import { clearOverlay } from "../store/run";
import { drawFlow, resetView } from "../store/view";
import { ErrorBanner, Page, Rows } from "../ui/parts";
import { EditorScreen } from "./EditorScreen";

/** Loads a flow, keeps its draft, and shows the editor. */
export function FlowPage({ slug, editors }: { slug: string; editors: NodeEditors }) {
  const flow = useFlow(slug);
  const catalog = useCatalog();
  const session = useSession();
  const role = session.data?.user?.role;
  if (flow.data && catalog.data && role) {
    const readOnly = role === "viewer" || role === "operator";
    return <Opened detail={flow.data} catalog={catalog.data} editors={editors} readOnly={readOnly} />;
  }
  return (
    <Page title="Flow">
      <ErrorBanner error={flow.error ?? catalog.error} retry={() => void Promise.all([flow.refetch(), catalog.refetch()])} />
      {flow.isPending || catalog.isPending ? <Rows /> : null}
    </Page>
  );
}

interface OpenedProps {
  detail: FlowDetail;
  catalog: Catalog;
  editors: NodeEditors;
  readOnly: boolean;
}

function Opened({ detail, catalog, editors, readOnly }: OpenedProps) {
  const ready = useEditor((editor) => editor.opened === detail);
  const name = useEditor((editor) => editor.history.present.name);
  useEffect(() => {
    resetView();
    clearOverlay();
    openFlow(detail, readOnly);
    drawFlow(present());
    return readOnly ? undefined : keepDraft();
  }, [detail, readOnly]);
  useEffect(() => {
    document.title = `${name} · Heddle`;
  }, [name]);
  if (!ready) return null;
  return (
    <ReactFlowProvider>
      <EditorScreen slug={detail.slug} catalog={catalog} editors={editors} />
    </ReactFlowProvider>
  );
}
