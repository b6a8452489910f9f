/** The question before anything is sent: to which host, what, what is redacted, and at what cost. */
import * as vscode from "vscode";

/** The shown part of `assist/confirm`. The server writes `lines`: host, files, redactions, tokens, cost. */
export type Preview = Readonly<{ id: string; host: string | null; lines: readonly string[] }>;
/** What the server says of an open question's text; null once the question is closed. */
export type Sent = Readonly<{ text: string; sha256: string }> | null;

const [STAY, SEND, SHOW] = ["Stay on This Machine", "Send", "Show Text"] as const;
const [LEAVE, RUN] = ["Do Not Run", "Run It"] as const;
const SCHEME = "assist-text";

/** Shows the texts that would be sent as read-only documents. They are in memory, and in no file. */
export class Texts implements vscode.TextDocumentContentProvider {
  private readonly shown = new Map<string, string>();

  register(): vscode.Disposable {
    return vscode.workspace.registerTextDocumentContentProvider(SCHEME, this);
  }

  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.shown.get(uri.toString()) ?? "This text is no longer shown.";
  }

  /** Show a text until the user has read it: goes on, or closes it. */
  async read(id: string, text: string): Promise<void> {
    const uri = vscode.Uri.from({ scheme: SCHEME, path: `/${id}/What would be sent` });
    this.shown.set(uri.toString(), text);
    await vscode.window.showTextDocument(uri, { preview: false });
    let closing: vscode.Disposable | undefined;
    const closed = new Promise<void>((resolve) => {
      closing = vscode.window.tabGroups.onDidChangeTabs((event) => {
        if (event.closed.some((tab) => isOf(tab, uri))) resolve();
      });
    });
    const words = "This is exactly what would be sent. When you have read it, close it or decide.";
    await Promise.race([closed, vscode.window.showInformationMessage(words, "Decide...")]);
    closing?.dispose();
    this.shown.delete(uri.toString());
    const left = vscode.window.tabGroups.all.flatMap(({ tabs }) => tabs.filter((tab) => isOf(tab, uri)));
    await vscode.window.tabGroups.close(left);
  }
}

/** Whether the user agrees to send. Enter and closing the question mean no. `Show Text` asks once more afterwards. */
export async function confirm(asked: Preview, texts: Texts, sent: () => Promise<Sent>): Promise<boolean> {
  const options = { modal: true, detail: asked.lines.join("\n") };
  const words = `Send this to ${asked.host ?? "a provider"}?`;
  for (;;) {
    const chosen = await vscode.window.showWarningMessage(words, options, STAY, SEND, SHOW);
    if (chosen !== SHOW) return chosen === SEND;
    const found = await sent();
    if (!found) return false; // the question is closed
    await texts.read(asked.id, found.text);
  }
}

/** Whether the user agrees that code of the workspace is run. Enter and closing the question mean no. */
export async function confirmRun(lines: readonly string[]): Promise<boolean> {
  const options = { modal: true, detail: lines.join("\n") };
  return (await vscode.window.showWarningMessage("Run the code of this workspace?", options, LEAVE, RUN)) === RUN;
}

function isOf({ input }: vscode.Tab, uri: vscode.Uri): boolean {
  return input instanceof vscode.TabInputText && input.uri.toString() === uri.toString();
}
