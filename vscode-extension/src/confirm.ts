/** The last question before anything is sent: to whom, what, without what, at what cost. */
import * as vscode from "vscode";

/** What of `assist/confirm` is shown. `lines` are the server's words: host, files, redactions, tokens, cost. */
export interface Preview {
  readonly host: string | null;
  readonly lines: readonly string[];
}

/** Whether the person lets it go. Closing the question is a no. */
export async function confirm(asked: Preview): Promise<boolean> {
  const send = { title: "Send" };
  const stay = { title: "Stay on This Machine", isCloseAffordance: true };
  const options = { modal: true, detail: asked.lines.join("\n") };
  const words = `Send this to ${asked.host ?? "a provider"}?`;
  return (await vscode.window.showWarningMessage(words, options, send, stay)) === send;
}
