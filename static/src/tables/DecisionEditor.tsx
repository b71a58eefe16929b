/** The decision table of a step: hit policy, the grid, and what the check says while it is drawn. */

import { ActionIcon, Button, Menu, Modal, Select, Tooltip } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconArrowsMaximize, IconColumnInsertLeft, IconColumnInsertRight, IconDots, IconFileExport, IconFileImport, IconRowInsertBottom, IconTable } from "@tabler/icons-react";
import { type ReactNode, useState } from "react";

import { exportTable, importTable, useTableReport } from "../api/decisions";
import { addInput, addOutput, addRow, AGGREGATES, type DecisionTable, POLICIES, readDecision, setOutput, startDecision, writeCell } from "../model/decision";
import type { NodeEditorProps } from "../model/editing";
import { useSources } from "../store/sources";
import { Choice } from "../ui/Choice";
import { EmptyState, ErrorBanner } from "../ui/parts";
import { ValueProvider } from "../ui/value/context";
import { useFileChoice } from "../ui/useFileChoice";
import { ColumnHead } from "./ColumnHead";
import { Grid } from "./Grid";
import { marksOf } from "./marks";
import { Report } from "./Report";
import css from "./tables.module.css";

const NO_MATCH = [
  { value: "keep", label: "it goes on unchanged" },
  { value: "hold", label: "it waits for a row" },
  { value: "reject", label: "it is rejected" },
];

interface EditorProps extends NodeEditorProps {
  /** The table is of the library: it is shown, and only what the step itself says can be changed. */
  locked?: boolean;
  /** The table is edited in the library, where no step says what happens without a row. */
  shared?: boolean;
}

export function DecisionEditor(props: EditorProps) {
  const { value, onChange, catalog, flow, onFlow, node, locked = false } = props;
  const readOnly = props.readOnly || locked;
  const table = readDecision(value["table"]);
  const groups = useSources(props);
  const [wide, setWide] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const [choice, setChoice] = useState<{ file: File; names: string[] } | null>(null);
  const save = (next: DecisionTable) => onChange({ ...value, table: next });

  async function bring(chosen: File, decision = "") {
    setError(null);
    setChoice(null);
    try {
      const found = await importTable(chosen, table, decision);
      if (found.table) save(found.table);
      else setChoice({ file: chosen, names: found.decisions });
    } catch (failure) {
      setError(failure);
    }
  }

  const { field, choose } = useFileChoice("File with a decision table", ".xlsx,.dmn,.xml", (chosen) => void bring(chosen));
  const messages = (
    <>
      <ErrorBanner error={error} />
      {choice ? (
        <Select
          size="xs"
          label="The file holds several tables. Which one?"
          data={choice.names}
          onChange={(name) => name && void bring(choice.file, name)}
        />
      ) : null}
    </>
  );
  if (!table) {
    return (
      <div className={css.editor}>
        {field}
        <EmptyState
          icon={IconTable}
          title="No table yet"
          act={
            readOnly ? null : (
              <div className={`${css.bar} ${css.starts}`}>
                <Button onClick={() => save(startDecision(node.title))}>Start a table</Button>
                <Button variant="default" onClick={choose}>
                  Bring one from Excel or DMN
                </Button>
              </div>
            )
          }
        >
          A decision table answers a question row by row, as in a spreadsheet: “Country is DE and the amount is above 1,000: book in
          entity EU.”
        </EmptyState>
        {messages}
      </div>
    );
  }
  const sheet = (
    <Sheet
      {...props}
      readOnly={readOnly}
      stepReadOnly={props.readOnly}
      table={table}
      save={save}
      wide={wide}
      onWide={setWide}
      onImport={choose}
      onError={setError}
      messages={messages}
    />
  );
  return (
    <ValueProvider
      catalog={catalog}
      groups={groups}
      tables={flow.tables}
      readOnly={readOnly}
      onTable={(id, changed) => onFlow({ tables: { ...flow.tables, [id]: changed } })}
    >
      {field}
      {wide ? (
        <Modal opened fullScreen title={node.title || table.title || "Decision table"} onClose={() => setWide(false)} closeOnEscape={false}>
          {sheet}
        </Modal>
      ) : null}
      {wide ? <p className={css.hint}>The table is open in full size.</p> : sheet}
    </ValueProvider>
  );
}

interface SheetProps extends EditorProps {
  stepReadOnly: boolean;
  table: DecisionTable;
  save: (next: DecisionTable) => void;
  wide: boolean;
  onWide: (wide: boolean) => void;
  onImport: () => void;
  onError: (error: unknown) => void;
  messages: ReactNode;
}

