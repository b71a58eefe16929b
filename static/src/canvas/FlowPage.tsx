import { useFlow } from "../api/queries";
import type { NodeEditors } from "../model/editing";
import { ErrorBanner, Page, Rows } from "../ui/parts";

export function FlowPage({ slug }: { slug: string; editors: NodeEditors }) {
  const flow = useFlow(slug);
  return (
    <Page title={flow.data?.document.name ?? "Flow"}>
      <ErrorBanner error={flow.error} retry={() => void flow.refetch()} />
      {flow.isPending ? <Rows /> : null}
    </Page>
  );
}
