/** The status item and its menu: the server's status in words. */
import * as vscode from "vscode";

/** A row of `assist models list --json`. */
export type Model = Readonly<Record<"name" | "note", string> & Record<"infilling" | "installed", boolean>>;

/** The part of package.json that is read. */
export interface Manifest {
  readonly contributes: { readonly commands: readonly Readonly<Record<"command" | "title", string>>[] };
}

const WORDS = {
  ...{ loading: "loading", ready: "ready", paused: "paused", missing: "no model" },
  ...{ failed: "failed", off: "off", none: "set up" },
};
const ICONS = {
  ...{ loading: "loading~spin", ready: "sparkle", paused: "debug-pause", missing: "warning" },
  ...{ failed: "error", off: "circle-slash", none: "tools" },
};
/** The parameters of `assist/status`; this value while there is no server. */
export const NOTHING = {
  ...{ model: "", state: "none" as Exclude<keyof typeof WORDS, "paused">, message: "The Python part is not set up." },
  ...{ latency_ms: null as number | null, source: "" }, // of the last suggestion: model, cache or typed-through
  ...{ tier: "local", budget_left_usd: null as number | null },
  why: "", // the last request showed nothing, and this is why
};
export type Status = Readonly<typeof NOTHING>;

/** Show a status in the item: state and tier in words, never only by colour. */
export function show(item: vscode.StatusBarItem, status: Status, paused: boolean): void {
  const { latency_ms, source, tier, budget_left_usd, message, why } = status;
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
    ...(why ? [`Nothing is shown: ${why}`] : []),
    `Answers: ${abroad ? "at a provider" : "on this machine"}`,
    ...(budget_left_usd === null ? [] : [`Left of today's budget: $${budget_left_usd.toFixed(2)}`]),
  ];
  item.tooltip = lines.join("\n");
  item.accessibilityInformation = { label: `assist. ${lines.join(". ")}`, role: "button" };
  item.show();
}

/** Show the commands that follow the menu's own command in the manifest, and run the chosen one. */
export async function menu(status: Status, manifest: Manifest): Promise<void> {
  const all = manifest.contributes.commands.map(({ command, title }) => ({ label: title, command }));
  const rows = all.slice(all.findIndex((each) => each.command === "assist.menu") + 1);
  const title = `assist: ${status.model || "no model"}, ${WORDS[status.state]}`;
  const chosen = await vscode.window.showQuickPick(rows, { title });
  if (chosen) await vscode.commands.executeCommand(chosen.command);
}

/** Let the user choose a model that can fill in the middle. Returns its name. */
export async function chooseModel({ models }: { models: readonly Model[] }): Promise<string | undefined> {
  const rows = models
    .filter((each) => each.infilling)
    .map((each) => ({ label: each.name, description: each.installed ? "here" : "to be fetched", detail: each.note }));
  return (await vscode.window.showQuickPick(rows, { title: "The model that writes ghost text" }))?.label;
}
