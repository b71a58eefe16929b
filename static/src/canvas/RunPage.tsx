import { useRunDocument } from "../api/queries";
import { ErrorBanner, Page, Rows } from "../ui/parts";

export function RunPage({ run }: { slug: string; run: string }) {
  const flow = useRunDocument(run);
  return (
    <Page title={flow.data?.name ?? "Run"}>
      <ErrorBanner error={flow.error} retry={() => void flow.refetch()} />
      {flow.isPending ? <Rows /> : null}
    </Page>
  );
}
