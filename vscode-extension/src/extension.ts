/** The composition root: the commands, and the order in which everything starts. */
import { existsSync } from "node:fs";
import * as vscode from "vscode";
import { State } from "vscode-languageclient";
import { Answers } from "./answers";
import { Client } from "./client";
import { documentIn, repository, type Repository } from "./commits";
import { confirm, confirmRun, type Preview, type Sent, Texts } from "./confirm";
import type { Piece } from "./conversation";
import { type Asked, members } from "./editorKnowledge";
import { find } from "./environment";
import { NextEdits, type Ready } from "./nextEdit";
import { type Question, question, title } from "./questions";
import { rename } from "./rename";
import { run } from "./running";
import { complain, offerAll, openSettings, setModel, setUp } from "./setup";
import {
  chooseAnswering,
  chooseModel,
  chooseSnooze,
  type Index,
  type Manifest,
  menu,
  type Model,
  NOTHING,
  type Roles,
  show,
  type Status,
} from "./status";

const QUESTIONS = ["explain", "facts", "ask", "refactor", "test", "fix"];
const PAUSED = "assist.paused";

let assist: Assist | undefined;

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  assist = new Assist(context);
  await assist.start();
}

export const deactivate = (): Promise<void> | undefined => assist?.close();

/** Owns everything that lives as long as the extension. */
class Assist {
  private readonly log = vscode.window.createOutputChannel("assist", { log: true });
  private readonly item = vscode.window.createStatusBarItem("assist", vscode.StatusBarAlignment.Right, 100);
  private readonly answers: Answers;
  private readonly texts = new Texts();
  private readonly nextEdits = new NextEdits(
    () => (this.client?.isRunning() ? this.client : undefined),
    () => this.paused,
  );
  private program = "";
  private client: Client | undefined;
  private listening: vscode.Disposable | undefined;
  private status: Status = NOTHING;
  private offered = false;

  constructor(private readonly context: vscode.ExtensionContext) {
    const media = vscode.Uri.joinPath(context.extensionUri, "media");
    this.answers = new Answers(media, async (command, ...words) => {
      if (!this.client?.isRunning()) throw new Error("The assist server is not running. Ask again in a moment.");
      return await this.client.run(command, ...words);
    });
    this.item.name = "assist";
    this.item.command = "assist.menu";
    context.subscriptions.push(this.log, this.item, this.answers, this.nextEdits);
    context.subscriptions.push(this.texts.register(), ...this.commands());
    this.took(NOTHING);
  }

  /** Start the server if it is installed; otherwise offer to set it up. */
  async start(): Promise<void> {
    try {
      const found = await find(this.context);
      if (found) await this.serve(found);
      else void offerAll(this.context, this.log).then((made) => this.serve(made));
    } catch (error) {
      if (await complain(error)) await this.start();
    }
  }

  async close(): Promise<void> {
    this.listening?.dispose();
    const { client } = this;
    this.client = undefined;
    await client?.stop();
  }

  /** Start a server and stop the one that runs. "" starts none. */
  private async serve(program: string): Promise<void> {
    if (!program) return;
    await this.close();
    this.program = program;
    const client = new Client(this.context, program, this.log, () => this.paused, this.nextEdits);
    this.client = client;
    this.listening = vscode.Disposable.from(
      client.listen(this.context),
      client.onNotification("assist/status", (status: Status) => this.took(status)),
      client.onNotification("assist/answer", (piece: Piece) => this.answers.took(piece)),
      client.onNotification("assist/nextEditReady", (told: Ready) => this.nextEdits.ready(told)),
      client.onRequest("assist/confirm", async (asked: Preview) => ({
        send: await confirm(asked, this.texts, () => client.run<Sent>("text", { id: asked.id })),
      })),
      client.onRequest("assist/run", async (asked: { lines: string[] }) => ({ run: await confirmRun(asked.lines) })),
      client.onRequest("assist/rename", (asked: Parameters<typeof rename>[1]) => rename(client, asked)),
      client.onRequest("assist/editorKnowledge", (asked: Asked) => members(asked, (each) => client.uri(each))),
      client.onDidChangeState(({ newState }) => {
        if (newState === State.Running) return;
        this.answers.broken();
        this.nextEdits.drop();
        this.took({ ...NOTHING, state: newState === State.Starting ? "loading" : "off", message: "" });
      }),
    );
    await client.begin();
  }

