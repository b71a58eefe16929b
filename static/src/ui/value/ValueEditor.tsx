/** A value as a line of chips: where it starts, then each function, then the way to add one. */

import { Popover, TextInput, Tooltip } from "@mantine/core";
import { IconMathFunction, IconPlus, IconSearch } from "@tabler/icons-react";
import { useState } from "react";

import type { Choice, FunctionCard, ValueType } from "../../model/flow";
import { addCall, type Call, constant, moveCall, removeCall, setCall, type Value } from "../../model/value";
import { CallForm } from "./CallForm";
import { useAround, useWords } from "./context";
import { SourceChip } from "./SourceChip";
import { describeValue } from "../../model/value";
import css from "./value.module.css";

export interface ValueEditorProps {
  value: Value | null;
  onChange: (next: Value) => void;
  /** Spoken name: what the value is for. */
  label: string;
  type?: ValueType;
  choices?: readonly Choice[];
  bad?: boolean;
  /** It has just been made, and asks at once for the field that it takes. */
  fresh?: boolean;
}

export function ValueEditor({ value, onChange, label, type, choices, bad, fresh = false }: ValueEditorProps) {
  const { readOnly } = useAround();
  const [added, setAdded] = useState<number | null>(null);
  const calls = value?.then ?? [];
  return (
    <div className={css.value}>
      <SourceChip value={value} onChange={onChange} label={label} type={type} choices={choices} bad={bad} fresh={fresh} />
      {value
        ? calls.map((call, index) => (
            <CallChip
              // A chain has no ids: the place is the identity, and chips keep no state of their own but "open".
              key={index}
              call={call}
              startOpen={added === index}
              first={index === 0}
              last={index === calls.length - 1}
              onChange={(next) => onChange(setCall(value, index, next))}
              onRemove={() => onChange(removeCall(value, index))}
              onMove={(by) => onChange(moveCall(value, index, index + by))}
            />
          ))
        : null}
      {value && !readOnly ? (
        <AddCall
          label={label}
          onAdd={(card) => {
            onChange(addCall(value, startCall(card)));
            setAdded(card.args.length ? calls.length : null);
          }}
        />
      ) : null}
    </div>
  );
}

/** A call says only what it must: required arguments that have no default start empty. */
function startCall(card: FunctionCard): Call {
  const args = card.args
    .filter((arg) => arg.required && arg.default !== null && arg.default !== undefined)
    .map((arg) => [arg.name, constant(arg.default)] as const);
  return args.length ? { function: card.name, args: Object.fromEntries(args) } : { function: card.name };
}

interface CallChipProps {
  call: Call;
  startOpen: boolean;
  first: boolean;
  last: boolean;
  onChange: (next: Call) => void;
  onRemove: () => void;
  onMove: (by: number) => void;
}

function CallChip({ call, startOpen, first, last, onChange, onRemove, onMove }: CallChipProps) {
  const { functions, readOnly, tables } = useAround();
  const words = useWords();
  const [open, setOpen] = useState(startOpen);
  const card = functions.find((one) => one.name === call.function);
  const args = Object.entries(call.args ?? {}).map(([name, arg]) => {
    const table = name === "table" && arg.kind === "constant" ? tables[String(arg.value)] : undefined;
    return table ? table.title || String(arg.kind === "constant" ? arg.value : "") : describeValue(arg, words);
  });
  const lacking = card?.args.some((arg) => arg.required && !call.args?.[arg.name]);
  return (
    <Popover opened={open} onChange={setOpen} position="bottom-start" trapFocus withinPortal shadow="md">
      <Popover.Target>
        <button
          type="button"
          className={`${css.chip} ${css.call} ${!card || lacking ? css.bad : ""}`}
          disabled={readOnly}
          onClick={() => setOpen(!open)}
        >
          <IconMathFunction size={14} aria-hidden />
          <span>
            {card?.title ?? `${call.function} (unknown)`}
            {args.length ? <span className={css.from}> {args.join(", ")}</span> : null}
          </span>
        </button>
      </Popover.Target>
      <Popover.Dropdown>
        <CallForm
          call={call}
          card={card}
          first={first}
          last={last}
          onChange={onChange}
          onMove={onMove}
          onRemove={() => {
            setOpen(false);
            onRemove();
          }}
        />
      </Popover.Dropdown>
    </Popover>
  );
}

/** What is called so goes before what only speaks of it. */
function foundBy(functions: readonly FunctionCard[], search: string): FunctionCard[] {
  const wanted = search.trim().toLowerCase();
  const ranked = functions.flatMap((card) => {
    const places = [card.title, `${card.title} ${card.name}`, `${card.group} ${card.help}`].map((text) => text.toLowerCase());
    const place = places.findIndex((text) => text.includes(wanted));
    return place < 0 ? [] : [{ card, place: places[0]?.startsWith(wanted) ? -1 : place }];
  });
  return ranked.sort((one, other) => one.place - other.place).map((one) => one.card);
}

function AddCall({ label, onAdd }: { label: string; onAdd: (card: FunctionCard) => void }) {
  const { functions } = useAround();
  const [open, setOpen] = useState(false);
  const [search, setSearch] = useState("");
  const found = foundBy(functions, search);
  const groups = [...new Set(found.map((card) => card.group))];
  const pick = (card: FunctionCard) => {
    setOpen(false);
    setSearch("");
    onAdd(card);
  };
  return (
    <Popover opened={open} onChange={setOpen} position="bottom-start" trapFocus withinPortal shadow="md">
      <Popover.Target>
        <Tooltip label="Change the value with a function">
          <button
            type="button"
            className={`${css.chip} ${css.plus}`}
            aria-label={`Add a function to ${label}`}
            onClick={() => setOpen(!open)}
          >
            <IconPlus size={14} aria-hidden />
          </button>
        </Tooltip>
      </Popover.Target>
      <Popover.Dropdown>
        <div className={css.pop}>
          <TextInput
            size="xs"
            data-autofocus
            aria-label="Search functions"
            placeholder="What should happen to it?"
            leftSection={<IconSearch size={15} />}
            value={search}
            onChange={(event) => setSearch(event.currentTarget.value)}
            onKeyDown={(event) => {
              if (event.key === "Enter" && found[0]) pick(found[0]);
            }}
          />
          <div className={css.list}>
            {groups.map((group) => (
              <div key={group} role="group" aria-label={group}>
                <div className={css.groupTitle}>{group.charAt(0).toUpperCase() + group.slice(1)}</div>
                {found
                  .filter((card) => card.group === group)
                  .map((card) => (
                    <button
                      type="button"
                      key={card.name}
                      className={css.option}
                      data-active={Boolean(search) && card === found[0]}
                      title={card.help}
                      onClick={() => pick(card)}
                    >
                      <span className={css.what}>
                        {card.title} <span className={css.type}>{card.help}</span>
                      </span>
                    </button>
                  ))}
              </div>
            ))}
            {found.length === 0 ? <p className={css.help}>No function is called “{search}”.</p> : null}
          </div>
        </div>
      </Popover.Dropdown>
    </Popover>
  );
}
