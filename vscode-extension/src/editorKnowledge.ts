/** `assist/editorKnowledge`: what VS Code's other providers list after a dot. The server decides what follows from it. */
import * as vscode from "vscode";

const MOST = 100; // problems of the document, the most severe first

/** A question: for a version of a document, at most so many items, `within` so many ms. */
export type Asked = Readonly<{
  textDocument: { uri: string; version: number };
  position: { line: number; character: number };
  want: string;
  limit: number;
  within: number;
}>;
type Item = Readonly<{ label: string; kind: number | undefined; filterText: string | undefined }>;
type Listed = Readonly<{ items: Item[]; isIncomplete: boolean; missing: boolean; problems: string[] }>;

/** The items after a dot; null about a text that has changed, or if they are late. */
export async function members(asked: Asked, uriOf: (document: vscode.TextDocument) => string): Promise<Listed | null> {
  const { textDocument, position, want, limit, within } = asked;
  const document = vscode.workspace.textDocuments.find((each) => uriOf(each) === textDocument.uri);
  if (want !== "members" || document?.version !== textDocument.version) return null;
  const at = new vscode.Position(position.line, position.character);
  const found = await soon(
    vscode.commands.executeCommand<vscode.CompletionList>("vscode.executeCompletionItemProvider", document.uri, at),
    within,
  );
  if (!found) return null;
  const said = vscode.languages.getDiagnostics(document.uri).sort((one, other) => one.severity - other.severity);
  return {
    items: found.items.slice(0, limit).map(plain),
    isIncomplete: found.isIncomplete ?? false,
    missing: found.items.length > limit,
    problems: said.slice(0, MOST).map(({ message }) => message),
  };
}

/** What a promise gives within a time, else nothing. */
async function soon<T>(promise: Thenable<T>, ms: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => (timer = setTimeout(() => resolve(undefined), ms)));
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** An item as the protocol has it, which numbers the kinds from 1. */
function plain({ label, kind, filterText }: vscode.CompletionItem): Item {
  return {
    label: typeof label === "string" ? label : label.label,
    kind: kind === undefined ? kind : kind + 1,
    filterText,
  };
}
