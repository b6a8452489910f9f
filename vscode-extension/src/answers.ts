/** A conversation in a view next to the code: what is asked, and the answers as they stream in. */
import * as vscode from "vscode";
import { DONE, drawn, factText, FRESH, linked, type Piece, places, took } from "./conversation";
import type { Question } from "./questions";
import { complain } from "./setup";

/** Runs a command of the server. */
export type Run = <T>(command: string, ...words: unknown[]) => Promise<T>;
type Begun = { readonly id: string | null; readonly error?: string };

/** What the page says. It names answers, and links by their number; it knows no address. */
type Told =
  | { readonly do: "ready" | "clear" }
  | { readonly do: "ask" | "copy" | "insert"; readonly text: string }
  | { readonly do: "stop" | "copyAll"; readonly id: string }
  | { readonly do: "open"; readonly id: string; readonly number: number }
  | { readonly do: "rate"; readonly id: string; readonly verdict: string }
  | { readonly do: "retry"; readonly id: string; readonly wish: string };

const FRAME = 50; // ms between two redraws of a streaming answer

/** Owns the view. An answer is shown from its question on; its first piece may come earlier. */
export class Answers implements vscode.Disposable {
  private readonly answers = new Map<string, typeof FRESH>();
  private readonly waiting = new Map<string, (answer: typeof FRESH) => void>();
  private panel: vscode.WebviewPanel | undefined;
  private timer: NodeJS.Timeout | undefined;
  private editor: vscode.TextEditor | undefined;

  constructor(
    private readonly media: vscode.Uri,
    private readonly run: Run,
  ) {}

  /** Show a section for the answer to a question that was just asked; facts ask no model. */
  asked(id: string, title: string, question: Question, asksModel = true): void {
    const answer = this.of(id);
    answer.title = title;
    answer.asksModel = asksModel;
    if (!asksModel) answer.last = "";
    answer.question = question;
    this.editor = vscode.window.activeTextEditor ?? this.editor;
    if (this.panel) this.panel.reveal(undefined, true);
    else this.open();
    this.draw();
  }

  /** Add a piece to its answer. */
  took(piece: Piece): void {
    const answer = this.of(piece.id);
    took(answer, piece);
    if (answer.done) this.end(piece.id, answer);
    this.timer ??= setTimeout(() => this.draw(), FRAME);
  }

  /** The whole answer to a question, once it has ended. It is shown only if `asked` is called, too. */
  async whole(id: string): Promise<typeof FRESH> {
    const answer = this.of(id);
    return answer.done ? answer : await new Promise((resolve) => this.waiting.set(id, resolve));
  }

  /** Link the remarks of a review to a folder, once it has ended. */
  async link(id: string, folder: vscode.Uri): Promise<void> {
    linked(await this.whole(id), (path) => vscode.Uri.joinPath(folder, path).toString());
    this.draw();
  }

  /** Stop all running answers. */
  stopAll(): void {
    for (const [id, { done }] of this.answers) if (!done) void this.stop(id);
  }

  /** End all running answers, because the server ended. */
  broken(): void {
    for (const [id, answer] of this.answers) {
      if (answer.done) continue;
      took(answer, { ...DONE, id, error: "The server ended. Ask again." });
      this.end(id, answer);
    }
    this.draw();
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.panel?.dispose();
  }

  private of(id: string): typeof FRESH {
    const answer = this.answers.get(id) ?? { ...FRESH };
    this.answers.set(id, answer);
    return answer;
  }

  private end(id: string, answer: typeof FRESH): void {
    this.waiting.get(id)?.(answer);
    this.waiting.delete(id);
  }

  private draw(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const shown = [...this.answers].filter(([, each]) => each.title);
    void this.panel?.webview.postMessage(shown.map(([id, each]) => drawn(id, each)));
  }

  private open(): void {
    const where = { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true };
    const may = { enableScripts: true, localResourceRoots: [this.media] };
    const panel = vscode.window.createWebviewPanel("assist.answers", "Assist", where, may);
    panel.webview.onDidReceiveMessage((told: Told) => this.heard(told).catch(complain));
    panel.onDidDispose(() => {
      this.panel = undefined;
      this.stopAll();
      this.answers.clear();
    });
    panel.webview.html = page(panel.webview, this.media);
    this.panel = panel;
  }

