import { ActionIcon, Button, Menu, Tooltip } from "@mantine/core";
import {
  IconAdjustments,
  IconAlertCircle,
  IconArrowBackUp,
  IconArrowForwardUp,
  IconArrowLeft,
  IconCheck,
  IconCloudOff,
  IconDots,
  IconDownload,
  IconFlask,
  IconHistory,
  IconKeyboard,
  IconLink,
  IconPlayerPlay,
  IconPlugConnected,
  IconPower,
  IconTable,
  IconTelescope,
} from "@tabler/icons-react";
import { Link } from "react-router";

import { useMay } from "../api/queries";
import { redoLabel, undoLabel } from "../model/history";
import { problemsLine } from "../model/problems";
import { change, keepMine, stepBack, stepForward, takeTheirs, useDocument, useEditor } from "../store/editor";
import { useOverlay } from "../store/run";
import { useView, type Dialog } from "../store/view";
import { StatusBadge } from "../ui/parts";
import css from "./bar.module.css";
import { DriftNotice } from "./DriftNotice";

export function TopBar({ narrow, trySample }: { narrow: boolean; trySample: () => void }) {
  const trying = useOverlay((overlay) => overlay.trying);
  const slug = useEditor((editor) => editor.slug);
  const readOnly = useEditor((editor) => editor.readOnly);
  const mayRun = useMay("operator");
  const state = useEditor((editor) => editor.state);
  const show = (dialog: Dialog) => () => useView.setState({ dialog });
  return (
    <>
      <header className={css.bar}>
        <ActionIcon component={Link} to="/flows" variant="subtle" color="gray" aria-label="All flows">
          <IconArrowLeft size={18} />
        </ActionIcon>
        <Name narrow={narrow} />
        <FlowState />
        <SaveNote />
        <span className={css.gap} />
        <Problems />
        {readOnly ? null : <UndoRedo />}
        <div className={css.group}>
          {readOnly ? null : (
            <Button variant="default" className={css.phone} leftSection={<IconFlask size={16} />} loading={trying} onClick={trySample}>
              Try on a sample
            </Button>
          )}
          {mayRun ? (
            <Button variant="default" leftSection={<IconPlayerPlay size={16} />} onClick={show("run")}>
              Run
            </Button>
          ) : null}
          {readOnly ? null : (
            <Button className={css.phone} onClick={show("publish")}>
              Publish
            </Button>
          )}
          <Menu position="bottom-end" withinPortal>
            <Menu.Target>
              <ActionIcon variant="subtle" color="gray" aria-label="More">
                <IconDots size={18} />
              </ActionIcon>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item leftSection={<IconHistory size={16} />} onClick={show("versions")}>
                Version history
              </Menu.Item>
              <Menu.Item leftSection={<IconTelescope size={16} />} component={Link} to={`/flows/${slug}/forecast`}>
                Forecast and coverage
              </Menu.Item>
              <Menu.Item leftSection={<IconTable size={16} />} onClick={show("tables")}>
                Lookup tables
              </Menu.Item>
              {readOnly ? null : (
                <>
                  <Menu.Item leftSection={<IconPlugConnected size={16} />} onClick={show("slots")}>
                    Connections of this flow
                  </Menu.Item>
                  <Menu.Item leftSection={<IconAdjustments size={16} />} onClick={show("policy")}>
                    How it runs: budget, retries
                  </Menu.Item>
                  <Menu.Item leftSection={<IconLink size={16} />} onClick={show("hook")}>
                    Address for webhooks and buttons
                  </Menu.Item>
                </>
              )}
              {readOnly || state === "draft" ? null : (
                <Menu.Item leftSection={<IconPower size={16} />} onClick={show("switch")}>
                  {state === "live" ? "Switch off" : "Switch on"}
                </Menu.Item>
              )}
              <Menu.Item leftSection={<IconDownload size={16} />} component="a" href={`/api/flows/${slug}/export`} download={`${slug}.json`}>
                Export as a file
              </Menu.Item>
              <Menu.Divider />
              <Menu.Item leftSection={<IconKeyboard size={16} />} onClick={show("shortcuts")} rightSection="?">
                Keys
              </Menu.Item>
            </Menu.Dropdown>
          </Menu>
        </div>
      </header>
      <Notice />
      <DriftNotice />
    </>
  );
}

function Name({ narrow }: { narrow: boolean }) {
  const name = useEditor((editor) => editor.history.present.name);
  const readOnly = useEditor((editor) => editor.readOnly) || narrow;
  return (
    <input
      className={css.name}
      aria-label="Name of the flow"
      value={name}
      size={Math.max(6, Math.min(name.length, 44))}
      readOnly={readOnly}
      maxLength={200}
      onChange={(event) => {
        const text = event.currentTarget.value;
        change("Rename the flow", (flow) => ({ ...flow, name: text }), "flow name");
      }}
      onKeyDown={(event) => {
        if (event.key === "Enter") event.currentTarget.blur();
      }}
      onBlur={() => {
        if (!name.trim()) change("Rename the flow", (flow) => ({ ...flow, name: "Flow without a name" }));
      }}
    />
  );
}

