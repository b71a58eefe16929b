import { IconSearch } from "@tabler/icons-react";
import { useId, useState, type ReactNode } from "react";

import css from "./pick.module.css";

export interface Choice {
  id: string;
  title: string;
  detail?: string;
  group?: string;
  mark?: ReactNode;
  aside?: ReactNode;
}

interface PickListProps {
  label: string;
  placeholder: string;
  choices: readonly Choice[];
  /** Given, the owner filters by the text; else title and detail are searched. */
  onSearch?: (text: string) => void;
  onPick: (id: string) => void;
  onClose: () => void;
  onDragStart?: (id: string, event: React.DragEvent) => void;
  empty?: string;
}

/** A searched list that is worked by typing, arrows and Enter: palette, commands, find, connect. */
export function PickList({ label, placeholder, choices, onSearch, onPick, onClose, onDragStart, empty }: PickListProps) {
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const list = useId();
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const says = (what: string) => words.every((word) => what.toLowerCase().includes(word));
  const found = onSearch ? choices : choices.filter((choice) => says(`${choice.title} ${choice.detail ?? ""} ${choice.group ?? ""}`));
  // What is called so goes before what only speaks of it.
  const shown = [...found.filter((choice) => says(choice.title)), ...found.filter((choice) => !says(choice.title))];
  const active = Math.min(at, shown.length - 1);
  const move = (by: number) => {
    const next = (active + by + shown.length) % Math.max(1, shown.length);
    setAt(next);
    document.getElementById(`${list}-${next}`)?.scrollIntoView({ block: "nearest" });
  };
  return (
    <div className={css.pick} role="dialog" aria-label={label}>
      <div className={css.search}>
        <IconSearch size={17} aria-hidden />
        <input
          autoFocus
          role="combobox"
          aria-expanded
          aria-controls={list}
          aria-activedescendant={shown.length ? `${list}-${active}` : undefined}
          aria-label={label}
          placeholder={placeholder}
          value={text}
          onChange={(event) => {
            setText(event.currentTarget.value);
            setAt(0);
            onSearch?.(event.currentTarget.value);
          }}
          onKeyDown={(event) => {
            const chosen = shown[active];
            if (event.key === "ArrowDown") move(1);
            else if (event.key === "ArrowUp") move(-1);
            else if (event.key === "Enter" && chosen) onPick(chosen.id);
            else if (event.key === "Escape") onClose();
            else return;
            event.preventDefault();
            event.stopPropagation();
          }}
        />
      </div>
      <div className={css.list} id={list} role="listbox" aria-label={label}>
        {shown.map((choice, index) => (
          <div key={choice.id}>
            {choice.group && choice.group !== shown[index - 1]?.group ? <div className={css.group}>{choice.group}</div> : null}
            <div
              id={`${list}-${index}`}
              role="option"
              aria-selected={index === active}
              className={css.item}
              draggable={Boolean(onDragStart)}
              onDragStart={(event) => onDragStart?.(choice.id, event)}
              onMouseMove={() => index !== active && setAt(index)}
              onClick={() => onPick(choice.id)}
            >
              {choice.mark}
              <span className={css.text}>
                <span className={css.title}>{choice.title}</span>
                {choice.detail ? <span className={css.detail}>{choice.detail}</span> : null}
              </span>
              {choice.aside}
            </div>
          </div>
        ))}
        {shown.length ? null : <p className={css.none}>{text || !empty ? "Nothing by that name." : empty}</p>}
      </div>
    </div>
  );
}