function Sheet({ table, save, value, onChange, shapeIn, readOnly, stepReadOnly, shared = false, wide, onWide, onImport, onError, messages }: SheetProps) {
  const [settled] = useDebouncedValue(table, 350);
  const report = useTableReport(settled).data;
  const marks = marksOf(table, report);
  const [open, setOpen] = useState<number | null>(null);
  const policy = POLICIES.find((one) => one.value === table.hit_policy);
  const columns = ["62px", ...table.inputs.map(() => "minmax(140px, 1fr)"), ...table.outputs.map(() => "minmax(140px, 1fr)"), "minmax(120px, 0.8fr)"].join(" ");
  const width = table.inputs.length + table.outputs.length;

  async function send(format: "xlsx" | "dmn") {
    try {
      const { name, content } = await exportTable(table, format);
      const link = document.createElement("a");
      link.href = URL.createObjectURL(content);
      link.download = name;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
    } catch (failure) {
      onError(failure);
    }
  }

  return (
    <div className={css.editor}>
      <div className={css.bar}>
        <Choice
          label="When several rows fit"
          width={200}
          data={POLICIES}
          value={table.hit_policy}
          readOnly={readOnly}
          onChange={(next) => save({ ...table, hit_policy: next, aggregate: next === "collect" ? table.aggregate : null })}
        />
        {table.hit_policy === "collect" ? (
          <Choice
            label="What becomes of them"
            width={130}
            data={AGGREGATES}
            value={table.aggregate ?? "list"}
            readOnly={readOnly}
            onChange={(next) => save({ ...table, aggregate: next })}
          />
        ) : null}
        <span className={css.spring} />
        <Tooltip label={wide ? "Back into the panel" : "Full size"}>
          <ActionIcon variant="default" aria-label={wide ? "Back into the panel" : "Full size"} onClick={() => onWide(!wide)}>
            <IconArrowsMaximize size={16} />
          </ActionIcon>
        </Tooltip>
        <Menu position="bottom-end" withinPortal>
          <Menu.Target>
            <ActionIcon variant="default" aria-label="Files">
              <IconDots size={16} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item leftSection={<IconFileExport size={15} />} onClick={() => void send("xlsx")}>
              Save as Excel
            </Menu.Item>
            <Menu.Item leftSection={<IconFileExport size={15} />} onClick={() => void send("dmn")}>
              Save as DMN
            </Menu.Item>
            <Menu.Item leftSection={<IconFileImport size={15} />} disabled={readOnly} onClick={onImport}>
              Bring one from Excel or DMN
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      </div>
      <p className={css.hint}>{policy?.help}</p>
      {messages}
      <Grid
        table={table}
        onChange={save}
        readOnly={readOnly}
        marks={marks}
        columns={columns}
        tall={wide}
        heads={
          <>
            <div className={css.corner} role="columnheader" aria-label="Row">
              #
            </div>
            {Array.from({ length: width }, (_, column) => (
              <ColumnHead key={column} table={table} column={column} open={open === column} onOpen={(opened) => setOpen(opened ? column : null)} shape={shapeIn} onChange={save} />
            ))}
            <div className={css.noteHead} role="columnheader">
              Note
            </div>
          </>
        }
      >
        <Otherwise table={table} columns={columns} readOnly={readOnly} onChange={save} />
      </Grid>
      {readOnly ? null : (
        <div className={css.bar}>
          <Button size="compact-sm" variant="default" leftSection={<IconRowInsertBottom size={15} />} onClick={() => save(addRow(table))}>
            Row
          </Button>
          <Button
            size="compact-sm"
            variant="default"
            leftSection={<IconColumnInsertLeft size={15} />}
            onClick={() => {
              save(addInput(table));
              setOpen(table.inputs.length);
            }}
          >
            Condition
          </Button>
          <Button
            size="compact-sm"
            variant="default"
            leftSection={<IconColumnInsertRight size={15} />}
            onClick={() => {
              save(addOutput(table));
              setOpen(width);
            }}
          >
            Answer
          </Button>
          <span className={css.hint}>
            {table.rows.length === 1 ? "1 row" : `${table.rows.length} rows`}. Copy cells in your spreadsheet, click a cell here, paste.
          </span>
        </div>
      )}
      {shared ? null : (
        <div className={css.bar}>
          <Select
            size="xs"
            w={300}
            label="When no row fits and there is no default"
            allowDeselect={false}
            readOnly={stepReadOnly}
            data={NO_MATCH}
            value={typeof value["no_match"] === "string" ? value["no_match"] : "keep"}
            onChange={(next) => next && onChange({ ...value, no_match: next })}
          />
        </div>
      )}
      <Report table={table} report={report} marks={marks} readOnly={readOnly} onChange={save} />
    </div>
  );
}

/** The last line of the grid: the answers when no row fits. */
function Otherwise({ table, columns, readOnly, onChange }: { table: DecisionTable; columns: string; readOnly: boolean; onChange: (next: DecisionTable) => void }) {
  return (
    <div className={css.otherwise} role="row" style={{ gridTemplateColumns: columns }}>
      <div className={css.span} role="rowheader" style={{ gridColumn: `span ${table.inputs.length + 1}` }}>
        If no row fits
      </div>
      {table.outputs.map((output, at) => (
        <div key={output.id} role="gridcell" className={css.cell} data-kind="then">
          <input
            aria-label={`${output.title || output.target || "Answer"} if no row fits`}
            placeholder="nothing"
            readOnly={readOnly}
            value={output.default}
            onChange={(event) => onChange(setOutput(table, at, { ...output, default: event.currentTarget.value }))}
            onBlur={(event) => {
              const next = writeCell(event.currentTarget.value, output.type, [], true);
              if (next !== output.default) onChange(setOutput(table, at, { ...output, default: next }));
            }}
          />
        </div>
      ))}
    </div>
  );
}
