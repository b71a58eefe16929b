import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

import { mock } from "./dev/mock.ts";

const server = process.env.HEDDLE_URL ?? "http://127.0.0.1:8600";

export default defineConfig({
  plugins: [react(), ...(process.env.HEDDLE_MOCK ? [mock()] : [])],
  build: { outDir: "dist", emptyOutDir: true, chunkSizeWarningLimit: 700 },
  server: {
    proxy: process.env.HEDDLE_MOCK
      ? {}
      : Object.fromEntries(["/api", "/hooks", "/openapi.json", "/healthz"].map((path) => [path, { target: server }])),
  },
  test: { environment: "node", include: ["src/**/*.test.{ts,tsx}"] },
});
