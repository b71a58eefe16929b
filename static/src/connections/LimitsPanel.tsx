/** What a connection may do, what is used of it and by whom, and what the next day will need. */

import { Button, NumberInput, Progress, SimpleGrid, Skeleton, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useState } from "react";
import { Link } from "react-router";

import { useBoard, useSaveLimits } from "../api/connections";
import { useMay } from "../api/queries";
import type { Board } from "../api/types";
import { ErrorBanner } from "../ui/parts";
import { duration, forecastText, grouped, limitsOf, limitsText } from "./limits";
import css from "./connections.module.css";

export function LimitsPanel({ id }: { id: string }) {
  const board = useBoard(id);
  if (board.error) return <ErrorBanner error={board.error} retry={() => void board.refetch()} />;
  if (!board.data) return <Skeleton height={220} radius="md" />;
  return (
    <section className={`${css.panel ?? ""} ${css.limits ?? ""}`} aria-label="Limits">
      <h2>How fast it may be called</h2>
      <LimitsForm key={JSON.stringify(board.data.limits)} id={id} board={board.data} />
      <h2>Used today</h2>
      <Used board={board.data} />
      <h2>What is coming</h2>
      <p>{forecastText(board.data)}</p>
    </section>
  );
}

function LimitsForm({ id, board }: { id: string; board: Board }) {
  const [text, setText] = useState(() => limitsText(board.limits));
  const save = useSaveLimits(id);
  const may = useMay("editor");
  const set = (limits: Board["limits"] | null) =>
    save.mutate(limits, { onSuccess: () => notifications.show({ message: "The limits are saved.", color: "green" }) });
  const whole = (name: "concurrent" | "per_day", max: number) => ({
    value: text[name] === "" ? ("" as const) : Number(text[name]),
    onChange: (value: string | number) => setText((now) => ({ ...now, [name]: String(value) })),
    min: 1,
    max,
    allowDecimal: false,
    allowNegative: false,
    placeholder: "no limit",
  });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        set(limitsOf(text));
      }}
    >
      <p>
        {board.set
          ? "Set here, for all flows and workers together."
          : Object.values(board.limits).every((one) => one === null)
            ? "No limit of this system is known. What is set here counts for all flows and workers together."
            : "These are the limits that the system is known to have, for all flows and workers together."}
        {board.state === "parted" ? " Valkey cannot be reached, so each process keeps to its part of them for now." : ""}
      </p>
      <fieldset className={css.plain} disabled={!may}>
        <SimpleGrid cols={{ base: 1, xs: 3 }}>
          <TextInput
            label="Calls a second"
            inputMode="decimal"
            placeholder="no limit"
            value={text.per_second}
            onChange={(event) => setText((now) => ({ ...now, per_second: event.currentTarget.value }))}
          />
          <NumberInput label="Calls at once" {...whole("concurrent", 1000)} />
          <NumberInput label="Calls a day (UTC)" thousandSeparator="," {...whole("per_day", 1_000_000_000)} />
        </SimpleGrid>
        <ErrorBanner error={save.error} />
        {may ? (
          <div className={css.foot} style={{ marginTop: 12 }}>
            <Button type="submit" variant="default" loading={save.isPending}>
              Save limits
            </Button>
            {board.set ? (
              <Button variant="subtle" color="gray" onClick={() => set(null)}>
                Use the system’s own
              </Button>
            ) : null}
          </div>
        ) : null}
      </fieldset>
    </form>
  );
}

function Used({ board }: { board: Board }) {
  const { today, per_second: rate, flows, limits } = board;
  const most = Math.max(1, ...flows.map((one) => one.calls));
  return (
    <>
      <p>
        {grouped(today.calls)} {today.calls === 1 ? "call" : "calls"}{today.left === null ? "" : `, ${grouped(today.left)} left`}; {rate.now} a second now, {rate.most} in the busiest minute
        {limits.per_second === null ? "" : ` of ${limits.per_second} allowed`}.
        {today.waited ? ` Calls waited ${duration(today.waited)} for their turn.` : ""}
        {today.refused ? ` The system said “too many” ${grouped(today.refused)} ${today.refused === 1 ? "time" : "times"}.` : ""}
      </p>
      {limits.per_day === null ? null : (
        <Progress value={(100 * today.calls) / limits.per_day} aria-label="Used of the day" color={today.left === 0 ? "red" : undefined} mb="sm" />
      )}
      <ul className={css.bars}>
        {flows.map((one) => (
          <li key={one.flow?.slug ?? ""}>
            {one.flow ? <Link to={`/flows/${one.flow.slug}`}>{one.flow.name}</Link> : <span>People at a screen</span>}
            <span className={css.bar} style={{ ["--part" as string]: `${String((100 * one.calls) / most)}%` }} aria-hidden />
            <span className={css.count}>{grouped(one.calls)}</span>
          </li>
        ))}
      </ul>
    </>
  );
}
