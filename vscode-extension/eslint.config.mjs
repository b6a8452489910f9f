import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { configs } from "typescript-eslint";

export default [
  { ignores: ["dist/**", "node_modules/**"] },
  ...configs.strictTypeChecked.map((each) => ({ ...each, files: ["src/**/*.ts"] })),
  {
    files: ["src/**/*.ts"],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: dirname(fileURLToPath(import.meta.url)) },
    },
    rules: { "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }] },
  },
];
