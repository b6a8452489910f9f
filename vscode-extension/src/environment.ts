/**
 * The Python part: where it is, and how to install it. pip and assist do the downloading.
 *
 * The extension carries the wheel of its own version and the hashes of everything that the wheel needs, so our own
 * name is never looked up in a package index, and no other file than the tested ones is installed.
 */
import { readFile, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import type * as vscode from "vscode";
import { type Run, RunError, run } from "./running";
import { own } from "./settings";

const PYTHONS = ["python3.13", "python3.12", "python3.11", "python3", "python", "py"];
const NEW_ENOUGH = "import sys; print('yes' if sys.version_info >= (3, 11) else 'no')";
// As pip, uv, Python and assist say it. The first that fits counts.
const REMEDIES: readonly (readonly [RegExp, string])[] = [
  [/No space left|os error 28|not enough space|quota exceeded/i, "the disk is full: free about 1 GB, and try again."],
  [
    /DO NOT MATCH THE HASHES|Hash mismatch/,
    "your index has other files: set up assist yourself and name it in assist.server.path.",
  ],
  [
    /matching distribution|name resolution|Failed to establish|Failed to fetch|dns error|etwork is unreachable|offline/i,
    "nothing could be fetched. Connect to the network and try again; on a closed network install assist-lsp " +
      "from files, run `assist setup --offline-from DIR`, and name the program in assist.server.path.",
  ],
  [/ensurepip/, "Python's venv module is missing: install your system's python3-venv or uv, and try again."],
];

/** Why something could not be set up, and what the user can do. */
export class SetupError extends Error {}

/** How to run the programs of a setup, and where to tell its steps. */
export type SetupRun = Run & Readonly<{ step: (number: number, name: string, total?: number) => void }>;

/** Find the `assist` program: the one in the settings, the user's own, or the one that this version installed here. */
export async function find(context: vscode.ExtensionContext): Promise<string | undefined> {
  const named = own("path");
  const installed = await readFile(inside(context, "complete"), "utf8").catch(() => "");
  const made = installed && installed === (await wanted(context)) ? [program(context, "assist")] : [];
  const found = await first(named ? [named] : [...places("assist"), ...made], ["--version"], "assist ");
  if (found) return found;
  if (named) throw new SetupError(`assist.server.path = "${named}" is not a working assist: correct or remove it.`);
  return undefined;
}

/** Make our own environment and install the Python part into it. Throws `SetupError`, `RunError`. */
export async function create(context: vscode.ExtensionContext, how: SetupRun): Promise<string> {
  const here = { ...how, cwd: context.asAbsolutePath("dist/python") }; // Python imports from its folder
  const what = own("package")
    ? [own("package")]
    : ["--require-hashes", "--no-deps", "--requirement", "requirements.txt"];
  const uv = await first(places("uv"), ["--version"], "uv ");
  const why = uv ? await installWithUv(uv, context, what, here).then(() => undefined, failure) : undefined;
  // uv knows nothing of pip's settings, so pip may fetch what uv cannot.
  if (!uv || why) await installWithPip(await newEnough(why), context, what, here);
  await writeFile(inside(context, "complete"), await wanted(context)).catch(explain("The setup was not finished"));
  return program(context, "assist");
}

/** Install `what` with uv, which also fetches a Python where there is none. `--clear` removes a failed attempt. */
async function installWithUv(uv: string, context: vscode.ExtensionContext, what: string[], how: SetupRun) {
  how.step(1, "a Python environment");
  const words = ["venv", "--no-project", "--clear", "--python", own("python") || ">=3.11", inside(context)];
  await run(uv, words, how).catch(explain("No Python environment was made"));
  how.step(2, "packages");
  const install = ["pip", "install", "--python", program(context, "python"), ...what];
  await run(uv, install, how).catch(explain("Its packages were not installed"));
}

async function installWithPip(python: string, context: vscode.ExtensionContext, what: string[], how: SetupRun) {
  how.step(1, "a Python environment");
  // In two runs, because venv hides what ensurepip says, as that the disk is full.
  const made = ["-m", "venv", "--clear", "--without-pip", inside(context)];
  await run(python, made, how).catch(explain("No Python environment was made"));
  const pip = ["-m", "ensurepip", "--default-pip"];
  await run(program(context, "python"), pip, how).catch(explain("No Python environment was made"));
  how.step(2, "packages", own("package") ? 0 : (await requirements(context)).length);
  const words = ["-m", "pip", "install", "--disable-pip-version-check", "--progress-bar=off", ...what];
  await run(program(context, "python"), words, how).catch(explain("Its packages were not installed"));
}

/** Run `assist setup`, which chooses, fetches, checks and measures a model. Throws `SetupError`, `RunError`. */
export async function fetchModel(assist: string, model: string, how: Run): Promise<void> {
  await run(assist, ["setup", ...(model ? [model] : [])], how).catch(explain("The model could not be made ready"));
}

/** The error of a setup that something else can be tried after. Throws what is no such error. */
function failure(error: unknown): SetupError {
  if (error instanceof SetupError) return error;
  throw error;
}

function explain(what: string): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof Error) || (error instanceof RunError && error.cancelled)) throw error;
    const said = error instanceof RunError ? error.output : error.message;
    const remedy = REMEDIES.find(([words]) => words.test(said))?.[1];
    throw new SetupError(`${what}: ${remedy ?? `${said.trim().split("\n").at(-1) ?? ""}. The log says more.`}`);
  };
}

/** Find a Python. Throws `SetupError`, which is `why` if there is one. */
async function newEnough(why: SetupError | undefined): Promise<string> {
  const named = own("python");
  const found = await first(named ? [named] : PYTHONS, ["-c", NEW_ENOUGH], "yes");
  if (found) return found;
  if (why) throw why;
  if (named) throw new SetupError(`assist.server.python = "${named}" is not a working Python 3.11 or newer.`);
  throw new SetupError("Python 3.11 or newer was not found: install it or uv, or name it in assist.server.python.");
}

/** What our environment should hold: the package of the settings, or the wheel that the extension carries. */
const wanted = async (context: vscode.ExtensionContext): Promise<string> =>
  own("package") || ((await requirements(context)).at(-1) ?? "");

/** The packages that the extension carries or names, one a line; the last one is assist with its hash. */
async function requirements(context: vscode.ExtensionContext): Promise<string[]> {
  const lines = (await readFile(context.asAbsolutePath("dist/python/requirements.txt"), "utf8")).split("\n");
  return lines.filter((line) => line.includes("==") || line.startsWith("./"));
}

/** Find the first program whose output starts as it should. */
async function first(programs: string[], words: string[], start: string): Promise<string | undefined> {
  for (const each of programs) if ((await run(each, words).catch(() => "")).startsWith(start)) return each;
  return undefined;
}

/** Where the user's own programs are: an editor that no shell started may not have the second one on its PATH. */
const places = (name: string): string[] => [name, join(homedir(), ".local", "bin", name)];
const inside = (context: vscode.ExtensionContext, ...names: string[]): string =>
  join(context.globalStorageUri.fsPath, "environment", ...names);
const program = (context: vscode.ExtensionContext, name: string): string =>
  process.platform === "win32" ? inside(context, "Scripts", `${name}.exe`) : inside(context, "bin", name);
