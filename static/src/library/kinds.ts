/** The kinds of what is shared, in words. */

import { IconGavel, IconListSearch, IconTable, type Icon } from "@tabler/icons-react";

import type { SharedKind } from "../api/library";

export const KINDS: { kind: SharedKind; title: string; help: string; icon: Icon }[] = [
  { kind: "rules", title: "Rule set", help: "Conditions and what follows: hold, refuse, set, send another way.", icon: IconGavel },
  { kind: "decision", title: "Decision table", help: "Answers row by row, as in a spreadsheet.", icon: IconTable },
  { kind: "lookup", title: "Lookup table", help: "What a value stands for: accounts, tax codes, currency rates.", icon: IconListSearch },
];

export const kindOf = (kind: SharedKind) => KINDS.find((one) => one.kind === kind) ?? KINDS[0];
