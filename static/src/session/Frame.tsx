import type { ReactNode } from "react";

import css from "./session.module.css";

/** The two halves of the screens before the workplace: the form, and what this is. */
export function Frame({ children }: { children: ReactNode }) {
  return (
    <main className={css.screen}>
      <div className={css.side}>{children}</div>
      <aside className={css.tell}>
        <h2>From won deal to posted invoice, by rules you can read.</h2>
        <Threads />
        <p>
          Heddle carries records between your CRM and your ERP along flows that you draw. What it cannot book
          correctly it holds, and asks you. It never guesses.
        </p>
      </aside>
    </main>
  );
}

function Threads() {
  const rows = [34, 78, 122];
  return (
    <svg className={css.threads} viewBox="0 0 520 164" role="img" aria-label="Deals pass a rule and become invoices; one is held">
      {["Renewal 14", "Consulting Q4", "Licences 2027"].map((name, at) => (
        <g key={name}>
          <rect x="1" y={rows[at] ? rows[at] - 18 : 0} width="136" height="36" rx="8" fill="var(--surface)" stroke="var(--line-strong)" />
          <text x="16" y={(rows[at] ?? 0) + 5}>
            {name}
          </text>
        </g>
      ))}
      <g fill="none" stroke="currentColor" strokeWidth="2">
        <path d="M137 34 C 190 34, 190 78, 232 78" />
        <path d="M137 78 L 232 78" />
        <path d="M137 122 C 190 122, 190 78, 232 78" />
        <path d="M288 78 C 330 78, 330 44, 372 44" />
        <path d="M288 78 C 330 78, 330 112, 372 112" stroke="var(--held)" strokeDasharray="5 4" />
      </g>
      <rect x="232" y="54" width="56" height="48" rx="12" fill="currentColor" />
      <g stroke="var(--surface)" strokeWidth="2.4" strokeLinecap="round">
        <path d="M248 66 V90 M260 66 V90 M272 66 V90" />
      </g>
      <rect x="372" y="22" width="147" height="44" rx="8" fill="var(--surface)" stroke="var(--ok)" />
      <text x="386" y="41">INV-204</text>
      <text x="386" y="57" className={css.small}>2 posted in the ERP</text>
      <rect x="372" y="90" width="147" height="44" rx="8" fill="var(--surface)" stroke="var(--held)" />
      <text x="386" y="109">1 held</text>
      <text x="386" y="125" className={css.small}>which account?</text>
    </svg>
  );
}
