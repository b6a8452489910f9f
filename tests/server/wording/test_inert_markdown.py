"""A page that an editor shows loads nothing, hides no address, and sets nothing in an editor."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from assist_server.wording.inert_markdown import inert_markdown, inert_page

URL = "https://evil.example/?k=1"
ROWS = [
    (f"[the docs]({URL})", f"[the docs] ({URL})"),
    (f"![badge]({URL})", f"! [badge] ({URL})"),
    (f"[![b]({URL})]({URL})", f"[! [b] ({URL})] ({URL})"),
    (f"[x][r] and [r]\n\n[r]: {URL}", f"[x][r] and [r]\n\n[r] : {URL}"),
    (f"<{URL}>", f"< {URL}>"),
    (f"<img src='{URL}'>", f"< img src='{URL}'>"),
    (f"<!-- x --><?x?></b><IMG\nsrc={URL}>", f"< !-- x -->< ?x?>< /b>< IMG\nsrc={URL}>"),
    ("a < b and c <= d, 1. x", "a < b and c <= d, 1. x"),
    ("```python\na[0](x)\n```", "```python\na[0](x)\n```"),
    ("1. x\n   ```c\n   #include <a.h>\n   ```\n2. y", "1. x\n\n```c\n#include <a.h>\n```\n\n2. y"),
    ("```mermaid\nclick A\n```", "```\nclick A\n```"),
    ("~~~\n```\n<b>\n~~~", "````\n```\n<b>\n````"),
    ("```\nopen", "```\nopen\n```"),
    (f"``` `a`\n![b]({URL})", f"``` `a`\n! [b] ({URL})"),
    ("# vim: set ft=sh:", "# vim : set ft=sh:"),
    ("-*- eval: x -*-*-", "- *- eval: x - *- *-"),
]


@pytest.mark.parametrize(("text", "page"), ROWS)
def test_spaces_are_all_that_is_added(text: str, page: str) -> None:
    assert inert_markdown(text) == page


PARTS = st.sampled_from(
    ["[", "]", "(", ")", "![", "](", "]: ", "<", ">", "<a href=", URL, "\n", "\n\n", "    ", "> ", "- ", "```",
     "~~~", "`", "``", "\\", "<!--", "-->", "<script>", " ", "x", "'", '"', "&lt;", "\u200b", "\t", "````html\n"]
)  # fmt: skip


@given(st.lists(PARTS, max_size=25).map("".join))
def test_no_reader_makes_a_link_an_image_or_html_of_it(text: str) -> None:
    page = inert_page("explain a.py", text, ["said"])
    for token in MarkdownIt("commonmark").parse(page):
        assert token.type != "html_block"
        for inner in token.children or ():
            assert inner.type not in ("link_open", "image", "html_inline")


MODELINES = [
    "vim: set ft=sh:", "x vi:noai", "# ex:ts=2", "vim>700: set x:", "Vim: set x:", "-*- mode: sh -*-",
    "Local Variables:\neval: (x)\nEnd:", ";; LOCAL VARIABLES:\n;; mode: sh\n;; End:", "kate: space-indent on;",
    "kate-wildcard(*.md): a b;", "kate-mimetype(text/x): a b;", "v\u200bim: set x:", "\x1b[mvi:x",
    "```\n# vim: set ft=sh:\n```",
]  # fmt: skip


def reads_settings(page: str) -> bool:
    """Whether an editor finds settings in a file, by the rules that each has in its source."""
    lines = page.splitlines()
    # Vim, `chk_modeline`: a mark after white space or at the start of a line, "ex:" only after white space.
    vim = re.compile(r"(?:^|[ \t-\r])(?:vi:|[vV]im[<=>]?\d*:)|[ \t-\r]ex:")
    # Emacs, `hack-local-variables`: the last 3,000 characters, in any case; `-*-` in the first lines.
    emacs = "local variables:" in page[-3000:].lower() or any("-*-" in each for each in lines[:2])
    # Kate, `readVariableLine`.
    kate = re.compile(r"kate:|kate-wildcard\(.*\):|kate-mimetype\(.*\):")
    return emacs or any(vim.search(each) or kate.search(each) for each in lines)


@pytest.mark.parametrize("text", MODELINES)
def test_no_editor_reads_settings_from_it(text: str) -> None:
    assert reads_settings(text) or "\u200b" in text or "\x1b" in text
    for page in (inert_page("ask", text), inert_page(text, "x"), inert_page("x", "y", [text])):
        assert not reads_settings(page)
