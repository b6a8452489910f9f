/** The last question before anything is sent: to whom, what, without what, at what cost. */
import * as vscode from "vscode";

/** What of `assist/confirm` is shown. `lines` are the server's words: host, files, redactions, tokens, cost. */
export interface Preview {
  readonly host: string | null;
  readonly lines: readonly string[];
}

/** Whether the person lets it go. Enter and closing the question are a no. */
export async function confirm(asked: Preview): Promise<boolean> {
  const options = { modal: true, detail: asked.lines.join("\n") };
  const words = `Send this to ${asked.host ?? "a provider"}?`;
  return (await vscode.window.showWarningMessage(words, options, "Stay on This Machine", "Send")) === "Send";
}