  private get paused(): boolean {
    return this.context.workspaceState.get(PAUSED, false);
  }

  private took(status: Status): void {
    this.status = status;
    show(this.item, status, this.paused);
    if (status.state !== "missing" || this.offered) return;
    this.offered = true; // offer once; the status item and the menu remain
    void setModel(this.program, "", this.log).then((program) => this.serve(program));
  }

  private commands(): vscode.Disposable[] {
    const does: Readonly<Record<string, (...given: never[]) => unknown>> = {
      ...Object.fromEntries(QUESTIONS.map((name) => [name, (given?: Question) => this.ask(name, given)])),
      undo: async () => {
        const client = await this.running();
        const document = vscode.window.activeTextEditor?.document;
        const undone = await client?.run<{ files: string[] }>("undo", document ? { uri: client.uri(document) } : {});
        if (undone?.files.length) void vscode.window.showInformationMessage(`Undone in: ${undone.files.join(", ")}`);
      },
      "nextEdit.go": (key?: string) => this.nextEdits.go(key),
      "nextEdit.make": () => this.nextEdits.make(),
      "nextEdit.dismiss": () => this.nextEdits.dismiss(),
      "nextEdit.chain": () => this.nextEdits.chain(),
      "nextEdit.why": () => this.nextEdits.why(),
      accepted: (...words: unknown[]) => this.client?.run("accepted", ...words),
      stop: () => this.answers.stopAll(),
      edit: () => this.edit(),
      commitMessage: (given?: Partial<Repository>) => this.commitMessage(given),
      review: () => this.review(),
      menu: async () => {
        const client = this.client?.isRunning() ? this.client : undefined;
        const [roles, index] = await Promise.all([client?.run<Roles>("models"), client?.run<Index>("index")]);
        await menu(this.status, this.context.extension.packageJSON as Manifest, roles, index);
      },
      refresh: async () => (await this.needed()).run("index", "refresh"),
      why: () => this.why(),
      pause: async () => {
        await this.context.workspaceState.update(PAUSED, !this.paused);
        this.nextEdits.drop();
        show(this.item, this.status, this.paused);
        await this.client?.run("index", this.paused ? "pause" : "resume");
      },
      snooze: async () => {
        const client = await this.needed();
        const asked = await chooseSnooze();
        if (!asked) return;
        await client.sendRequest("assist/snooze", asked);
        await vscode.commands.executeCommand("editor.action.inlineSuggest.hide");
      },
      mode: () => openSettings("assist.completion.mode"),
      model: async () => {
        const chosen = await chooseModel(await this.told<{ models: Model[] }>("models", "list"));
        if (chosen?.installed) await this.useModel(chosen.name, "ghost-text");
        else if (chosen) await this.serve(await setModel(this.program, chosen.name, this.log));
      },
      answersModel: async () => {
        const name = await chooseAnswering(await (await this.needed()).run<Roles>("models"));
        if (name) await this.useModel(name, "answers");
      },
      doctor: async () => {
        this.log.show();
        const line = (text: string): void => this.log.info(text);
        const [cwd] = (vscode.workspace.workspaceFolders ?? []).map(({ uri }) => uri.fsPath);
        await run(this.program, ["doctor"], cwd ? { line, cwd } : { line }).catch((error: unknown) =>
          line(String(error)),
        );
      },
      log: () => this.log.show(),
      providers: async () => {
        const { file } = await this.told<{ file: string }>("config", "show");
        await vscode.window.showTextDocument(
          vscode.Uri.file(file).with(existsSync(file) ? {} : { scheme: "untitled" }),
        );
      },
      restart: () => this.start(),
      install: async () => this.serve(await setUp(this.context, this.log)),
    };
    return Object.entries(does).map(([name, run]) => vscode.commands.registerCommand(`assist.${name}`, run));
  }

