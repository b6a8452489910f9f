/** Next edits: go to the change that the server offers, make it, or send it away. What is offered is the server's. */
import * as vscode from "vscode";
import type { Range } from "vscode-languageclient";
import type { Client } from "./client";
import { type Display, lastLine, NextEditView, type Shown, type Way } from "./nextEditView";

type About = Readonly<{ uri: string; version: number | null }>;
type Edit = Readonly<{ id: string | number; textDocument: About; range: Range; text: string }>;
type Answer = Readonly<{ edits: readonly Edit[]; display: Display | null }>;
type Place = Readonly<{ range: Range; text: string; line: number; before: string; after: string }>;
type Chain = Readonly<{ textDocument: About; edits: readonly Place[] }>;
type Change = Readonly<{ range: vscode.Range; text: string }>;
type Items = vscode.InlineCompletionItem[] | vscode.InlineCompletionList | null | undefined;
/** What `assist/nextEditReady` says. */
export type Ready = Readonly<{ textDocument: About; offer?: boolean }>;
/** An offer, and the document and its version that it was asked for. It may be for another file. */
type Offer = Shown & Readonly<{ id: string | number; from: vscode.TextDocument; version: number }>;

const BRIEF = 5000; // ms that a word stays in the status bar
const ONE_STEP = { undoStopBefore: true, undoStopAfter: true };
const GHOST = "editor.action.inlineSuggest";

/** Owns the offer, which is shown in the active editor. It is void once its document changes. */
export class NextEdits implements vscode.Disposable {
  private readonly view = new NextEditView();
  private readonly listening: vscode.Disposable;
  private offer: Offer | undefined;
  private asked = 0; // only the answer to the last request counts
  private waiting = 0; // requests for ghost text that the server has not answered yet
  private wanted = false; // the next request for ghost text is made for the offer
  private ghost: vscode.Position | undefined; // the cursor after which the offer is shown as ghost text

  constructor(
    private readonly running: () => Client | undefined,
    private readonly paused: () => boolean,
  ) {
    this.listening = vscode.Disposable.from(
      vscode.workspace.onDidChangeTextDocument((event) => this.changed(event)),
      vscode.window.onDidChangeTextEditorSelection(() => this.draw()),
      vscode.window.onDidChangeTextEditorVisibleRanges(() => this.draw()),
      vscode.window.onDidChangeActiveTextEditor(() => this.draw()),
    );
  }

  dispose(): void {
    this.listening.dispose();
    this.view.dispose();
  }

  /** The server has an offer for a document, or its last one is void. */
  async ready({ textDocument: { uri, version }, offer }: Ready): Promise<void> {
    const editor = vscode.window.activeTextEditor;
    if (!editor || this.running()?.uri(editor.document) !== uri) return;
    if (offer === false) this.drop();
    else if (version === null || version === editor.document.version) await this.ask(editor);
  }

  /** Go to the place; from there, make the change. A key without an offer does what else it does. */
  async go(key?: string): Promise<void> {
    const editor = vscode.window.activeTextEditor;
    const offer = this.fitting(editor);
    if (editor && offer) await (way(editor, offer) === "away" ? this.jump(editor, offer) : this.make());
    else if (typeof key === "string") await vscode.commands.executeCommand(key);
    else if (!editor || (await this.ask(editor)) === null) brief("There is no next edit here.");
  }

  /** Make the change in the file that one sees; for another file, go there. */
  async make(): Promise<void> {
    const editor = vscode.window.activeTextEditor;
    const offer = this.fitting(editor);
    if (!editor || !offer) return this.go();
    if (!isOf(editor.document, offer.uri)) return this.jump(editor, offer);
    this.drop();
    if (plain(editor.document.getText(offer.range)) !== plain(offer.display.deleted)) return;
    this.report("Accepted", offer.id);
    if (!(await this.change(editor, [offer]))) return;
    reveal(editor, end(offer));
    await this.ask(editor);
  }

  /** Send the offer away. Its pattern does not come back. */
  async dismiss(): Promise<void> {
    const { offer, ghost } = this;
    if (offer) this.report("Rejected", offer.id);
    this.drop();
    if (ghost) await vscode.commands.executeCommand(`${GHOST}.hide`);
  }

