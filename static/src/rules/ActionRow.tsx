import { ActionIcon, Autocomplete, Textarea, TextInput } from "@mantine/core";
import { IconTrash } from "@tabler/icons-react";
import { useState } from "react";

import type { Entity, Field } from "../model/flow";
import { Choice } from "../ui/Choice";
import { useAround } from "../ui/value/context";
import { ValueEditor } from "../ui/value/ValueEditor";
import { FactInput } from "../ui/condition/FactRow";
import { AskRow, ApproveRow } from "./AskRow";
import { ChooseRow } from "./ChooseRow";
import { type Action, ACTIONS, kindOfAction, portName, startAction } from "./ruleset";
import css from "./rules.module.css";

interface Props {
  action: Action;
  shape: Entity | null;
  ports: string[];
  onChange: (next: Action) => void;
  onRemove: () => void;
}

export function ActionRow({ action, shape, ports, onChange, onRemove }: Props) {
  const { readOnly } = useAround();
  const kind = kindOfAction(action);
  return (
    <div className={css.action}>
      <Choice
        label="What follows"
        width={144}
        data={ACTIONS}
        value={kind}
        readOnly={readOnly}
        onChange={(next) => next !== kind && onChange(startAction(next))}
      />
      <div className={css.wide}>
        <Details action={action} shape={shape} ports={ports} onChange={onChange} />
      </div>
      <ActionIcon variant="subtle" color="gray" disabled={readOnly} aria-label="Remove this consequence" onClick={onRemove}>
        <IconTrash size={15} />
      </ActionIcon>
    </div>
  );
}

function Details({ action, shape, ports, onChange }: Omit<Props, "onRemove">) {
  const { readOnly } = useAround();
  switch (action.do) {
    case "route":
      return <RouteInput port={action.port} ports={ports} onChange={(port) => onChange({ ...action, port })} />;
    case "set":
      return (
        <div className={css.bar}>
          <Autocomplete
            size="xs"
            aria-label="Field to set"
            placeholder="Field"
            readOnly={readOnly}
            data={names(shape?.fields ?? [])}
            value={action.target}
            onChange={(target) => onChange({ ...action, target })}
          />
          to
          <ValueEditor
            label={`Value of ${action.target || "the field"}`}
            type={shape?.fields.find((field) => field.name === action.target)?.type}
            choices={shape?.fields.find((field) => field.name === action.target)?.choices}
            value={action.value}
            onChange={(value) => onChange({ ...action, value })}
          />
        </div>
      );
    case "hold":
      return (
        <>
          <Textarea
            size="xs"
            autosize
            aria-label="Why it waits"
            placeholder="Why it waits, as the one who decides should read it. {Field} is filled in."
            readOnly={readOnly}
            value={action.message}
            onChange={(event) => onChange({ ...action, message: event.currentTarget.value })}
          />
          <TextInput
            size="xs"
            mt={6}
            aria-label="Who decides"
            placeholder="Who decides (may stay empty)"
            readOnly={readOnly}
            value={action.owner ?? ""}
            onChange={(event) => onChange({ ...action, owner: event.currentTarget.value })}
          />
        </>
      );
    case "reject":
      return (
        <Textarea
          size="xs"
          autosize
          aria-label="Why it is rejected"
          placeholder="Why it is rejected. {Field} is filled in."
          readOnly={readOnly}
          value={action.message}
          onChange={(event) => onChange({ ...action, message: event.currentTarget.value })}
        />
      );
    case "choose":
      return <ChooseRow action={action} fields={names(shape?.fields ?? [])} onChange={onChange} />;
    case "approve":
      return <ApproveRow action={action} onChange={onChange} />;
    case "ask":
      return <AskRow action={action} fields={names(shape?.fields ?? [])} onChange={onChange} />;
    case "conclude":
      return <ConcludeInput action={action} onChange={onChange} />;
  }
}

/** What is concluded: a name that other rules ask for, and what it is; nothing typed means "yes". */
function ConcludeInput({ action, onChange }: { action: Extract<Action, { do: "conclude" }>; onChange: (next: Action) => void }) {
  const { readOnly, facts } = useAround();
  const [text, setText] = useState(action.fact);
  return (
    <div className={css.bar}>
      that
      <Autocomplete
        size="xs"
        aria-label="What is concluded"
        placeholder="Name, like risk"
        readOnly={readOnly}
        data={facts.filter((one) => one !== action.fact)}
        value={text}
        onChange={setText}
        onBlur={() => {
          setText(portName(text));
          onChange({ ...action, fact: portName(text) });
        }}
        onOptionSubmit={(fact) => onChange({ ...action, fact })}
      />
      is
      <FactInput label="Its value" value={action.value ?? true} readOnly={readOnly} onChange={(value) => onChange({ ...action, value })} />
    </div>
  );
}

/** Port names are typed freely and kept as identifiers once the field is left. */
function RouteInput({ port, ports, onChange }: { port: string; ports: string[]; onChange: (port: string) => void }) {
  const { readOnly } = useAround();
  const [text, setText] = useState(port);
  return (
    <Autocomplete
      size="xs"
      aria-label="Where it goes"
      placeholder="Name of the way out, like vip"
      readOnly={readOnly}
      data={ports.filter((one) => one !== port)}
      value={text}
      onChange={setText}
      onBlur={() => {
        setText(portName(text));
        onChange(portName(text));
      }}
      onOptionSubmit={(picked) => onChange(picked)}
    />
  );
}

function names(fields: readonly Field[], prefix = ""): string[] {
  const all = fields.flatMap((field) =>
    field.type === "object" ? names(field.fields, `${prefix}${field.name}.`) : [prefix + field.name],
  );
  return [...new Set(all)];
}
