/** One answer of a conversation: how the server's pieces make it up, and what the page gets of it. */
import MarkdownIt from "markdown-it";
import type { Question } from "./questions";

/** The parameters of `assist/answer`. */
export type Piece = Readonly<{ id: string; delta: string; done: boolean } & Partial<Said & Ended>>;
type Said = { restart: boolean; notice: string; progress: Progress; facts: readonly Fact[] };
type Ended = { summary: string; error: string | null; edit: Edit | null; thread: string | null; sources: Source[] };
type Progress = Readonly<{ message: string }>;
type Edit = Readonly<{ files: readonly string[]; applied: boolean }>;

/** A fact: a name, "" where it continues the one above, and words; those with a `uri` are a place. */
type Fact = Readonly<{ name: string; parts: readonly Part[] }>;
type Part = Readonly<{ words: string; uri?: string; line?: number }>;

/** Lines of a file that the model was shown. */
type Source = Readonly<{ uri: string; place: string; first: number; last: number; name: string }>;

/** Where a link leads; the line counts from 1. */
export type Place = Readonly<{ uri: string; line: number }>;

/** A piece that only ends an answer. */
export const DONE = { delta: "", done: true };

/** An answer before its first piece. */
export const FRESH = {
  ...{ title: "", question: {} as Question, thread: "", verdict: "" },
  ...{ facts: [] as readonly Fact[], asksModel: true },
  ...{ text: "", html: "", rendered: "", notices: [] as readonly string[], progress: "reading" },
  ...{ done: false, error: "", last: "", changes: false, heading: "Sources", links: [] as readonly Source[] },
};

// No HTML, no images: an answer must not load anything, because a request could carry text away. Links are web
// pages alone, since other schemes run things; the page shows their addresses, which words could hide.
const MARKDOWN = new MarkdownIt({ html: false }).disable("image");
MARKDOWN.validateLink = (url) => /^https:\/\/[^/\\@]+(?:[/?#]|$)/i.test(url);
const STOPPED = "cancelled"; // the server's word for an answer that the user stopped

/** Add a piece to an answer. */
export function took(answer: typeof FRESH, { delta, done, edit, ...more }: Piece): void {
  answer.text = more.restart ? "" : answer.text + delta;
  answer.facts = more.facts ?? answer.facts;
  if (more.notice) answer.notices = [...answer.notices, more.notice];
  if (more.progress) answer.progress = more.progress.message;
  else if (delta) answer.progress = "";
  if (!done) return;
  const made = edit ? `${edit.applied ? "Changed" : "Not changed"}: ${edit.files.join(", ")}.` : "";
  const stopped = more.error === STOPPED;
  answer.done = true;
  answer.progress = "";
  answer.changes = Boolean(edit);
  answer.error = stopped ? "" : (more.error ?? "");
  const end = answer.error || !answer.asksModel ? "" : "Done.";
  answer.last = [stopped ? STOPPED : "", made, more.summary].filter(Boolean).join(" ") || end;
  answer.thread = more.thread ?? answer.thread;
  answer.links = more.sources ?? [];
}

/** Turn the remarks of a review, `PATH:LINE: text` on each line, into links to their places in a folder. */
export function linked(answer: typeof FRESH, uri: (path: string) => string): void {
  const found = answer.text.matchAll(/^(.+?):(\d+): (.*)$/gm);
  const links = [...found].map(([, path = "", line = "", name = ""]) => ({ path, name, line: Number(line) }));
  if (!links.length) return;
  answer.heading = "Remarks";
  const at = (path: string, line: number) => ({
    uri: uri(path),
    place: `${path}:${String(line)}`,
    first: line,
    last: line,
  });
  answer.links = links.map(({ path, name, line }) => ({ ...at(path, line), name }));
  [answer.rendered, answer.html] = [answer.text, ""]; // the links say it all
}

/** The facts as text, a line for each. */
export function factText({ facts }: typeof FRESH): string {
  const words = ({ parts }: Fact): string => parts.map((part) => part.words).join("");
  return facts.map((fact) => `${fact.name}${fact.name && ": "}${words(fact)}`).join("\n");
}

/** The places of an answer in the order of its page: first those in its facts, then those below it. */
export function places({ facts, links }: typeof FRESH): Place[] {
  const parts = facts.flatMap((fact) => fact.parts);
  const inFacts = parts.flatMap(({ uri, line }) => (uri && line ? [{ uri, line }] : []));
  return [...inFacts, ...links.map(({ uri, first }) => ({ uri, line: first }))];
}

/** What the page shows of an answer: nothing in it is an address that the page could open. */
export function drawn(id: string, answer: typeof FRESH): object {
  if (answer.rendered !== answer.text) {
    answer.html = MARKDOWN.render(answer.text);
    answer.rendered = answer.text;
  }
  const { title, html, notices, progress, done, error, last, verdict, heading } = answer;
  let number = 0; // of the next place, as `places` has them
  const part = ({ words, uri, line }: Part): object => (uri && line ? { words, number: number++ } : { words });
  const facts = answer.facts.map((fact) => ({ name: fact.name, parts: fact.parts.map(part) }));
  const links = answer.links.map(({ place, name }) => ({ place, name, number: number++ }));
  const inserts = !error && !answer.changes; // code of an edit belongs where the edit puts it, or nowhere
  const copies = Boolean(answer.text.trim()) || facts.length > 0;
  const shown = { title, facts, html, notices, progress, done, error, last, verdict, heading, links };
  return { id, ...shown, inserts, copies, asksModel: answer.asksModel };
}
