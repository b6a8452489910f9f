// The page of the view with answers. The answers arrive as HTML without scripts, made from their Markdown.
// Each section is created once and then updated, so that focus and selection elsewhere are kept.
const vscode = acquireVsCodeApi();
const BIDI = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu; // characters that turn text around them
const make = (tag, name, text) => Object.assign(document.createElement(tag), { className: name, textContent: text });
const button = (text, label, run) => {
  const made = make("button", "", text);
  made.setAttribute("aria-label", label);
  made.onclick = run;
  return made;
};
function section(id, title) {
  const made = make("section", "", "");
  made.id = "answer-" + id;
  made.append(
    make("h2", "", title),
    make("div", "body", ""),
    make("div", "notices", ""),
    make("p", "last", ""),
    button("Stop", "Stop this answer", () => vscode.postMessage({ stop: id })),
  );
  made.querySelector(".last").setAttribute("role", "status");
  return document.body.appendChild(made);
}
addEventListener("message", ({ data }) => {
  const low = innerHeight + scrollY >= document.body.scrollHeight - 40;
  for (const { id, title, html, notices, last } of data) {
    const drawn = document.getElementById("answer-" + id) ?? section(id, title);
    drawn.querySelector("h2").textContent = title;
    const body = drawn.querySelector(".body");
    if (body.source !== html) {
      body.source = html;
      body.innerHTML = html.replace(BIDI, ""); // here, since Markdown may also name them as entities
      for (const link of body.querySelectorAll("a")) {
        const href = link.getAttribute("href");
        // Isolated, so that no text around the address can turn or reorder it.
        const address = Object.assign(make("bdi", "", href), { dir: "ltr" });
        if (link.textContent !== href) link.after(" (", address, ")");
      }
    }
    drawn.querySelector(".notices").replaceChildren(...notices.map((each) => make("p", "notice", each)));
    const end = drawn.querySelector(".last");
    if (end.textContent !== last) end.textContent = last;
    drawn.setAttribute("aria-busy", String(!last));
    drawn.lastElementChild.hidden = Boolean(last);
    if (!last || body.buttons === html) continue;
    body.buttons = html;
    for (const code of body.querySelectorAll("pre")) {
      const text = code.textContent;
      code.after(
        button("Copy", "Copy this code", () => vscode.postMessage({ code: text, copy: true })),
        button("Insert", "Insert this code at the cursor", () => vscode.postMessage({ code: text, copy: false })),
      );
    }
  }
  if (low) scrollTo(0, document.body.scrollHeight);
});
vscode.postMessage({ ready: true });
