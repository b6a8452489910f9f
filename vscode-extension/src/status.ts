/** The status item and its menu: what the server says of itself, in words. */
import * as vscode from "vscode";

/** `assist/status`, as the server tells it. */
export interface Status {
  readonly model: string;
  readonly state: "loading" | "ready" | "missing" | "failed" | "off" | "none";
  readonly latency_ms: number | null;
  readonly source: string; // of the last suggestion: model, cache or typed-through
  readonly tier: string;
  readonly budget_left_usd: number | null;
  readonly message: string;
}

/** A row of `assist models list --json`. */
export interface Model {
  readonly name: string;
  readonly parameters: string;
  readonly infilling: boolean;
  readonly installed: boolean;
  readonly in_use: boolean;
  readonly note: string;
  readonly licence: { readonly spdx: string };
}

export const NOTHING: Status = {
  model: "",
  state: "none",
  latency_ms: null,
  source: "",
  tier: "local",
  budget_left_usd: null,
  message: "The Python part is not set up.",
};

const WORDS = {
  ...{ loading: "loading", ready: "ready", paused: "paused", missing: "no model" },
  ...{ failed: "failed", off: "off", none: "set up" },
};
const ICONS = {
  ...{ loading: "loading~spin", ready: "sparkle", paused: "debug-pause", missing: "warning" },
  ...{ failed: "error", off: "circle-slash", none: "tools" },
};
const MODES = [
  ["eager", "shows most"],
  ["balanced", "the default"],
  ["quiet", "only what is nearly certain"],
  ["manual", "computes only when you ask"],
] as const;
const MENU = [
  ["$(debug-pause) Pause or resume suggestions", "assist.pause"],
  ["$(settings) Mode...", "assist.mode"],
  ["$(package) Model...", "assist.model"],
  ["$(cloud) Providers and limits (config.toml)", "assist.providers"],
  ["$(pulse) Doctor", "assist.doctor"],
  ["$(output) Log", "assist.log"],
  ["$(refresh) Restart the server", "assist.restart"],
  ["$(tools) Set up the Python part...", "assist.install"],
] as const;

/** Show a status in the item: state and tier as words, never by colour alone. */
export function show(item: vscode.StatusBarItem, status: Status, paused: boolean): void {
  const { latency_ms, source, tier, budget_left_usd, message } = status;
  const model = status.model.split(/[\\/]/).at(-1) ?? "";
  const state = paused && status.state === "ready" ? "paused" : status.state;
  const abroad = tier !== "local";
  const latency = latency_ms === null ? "" : ` ${latency_ms.toFixed(0)} ms`;
  const words = state === "ready" ? `${model}${latency}${abroad ? ", provider" : ""}` : WORDS[state];
  item.text = `$(${state === "ready" && abroad ? "cloud" : ICONS[state]}) assist: ${words}`;
  const lines = [
    `Model: ${model || "none"}`,
    `State: ${WORDS[state]}${message ? ` (${message})` : ""}`,
    `Last suggestion: ${latency ? `${latency.trim()}, ${source}` : "none yet"}`,
    `Answers: ${abroad ? "at a provider" : "on this machine"}`,
    ...(budget_left_usd === null ? [] : [`Left of today's budget: $${budget_left_usd.toFixed(2)}`]),
  ];
  item.tooltip = lines.join("\n");
  item.accessibilityInformation = { label: `assist. ${lines.join(". ")}`, role: "button" };
  item.show();
}

/** Let the person choose from the menu, and run it. */
export async function menu(status: Status): Promise<void> {
  const rows = MENU.map(([label, command]) => ({ label, command }));
  const chosen = await vscode.window.showQuickPick(rows, {
    title: `assist: ${status.model || "no model"}, ${status.state}`,
  });
  if (chosen) await vscode.commands.executeCommand(chosen.command);
}

/** Let the person choose how sure a suggestion must be. */
export async function chooseMode(): Promise<void> {
  const rows = MODES.map(([label, description]) => ({ label, description }));
  const chosen = await vscode.window.showQuickPick(rows, { title: "How sure must a suggestion be?" });
  const settings = vscode.workspace.getConfiguration("assist.completion");
  if (chosen) await settings.update("mode", chosen.label, vscode.ConfigurationTarget.Global);
}

/** Let the person choose a model that fills in; its name. */
export async function chooseModel({ models }: { models: readonly Model[] }): Promise<string | undefined> {
  const rows = models
    .filter((each) => each.infilling)
    .map(({ name, in_use, installed, parameters, licence, note }) => ({
      label: name,
      description: `${in_use ? "in use, " : ""}${installed ? "here" : "to be fetched"}`,
      detail: `${parameters}, ${licence.spdx}. ${note}`,
    }));
  return (await vscode.window.showQuickPick(rows, { title: "The model that writes ghost text" }))?.label;
}
