import { Button, Menu, Modal, TextInput } from "@mantine/core";
import { IconFileImport, IconPlus, IconSitemap } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ChangeEvent, useRef, useState } from "react";
import { Link, useNavigate } from "react-router";

import { api } from "../api/client";
import { useFlows, useMay, useTemplates } from "../api/queries";
import type { FlowDetail, FlowRow, Template } from "../api/types";
import { countsText, many } from "../model/runs";
import { parseExact } from "../model/values";
import { EmptyState, ErrorBanner, Page, RelativeTime, Rows, StatusBadge } from "../ui/parts";
import css from "./home.module.css";

type Start = { name: string } | { template: string } | { document: unknown };

export function FlowsPage() {
  const flows = useFlows();
  const may = useMay("editor");
  const templates = useTemplates();
  const navigate = useNavigate();
  const client = useQueryClient();
  const file = useRef<HTMLInputElement>(null);
  const [naming, setNaming] = useState<string | null>(null);
  const [fileError, setFileError] = useState<Error | null>(null);
  const create = useMutation({
    mutationFn: (body: Start) =>
      api<FlowDetail>("document" in body ? "/api/flows/import" : "/api/flows", { method: "POST", body }),
    onSuccess: async (flow) => {
      await client.invalidateQueries({ queryKey: ["flows"] });
      await navigate(`/flows/${flow.slug}`);
    },
  });

  async function read(event: ChangeEvent<HTMLInputElement>) {
    const [chosen] = event.currentTarget.files ?? [];
    event.currentTarget.value = "";
    setFileError(null);
    if (!chosen) return;
    try {
      create.mutate({ document: parseExact(await chosen.text()) });
    } catch {
      setFileError(new Error(`${chosen.name} is not a flow: it holds no valid JSON. Choose a file that Heddle exported.`));
    }
  }

  const act = !may ? null : (
    <Menu position="bottom-end">
      <Menu.Target>
        <Button leftSection={<IconPlus size={16} />} loading={create.isPending}>
          New flow
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item leftSection={<IconSitemap size={16} />} onClick={() => setNaming("")}>
          An empty one
        </Menu.Item>
        <Menu.Item leftSection={<IconFileImport size={16} />} onClick={() => file.current?.click()}>
          From a file
        </Menu.Item>
        {templates.data?.length ? <Menu.Label>From a ready-made one</Menu.Label> : null}
        {templates.data?.map((one) => (
          <Menu.Item key={one.slug} maw={320} onClick={() => create.mutate({ template: one.slug })}>
            {one.name}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
  return (
    <Page title="Flows" lead="Which flows exist, and are they well" acts={act}>
      <input ref={file} type="file" accept="application/json,.json" hidden onChange={(event) => void read(event)} />
      <ErrorBanner error={flows.error ?? create.error ?? fileError} />
      {flows.isPending ? <Rows count={5} height={52} /> : null}
      {flows.data?.length === 0 ? (
        <EmptyState icon={IconSitemap} title="No flows yet" act={may ? <Button onClick={() => setNaming("")}>Start with an empty one</Button> : null}>
          A flow reads from one system, shapes what it finds, and writes it to another.
          {templates.data?.length ? " Take one of these, and try it on a sample before anything is written:" : ""}
        </EmptyState>
      ) : null}
      {may && flows.data?.length === 0 && templates.data?.length ? (
        <Templates templates={templates.data} onPick={(slug) => create.mutate({ template: slug })} />
      ) : null}
      {flows.data?.length ? (
        <div className={css.list}>
          {flows.data.map((flow) => (
            <FlowLine key={flow.slug} flow={flow} />
          ))}
        </div>
      ) : null}
      <Modal opened={naming !== null} onClose={() => setNaming(null)} title="New flow" centered>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            create.mutate({ name: naming ?? "" });
          }}
        >
          <TextInput
            data-autofocus
            label="What is it for?"
            placeholder="Won opportunities become invoices"
            required
            value={naming ?? ""}
            onChange={(event) => setNaming(event.currentTarget.value)}
          />
          <Button mt="md" type="submit" loading={create.isPending}>
            Start drawing
          </Button>
        </form>
      </Modal>
    </Page>
  );
}

function FlowLine({ flow }: { flow: FlowRow }) {
  const run = flow.last_run;
  return (
    <Link to={`/flows/${flow.slug}`} className={css.flow}>
      <div style={{ minWidth: 0 }}>
        <span className={css.name}>{flow.name}</span>
        <p title={flow.description}>{flow.description || flow.owner}</p>
      </div>
      <StatusBadge status={flow.state} />
      <span className={css.quiet} style={{ overflow: "hidden", textOverflow: "ellipsis" }}>
        {flow.problems ? <span className={css.held}>{many(flow.problems, "problem")} to solve</span> : run ? countsText(run.counts) || "nothing to do" : "never ran"}
      </span>
      <span className={css.quiet}>{run ? <RelativeTime at={run.at} /> : null}</span>
      <span className={css.quiet}>{flow.draft_changed && flow.live_version !== null ? "draft changed" : ""}</span>
    </Link>
  );
}

function Templates({ templates, onPick }: { templates: Template[]; onPick: (slug: string) => void }) {
  return (
    <div className={css.templates}>
      {templates.map((one) => (
        <button key={one.slug} type="button" className={css.template} onClick={() => onPick(one.slug)}>
          <strong>{one.name}</strong>
          <span>{one.description}</span>
          <small>{one.systems.join(" → ")}</small>
        </button>
      ))}
    </div>
  );
}
