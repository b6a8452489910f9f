/** The question before anything is sent: to which host, what, what is redacted, and at what cost. */
import * as vscode from "vscode";

/** The shown part of `assist/confirm`. The server writes `lines`: host, files, redactions, tokens, cost. */
export interface Preview {
  readonly host: string | null;
  readonly lines: readonly string[];
}

/** Whether the user agrees to send. Enter and closing the question mean no. */
export async function confirm(asked: Preview): Promise<boolean> {
  const options = { modal: true, detail: asked.lines.join("\n") };
  const words = `Send this to ${asked.host ?? "a provider"}?`;
  return (await vscode.window.showWarningMessage(words, options, "Stay on This Machine", "Send")) === "Send";
}
