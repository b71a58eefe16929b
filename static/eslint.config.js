import importX from "eslint-plugin-import-x";
import hooks from "eslint-plugin-react-hooks";
import ts from "typescript-eslint";

const features = [
  "canvas",
  "connections",
  "forecast",
  "form",
  "home",
  "library",
  "mapper",
  "matrix",
  "references",
  "reviews",
  "rules",
  "runs",
  "sandboxes",
  "schedules",
  "session",
  "settings",
  "tables",
  "timeline",
  "trial",
];

/** `ui` and `model` are leaves; `store` and `api` stand on them; features stand on those, never on each other. */
const zones = [
  { target: "./src/model", from: "./src", except: ["./model"], message: "model is a leaf: pure TypeScript." },
  { target: "./src/ui", from: "./src", except: ["./ui", "./model"], message: "ui is a leaf: dumb parts." },
  { target: "./src/api", from: "./src", except: ["./api", "./model"], message: "api speaks HTTP only." },
  { target: "./src/store", from: "./src", except: ["./store", "./api", "./model"], message: "store stands below the features." },
  ...features.map((feature) => ({
    target: `./src/${feature}`,
    from: "./src",
    except: [`./${feature}`, "./ui", "./model", "./api", "./store"],
    message: "Features never import each other: compose them in src/pages.",
  })),
];

export default ts.config(
  { ignores: ["dist", "node_modules", "eslint.config.js"] },
  ...ts.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { "react-hooks": hooks, "import-x": importX },
    settings: { "import-x/resolver": { typescript: true } },
    rules: {
      ...hooks.configs.recommended.rules,
      "import-x/no-restricted-paths": ["error", { basePath: import.meta.dirname, zones }],
      "import-x/no-cycle": "error",
      "max-lines": ["error", 400],
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      "@typescript-eslint/no-misused-promises": ["error", { checksVoidReturn: { attributes: false } }],
    },
  },
);
