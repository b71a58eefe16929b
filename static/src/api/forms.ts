/** What the inbox asks people to fill in. */

/** A row that a table lacks, or what a rule asks for. */
export interface LookupForm {
  kind: "lookup" | "rate" | "ask";
  table: string;
  key: string;
  columns: { name: string; options: { value: string; title: string }[] }[];
  /** Column → what it probably is, and why. */
  proposals?: Record<string, { value: string; title: string; why: string }>;
}

/** Which of several objects a record is. */
export interface ChoiceForm {
  kind: "choice";
  entity: string;
  match: Record<string, string>;
  candidates: {
    id: string;
    number: string | null;
    link: string | null;
    values: Record<string, string>;
    /** The same value, not one that only looks like it. */
    exact: boolean;
  }[];
}
