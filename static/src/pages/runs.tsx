import { RunsPage } from "../runs/RunsPage";
import { FoundRecords } from "../timeline/FoundRecords";

export function Component() {
  return <RunsPage Found={FoundRecords} />;
}