  /** List the remaining places of the offer's pattern in its file; Enter changes those with a tick, as one step. */
  async chain(): Promise<void> {
    const editor = vscode.window.activeTextEditor;
    const offer = this.fitting(editor);
    const client = this.running();
    if (!editor || !offer || !client) return void brief("There is no next edit here.");
    if (!isOf(editor.document, offer.uri)) return this.jump(editor, offer);
    const { document } = editor;
    const found = await client.sendRequest<Chain | null>("assist/nextEditChain", { id: offer.id });
    const rows = (found?.edits ?? []).map((place) => ({
      label: `line ${String(place.line + 1)}`,
      detail: `${place.before.trim()} → ${place.after.trim()}`,
      picked: true,
      place,
    }));
    const title = `Next edit: ${offer.display.words}. Enter makes all checked edits.`;
    const chosen = await vscode.window.showQuickPick(rows, { title, canPickMany: true, matchOnDetail: true });
    if (!chosen?.length) return;
    const places = chosen.map((row) => row.place);
    if (found?.textDocument.version !== document.version || !places.every((place) => holds(document, place)))
      return void brief("The file has changed meanwhile, so nothing was done.");
    this.drop();
    this.report("Accepted", offer.id, "chain");
    const { protocol2CodeConverter: from } = client;
    const changes = places.map(({ range, text }) => ({ range: from.asRange(range), text }));
    if (await this.change(editor, changes)) await this.ask(editor);
  }

  /** Say why this is offered. */
  why(): void {
    const offer = this.fitting(vscode.window.activeTextEditor);
    const words = offer ? `Next edit: ${offer.display.words}` : "There is no next edit here.";
    void vscode.window.showInformationMessage(`assist: ${words}`);
  }

  /** Show no offer. */
  drop(): void {
    this.asked++;
    this.offer = this.ghost = undefined;
    this.wanted = false;
    this.view.clear();
  }

  /** Ghost text: what the server writes, else the offer, if that only adds text after the cursor. */
  async ghostText(
    document: vscode.TextDocument,
    at: vscode.Position,
    token: vscode.CancellationToken,
    written: () => vscode.ProviderResult<vscode.InlineCompletionItem[] | vscode.InlineCompletionList>,
  ): Promise<Items> {
    const own = this.wanted && this.asGhost(document, at);
    this.wanted = false;
    if (own) return own;
    this.waiting++;
    const found = await Promise.resolve(written()).finally(() => this.waiting--);
    if (token.isCancellationRequested) this.draw();
    else if (count(found) === 0) return this.asGhost(document, at) ?? found;
    else if (this.offer?.display.inline) this.drop();
    return found;
  }

  private asGhost(document: vscode.TextDocument, at: vscode.Position): Items {
    const item = this.offer && added(document, at, this.offer);
    this.ghost = item && at;
    this.draw();
    return item && [item];
  }

  /** The offer, if it is for what an editor shows now. */
  private fitting(editor: vscode.TextEditor | undefined): Offer | undefined {
    const { offer } = this;
    return offer && offer.from === editor?.document && offer.version === offer.from.version ? offer : undefined;
  }

  /** Ask for the offer at the cursor. Null: there is none. Undefined: the document or the question is another now. */
  private async ask(editor: vscode.TextEditor): Promise<Offer | null | undefined> {
    const client = this.running();
    if (!client || this.paused()) return null;
    const { document } = editor;
    const { version } = document;
    const number = ++this.asked;
    const about = { textDocument: { uri: client.uri(document), version }, position: editor.selection.active };
    const answer = await client.sendRequest<Answer | null>("assist/nextEdit", about).catch(() => null);
    if (number !== this.asked || document.version !== version) return undefined;
    this.drop();
    const offer = answer && read(answer, client, document);
    if (offer) await this.begin(editor, offer);
    return offer;
  }

  /** Show an offer, as ghost text where it can be that and there is no other. */
  private async begin(editor: vscode.TextEditor, offer: Offer): Promise<void> {
    this.offer = offer;
    const on = vscode.workspace.getConfiguration("editor.inlineSuggest", editor.document).get<boolean>("enabled", true);
    if (!on || !added(editor.document, editor.selection.active, offer)) {
      this.draw();
      return;
    }
    if (this.waiting > 0) return;
    this.wanted = true;
    await vscode.commands.executeCommand(`${GHOST}.trigger`);
    this.draw();
  }

  private draw(): void {
    const editor = vscode.window.activeTextEditor;
    const offer = this.fitting(editor);
    if (!editor || !offer) {
      this.view.clear();
      return;
    }
    if (this.ghost && !editor.selection.active.isEqual(this.ghost)) this.ghost = undefined;
    this.view.show(editor, offer, this.ghost ? "ghost" : way(editor, offer));
  }

