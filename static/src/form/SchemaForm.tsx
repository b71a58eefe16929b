/** The form of a node's settings, made from the JSON Schema of its type. */

import { JsonInput } from "@mantine/core";
import { useState } from "react";

import type { NodeEditorProps } from "../model/editing";
import type { Json } from "../model/flow";
import { parseExact, stringifyExact } from "../model/values";

export function SchemaForm({ value, onChange, readOnly }: NodeEditorProps) {
  const [text, setText] = useState(() => stringifyExact(value));
  return (
    <JsonInput
      label="Settings"
      autosize
      minRows={8}
      formatOnBlur
      readOnly={readOnly}
      validationError="This is not valid JSON yet; it is kept here until it is."
      value={text}
      onChange={(next) => {
        setText(next);
        try {
          onChange(parseExact(next) as Json);
        } catch {
          return;
        }
      }}
    />
  );
}
