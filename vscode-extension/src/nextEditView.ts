/** How a next edit looks: at its place, at the edge of the view, and in the status bar. It decides nothing. */
import * as vscode from "vscode";

/** What the server says of an offer for people, next to the change itself. Lines count from 0. */
export type Display = Readonly<{
  words: string; // why, without code
  remaining: number; // places of the same pattern in that file, this one included
  file: string; // "" in the file that it was asked for
  line: number;
  deleted: string; // what the range holds
  inline: boolean; // it only adds text after the cursor, on its line
  chain?: boolean; // the remaining places may be changed at once
}>;
/** An offer, as far as it is shown. */
export type Shown = Readonly<{ uri: vscode.Uri; range: vscode.Range; text: string; display: Display }>;
/** Where an offer is: elsewhere, in the cursor's line, or drawn by VS Code as ghost text, which has its own keys. */
export type Way = "away" | "here" | "ghost";

const MOST = 80; // characters of new text that are drawn; the hover has them all
const CHAIN = "Ctrl+Alt+Enter"; // on a Mac, too: the extension may run on another machine, and knows only that
const colour = (name: string): vscode.ThemeColor => new vscode.ThemeColor(name);

/** Owns the decorations, the status item and the context keys that the keybindings ask for. */
export class NextEditView implements vscode.Disposable {
  private readonly removed = vscode.window.createTextEditorDecorationType({
    textDecoration: "line-through", // not by colour alone
    color: colour("gitDecoration.deletedResourceForeground"), // a background would also be that of the new text
  });
  // VS Code draws what is before a position first, then what is after it; of two of one sort, the order is by chance.
  private readonly added = vscode.window.createTextEditorDecorationType({
    before: { fontStyle: "italic", backgroundColor: colour("diffEditor.insertedTextBackground") },
  });
  private readonly hint = vscode.window.createTextEditorDecorationType({
    after: { margin: "0 0 0 2ch", color: colour("editorCodeLens.foreground"), border: "1px solid" },
  });
  private readonly item = vscode.window.createStatusBarItem("nextEdit", vscode.StatusBarAlignment.Right, 99);
  private readonly keys = new Map<string, boolean>();
  private editor: vscode.TextEditor | undefined;

  constructor() {
    this.item.name = "assist: Next Edit";
    this.item.command = "assist.nextEdit.go";
  }

  /** Show an offer in an editor, and in no other one. */
  show(editor: vscode.TextEditor, offer: Shown, way: Way): void {
    if (this.editor !== editor) this.clear();
    this.editor = editor;
    const drawn = way !== "ghost";
    const within = offer.uri.toString() === editor.document.uri.toString();
    const { removed, added, hint } = this;
    editor.setDecorations(removed, drawn && within ? [{ range: offer.range, hoverMessage: hover(offer) }] : []);
    editor.setDecorations(
      added,
      drawn && within && offer.text ? [at("before", newEnd(editor, offer), oneLine(offer.text))] : [],
    );
    editor.setDecorations(hint, drawn ? [at("after", ...noted(editor, offer, within))] : []);
    this.tell(offer, way);
    this.set("", drawn);
    this.set("Here", way === "here");
    this.set("Ghost", way === "ghost");
    this.set("Chain", within && offer.display.chain === true);
  }

  /** Show nothing. */
  clear(): void {
    for (const type of [this.removed, this.added, this.hint]) this.editor?.setDecorations(type, []);
    this.editor = undefined;
    this.item.hide();
    for (const name of this.keys.keys()) this.set(name, false);
  }

  dispose(): void {
    this.clear();
    for (const part of [this.removed, this.added, this.hint, this.item]) part.dispose();
  }

  private set(name: string, value: boolean): void {
    if ((this.keys.get(name) ?? false) === value) return;
    this.keys.set(name, value);
    void vscode.commands.executeCommand("setContext", `assist.nextEdit${name}`, value);
  }

  /** In the status bar, too: screen readers do not read what decorations add. */
  private tell({ text, display }: Shown, way: Way): void {
    const { deleted, words } = display;
    const place = display.file || `line ${String(display.line + 1)}`;
    const what = [deleted && `replace ${deleted}`, text && `${deleted ? "with" : "insert"} ${text}`];
    const key = way === "away" ? "Tab goes there" : "Tab applies it";
    this.item.text = `$(edit) Next edit: ${place}`;
    this.item.tooltip = `${words}\n${key}, Escape dismisses it.`;
    const label = `Next edit, ${place}: ${what.filter(Boolean).join(" ")}. ${words}. ${key}, Escape dismisses it.`;
    this.item.accessibilityInformation = { label };
    this.item.show();
  }
}

/** The last line of a range that holds any of its text. */
export function lastLine({ start, end }: vscode.Range): number {
  return end.character === 0 && end.line > start.line ? end.line - 1 : end.line;
}

/** Where the new text is drawn: after the old one. */
function newEnd({ document }: vscode.TextEditor, { range }: Shown): vscode.Position {
  const last = lastLine(range);
  return last === range.end.line ? range.end : document.lineAt(last).range.end;
}

/** Where the hint is, and its words: in the offer's line if one sees that, else at the edge of the view. */
function noted(editor: vscode.TextEditor, { range, display }: Shown, within: boolean): [vscode.Position, string] {
  const all = display.chain ? ` · all ${String(display.remaining)}: ${CHAIN}` : "";
  const end = (line: number): vscode.Position => editor.document.lineAt(line).range.end;
  const { line } = range.start;
  const [top, bottom] = edges(editor);
  if (!within) return [end(bottom), `Tab → ${display.file}`];
  const seen = editor.visibleRanges.some((view) => view.start.line <= line && line <= view.end.line); // not folded
  if (seen && line >= top) return [end(lastLine(range)), `Tab${all}`];
  return line < top
    ? [end(top), `Tab ↑ line ${String(line + 1)}${all}`]
    : [end(bottom), `Tab ↓ line ${String(line + 1)}${all}`];
}

/** The first and the last line that one sees, below the lines that VS Code keeps at the top while scrolling. */
function edges({ document, visibleRanges }: vscode.TextEditor): [number, number] {
  const settings = vscode.workspace.getConfiguration("editor.stickyScroll", document);
  const sticky = settings.get<boolean>("enabled", false) ? settings.get<number>("maxLineCount", 0) : 0;
  const first = visibleRanges[0]?.start.line ?? 0;
  const last = Math.min(visibleRanges.at(-1)?.end.line ?? 0, document.lineCount - 1);
  return [first > 0 ? Math.min(first + sticky, last) : 0, last];
}

function at(side: "before" | "after", place: vscode.Position, contentText: string): vscode.DecorationOptions {
  return { range: new vscode.Range(place, place), renderOptions: { [side]: { contentText } } };
}

/** Text as a decoration can hold it: one line, in which spaces count. */
function oneLine(text: string): string {
  const line = text.replace(/\r?\n/g, "↵").replace(/\t/g, "    ").replace(/ /g, "\u00a0");
  const letters = Array.from(line);
  return letters.length > MOST ? `${letters.slice(0, MOST).join("")}…` : line;
}

function hover({ text, display }: Shown): vscode.MarkdownString {
  return new vscode.MarkdownString().appendText(display.words).appendCodeblock(text);
}
