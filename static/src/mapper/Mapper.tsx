/** The mapping screen. The rows of the settings are the model: opening it again shows exactly what was saved. */

import { ActionIcon, Button, Modal, Select, Tooltip } from "@mantine/core";
import { IconArrowsMaximize, IconFlask, IconX } from "@tabler/icons-react";
import { type ReactNode, useEffect, useRef, useState } from "react";

import { useEntity } from "../api/queries";
import type { NodeEditorProps } from "../model/editing";
import type { Entity, Flow, Json } from "../model/flow";
import { valueText } from "../model/values";
import { look, tryOnSample, useOverlay } from "../store/run";
import { useEditor } from "../store/editor";
import { useSources } from "../store/sources";
import { ErrorBanner } from "../ui/parts";
import { ValueProvider } from "../ui/value/context";
import { type Armed, MapperContext } from "./context";
import type { Row } from "./mapping";
import { useFreshSample, useResults } from "./results";
import { RowsEditor } from "./RowsEditor";
import { SourceTree } from "./SourceTree";
import { Suggestions } from "./Suggestions";
import { Threads } from "./Threads";
import css from "./mapper.module.css";

export interface MapperProps extends NodeEditorProps {
  /** The fields of the settings beside the rows: which entity is filled. */
  head: ReactNode;
}

const NO_ROWS: Row[] = [];

export function Mapper(props: MapperProps) {
  const { value, onChange, card, catalog, flow, node, onFlow, problems, readOnly, head } = props;
  const [armed, arm] = useState<Armed | null>(null);
  const [large, setLarge] = useState(false);
  const rows = (value["rows"] as Row[] | undefined) ?? NO_ROWS;
  const target = useTargetEntity(props);
  const { results, error } = useResults(node.id);
  useFreshSample(flow, !readOnly);

  const groups = useSources(props);
  const around = {
    rows,
    onRows: (next: Row[]) => onChange({ ...value, rows: next }),
    results,
    problems,
    armed,
    arm,
    readOnly,
    filtersLines: knowsWhere(card.settings),
    open: target?.open ?? true,
  };

  useEffect(() => {
    if (!armed) return;
    const cancel = (event: KeyboardEvent) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      arm(null);
    };
    window.addEventListener("keydown", cancel, true);
    return () => window.removeEventListener("keydown", cancel, true);
  }, [armed]);

  const bar = (
    <div className={css.bar}>
      <SampleChooser flow={flow} />
      <span className={css.spring} />
      {large ? null : (
        <Button size="compact-sm" variant="default" leftSection={<IconArrowsMaximize size={15} />} onClick={() => setLarge(true)}>
          Side by side
        </Button>
      )}
    </div>
  );
  const list = (
    <>
      {error && results.size === 0 ? <p className={css.below}>{error.message}</p> : null}
      <Suggestions groups={groups} target={target} />
      <RowsEditor rows={rows} place={[]} fields={target?.fields ?? []} line={null} />
      {armed ? (
        <div className={css.armed} role="status">
          <span style={{ flex: 1 }}>{armed.title}: now choose the field that it fills.</span>
          <ActionIcon variant="transparent" color="white" aria-label="Put it back" onClick={() => arm(null)}>
            <IconX size={16} />
          </ActionIcon>
        </div>
      ) : null}
    </>
  );
  return (
    <ValueProvider
      catalog={catalog}
      groups={groups}
      tables={flow.tables}
      readOnly={readOnly}
      onTable={(id, table) => onFlow({ tables: { ...flow.tables, [id]: table } })}
    >
      <MapperContext.Provider value={around}>
        <div className={css.mapper}>
          {head}
          {bar}
          {large ? <p className={css.note}>The mapping is open side by side.</p> : list}
        </div>
        <Modal.Root opened={large} onClose={() => setLarge(false)} fullScreen size="100%" closeOnEscape={!armed}>
          <Modal.Content className={css.large} radius={0}>
            <Modal.Header>
              <Modal.Title>
                {node.title || card.title}: {groups[0]?.title} → {target?.title || target?.name || "the target"}
              </Modal.Title>
              <Modal.CloseButton aria-label="Back to the panel" />
            </Modal.Header>
            <Modal.Body style={{ flex: 1, minHeight: 0, display: "flex", flexDirection: "column", gap: 12 }}>
              {bar}
              <Board rows={rows} left={<SourceTree groups={groups} />} right={<div className={css.mapper}>{list}</div>} target={target} />
            </Modal.Body>
          </Modal.Content>
        </Modal.Root>
      </MapperContext.Provider>
    </ValueProvider>
  );
}

function Board({ rows, left, right, target }: { rows: Row[]; left: ReactNode; right: ReactNode; target: Entity | undefined }) {
  const board = useRef<HTMLDivElement>(null);
  return (
    <div className={css.board} ref={board}>
      <Threads board={board} rows={rows} />
      <div className={css.side} style={{ gridColumn: 1 }}>
        <h3>What comes in: drag it, or click it and then its target</h3>
        {left}
      </div>
      <div className={css.side} style={{ gridColumn: 3 }}>
        <h3>{target ? `What ${target.title || target.name} gets` : "What is filled"}</h3>
        {right}
      </div>
    </div>
  );
}

function SampleChooser({ flow }: { flow: Flow }) {
  const slug = useEditor((editor) => editor.slug);
  const { preview, key, trying, error } = useOverlay();
  const records = preview?.records ?? [];
  if (!records.length) {
    return (
      <>
        <Tooltip label="Reads a few records, shows what each row gives, writes nothing.">
          <Button
            size="compact-sm"
            variant="light"
            loading={trying}
            leftSection={<IconFlask size={15} />}
            onClick={() => void tryOnSample(slug, flow, flow.policy.sample_size)}
          >
            Show results for a sample
          </Button>
        </Tooltip>
        {error ? <ErrorBanner error={error} /> : null}
        {preview && !error ? <span className={css.note}>The sample is empty: no record passes the filters.</span> : null}
      </>
    );
  }
  return (
    <Select
      className={css.sample}
      size="xs"
      searchable
      allowDeselect={false}
      aria-label="Sample record"
      leftSection={<IconFlask size={15} />}
      data={records.map((record) => ({ value: record.key, label: record.title || record.key }))}
      value={key}
      onChange={(next) => next && look(next)}
    />
  );
}

/** The entity whose fields are filled: the one that was chosen, else the one that a later write step writes. */
function useTargetEntity({ value, flow, node, bindings }: MapperProps): Entity | undefined {
  const written = writtenAfter(flow, node.id);
  const slot = valueText(value["slot"]) || valueText(written?.["slot"]);
  const entity = valueText(value["entity"]) || valueText(written?.["entity"]);
  return useEntity(bindings[slot], entity || null).data;
}

function writtenAfter(flow: Flow, node: string): Json | undefined {
  const seen = new Set<string>();
  let front = [node];
  while (front.length) {
    const next = flow.edges.filter((edge) => front.includes(edge.source) && !seen.has(edge.target)).map((edge) => edge.target);
    next.forEach((id) => seen.add(id));
    const write = flow.nodes.find((one) => next.includes(one.id) && one.type === "write");
    if (write) return write.settings;
    front = next;
  }
  return undefined;
}

function knowsWhere(schema: Json): boolean {
  const lines = (schema["$defs"] as Record<string, { properties?: Json }> | undefined)?.["LinesRow"];
  return Boolean(lines?.properties && "where" in lines.properties);
}