function FlowState() {
  const state = useEditor((editor) => editor.state);
  const version = useEditor((editor) => editor.liveVersion);
  const changed = useEditor((editor) => editor.draftChanged);
  const words = { draft: "Draft", live: `Live v${version ?? ""}`, paused: `Paused v${version ?? ""}` }[state];
  return (
    <span className={css.group}>
      <StatusBadge status={state} text={words} />
      {state !== "draft" && changed ? <span className={`${css.quiet} ${css.roomy}`}>with unpublished changes</span> : null}
    </span>
  );
}

function SaveNote() {
  const save = useEditor((editor) => editor.save);
  const message = useEditor((editor) => editor.saveMessage);
  const readOnly = useEditor((editor) => editor.readOnly);
  if (readOnly) return <span className={css.quiet}>To look at only</span>;
  const [Glyph, words, tone] = {
    saved: [IconCheck, "Saved", "quiet"] as const,
    waiting: [null, "Saving…", "quiet"] as const,
    saving: [null, "Saving…", "quiet"] as const,
    offline: [IconCloudOff, "Not saved yet: trying again", "held"] as const,
    conflict: [IconAlertCircle, "Not saved", "held"] as const,
    refused: [IconAlertCircle, "Not saved", "failed"] as const,
  }[save];
  return (
    <Tooltip label={message || "Every change is saved by itself"}>
      <span className={`${css.quiet} ${css.phone}`} data-tone={tone} role="status" data-testid="save-state">
        {Glyph ? <Glyph size={15} aria-hidden /> : null}
        {words}
      </span>
    </Tooltip>
  );
}

/** What stands between the drawing and its draft on the server, with the way out. */
function Notice() {
  const save = useEditor((editor) => editor.save);
  const message = useEditor((editor) => editor.saveMessage);
  if (save === "conflict") {
    return (
      <div className={css.notice} role="alert">
        <IconAlertCircle size={18} aria-hidden />
        <span>Somebody else changed this flow since you opened it. Which drawing shall stay?</span>
        <span className={css.gap} />
        <Button size="compact-sm" variant="default" onClick={takeTheirs}>
          Take theirs (undo brings mine back)
        </Button>
        <Button size="compact-sm" onClick={keepMine}>
          Keep mine
        </Button>
      </div>
    );
  }
  if (save === "offline" || save === "refused") {
    return (
      <div className={css.notice} role="alert">
        <IconCloudOff size={18} aria-hidden />
        <span>
          {save === "offline"
            ? "Heddle does not answer. Your changes are kept in this browser and saved as soon as it is back."
            : `The draft was not saved: ${message}`}
        </span>
      </div>
    );
  }
  return null;
}

function Problems() {
  const problems = useEditor((editor) => editor.problems);
  const begun = useDocument().nodes.length > 0;
  const open = useView((view) => view.problemsOpen);
  const errors = problems.some((problem) => problem.severity === "error");
  const tone = errors ? "failed" : problems.length ? "held" : "ok";
  if (!begun) return null; // the canvas asks for the first step
  return (
    <button
      type="button"
      className={`${css.problems} ${css.phone}`}
      data-tone={tone}
      aria-expanded={open}
      onClick={() => useView.setState({ problemsOpen: !open })}
    >
      {problems.length ? <IconAlertCircle size={16} aria-hidden /> : <IconCheck size={16} aria-hidden />}
      <span className={problems.length ? "" : css.wide}>{problemsLine(problems)}</span>
    </button>
  );
}

function UndoRedo() {
  const back = useEditor((editor) => undoLabel(editor.history));
  const forward = useEditor((editor) => redoLabel(editor.history));
  return (
    <span className={`${css.group} ${css.wide}`} style={{ gap: 2 }}>
      <Tooltip label={back ? `Undo: ${back} (Ctrl Z)` : "Nothing to undo"}>
        <ActionIcon variant="subtle" color="gray" aria-label={back ? `Undo: ${back}` : "Undo"} data-disabled={!back || undefined} onClick={stepBack}>
          <IconArrowBackUp size={18} />
        </ActionIcon>
      </Tooltip>
      <Tooltip label={forward ? `Redo: ${forward} (Ctrl Shift Z)` : "Nothing to redo"}>
        <ActionIcon variant="subtle" color="gray" aria-label={forward ? `Redo: ${forward}` : "Redo"} data-disabled={!forward || undefined} onClick={stepForward}>
          <IconArrowForwardUp size={18} />
        </ActionIcon>
      </Tooltip>
    </span>
  );
}
