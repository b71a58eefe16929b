/** What happened to this customer, order or invoice, in both systems? */

import { Button, SegmentedControl } from "@mantine/core";
import { IconClockHour4, IconExternalLink } from "@tabler/icons-react";
import { useParams, useSearchParams } from "react-router";

import { type Thing, timelinePath, useTimeline } from "../api/records";
import { EmptyState, ErrorBanner, Page, Rows } from "../ui/parts";
import { EventRow } from "./EventRow";
import { dayOf } from "./words";
import css from "./timeline.module.css";

export function TimelinePage() {
  const { connection = "", entity = "", "*": id = "" } = useParams();
  const [params, setParams] = useSearchParams();
  const everything = params.get("show") === "everything";
  const list = useTimeline(timelinePath({ connection, entity, id }), everything);
  const pages = list.data?.pages ?? [];
  const head = pages[0];
  const events = pages.flatMap((page) => page.events);
  const days = [...new Set(events.map((event) => dayOf(event.at)))];
  return (
    <Page
      title={head?.title ?? id}
      lead="What happened to it, in every system"
      acts={
        <SegmentedControl
          aria-label="What is told"
          value={everything ? "everything" : "changes"}
          onChange={(next) => setParams(next === "everything" ? { show: next } : {}, { replace: true })}
          data={[
            { value: "changes", label: "What changed" },
            { value: "everything", label: "Everything" },
          ]}
        />
      }
    >
      <ErrorBanner error={list.error} retry={() => void list.refetch()} />
      {head ? <Heads things={head.things} /> : null}
      {list.isPending ? <Rows count={8} /> : null}
      {head && !events.length ? (
        <EmptyState icon={IconClockHour4} title={everything ? "Nothing has happened to it" : "Nothing has changed it"}>
          {everything
            ? "No run has met a record with this id yet, or its history was cleaned up."
            : "Runs may have looked at it and left it as it was: choose “Everything” to see them."}
        </EmptyState>
      ) : null}
      {days.map((day) => (
        <section key={day} className={css.day}>
          <h2>{day}</h2>
          <ol className={css.events}>
            {events
              .filter((event) => dayOf(event.at) === day)
              .map((event, at) => (
                <EventRow key={`${event.run}/${event.place}/${event.kind}/${at}`} event={event} />
              ))}
          </ol>
        </section>
      ))}
      {list.hasNextPage ? (
        <div className={css.earlier}>
          <Button variant="default" loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
            Show what came before
          </Button>
        </div>
      ) : null}
    </Page>
  );
}

/** The object in each system, with the ids of all. */
function Heads({ things }: { things: Thing[] }) {
  return (
    <div className={css.heads}>
      {things.map((thing) => (
        <section key={timelinePath(thing)} className={css.head} aria-label={`${thing.entity_title} in ${thing.connection_name}`}>
          <span className={css.where}>{thing.connection_name || "Brought by a trigger"}</span>
          <strong>
            {thing.entity_title} {thing.number ?? ""}
          </strong>
          <code>{thing.id}</code>
          {thing.opens ? (
            <a href={thing.link ?? `/api/records/${timelinePath(thing)}/open`} target="_blank" rel="noreferrer">
              Open it there <IconExternalLink size={13} aria-hidden />
            </a>
          ) : null}
        </section>
      ))}
    </div>
  );
}
