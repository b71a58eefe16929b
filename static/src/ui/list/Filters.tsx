import { TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconSearch } from "@tabler/icons-react";
import { useState, type ReactNode } from "react";
import { useSearchParams } from "react-router";

import css from "./list.module.css";

/** Filters of a list that stand in the address, by these names: what is empty is not there. */
export function useFilters<Name extends string>(names: readonly Name[]) {
  const [params, setParams] = useSearchParams();
  const entries = names.flatMap((name) => (params.get(name) ? [[name, params.get(name) ?? ""] as const] : []));
  const set = (name: Name, value: string | null) =>
    setParams(
      (now) => {
        if (value) now.set(name, value);
        else now.delete(name);
        return now;
      },
      { replace: true },
    );
  return { filters: Object.fromEntries(entries) as Partial<Record<Name, string>>, filtered: entries.length > 0, set, clear: () => setParams({}) };
}

interface FiltersProps {
  q: string;
  onSearch: (text: string) => void;
  /** What can be searched for; the hint says more where that is not enough. */
  label: string;
  hint?: string;
  children?: ReactNode;
}

/** The head of a list: what is searched for, and what else narrows it. */
export function Filters({ q, onSearch, label, hint, children }: FiltersProps) {
  const [text, setText] = useState(q);
  const tell = useDebouncedCallback(onSearch, 300);
  return (
    <div className={css.filters}>
      <TextInput
        className={css.search}
        type="search"
        aria-label={label}
        placeholder={hint ?? label}
        leftSection={<IconSearch size={16} />}
        value={text}
        onChange={(event) => {
          setText(event.currentTarget.value);
          tell(event.currentTarget.value);
        }}
      />
      {children}
    </div>
  );
}
