import { useParams } from "react-router";

import { FlowPage } from "../canvas/FlowPage";
import { editors } from "./editors";

export function Component() {
  const { slug = "" } = useParams();
  return <FlowPage key={slug} slug={slug} editors={editors} />;
}
