import { Button } from "@mantine/core";
import { IconCalendarClock } from "@tabler/icons-react";
import { Link } from "react-router";

import { useSchedules } from "../api/schedules";
import { many } from "../model/runs";
import { EmptyState, ErrorBanner, Page, Rows } from "../ui/parts";
import { ScheduleCard } from "./ScheduleCard";
import css from "./schedules.module.css";

export function SchedulesPage() {
  const schedules = useSchedules();
  const asking = schedules.data?.filter((one) => one.asks.length > 0).length ?? 0;
  return (
    <Page
      title="Schedules"
      lead={asking ? `${many(asking, "schedule")} missed runs and ${asking === 1 ? "asks" : "ask"} what to do` : "What starts by itself, and when"}
    >
      <ErrorBanner error={schedules.error} retry={() => void schedules.refetch()} />
      {schedules.isPending ? <Rows count={4} height={96} /> : null}
      {schedules.data?.length === 0 ? (
        <EmptyState
          icon={IconCalendarClock}
          title="Nothing starts by itself yet"
          act={
            <Button component={Link} to="/flows">
              Open a flow
            </Button>
          }
        >
          Put the start «Schedule», «When something changes» or «After another flow» into a flow and publish it. Then it is
          listed here with its next times.
        </EmptyState>
      ) : null}
      <div className={css.list}>
        {schedules.data?.map((one) => (
          <ScheduleCard key={one.id} schedule={one} />
        ))}
      </div>
    </Page>
  );
}
