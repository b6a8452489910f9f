// The page of the view with answers. The answers arrive as HTML without scripts, made from their Markdown.
// Each section is created once and then updated, so that focus and selection elsewhere are kept.
const vscode = acquireVsCodeApi();
const BIDI = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu; // characters that turn text around them
const say = (what, more) => vscode.postMessage({ do: what, ...more });
const make = (tag, name, text) => Object.assign(document.createElement(tag), { className: name, textContent: text });
const button = (text, label, run, name) => {
  const made = make("button", name ?? "", text);
  made.setAttribute("aria-label", label);
  made.onclick = run;
  return made;
};

const answers = document.body.appendChild(make("main", "", ""));
const asking = document.body.appendChild(make("footer", "", ""));
const field = asking.appendChild(make("textarea", "", ""));
Object.assign(field, { rows: 1, placeholder: "Ask a follow-up" });
field.setAttribute("aria-label", "Ask a follow-up");
field.onkeydown = (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  ask();
};
const send = button("Ask", "Ask a follow-up", ask);
asking.append(
  send,
  button("Clear", "Begin a new conversation", () => say("clear"), "plain"),
);

function ask() {
  const text = field.value.trim();
  if (!text || send.disabled) return;
  field.value = "";
  say("ask", { text });
}

function section(id) {
  const made = make("section", "", "");
  made.id = "answer-" + id;
  const progress = make("p", "progress", "");
  const error = make("p", "error", "");
  const last = make("p", "last", "");
  for (const each of [progress, last]) each.setAttribute("role", "status");
  error.setAttribute("role", "alert");
  const stop = button("Stop", "Stop this answer", () => say("stop", { id }), "stop");
  const sources = make("div", "sources", "");
  const facts = make("dl", "facts", "");
  made.append(
    make("h2", "", ""),
    facts,
    progress,
    make("div", "body", ""),
    make("div", "notices", ""),
    error,
    sources,
    last,
  );
  made.append(stop, make("div", "actions", ""));
  return answers.appendChild(made);
}

function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
  element.hidden = !text;
}

function drawBody(body, html) {
  if (body.source === html) return;
  body.source = html;
  body.innerHTML = html.replace(BIDI, ""); // here, since Markdown may also name them as entities
  for (const link of body.querySelectorAll("a")) {
    const href = link.getAttribute("href");
    // Isolated, so that no text around the address can turn or reorder it.
    const address = Object.assign(make("bdi", "", href), { dir: "ltr" });
    if (link.textContent !== href) link.after(" (", address, ")");
  }
}

// A button that opens a place; its words are text, whatever is in them.
const place = (id, { words, number }) => {
  const text = words.replace(BIDI, "");
  return button(text, "Open " + text, () => say("open", { id, number }), "link");
};

function drawFacts(list, { id, facts }) {
  const state = JSON.stringify(facts);
  if (list.state === state) return;
  list.state = state;
  const rows = facts.flatMap(({ name, parts }) => {
    const value = make("dd", "", "");
    value.append(
      ...parts.map((each) => ("number" in each ? place(id, each) : make("span", "", each.words.replace(BIDI, "")))),
    );
    return name ? [make("dt", "", name), value] : [value];
  });
  list.replaceChildren(...rows);
}

function drawLinks(drawn, { id, heading, links }) {
  const sources = drawn.querySelector(".sources");
  if (!links.length) return sources.replaceChildren();
  const rows = links.map(({ place: words, name, number }) => {
    const row = make("li", "", "");
    const called = name.replace(BIDI, "");
    row.append(place(id, { words, number }), ...(called ? [make("span", "", " " + called)] : []));
    return row;
  });
  const list = make("ol", "", "");
  list.append(...rows);
  sources.replaceChildren(make("h3", "", heading), list);
}

function drawCode(body, inserts) {
  for (const code of body.querySelectorAll("pre")) {
    const text = code.textContent;
    code.after(
      button("Copy", "Copy this code", () => say("copy", { text })),
      ...(inserts ? [button("Insert", "Insert this code at the cursor", () => say("insert", { text }))] : []),
    );
  }
}

// Thumbs as shapes, since not every machine has a font with such characters.
const THUMB = "M2 8h3v7H2zM6 8l3-6c1.6 0 2 1 2 2l-.4 2.6H14c.8 0 1.2.7 1 1.4l-1.6 5.7c-.2.8-.8 1.3-1.6 1.3H6z";
function thumb(made, down) {
  const shape = (name, attributes) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [attribute, value] of Object.entries(attributes)) element.setAttribute(attribute, value);
    return element;
  };
  const drawing = shape("svg", { viewBox: "0 0 16 16", width: "16", height: "16", "aria-hidden": "true" });
  const turned = down ? { transform: "rotate(180 8 8.5)" } : {};
  drawing.append(shape("path", { d: THUMB, fill: "currentColor", ...turned }));
  made.append(drawing);
}

function drawActions(actions, { id, error, verdict, copies, asksModel }) {
  const retry = (wish) => () => say("retry", { id, wish });
  const rating = (label, value) => {
    const made = button("", label, () => say("rate", { id, verdict: value }), "plain");
    thumb(made, value === "bad");
    made.setAttribute("aria-pressed", String(verdict === value));
    return made;
  };
  const again = button("Try again", "Ask the same again", retry(""), error ? "" : "plain");
  const provider = button("Ask a provider", "Ask a provider the same", retry("frontier"));
  const copy = button("Copy all", "Copy the whole answer", () => say("copyAll", { id }), "plain");
  if (!asksModel) return actions.replaceChildren(...(copies ? [copy] : []));
  const thumbs = [rating("A good answer", "good"), rating("A bad answer", "bad")];
  actions.replaceChildren(again, ...(error ? [provider] : []), ...(copies ? [copy] : []), ...thumbs);
}

function draw(answer) {
  const { id, title, html, notices, progress, done, error, last, inserts } = answer;
  const drawn = document.getElementById("answer-" + id) ?? section(id);
  const body = drawn.querySelector(".body");
  write(drawn.querySelector("h2"), title);
  write(drawn.querySelector(".progress"), progress);
  write(drawn.querySelector(".error"), error);
  write(drawn.querySelector(".last"), last);
  drawFacts(drawn.querySelector(".facts"), answer);
  drawBody(body, html);
  drawn.querySelector(".notices").replaceChildren(...notices.map((each) => make("p", "notice", each)));
  drawn.setAttribute("aria-busy", String(!done));
  drawn.querySelector(".stop").hidden = done;
  const state = JSON.stringify([html, error, answer.verdict, done]);
  if (!done || body.finished === state) return;
  if (!body.finished) drawCode(body, inserts);
  body.finished = state;
  drawLinks(drawn, answer);
  drawActions(drawn.querySelector(".actions"), answer);
}

addEventListener("message", ({ data }) => {
  const low = innerHeight + scrollY >= document.body.scrollHeight - 40;
  const ids = new Set(data.map(({ id }) => "answer-" + id));
  for (const each of [...answers.children]) if (!ids.has(each.id)) each.remove();
  data.forEach(draw);
  send.disabled = data.some(({ done }) => !done); // a conversation goes on from a whole answer
  if (low) scrollTo(0, document.body.scrollHeight);
});
say("ready");
