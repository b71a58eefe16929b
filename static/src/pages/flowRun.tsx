import { useParams } from "react-router";

import { RunPage } from "../canvas/RunPage";

export function Component() {
  const { slug = "", run = "" } = useParams();
  return <RunPage key={run} slug={slug} run={run} />;
}
