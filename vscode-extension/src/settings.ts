/** The user's settings in VS Code, in the layout of config.toml. It knows no setting by name. */
import * as vscode from "vscode";

const OWN = "assist.server."; // how the server is found and started: not for the server itself

/** Only settings with a value: a default from VS Code would override the user's config.toml. */
export function written(context: vscode.ExtensionContext): Record<string, Record<string, unknown>> {
  const manifest = context.extension.packageJSON as {
    contributes: { configuration: { properties: object }[] };
  };
  const names = manifest.contributes.configuration.flatMap((each) => Object.keys(each.properties));
  const found: Record<string, Record<string, unknown>> = {};
  for (const name of names.filter((each) => !each.startsWith(OWN))) {
    const said = vscode.workspace.getConfiguration().inspect(name);
    const value = said?.workspaceFolderValue ?? said?.workspaceValue ?? said?.globalValue;
    const [, table, key] = name.split(".");
    if (value === undefined || table === undefined) continue;
    found[table] = key === undefined ? (value as Record<string, unknown>) : { ...found[table], [key]: value };
  }
  return found;
}

/** A setting for starting the server; "" if it is not set. */
export function own(name: "path" | "python" | "package"): string {
  return vscode.workspace.getConfiguration("assist.server").get<string>(name, "").trim();
}
