/** The status item and its menu: the server's status in words. */
import * as vscode from "vscode";

/** A row of `assist models list --json`. */
export type Model = Readonly<Record<"name" | "note", string> & Record<"infilling" | "installed", boolean>>;

/** The part of package.json that is read. */
export interface Manifest {
  readonly contributes: { readonly commands: readonly Readonly<Record<"command" | "title", string>>[] };
}

/** What `assist.models` returns: the model of each role, and those on this machine. */
export type Roles = Readonly<{ ghost_text: string; answers: string; installed: readonly Installed[] }> & {
  readonly error?: string | null;
};
type Installed = Readonly<Record<"name" | "note", string> & Record<"completes" | "answers", boolean>>;

/** What `assist.index` returns: the folders, and of each the last event of each kind. */
export type Index = Readonly<{ folders: readonly string[]; events: readonly IndexEvent[] }>;
type IndexEvent = Readonly<{ event: string; root: string } & Partial<Record<"done" | "total" | "files", number>>>;

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
  host: "", // of the team's server, while that writes ghost text
  quiet: "", // why nothing comes unasked here: snoozed, or off in this language
  power: "", // what is left out on battery
  why: "", // the last request showed nothing, and this is why
};
export type Status = Readonly<typeof NOTHING>;

/** Show a status in the item: state and tier in words, never only by colour. */
export function show(item: vscode.StatusBarItem, status: Status, paused: boolean): void {
  const { latency_ms, source, tier, host, budget_left_usd, message, why, quiet, power } = status;
  const model = named(status.model);
  const state = paused && status.state === "ready" ? "paused" : status.state;
  const abroad = tier !== "local" && tier !== "team";
  const where = abroad ? ", provider" : host ? ", team" : "";
  const latency = latency_ms === null ? "" : ` ${latency_ms.toFixed(0)} ms`;
  const words = state === "ready" ? quiet || `${model}${latency}${where}` : WORDS[state];
  const icon = quiet ? ICONS.paused : where ? "cloud" : ICONS.ready;
  item.text = `$(${state === "ready" ? icon : ICONS[state]}) assist: ${words}`;
  const lines = [
    `Model: ${model || "none"}`,
    `State: ${WORDS[state]}${message ? ` (${message})` : ""}`,
    `Last suggestion: ${latency ? `${latency.trim()}, ${source}` : "none yet"}`,
    ...(quiet ? [`Suggestions: ${quiet}`] : []),
    ...(power ? [`Power: ${power}`] : []),
    ...(why ? [`Nothing is shown: ${why}`] : []),
    `Ghost text: ${host ? `by ${host}` : "on this machine"}`,
    `Answers: ${abroad ? "at a provider" : "on this machine"}`,
    ...(budget_left_usd === null ? [] : [`Left of today's budget: $${budget_left_usd.toFixed(2)}`]),
  ];
  item.tooltip = lines.join("\n");
  item.accessibilityInformation = { label: `assist. ${lines.join(". ")}`, role: "button" };
  item.show();
}

/**
 * Show the commands of the manifest, and run the chosen one. Questions come before the menu's own command there; of
 * those after it, some have the present state as a description.
 */
export async function menu(status: Status, manifest: Manifest, roles?: Roles, index?: Index): Promise<void> {
  const now: Readonly<Record<string, string>> = {
    ...{ "assist.model": named(roles?.ghost_text), "assist.answersModel": named(roles?.answers) },
    ...{
      "assist.why": status.why,
      "assist.refresh": index?.folders.map((root) => indexed(root, index)).join("; ") ?? "",
    },
  };
  const rows = manifest.contributes.commands.map(({ command, title }) =>
    command === "assist.menu"
      ? { label: "", kind: vscode.QuickPickItemKind.Separator, command }
      : { label: title, description: now[command] ?? "", command },
  );
  const title = `assist: ${named(status.model) || "no model"}, ${status.quiet || WORDS[status.state]}`;
  const chosen = await vscode.window.showQuickPick(rows, { title, matchOnDescription: true });
  if (chosen) await vscode.commands.executeCommand(chosen.command);
}

/** Let the user choose for how long nothing comes unasked: the parameters of `assist/snooze`. */
export async function chooseSnooze(): Promise<object | undefined> {
  const rows = [
    { label: "5 minutes", asked: { minutes: 5 } },
    { label: "15 minutes", asked: { minutes: 15 } },
    { label: "1 hour", asked: { minutes: 60 } },
    { label: "Until tomorrow", asked: { until: "tomorrow" } },
    { label: "Resume now", asked: { minutes: 0 } },
  ];
  return (await vscode.window.showQuickPick(rows, { title: "Snooze suggestions for" }))?.asked;
}

/** Let the user choose a model that can fill in the middle. */
export async function chooseModel({ models }: { models: readonly Model[] }): Promise<Model | undefined> {
  const rows = models
    .filter((each) => each.infilling)
    .map((model) => ({ model, label: model.name, description: model.installed ? "here" : "to be fetched" }))
    .map((row) => ({ ...row, detail: row.model.note }));
  return (await vscode.window.showQuickPick(rows, { title: "The model that writes ghost text" }))?.model;
}

/** Let the user choose among the models here that answer questions. Returns its name. */
export async function chooseAnswering({ installed, answers }: Roles): Promise<string | undefined> {
  const rows = installed
    .filter((each) => each.answers)
    .map(({ name, note }) => ({ label: name, description: name === answers ? "in use" : "", detail: note }));
  return (await vscode.window.showQuickPick(rows, { title: "The model that answers questions" }))?.label;
}

function named(model = ""): string {
  return model.split(/[\\/]/).at(-1) ?? "";
}

/** How far the index of a folder is. */
function indexed(root: string, { events }: Index): string {
  const of = (kind: string): IndexEvent | undefined => events.find((each) => each.event === kind && each.root === root);
  const { files } = of("ready") ?? {};
  const { done, total } = of("progress") ?? {};
  if (files !== undefined) return `${files.toLocaleString("en")} files`;
  return total ? `indexing, ${String(done)} of ${String(total)} files` : "indexing";
}
