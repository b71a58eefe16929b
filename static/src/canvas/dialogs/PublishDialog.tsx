import { Button, Group, Modal, Textarea } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useState } from "react";

import { ApiError } from "../../api/client";
import { useAskForPublication, useStanding } from "../../api/publications";
import { useDiff, usePublish } from "../../api/queries";
import { problemsLine } from "../../model/problems";
import { paint, useDocument, useEditor } from "../../store/editor";
import { useView } from "../../store/view";
import { ErrorBanner, Rows } from "../../ui/parts";
import { Ahead } from "./Ahead";
import { Changes } from "./Changes";
import { SecondPerson } from "./SecondPerson";
import css from "./dialogs.module.css";

/** What will be different once this is live, in words, and a note for those who come later. */
export function PublishDialog({ slug, close }: { slug: string; close: () => void }) {
  const [note, setNote] = useState("");
  const live = useEditor((editor) => editor.liveVersion);
  const saved = useEditor((editor) => editor.save === "saved" && editor.history.present === editor.stored);
  const problems = useEditor((editor) => editor.problems);
  const begun = useDocument().nodes.length > 0;
  const errors = problems.filter((problem) => problem.severity === "error");
  const diff = useDiff(slug, live, "draft", saved);
  const standing = useStanding(slug, saved);
  const guarded = standing.data?.guarded ?? false;
  const publish = usePublish(slug);
  const ask = useAskForPublication(slug);
  const refused = (error: unknown) => {
    if (error instanceof ApiError && error.problems.length) paint({ problems: error.problems });
  };
  const request = () => {
    const { revision, bindings } = useEditor.getState();
    ask.mutate(
      { revision, note, bindings },
      {
        onSuccess: () => {
          notifications.show({ title: "Asked for", message: "It goes live as soon as a second person has seen it and publishes it." });
          close();
        },
        onError: refused,
      },
    );
  };
  const run = () => {
    publish.mutate(
      { revision: useEditor.getState().revision, note },
      {
        onSuccess: ({ version }) => {
          useEditor.setState(({ state }) => ({ liveVersion: version, draftChanged: false, state: state === "draft" ? "live" : state }));
          notifications.show({ title: `Version ${version} is live`, message: "New runs use it; runs under way keep the version they started with." });
          close();
        },
        onError: refused,
      },
    );
  };
  return (
    <Modal opened onClose={close} title={live === null ? "Publish this flow" : `Publish over version ${live}`} size={560} radius="lg">
      {live === null ? <p className={css.lead}>It becomes version 1 and its trigger starts to work.</p> : null}
      {live !== null && (diff.isPending || !saved) ? <Rows count={3} /> : null}
      {diff.data ? <Changes diff={diff.data} /> : null}
      {saved && !errors.length ? <Ahead slug={slug} /> : null}
      {guarded && standing.data ? <SecondPerson standing={standing.data} /> : null}
      <ErrorBanner error={diff.error ?? standing.error ?? publish.error ?? ask.error} />
      {errors.length ? (
        <p className={css.lead} style={{ color: "var(--failed)" }}>
          {begun ? `${problemsLine(errors)} in the drawing. A version with problems cannot go live.` : `${errors[0]?.message} ${errors[0]?.cure}`}
        </p>
      ) : null}
      <Textarea
        label="What is new?"
        placeholder="For the history, in a sentence"
        autosize
        minRows={2}
        data-autofocus
        value={note}
        onChange={(event) => setNote(event.currentTarget.value)}
      />
      <Group justify="flex-end" mt="lg">
        {errors.length && begun ? (
          <Button
            variant="default"
            onClick={() => {
              close();
              useView.setState({ problemsOpen: true });
            }}
          >
            Show the problems
          </Button>
        ) : null}
        <Button variant="default" onClick={close}>
          Not yet
        </Button>
        {guarded ? (
          <Button loading={ask.isPending} disabled={!saved || errors.length > 0 || !standing.data?.reviewers.length} onClick={request}>
            Ask for publication
          </Button>
        ) : (
          <Button loading={publish.isPending} disabled={!saved || standing.isPending || errors.length > 0} onClick={run}>
            Publish
          </Button>
        )}
      </Group>
    </Modal>
  );
}
