/** The small dumb parts that every screen uses. */

import { Button, Skeleton, Tooltip } from "@mantine/core";
import { IconAlertTriangle, type Icon } from "@tabler/icons-react";
import { useEffect, useState, type ReactNode } from "react";

import { groupDigits, momentText, valueText } from "../model/values";
import { statusOf } from "./status";
import css from "./ui.module.css";

export function StatusBadge({ status, text }: { status: string; text?: string }) {
  const { tone, icon: Glyph, text: word } = statusOf(status);
  return (
    <span className={`${css.badge} ${css[tone]}`}>
      <Glyph size={14} stroke={2} aria-hidden />
      {text ?? word}
    </span>
  );
}

export function Page({ title, lead, acts, children }: { title: string; lead?: ReactNode; acts?: ReactNode; children: ReactNode }) {
  useEffect(() => {
    document.title = `${title} · Heddle`;
  }, [title]);
  return (
    <div className={css.page}>
      <header className={css.pageHead}>
        <div>
          <h1>{title}</h1>
          {lead ? <p>{lead}</p> : null}
        </div>
        {acts ? <div className={css.acts}>{acts}</div> : null}
      </header>
      {children}
    </div>
  );
}

interface EmptyStateProps {
  icon: Icon;
  title: string;
  children?: ReactNode;
  act?: ReactNode;
  /** 1 where it is the whole screen. */
  heading?: 1 | 2;
}

export function EmptyState({ icon: Glyph, title, children, act, heading = 2 }: EmptyStateProps) {
  return (
    <div className={css.empty}>
      <span className={css.glyph}>
        <Glyph size={28} stroke={1.6} aria-hidden />
      </span>
      {heading === 1 ? <h1>{title}</h1> : <h2>{title}</h2>}
      {children ? <p>{children}</p> : null}
      {act}
    </div>
  );
}

/** What happened and the cure, in the words of the server. Takes whatever was thrown. */
export function ErrorBanner({ error, retry }: { error: unknown; retry?: () => void }) {
  if (!error) return null;
  const message = error instanceof Error ? error.message : "Something went wrong.";
  const cure = error instanceof Error && "cure" in error ? String(error.cure) : "";
  return (
    <div className={`${css.banner} ${css.failed}`} role="alert">
      <IconAlertTriangle size={20} aria-hidden style={{ flexShrink: 0 }} />
      <div style={{ flex: 1 }}>
        <p>{message}</p>
        {cure ? <p className={css.cure}>{cure}</p> : null}
      </div>
      {retry ? (
        <Button size="compact-sm" variant="default" onClick={retry}>
          Try again
        </Button>
      ) : null}
    </div>
  );
}

export function Rows({ count = 6, height = 34 }: { count?: number; height?: number }) {
  return (
    <div aria-busy="true" aria-label="Loading">
      {Array.from({ length: count }, (_, row) => (
        <Skeleton key={row} height={height - 10} my={10} radius="sm" />
      ))}
    </div>
  );
}

const steps: [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 31_536_000],
  ["month", 2_592_000],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });

export function relativeTime(iso: string, now: number): string {
  const seconds = (Date.parse(iso) - now) / 1000;
  const step = steps.find(([, size]) => Math.abs(seconds) >= size);
  if (step) return relative.format(Math.round(seconds / step[1]), step[0]);
  return seconds > 5 ? "in a moment" : "just now";
}

/** Relative, with the exact time on hover; keeps itself fresh every half minute. */
export function RelativeTime({ at }: { at: string | null | undefined }) {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 30_000);
    return () => clearInterval(timer);
  }, []);
  if (!at) return <span>–</span>;
  const exact = momentText(at);
  return (
    <Tooltip label={exact}>
      <time dateTime={at}>{relativeTime(at, now)}</time>
    </Tooltip>
  );
}

const symbols: Record<string, string> = { EUR: "€", GBP: "£", USD: "$", JPY: "¥", CHF: "CHF ", AUD: "A$", CAD: "C$" };

/** An amount exactly as it was sent, with separators and currency; no arithmetic, no rounding. */
export function Money({ amount, currency }: { amount: unknown; currency?: string | null }) {
  const text = groupDigits(valueText(amount));
  const symbol = currency ? (symbols[currency] ?? `${currency} `) : "";
  return <span style={{ whiteSpace: "nowrap" }}>{text.startsWith("-") ? `-${symbol}${text.slice(1)}` : symbol + text}</span>;
}

export const Count = ({ value }: { value: number }) => <>{groupDigits(String(value))}</>;

export function Keys({ of }: { of: string }) {
  return (
    <span style={{ display: "inline-flex", gap: 3 }}>
      {of.split(" ").map((key) => (
        <kbd key={key} className={css.kbd}>
          {key}
        </kbd>
      ))}
    </span>
  );
}
