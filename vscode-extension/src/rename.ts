/** Passes a rename on to the editor's other language servers, which know types. */
import * as vscode from "vscode";
import type { Position, TextEdit } from "vscode-languageclient";
import type { LanguageClient } from "vscode-languageclient/node";

type Asked = Readonly<{ textDocument: { uri: string }; position: Position; newName: string }>;
type Renamed = Readonly<{ files: readonly { uri: string; edits: readonly TextEdit[] }[] }>;

/** What the other servers would change; nothing if they cannot rename this, or would move files too. */
export async function rename(client: LanguageClient, asked: Asked): Promise<Renamed> {
  const { code2ProtocolConverter: out, protocol2CodeConverter: into } = client;
  const where = [into.asUri(asked.textDocument.uri), into.asPosition(asked.position)] as const;
  const edit = await vscode.commands
    .executeCommand<vscode.WorkspaceEdit | undefined>("vscode.executeDocumentRenameProvider", ...where, asked.newName)
    .then(undefined, () => undefined); // no server here renames, or it refuses the name
  const entries = edit?.entries() ?? [];
  if (edit?.size !== entries.length) return { files: [] };
  return {
    files: entries.map(([uri, edits]) => ({ uri: out.asUri(uri), edits: edits.map((one) => out.asTextEdit(one)) })),
  };
}