  /** Show why the last request at the cursor showed nothing, in the server's words. */
  private async why(): Promise<void> {
    const client = await this.running();
    const editor = vscode.window.activeTextEditor;
    if (!client || !editor) return;
    const here = { uri: client.uri(editor.document), position: editor.selection.active, paused: this.paused };
    const { words } = await client.run<{ words: string }>("why", here);
    void vscode.window.showInformationMessage(`assist: ${words}`);
  }

  private async ask(command: string, given: Question = {}): Promise<void> {
    const client = await this.running();
    const asked = client && (await question(client, command, given));
    if (!asked) return;
    const { id } = await client.run<{ id: string }>(command, asked);
    this.answers.asked(id, title(command, asked), asked, command !== "facts");
  }

  /** An edit at the cursor or of the selection: a wish, then the preview. The view opens only if it fails. */
  private async edit(): Promise<void> {
    const client = await this.needed();
    const asked = await question(client, "refactor", {});
    if (!asked) return;
    const { id } = await client.run<{ id: string }>("refactor", asked);
    const { error } = await this.answers.whole(id);
    if (error) this.answers.asked(id, title("edit", asked), asked);
  }

  /** Put a message for what is staged into the box of VS Code's git view. */
  private async commitMessage(given?: Partial<Repository>): Promise<void> {
    const client = await this.needed();
    const found = await repository(given);
    if (!found) return void vscode.window.showInformationMessage("No git repository is open here.");
    const document = documentIn(found.rootUri);
    const { id } = await client.run<{ id: string }>("commitMessage", document ? { uri: client.uri(document) } : {});
    const { error, text, notices } = await this.answers.whole(id);
    const said = [error, ...notices].filter(Boolean).join(" ");
    if (said) void vscode.window.showWarningMessage(`assist: ${said}`);
    if (!error && text.trim()) found.inputBox.value = text.trim();
  }

  /** Remarks on what changed since the last commit, each a link to its line. */
  private async review(): Promise<void> {
    const client = await this.needed();
    const document = vscode.window.activeTextEditor?.document;
    const folder =
      (document && vscode.workspace.getWorkspaceFolder(document.uri)) ?? vscode.workspace.workspaceFolders?.[0];
    if (!folder) return void vscode.window.showInformationMessage("Open a folder with a git repository first.");
    const within = document && vscode.workspace.getWorkspaceFolder(document.uri) ? { uri: client.uri(document) } : {};
    const { id } = await client.run<{ id: string }>("review", within);
    this.answers.asked(id, `Review · ${folder.name}`, within);
    await this.answers.link(id, folder.uri);
  }

  private async useModel(name: string, role: "answers" | "ghost-text"): Promise<void> {
    const { error } = await (await this.needed()).run<Roles>("useModel", { name, for: role });
    if (error) void vscode.window.showWarningMessage(error);
  }

  /** The client, if its server runs; otherwise show a message, or offer to set it up. */
  private async running(): Promise<Client | undefined> {
    if (this.client?.isRunning()) return this.client;
    if (!this.client) await this.start();
    else void vscode.window.showInformationMessage("The assist server is starting. Ask again in a moment.");
    return undefined;
  }

  /** The client, or the end of the command that needs it, after the message of `running`. */
  private async needed(): Promise<Client> {
    const client = await this.running();
    if (client) return client;
    throw new vscode.CancellationError();
  }

  /** Run the program and return its JSON output. */
  private async told<T>(...words: string[]): Promise<T> {
    if (!this.program) throw new Error("assist is not set up yet: run Assist: Set Up... first.");
    return JSON.parse(await run(this.program, [...words, "--json"])) as T;
  }
}