  private changed({ document, contentChanges: [change, ...more] }: vscode.TextDocumentChangeEvent): void {
    const { offer, ghost } = this;
    if (!offer || !change || (document !== offer.from && !isOf(document, offer.uri))) return;
    const longer = change.text.length - change.rangeLength;
    const taken = plain(document.getText(new vscode.Range(offer.range.start, end(offer)))) === plain(offer.text);
    // The server is told of it before it is told of the change, since this listens for longer than the client.
    if (ghost && taken && more.length === 0 && longer === offer.text.length) this.report("Accepted", offer.id);
    this.drop();
  }

  private async jump(editor: vscode.TextEditor, { uri, range }: Offer): Promise<void> {
    if (isOf(editor.document, uri)) {
      reveal(editor, range.start);
      return;
    }
    const { viewColumn } = vscode.window.visibleTextEditors.find((open) => isOf(open.document, uri)) ?? {};
    const shown = await vscode.window.showTextDocument(uri, { preview: true, ...(viewColumn && { viewColumn }) });
    reveal(shown, shown.document.validatePosition(range.start));
    if ((await this.ask(shown)) === null) brief("The next edit is no longer available.");
  }

  /** Change an editor's document as one undo step. It does nothing where the editor is read-only. */
  private async change(editor: vscode.TextEditor, changes: readonly Change[]): Promise<boolean> {
    const { version } = editor.document;
    await editor.edit((edit) => changes.forEach(({ range, text }) => edit.replace(range, text)), ONE_STEP);
    if (editor.document.version !== version) return true;
    brief("This file cannot be changed here, so nothing was done.");
    return false;
  }

  private report(what: "Accepted" | "Rejected", ...words: unknown[]): void {
    this.running()
      ?.run(`nextEdit${what}`, ...words)
      .catch(() => undefined); // the server has ended, and what it knew
  }
}

/** The offer in an answer for a document as it is now. */
function read({ edits, display }: Answer, client: Client, document: vscode.TextDocument): Offer | null {
  const [edit] = edits;
  if (!edit || !display) return null;
  const { id, textDocument, text } = edit;
  const uri = client.protocol2CodeConverter.asUri(textDocument.uri);
  if (isOf(document, uri) && textDocument.version !== document.version) return null;
  const range = client.protocol2CodeConverter.asRange(edit.range);
  return { id, uri, range, text, display, from: document, version: document.version };
}

/** An offer as ghost text at a cursor, if it only adds text after that, in its line. */
function added(
  document: vscode.TextDocument,
  at: vscode.Position,
  { from, version, uri, range, text, display }: Offer,
): vscode.InlineCompletionItem | undefined {
  if (document !== from || document.version !== version || !isOf(document, uri)) return undefined;
  if (!display.inline || !range.isEmpty || at.line !== range.start.line || at.isAfter(range.start)) return undefined;
  const between = new vscode.Range(at, range.start);
  return new vscode.InlineCompletionItem(document.getText(between) + text, between);
}

function way({ document, selection }: vscode.TextEditor, { uri, range }: Offer): Way {
  const { line } = selection.active;
  return isOf(document, uri) && range.start.line <= line && line <= lastLine(range) ? "here" : "away";
}

/** The end of an offer's text, once it is there. */
function end({ range: { start }, text }: Change): vscode.Position {
  const lines = plain(text).split("\n");
  const last = lines.at(-1)?.length ?? 0;
  return start.with(start.line + lines.length - 1, lines.length > 1 ? last : start.character + last);
}

/** Whether the lines of a place are as they were; those that only come have none. */
function holds(document: vscode.TextDocument, { line, before }: Place): boolean {
  const lines = plain(before).split("\n");
  const now = document.getText(new vscode.Range(line, 0, line + lines.length - 1, Number.MAX_SAFE_INTEGER));
  return before === "" || plain(now) === lines.join("\n");
}

function reveal(editor: vscode.TextEditor, at: vscode.Position): void {
  editor.selection = new vscode.Selection(at, at);
  editor.revealRange(editor.selection, vscode.TextEditorRevealType.InCenterIfOutsideViewport);
}

const isOf = (document: vscode.TextDocument, uri: vscode.Uri): boolean => document.uri.toString() === uri.toString();
const plain = (text: string): string => text.replace(/\r\n?/g, "\n");
const count = (found: Items): number => (Array.isArray(found) ? found : (found?.items ?? [])).length;
const brief = (words: string): unknown => vscode.window.setStatusBarMessage(`assist: ${words}`, BRIEF);
