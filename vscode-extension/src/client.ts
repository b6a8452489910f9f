/** The connection to `assist lsp`: started, started again when it breaks, and told what the protocol lacks. */
import * as vscode from "vscode";
import {
  CloseAction,
  type CloseHandlerResult,
  ErrorAction,
  type InitializeParams,
  type WorkspaceEdit,
} from "vscode-languageclient";
import { LanguageClient } from "vscode-languageclient/node";
import { written } from "./settings";

const WAITS = [1, 2, 4, 8, 16]; // seconds before each new start; a server that ran for a minute counts anew
const STEADY = 60_000; // ms
const UNUSED = new vscode.CancellationTokenSource().token; // wanted by a type, read by nobody

/** A client of the server, whose commands are reached through ours of the same names: those exist without it. */
export class Client extends LanguageClient {
  private ran = false;

  constructor(context: vscode.ExtensionContext, program: string, log: vscode.LogOutputChannel, paused: () => boolean) {
    super(
      "assist",
      "assist",
      { command: program, args: ["lsp"] },
      {
        documentSelector: [{ scheme: "file" }, { scheme: "untitled" }],
        initializationOptions: () => written(context),
        outputChannel: log,
        initializationFailedHandler: () => false,
        errorHandler: {
          error: () => ({ action: ErrorAction.Continue, handled: true }),
          closed: restarting(log, () => this.ran),
        },
        middleware: {
          provideInlineCompletionItems: (document, position, about, token, next) =>
            paused() ? null : next(document, position, about, token),
          workspace: { handleApplyEdit: (params, next) => next({ ...params, edit: previewed(params.edit) }, UNUSED) },
        },
      },
    );
  }

  /** What breaks is written down; the person is told once, by us, with ways on. */
  override error(message: string, data?: unknown): void {
    super.error(message, data, false);
  }

  /** Start, and say where that fails. */
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
    params.capabilities.experimental = { assistConfirm: true, assistAnswer: true };
  }

  /** Run a command of the server. */
  run<T>(command: string, ...words: unknown[]): Promise<T> {
    return this.sendRequest<T>("workspace/executeCommand", { command: `assist.${command}`, arguments: words });
  }

  /** A document as the server knows it. */
  uri(document: vscode.TextDocument): string {
    return this.code2ProtocolConverter.asUri(document.uri);
  }

  /** Tell the server where the user goes, and what he sets. Typing is not going: the edits tell of it. */
  listen(context: vscode.ExtensionContext): vscode.Disposable {
    let seen = "";
    const send = (method: string, params: object): void => {
      if (this.isRunning()) void this.sendNotification(method, params);
    };
    const about = (document: vscode.TextDocument): object => ({ textDocument: { uri: this.uri(document) } });
    return vscode.Disposable.from(
      vscode.window.onDidChangeTextEditorSelection(({ textEditor: { document }, selections }) => {
        const now = `${document.uri.toString()} ${String(document.version)}`;
        if (seen === now) send("assist/didMoveCursor", { ...about(document), position: selections[0]?.active });
        seen = now;
      }),
      vscode.window.onDidChangeActiveTextEditor((editor) => {
        if (editor) send("textDocument/didFocus", about(editor.document));
      }),
      vscode.workspace.onDidChangeConfiguration((event) => {
        const ours = event.affectsConfiguration("assist");
        if (ours) send("workspace/didChangeConfiguration", { settings: written(context) });
      }),
    );
  }
}

/**
 * The same edit, ticked in VS Code's preview. What needs confirmation begins unticked there, so "Apply" alone
 * would do nothing: only an edit that changes nothing keeps the mark, and with it the preview opens.
 */
function previewed(edit: WorkspaceEdit): WorkspaceEdit {
  const { documentChanges = [], changeAnnotations = {} } = edit;
  const first = documentChanges.find((each) => "edits" in each && each.edits[0]);
  const marks = Object.entries(changeAnnotations);
  if (!first || !("edits" in first) || !marks.some(([, each]) => each.needsConfirmation)) return edit;
  const start = { line: 0, character: 0 };
  const nothing = { range: { start, end: start }, newText: "", annotationId: "look" };
  const unmarked = marks.map(([id, each]) => [id, { ...each, needsConfirmation: false }] as const);
  const look = { label: "Look at the changes, then apply them", needsConfirmation: true };
  return {
    documentChanges: documentChanges.map((each) =>
      each === first ? { ...first, edits: [...first.edits, nothing] } : each,
    ),
    changeAnnotations: { ...Object.fromEntries(unmarked), look },
  };
}

async function tellBroken(what: string): Promise<void> {
  const message = `The assist server ${what}. Its log says why.`;
  const chosen = await vscode.window.showErrorMessage(message, "Show Log", "Restart");
  if (chosen) await vscode.commands.executeCommand(chosen === "Restart" ? "assist.restart" : "assist.log");
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
