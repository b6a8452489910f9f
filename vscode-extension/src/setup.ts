/** The offers shown when the Python part or the model is missing, and the setup after them. */
import * as vscode from "vscode";
import { create, fetchModel, SetupError, type SetupRun } from "./environment";
import { RunError } from "./running";
import { SetupSteps } from "./setupSteps";

const OFFER =
  "assist needs its Python part, which does all its work on this machine. Make an environment for it? " +
  "It fetches Python packages and a model (about 600 MB in all).";
const FETCH = "assist has no model yet. Fetch the one that suits this machine (about 500 MB)?";

/** Offer to set everything up. Returns the program, or "" if the user declines or it fails. */
export async function offerAll(context: vscode.ExtensionContext, log: vscode.LogOutputChannel): Promise<string> {
  const chosen = await vscode.window.showInformationMessage(OFFER, "Set Up", "I Have It...");
  if (chosen === "I Have It...") await openSettings("assist.server.path");
  return chosen === "Set Up" ? await setUp(context, log) : "";
}

/** Set up the environment and a model. Returns the program, or "" if that fails. */
export async function setUp(context: vscode.ExtensionContext, log: vscode.LogOutputChannel): Promise<string> {
  return await shown("Setting up assist", log, async (how) => {
    const program = await create(context, how);
    how.step(3, "a model");
    await fetchModel(program, "", how);
    return program;
  });
}

/** Set up a model and use it from now on; without a name, the one that suits the machine. Returns as above. */
export async function setModel(program: string, name: string, log: vscode.LogOutputChannel): Promise<string> {
  if (!name && (await vscode.window.showInformationMessage(FETCH, "Fetch")) === undefined) return "";
  return await shown(`Making ${name || "a model"} ready`, log, (how) =>
    fetchModel(program, name, how).then(() => program),
  );
}

/** Show what went wrong and the possible next steps. Returns true to try again. */
export async function complain(error: unknown): Promise<boolean> {
  if (error instanceof vscode.CancellationError || (error instanceof RunError && error.cancelled)) return false;
  const words = error instanceof Error ? error.message : String(error);
  const again = error instanceof SetupError ? ["Try Again"] : [];
  const chosen = await vscode.window.showErrorMessage(words, ...again, "Show Log", "Settings");
  if (chosen === "Show Log") await vscode.commands.executeCommand("assist.log");
  if (chosen === "Settings") await openSettings("assist.server");
  return chosen === "Try Again";
}

/** Run work with cancellable progress that shows its last output line. Repeats while the user retries. */
async function shown(
  title: string,
  log: vscode.LogOutputChannel,
  work: (how: SetupRun) => Promise<string>,
): Promise<string> {
  const options = { location: vscode.ProgressLocation.Notification, title, cancellable: true };
  for (;;)
    try {
      return await vscode.window.withProgress(options, (progress, token) => {
        const steps = new SetupSteps((message) => progress.report({ message }));
        const line = (text: string): void => {
          log.info(text);
          steps.took(text);
        };
        return work({ line, token, step: steps.begin.bind(steps) });
      });
    } catch (error) {
      if (!(await complain(error))) return "";
    }
}

export async function openSettings(query: string): Promise<void> {
  await vscode.commands.executeCommand("workbench.action.openSettings", query);
}
