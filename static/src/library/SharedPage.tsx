/** One entry of the library: its editor, who uses it, its versions, and what a change would touch. */

import { Button, Modal, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconFileOff, IconTrash } from "@tabler/icons-react";
import { type ComponentType, useState } from "react";
import { Link, useBlocker, useNavigate } from "react-router";

import { sharedDocument, type SharedDetail, useDeleteShared, useImpact, useSaveShared, useShared, useSharedCheck } from "../api/library";
import { useMay } from "../api/queries";
import type { Json, Problem } from "../model/flow";
import { stringifyExact, valueText } from "../model/values";
import { EmptyState, ErrorBanner, Page, Rows } from "../ui/parts";
import { History } from "./History";
import { ImpactPanel, type Records } from "./ImpactPanel";
import { kindOf } from "./kinds";
import css from "./library.module.css";

export interface SharedEditorProps {
  detail: SharedDetail;
  document: Json;
  onChange: (document: Json) => void;
  problems: readonly Problem[];
  readOnly: boolean;
}

interface Props {
  slug: string;
  Editor: ComponentType<SharedEditorProps>;
  Records: Records;
}

export function SharedPage({ slug, Editor, Records }: Props) {
  const shared = useShared(slug);
  if (shared.isPending) {
    return (
      <Page title="Rules">
        <Rows count={5} height={60} />
      </Page>
    );
  }
  if (!shared.data) {
    return (
      <EmptyState
        heading={1}
        icon={IconFileOff}
        title="This is not in the library"
        act={
          <Button component={Link} to="/rules">
            All rules and tables
          </Button>
        }
      >
        {shared.error.message}
      </EmptyState>
    );
  }
  return <Entry key={shared.data.version} detail={shared.data} Editor={Editor} Records={Records} />;
}

function Entry({ detail, Editor, Records }: { detail: SharedDetail } & Pick<Props, "Editor" | "Records">) {
  const { slug, used_by: users } = detail;
  const may = useMay("editor");
  const [document, setDocument] = useState(detail.document);
  const [settled] = useDebouncedValue(document, 400);
  const checked = useSharedCheck(slug, settled);
  const [saving, setSaving] = useState(false);
  const changed = stringifyExact(document) !== stringifyExact(detail.document);
  const blocker = useBlocker(changed && !saving);
  const problems = checked.data?.problems ?? [];
  const errors = problems.filter((problem) => problem.severity === "error");
  const card = kindOf(detail.kind);
  return (
    <Page
      title={valueText(document["title"]) || detail.title}
      lead={`${card?.title ?? ""}, version ${detail.version}${changed ? ", changed" : ""}`}
      acts={
        may ? (
          <Button disabled={!changed} onClick={() => setSaving(true)}>
            Save as version {detail.version + 1} …
          </Button>
        ) : null
      }
    >
      <div className={css.two}>
        <div className={css.main}>
          <TextInput
            label="Name"
            readOnly={!may}
            value={valueText(document["title"])}
            onChange={(event) => setDocument({ ...document, title: event.currentTarget.value })}
          />
          <ErrorBanner error={checked.error} />
          <Editor detail={detail} document={document} onChange={setDocument} problems={problems} readOnly={!may} />
        </div>
        <aside className={css.aside}>
          <section>
            <h2>Used by</h2>
            {users.length ? (
              <ul>
                {users.map((user) => (
                  <li key={user.slug}>
                    <Link to={`/flows/${user.slug}`}>{user.name}</Link>
                    <small>{usage(user.live, user.draft, detail.version)}</small>
                  </li>
                ))}
              </ul>
            ) : (
              <p>No flow uses it yet. A step takes it under “Use shared …”.</p>
            )}
          </section>
          <section>
            <h2>Versions</h2>
            <History slug={slug} {...(may ? { onOpen: (number: number) => void sharedDocument(slug, number).then(setDocument) } : {})} />
          </section>
          {may ? <Remove detail={detail} /> : null}
        </aside>
      </div>
      {saving ? (
        <SaveDialog detail={detail} document={document} errors={errors} Records={Records} close={() => setSaving(false)} />
      ) : null}
      {blocker.state === "blocked" ? (
        <Modal opened onClose={() => blocker.reset()} title="Leave without saving?" centered>
          <p style={{ marginTop: 0 }}>What you changed here is not saved as a version yet.</p>
          <div className={css.foot}>
            <Button color="red" onClick={() => blocker.proceed()}>
              Leave
            </Button>
            <Button variant="default" data-autofocus onClick={() => blocker.reset()}>
              Stay
            </Button>
          </div>
        </Modal>
      ) : null}
    </Page>
  );
}

function usage(live: number | null, draft: number | null, newest: number): string {
  if (live === null) return `version ${draft ?? "?"} in its draft`;
  const old = live < newest ? ", an older one" : "";
  return draft !== null && draft !== live ? `version ${live} live${old}, ${draft} in its draft` : `version ${live}${old}`;
}

interface SaveProps {
  detail: SharedDetail;
  document: Json;
  errors: readonly Problem[];
  Records: Records;
  close: () => void;
}

function SaveDialog({ detail, document, errors, Records, close }: SaveProps) {
  const impact = useImpact(detail.slug);
  const save = useSaveShared(detail.slug);
  const [note, setNote] = useState("");
  const first = errors[0];
  return (
    <Modal opened onClose={close} title={`Save version ${detail.version + 1} of ${detail.title}`} size={760} radius="lg">
      <TextInput label="What is new?" data-autofocus value={note} onChange={(event) => setNote(event.currentTarget.value)} mb="md" />
      {first ? (
        <p role="alert" style={{ color: "var(--failed)" }}>
          {first.message} {first.cure}
        </p>
      ) : null}
      {impact.data ? <ImpactPanel impact={impact.data} Records={Records} /> : null}
      <ErrorBanner error={impact.error ?? save.error} />
      <div className={css.foot}>
        <Button variant={impact.data ? "default" : "filled"} loading={impact.isPending} disabled={errors.length > 0} onClick={() => impact.mutate(document)}>
          {impact.data ? "Look again" : "What would it change?"}
        </Button>
        <Button
          variant={impact.data ? "filled" : "default"}
          loading={save.isPending}
          disabled={errors.length > 0}
          onClick={() => save.mutate({ document, base: detail.version, note }, { onSuccess: close })}
        >
          Save version {detail.version + 1}
        </Button>
        <Button variant="subtle" color="gray" onClick={close}>
          Go on editing
        </Button>
      </div>
    </Modal>
  );
}

function Remove({ detail }: { detail: SharedDetail }) {
  const remove = useDeleteShared(detail.slug);
  const navigate = useNavigate();
  const used = detail.used_by.length > 0;
  return (
    <section>
      <h2>Delete</h2>
      <p>{used ? "Flows use it. Let them use something else first." : "No flow uses it. Old versions of flows keep their copies."}</p>
      <ErrorBanner error={remove.error} />
      <Button
        variant="default"
        color="red"
        disabled={used}
        loading={remove.isPending}
        leftSection={<IconTrash size={16} />}
        onClick={() => remove.mutate(undefined, { onSuccess: () => void navigate("/rules") })}
      >
        Delete it
      </Button>
    </section>
  );
}
