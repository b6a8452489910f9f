/** What VS Code's own git view gives: its repositories, and their boxes for a commit message. */
import * as vscode from "vscode";

/** The part of the git extension's API that is used. */
export type Repository = Readonly<{ rootUri: vscode.Uri; inputBox: { value: string } }>;
type Git = Readonly<{ getAPI(version: 1): Readonly<{ repositories: readonly Repository[] }> }>;

/** The repository that the user chose in the git view, or else that of the active file, or the first. */
export async function repository(chosen?: Partial<Repository>): Promise<Repository | undefined> {
  const git = await vscode.extensions.getExtension<Git>("vscode.git")?.activate();
  const all = git?.getAPI(1).repositories ?? [];
  const active = vscode.window.activeTextEditor?.document.uri;
  const of = (wanted?: vscode.Uri): Repository | undefined =>
    wanted && all.find(({ rootUri }) => wanted.path === rootUri.path || wanted.path.startsWith(`${rootUri.path}/`));
  return chosen?.rootUri ? of(chosen.rootUri) : (of(active) ?? all[0]);
}

/** An open file below a folder: it tells the server which folder is meant. */
export function documentIn({ path }: vscode.Uri): vscode.TextDocument | undefined {
  return vscode.workspace.textDocuments.find(({ uri }) => uri.scheme === "file" && uri.path.startsWith(`${path}/`));
}
