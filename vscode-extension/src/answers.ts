/** Streams answers into a view next to the code. The view shows only the model's Markdown. */
import MarkdownIt from "markdown-it";
import * as vscode from "vscode";

/** The parameters of `assist/answer`. */
export type Piece = Readonly<{ id: string; delta: string; done: boolean } & Partial<More>>;
type More = { restart: boolean; notice: string; summary: string; error: string | null; edit: Edit | null };
type Edit = { readonly files: readonly string[]; readonly applied: boolean };

const FRESH = { title: "", text: "", notices: [] as readonly string[], last: "" };
type Told = { readonly ready: true } | { readonly stop: string } | { readonly code: string; readonly copy: boolean };

const FRAME = 50; // ms between two redraws of a streaming answer
// No HTML, no images: an answer must not load anything, because a request could carry text away. Links are web
// pages alone, since other schemes run things; the page shows their addresses, which words could hide.
const MARKDOWN = new MarkdownIt({ html: false }).disable("image");
MARKDOWN.validateLink = (url) => /^https:\/\/[^/\\@]+(?:[/?#]|$)/i.test(url);

/** Owns the view. An answer starts with its question or its first piece, whichever comes first. */
export class Answers implements vscode.Disposable {
  private readonly answers = new Map<string, typeof FRESH>();
  private panel: vscode.WebviewPanel | undefined;
  private timer: NodeJS.Timeout | undefined;
  private editor: vscode.TextEditor | undefined;

  constructor(
    private readonly media: vscode.Uri,
    private readonly stop: (id: string) => void,
  ) {}

  /** Show a section for the answer to a question that was just asked. */
  asked(id: string, title: string): void {
    this.of(id).title = title;
    this.editor = vscode.window.activeTextEditor ?? this.editor;
    if (this.panel) this.panel.reveal(undefined, true);
    else this.open();
    this.draw();
  }

  /** Add a piece to its answer. */
  took(piece: Piece): void {
    const { delta, done, edit, error, notice, restart, summary } = piece;
    const answer = this.of(piece.id);
    answer.text = restart ? "" : answer.text + delta;
    if (notice) answer.notices = [...answer.notices, notice];
    const made = edit ? `${edit.applied ? "Changed" : "Not changed"}: ${edit.files.join(", ")}.` : "";
    if (done) answer.last = [error, made, summary].filter(Boolean).join(" ") || "Done.";
    this.timer ??= setTimeout(() => this.draw(), FRAME);
  }

  /** Stop all running answers. */
  stopAll(): void {
    for (const [id, { last }] of this.answers) if (!last) this.stop(id);
  }

  /** End all running answers, because the server ended. */
  broken(): void {
    for (const answer of this.answers.values()) answer.last ||= "The server ended. Ask again.";
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

  private draw(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const drawn = [...this.answers].map(([id, each]) => ({ id, ...each, html: MARKDOWN.render(each.text) }));
    void this.panel?.webview.postMessage(drawn);
  }

  private open(): void {
    const where = { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true };
    const may = { enableScripts: true, localResourceRoots: [this.media] };
    const panel = vscode.window.createWebviewPanel("assist.answers", "Assist", where, may);
    panel.webview.onDidReceiveMessage(async (told: Told) => {
      if ("ready" in told) this.draw();
      else if ("stop" in told) this.stop(told.stop);
      else if (told.copy) await vscode.env.clipboard.writeText(told.code);
      else await this.insert(told.code);
    });
    panel.onDidDispose(() => {
      this.panel = undefined;
      this.stopAll();
      this.answers.clear();
    });
    panel.webview.html = page(panel.webview, this.media);
    this.panel = panel;
  }

  private async insert(code: string): Promise<void> {
    if (!this.editor) return;
    const editor = await vscode.window.showTextDocument(this.editor.document, this.editor.viewColumn);
    await editor.edit((edit) => edit.replace(editor.selection, code));
  }
}

/** The page, with a policy that lets it load only its own script and style. */
function page(webview: vscode.Webview, media: vscode.Uri): string {
  const at = (name: string): string => webview.asWebviewUri(vscode.Uri.joinPath(media, name)).toString();
  const policy = `default-src 'none'; style-src ${webview.cspSource}; script-src ${webview.cspSource}; form-action 'none'`;
  return `<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}"><title>Assist</title>
<link rel="stylesheet" href="${at("answers.css")}"></head><body><script src="${at("answers.js")}"></script></body></html>`;
}
