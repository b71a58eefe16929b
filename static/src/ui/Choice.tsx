import { Select } from "@mantine/core";

interface Props<T extends string> {
  /** What is chosen, for those who cannot see it. */
  label: string;
  width: number;
  data: { value: T; label: string }[];
  value: T;
  readOnly: boolean;
  onChange: (next: T) => void;
}

/** One of a few, within a line; there is always one. */
export function Choice<T extends string>({ label, width, data, value, readOnly, onChange }: Props<T>) {
  return (
    <Select size="xs" w={width} aria-label={label} allowDeselect={false} readOnly={readOnly} data={data} value={value} onChange={(next) => next && onChange(next)} />
  );
}
