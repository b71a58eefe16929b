/** What stands between a flow that posts to the ledger and its publication: the other person. */

import { Button } from "@mantine/core";
import { IconEye } from "@tabler/icons-react";
import { Link } from "react-router";

import { type Standing, useDecidePublication } from "../../api/publications";
import { ErrorBanner, RelativeTime } from "../../ui/parts";
import css from "./dialogs.module.css";

export function SecondPerson({ standing }: { standing: Standing }) {
  const { request, returned, reviewers } = standing;
  if (request) return <Waiting request={request} />;
  return (
    <div className={css.second}>
      <IconEye size={18} aria-hidden />
      <div>
        {returned ? (
          <p>
            {returned.decided_by} sent it back <RelativeTime at={returned.decided_at} />: “{returned.comment}”
          </p>
        ) : null}
        {reviewers.length ? (
          <p>It posts to the ledger, so somebody else publishes it: {reviewers.slice(0, 5).join(", ")}.</p>
        ) : (
          <p>
            It posts to the ledger, and nobody but you may publish here. Add a second editor under <Link to="/settings">Settings</Link>, or take the mark off under “How it runs”.
          </p>
        )}
      </div>
    </div>
  );
}

function Waiting({ request }: { request: NonNullable<Standing["request"]> }) {
  const decide = useDecidePublication(request.id);
  return (
    <div className={css.second} role="status">
      <IconEye size={18} aria-hidden />
      <div>
        <p>
          {request.own ? "You" : request.asked_by} asked for this <RelativeTime at={request.since} />.{" "}
          {request.mine ? "You can publish it in the inbox." : "It waits for a second person; asking again replaces it."}
        </p>
        <p className={css.acts}>
          <Button size="compact-sm" variant="default" component={Link} to="/inbox?tab=publications">
            {request.mine ? "Look and decide" : "Show it in the inbox"}
          </Button>
          {request.own ? (
            <Button size="compact-sm" variant="subtle" loading={decide.isPending} onClick={() => decide.mutate({ act: "withdraw", comment: "" })}>
              Withdraw
            </Button>
          ) : null}
        </p>
        <ErrorBanner error={decide.error} />
      </div>
    </div>
  );
}
