/** A URL for every state that matters. Each screen is its own chunk; the editor's code loads only for the editor. */

import type { RouteObject } from "react-router";

import { NotFound } from "./pages/NotFound";
import { Root } from "./pages/Root";

export const routes: RouteObject[] = [
  {
    element: <Root />,
    hydrateFallbackElement: <></>,
    errorElement: <NotFound />,
    children: [
      { index: true, lazy: async () => ({ Component: (await import("./home/HomePage")).HomePage }) },
      { path: "flows", lazy: async () => ({ Component: (await import("./home/FlowsPage")).FlowsPage }) },
      { path: "flows/:slug", lazy: () => import("./pages/flow") },
      { path: "flows/:slug/forecast", lazy: () => import("./pages/forecast") },
      { path: "flows/:slug/runs/:run", lazy: () => import("./pages/flowRun") },
      { path: "runs", lazy: () => import("./pages/runs") },
      { path: "runs/:run", lazy: async () => ({ Component: (await import("./runs/RunPage")).RunPage }) },
      { path: "runs/:run/records/*", lazy: async () => ({ Component: (await import("./runs/RecordPage")).RecordPage }) },
      {
        path: "records/:connection/:entity/*",
        lazy: async () => ({ Component: (await import("./timeline/TimelinePage")).TimelinePage }),
      },
      {
        path: "schedules",
        lazy: async () => ({ Component: (await import("./schedules/SchedulesPage")).SchedulesPage }),
      },
      { path: "inbox", lazy: async () => ({ Component: (await import("./reviews/InboxPage")).InboxPage }) },
      {
        path: "references",
        lazy: async () => ({ Component: (await import("./references/ReferencesPage")).ReferencesPage }),
      },
      {
        path: "connections",
        lazy: async () => ({ Component: (await import("./connections/ConnectionsPage")).ConnectionsPage }),
      },
      { path: "rules", lazy: async () => ({ Component: (await import("./library/LibraryPage")).LibraryPage }) },
      { path: "rules/:slug", lazy: () => import("./pages/shared") },
      { path: "connections/new", lazy: () => import("./pages/newConnection") },
      { path: "connections/:id", lazy: () => import("./pages/connection") },
      { path: "sandboxes", lazy: async () => ({ Component: (await import("./sandboxes/SandboxesPage")).SandboxesPage }) },
      { path: "settings/audit", lazy: async () => ({ Component: (await import("./settings/AuditPage")).AuditPage }) },
      { path: "settings/workers", lazy: async () => ({ Component: (await import("./settings/WorkersPage")).WorkersPage }) },
      { path: "settings", lazy: () => import("./pages/settings") },
      { path: "*", element: <NotFound /> },
    ],
  },
];