  private async heard(told: Told): Promise<void> {
    switch (told.do) {
      case "clear":
        for (const [id, { done }] of this.answers) if (done) this.answers.delete(id);
        break;
      case "ask":
        return this.follow(told.text);
      case "copy":
        return vscode.env.clipboard.writeText(told.text);
      case "insert":
        return this.insert(told.text);
      case "stop":
        return this.stop(told.id);
      case "copyAll":
        return vscode.env.clipboard.writeText(whole(this.of(told.id)));
      case "open":
        return this.show(told.id, told.number);
      case "rate":
        return this.rate(told.id, told.verdict);
      case "retry":
        return this.retry(told.id, told.wish);
      case "ready":
    }
    this.draw();
  }

  private async stop(id: string): Promise<void> {
    await this.run("cancel", id).catch(() => undefined); // the server has ended, and the answer with it
  }

  /** Ask on in the conversation of the last answer; after facts, about the code that they are of. */
  private async follow(words: string): Promise<void> {
    const last = this.last();
    const about = last?.asksModel === false ? last.question : elsewhere(last?.question);
    const asked = { ...about, words, thread: last?.thread ?? "" };
    const { id } = await this.run<{ id: string }>("ask", asked);
    this.of(id).thread ||= asked.thread;
    this.asked(id, words, asked);
  }

  private last(): typeof FRESH | undefined {
    return [...this.answers.values()].findLast((each) => each.title);
  }

  private async retry(id: string, wish: string): Promise<void> {
    const before = this.of(id);
    const begun = await this.run<Begun>("retry", wish ? { id, wish } : { id });
    if (begun.id === null) return void vscode.window.showWarningMessage(begun.error ?? "");
    if (this.last() === before) this.answers.delete(id); // as the server does
    this.of(begun.id).thread ||= before.thread;
    this.asked(begun.id, before.title, before.question);
  }

  private async rate(id: string, verdict: string): Promise<void> {
    const { error } = await this.run<{ error: string | null }>("rate", { id, verdict });
    if (error) void vscode.window.showWarningMessage(error);
    else this.of(id).verdict = verdict;
    this.draw();
  }

  /** Open a place at its line, in the column of the code. */
  private async show(id: string, number: number): Promise<void> {
    const place = places(this.of(id))[number];
    if (!place) return;
    const selection = new vscode.Range(place.line - 1, 0, place.line - 1, 0);
    const viewColumn = this.editor?.viewColumn ?? vscode.ViewColumn.One;
    await vscode.window.showTextDocument(vscode.Uri.parse(place.uri), { selection, viewColumn });
  }

  private async insert(code: string): Promise<void> {
    if (!this.editor) return;
    const editor = await vscode.window.showTextDocument(this.editor.document, this.editor.viewColumn);
    await editor.edit((edit) => edit.replace(editor.selection, code));
  }
}

/** The facts and the words of an answer. */
function whole(answer: typeof FRESH): string {
  return [factText(answer), answer.text.trim()].filter(Boolean).join("\n\n");
}

/** Where a follow-up belongs, if that is not the first folder: the server keeps a conversation to one folder. */
function elsewhere({ uri, range }: Question = {}): Question {
  if (!uri || !range) return {};
  const at = vscode.Uri.parse(uri);
  const open = vscode.workspace.textDocuments.some((each) => each.uri.toString() === at.toString());
  return open && vscode.workspace.getWorkspaceFolder(at)?.index !== 0 ? { uri, range } : {};
}

/** The page, with a policy that lets it load only its own script and style. */
function page(webview: vscode.Webview, media: vscode.Uri): string {
  const at = (name: string): string => webview.asWebviewUri(vscode.Uri.joinPath(media, name)).toString();
  const policy = `default-src 'none'; style-src ${webview.cspSource}; script-src ${webview.cspSource}; form-action 'none'`;
  return `<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}"><title>Assist</title>
<link rel="stylesheet" href="${at("answers.css")}"></head><body><script src="${at("answers.js")}"></script></body></html>`;
}
