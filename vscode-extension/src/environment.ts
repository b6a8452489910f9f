/**
 * The Python part: where it is, and how to install it. pip and assist do the downloading.
 *
 * The extension carries the wheel of its own version and the hashes of everything that the wheel needs, so our own
 * name is never looked up in a package index, and no other file than the tested ones is installed.
 */
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type * as vscode from "vscode";
import { type Run, RunError, run } from "./running";
import { own } from "./settings";

const PYTHONS = ["python3.13", "python3.12", "python3.11", "python3", "python", "py"];
const NEW_ENOUGH = "import sys; print('yes' if sys.version_info >= (3, 11) else 'no')";
const REMEDIES: readonly (readonly [RegExp, string])[] = [
  [/DO NOT MATCH THE HASHES/, "your index has other files: set up assist yourself and name it in assist.server.path."],
  [
    /matching distribution|name resolution|Failed to establish|etwork is unreachable|offline/i, // as pip and assist say
    "nothing could be fetched. Connect to the network and try again; on a closed network install assist-lsp " +
      "from files, run `assist setup --offline-from DIR`, and name the program in assist.server.path.",
  ],
  [/ensurepip/, "Python's venv module is missing: install your system's python3-venv, and try again."],
];

/** Why something could not be set up, and what the user can do. */
export class SetupError extends Error {}

/** Find the `assist` program: the one in the settings, the one installed here, or one on the PATH. */
export async function find(context: vscode.ExtensionContext): Promise<string | undefined> {
  const named = own("path");
  const made = existsSync(inside(context, "complete")) ? [program(context, "assist")] : [];
  const found = await first(named ? [named] : [...made, "assist"], ["--version"], "assist ");
  if (found) return found;
  if (named) throw new SetupError(`assist.server.path = "${named}" is not a working assist: correct or empty it.`);
  return undefined;
}

/** Make our own environment and install the Python part into it. Throws `SetupError`, `RunError`. */
export async function create(context: vscode.ExtensionContext, how: Run): Promise<string> {
  const wanted = own("package") || `assist ${(context.extension.packageJSON as { version: string }).version}`;
  const here = { ...how, cwd: context.asAbsolutePath("dist/python") }; // Python imports from its folder
  const what = own("package") ? [wanted] : ["--require-hashes", "--no-deps", "--requirement", "requirements.txt"];
  const words = ["-m", "pip", "install", "--disable-pip-version-check", "--progress-bar=off", ...what];
  // --clear removes what a failed attempt left.
  await run(await newEnough(), ["-m", "venv", "--clear", inside(context)], here).catch(explain("No venv was made"));
  await run(program(context, "python"), words, here).catch(explain(`${wanted} was not installed`));
  await writeFile(inside(context, "complete"), wanted);
  return program(context, "assist");
}

/** Run `assist setup`, which chooses, fetches, checks and measures a model. Throws `SetupError`, `RunError`. */
export async function fetchModel(assist: string, model: string, how: Run): Promise<void> {
  await run(assist, ["setup", ...(model ? [model] : [])], how).catch(explain("The model could not be made ready"));
}

function explain(what: string): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof RunError) || error.cancelled) throw error;
    const remedy = REMEDIES.find(([said]) => said.test(error.output))?.[1];
    throw new SetupError(`${what}: ${remedy ?? `${error.output.trim().split("\n").at(-1) ?? ""}. The log says more.`}`);
  };
}

async function newEnough(): Promise<string> {
  const named = own("python");
  const found = await first(named ? [named] : PYTHONS, ["-c", NEW_ENOUGH], "yes");
  if (found) return found;
  if (named) throw new SetupError(`assist.server.python = "${named}" is not a working Python 3.11 or newer.`);
  throw new SetupError("Python 3.11 or newer was not found: install it, or name it in assist.server.python.");
}

/** Find the first program whose output starts as it should. */
async function first(programs: string[], words: string[], start: string): Promise<string | undefined> {
  for (const each of programs) if ((await run(each, words).catch(() => "")).startsWith(start)) return each;
  return undefined;
}

const inside = (context: vscode.ExtensionContext, ...names: string[]): string =>
  join(context.globalStorageUri.fsPath, "environment", ...names);
const program = (context: vscode.ExtensionContext, name: string): string =>
  process.platform === "win32" ? inside(context, "Scripts", `${name}.exe`) : inside(context, "bin", name);
