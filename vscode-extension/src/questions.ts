/** Turns user commands into questions to the server: cursor, diagnostics there, and the user's words. */
import * as vscode from "vscode";
import type { Client } from "./client";

/** The parameters that the server takes; all are optional. */
export type Question = Readonly<Partial<{ uri: string; range: Span; words: string; problems: readonly Problem[] }>>;
type Span = { readonly start: vscode.Position; readonly end: vscode.Position };
type Problem = { readonly message: string; readonly range: Span };

const PROMPTS: Readonly<Record<string, string>> = {
  ask: "What do you want to know about this workspace?",
  refactor: "What should change?",
};

/** The question of a command at the cursor. A code action may set parts (`given`). Undefined if cancelled. */
export async function question(client: Client, command: string, given: Question): Promise<Question | undefined> {
  const editor = vscode.window.activeTextEditor;
  if (!editor && !given.uri && command !== "ask") {
    void vscode.window.showInformationMessage("Open a file and put the cursor in the code that you ask about.");
    return undefined;
  }
  const asked = { ...(editor ? about(client, editor, command) : {}), ...given };
  const prompt = PROMPTS[command];
  if (!prompt) return asked;
  const options = { prompt, value: given.words ?? "", ignoreFocusOut: true };
  const words = await vscode.window.showInputBox(options);
  return words ? { ...asked, words } : undefined;
}

/** A heading for the answer. */
export function title(command: string, { uri, range, words }: Question): string {
  const name = uri ? (vscode.Uri.parse(uri).path.split("/").at(-1) ?? "") : "";
  const place = name && range ? `${name}:${String(range.start.line + 1)}` : name;
  return [`${command.charAt(0).toUpperCase()}${command.slice(1)}`, place, words].filter(Boolean).join(" · ");
}

function about(client: Client, { document, selection }: vscode.TextEditor, command: string): Question {
  const plain = ({ start, end }: vscode.Range): Span => ({ start, end });
  const here = { uri: client.uri(document), range: plain(selection) };
  if (command !== "fix") return here;
  const found = vscode.languages.getDiagnostics(document.uri).filter((each) => selection.intersection(each.range));
  return { ...here, problems: found.map(({ message, range }) => ({ message, range: plain(range) })) };
}
