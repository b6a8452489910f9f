/** The connection to `assist lsp`: starts it, restarts it after a crash, and sends what the protocol lacks. */
import * as vscode from "vscode";
import {
  CloseAction,
  type CloseHandlerResult,
  ErrorAction,
  type InitializeParams,
  type WorkspaceEdit,
} from "vscode-languageclient";
import { LanguageClient, type LanguageClientOptions } from "vscode-languageclient/node";
import { SetupError } from "./environment";
import type { NextEdits } from "./nextEdit";
import { written } from "./settings";
import { complain } from "./setup";

const WAITS = [1, 2, 4, 8, 16]; // seconds before each restart; after a minute of running, counting starts again
const STEADY = 60_000; // ms
const DOCUMENTS = [{ scheme: "file" }, { scheme: "untitled" }];
const MOST = 100; // problems of a document that the server is told
const TOP = { line: 0, character: 0 };
const UNUSED = new vscode.CancellationTokenSource().token; // required by a type, never read

/** A client of the server. Its commands are called through ours of the same names, which exist without it. */
export class Client extends LanguageClient {
  private ran = false;

  constructor(
    context: vscode.ExtensionContext,
    program: string,
    log: vscode.LogOutputChannel,
    paused: () => boolean,
    nextEdits: NextEdits,
  ) {
    const options: LanguageClientOptions = {
      documentSelector: DOCUMENTS,
      initializationOptions: () => written(context),
      outputChannel: log,
      initializationFailedHandler: () => false,
      errorHandler: {
        error: () => ({ action: ErrorAction.Continue, handled: true }),
        closed: restarting(log, () => this.ran),
      },
      middleware: {
        provideInlineCompletionItems: (document, at, about, token, ask) =>
          paused() ? null : nextEdits.ghostText(document, at, token, () => ask(document, at, about, token)),
        workspace: { handleApplyEdit: (params, next) => next({ ...params, edit: ticked(params.edit) }, UNUSED) },
      },
    };
    super("assist", "assist", { command: program, args: ["lsp"] }, options);
  }

  /** Log the error without a popup: `complain` shows one message with the possible next steps. */
  override error(message: string, data?: unknown): void {
    super.error(message, data, false);
  }

  /** Start the server, and show a message if that fails. */
  async begin(): Promise<void> {
    await this.start().then(
      () => (this.ran = true),
      () => tellBroken("did not start"),
    );
  }

  override registerFeature(feature: Parameters<LanguageClient["registerFeature"]>[0]): void {
    const method = "registrationType" in feature ? feature.registrationType.method : "";
    if (method !== "workspace/executeCommand") super.registerFeature(feature);
  }

  protected override fillInitializeParams(params: InitializeParams): void {
    super.fillInitializeParams(params);
    params.capabilities.experimental = {
      ...{ assistConfirm: true, assistRun: true, assistAnswer: true, assistRename: true },
      assistEditorKnowledge: true,
    };
  }

  /** Run a command of the server. */
  run<T>(command: string, ...words: unknown[]): Promise<T> {
    return this.sendRequest<T>("workspace/executeCommand", { command: `assist.${command}`, arguments: words });
  }

  /** The URI under which the server knows a document. */
  uri(document: vscode.TextDocument): string {
    return this.code2ProtocolConverter.asUri(document.uri);
  }

  /** Tell the server about cursor moves, focus, problems and settings. Typing is no move: its edits are sent anyway. */
  listen(context: vscode.ExtensionContext): vscode.Disposable {
    let seen = "";
    const send = (method: string, params: object): void => {
      if (this.isRunning()) void this.sendNotification(method, params);
    };
    const about = (document: vscode.TextDocument): object => ({
      textDocument: { uri: this.uri(document), version: document.version },
    });
    return vscode.Disposable.from(
      vscode.window.onDidChangeTextEditorSelection(({ textEditor: { document }, selections }) => {
        const now = `${document.uri.toString()} ${String(document.version)}`;
        if (seen === now) send("assist/didMoveCursor", { ...about(document), position: selections[0]?.active });
        seen = now;
      }),
      vscode.window.onDidChangeActiveTextEditor((editor) => {
        if (editor) send("textDocument/didFocus", about(editor.document));
      }),
      vscode.languages.onDidChangeDiagnostics(({ uris }) => {
        const document = vscode.window.activeTextEditor?.document;
        if (!document || !vscode.languages.match(DOCUMENTS, document)) return;
        if (uris.some((each) => each.toString() === document.uri.toString()))
          send("assist/didReportProblems", { ...about(document), problems: problems(document) });
      }),
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (event.affectsConfiguration("assist"))
          send("workspace/didChangeConfiguration", { settings: written(context) });
      }),
    );
  }
}

/**
 * The same edit, ticked in VS Code's preview. Edits that need confirmation start unticked there, so "Apply" alone
 * would do nothing. Only one edit that changes nothing still needs confirmation, so that the preview opens.
 */
function ticked(edit: WorkspaceEdit): WorkspaceEdit {
  const first = edit.documentChanges?.find((each) => "edits" in each);
  const marks = edit.changeAnnotations ?? {};
  if (!first || !Object.values(marks).some((each) => each.needsConfirmation)) return edit;
  for (const each of Object.values(marks)) each.needsConfirmation = false;
  marks["look"] = { label: "Look at the changes, then apply them", needsConfirmation: true };
  first.edits.push({ range: { start: TOP, end: TOP }, newText: "", annotationId: "look" });
  return edit;
}

/** What other tools say of a document, the most severe first. */
function problems(document: vscode.TextDocument): object[] {
  const found = vscode.languages.getDiagnostics(document.uri).sort((one, other) => one.severity - other.severity);
  return found.slice(0, MOST).map(({ range: { start, end }, message, source }) => ({
    ...{ range: { start, end }, message },
    source: source ?? "",
  }));
}

async function tellBroken(what: string): Promise<void> {
  const again = await complain(new SetupError(`The assist server ${what}. Its log says why.`));
  if (again) await vscode.commands.executeCommand("assist.restart");
}

function restarting(log: vscode.LogOutputChannel, ran: () => boolean): () => Promise<CloseHandlerResult> {
  let [broken, last] = [0, 0];
  return async () => {
    if (!ran()) return { action: CloseAction.DoNotRestart, handled: true };
    if (Date.now() - last > STEADY) broken = 0;
    const wait = WAITS[broken++];
    if (wait === undefined) {
      void tellBroken("ended six times in a row");
      return { action: CloseAction.DoNotRestart, handled: true };
    }
    log.warn(`the server ended; it starts again in ${String(wait)} s`);
    await new Promise((resolve) => setTimeout(resolve, 1000 * wait));
    last = Date.now();
    return { action: CloseAction.Restart, handled: true };
  };
}
