"""Headings in every markup: what is one, what is none, and how sections are nested."""

import json

import pytest

from assist_context.documents import split_lines
from assist_context.index.extraction import parse
from assist_context.pages import notebook_lines, plain_title, sections

MARKDOWN = """\
---
title: "Guide"
---
Intro

# One {#one}
```sh
# a comment
```
Two
===
> # quoted

Three `x`
---------
text

----
<!--
# hidden
-->
###### Deep ##
<h2 align="center">Tag &amp; link</h2>
"""
RST = """\
=====
Title
=====

Intro::

    Code
    ----

First :ref:`part <x>`
---------------------
a

Under
~~~~~
b

-----

Second
------
c
"""
ASCIIDOC = """\
= Book
== Part [[p]]
----
== code
----
=== Chapter
== Other
"""
HTML = """\
<html><head><title>Site</title></head><body>
<h2 id="a">First
 <a href="#a">&para;</a></h2>
<p>text</p>
<h3>Under</h3>
<h2>Second</h2>
"""


@pytest.mark.parametrize(
    ("markup", "text", "expected"),
    [
        (
            "markdown",
            MARKDOWN,
            [
                (1, "Guide"), (6, "Guide > One"), (10, "Guide > Two"), (14, "Guide > Two > Three x"),
                (22, "Guide > Two > Three x > Deep"), (23, "Guide > Two > Tag & link"),
            ],
        ),
        ("rst", RST, [(1, "Title"), (10, "Title > First part"), (14, "Title > First part > Under"), (20, "Title > Second")]),
        ("asciidoc", ASCIIDOC, [(1, "Book"), (2, "Book > Part"), (6, "Book > Part > Chapter"), (7, "Book > Other")]),
        ("html", HTML, [(1, "Site"), (2, "Site > First"), (5, "Site > First > Under"), (6, "Site > Second")]),
        ("markdown", "", []),
        ("markdown", "#no\n#\n    # code\n- a\n---\n| a |\n---\n", []),
        ("rst", "x = 1\n====\n", [(1, "x = 1")]),
        ("rst", "a\nb\n====\n\n====\n", []),
    ],
)  # fmt: skip
def test_sections(markup: str, text: str, expected: list[tuple[int, str]]) -> None:
    found = sections(markup, split_lines(text))
    assert [(each.start_line, each.qualified) for each in found] == expected


def test_a_section_contains_those_below_it_and_ends_before_the_next() -> None:
    found = sections("markdown", split_lines("# A\n## B\nb\n## C\nc\n# D\nd\n"))
    assert [(each.name, each.start_line, each.end_line) for each in found] == [
        ("A", 1, 5),
        ("B", 2, 3),
        ("C", 4, 5),
        ("D", 6, 7),
    ]


def test_titles_are_plain() -> None:
    title = "**Use** [`tmp_path`](a.md) ![logo](b.png) <em>now</em> {: .x }"
    assert plain_title(title) == "Use tmp_path logo now"


@pytest.mark.parametrize("text", ["[" * 4000, "<" * 4000, "<h1>" * 4000, "`" * 9000, "=" * 9000, "\n" * 99])
def test_odd_lines_are_no_headings_and_cost_little(text: str) -> None:
    for markup in ("markdown", "rst", "asciidoc", "html"):
        assert sections(markup, split_lines(text)) == ()


def notebook() -> str:
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": ["# Loading data\n", "Read the *file*."]},
        {
            "cell_type": "code",
            "metadata": {},
            "outputs": [{"data": {"image/png": "x" * 9_000}, "text": ["# no heading\n"]}],
            "source": ["# a comment\n", 'frame = read("a.csv")'],
        },
        {"cell_type": "markdown", "metadata": {}, "source": "## Plotting"},
    ]
    return json.dumps({"cells": cells, "nbformat": 4}, indent=1) + "\n"


def test_a_notebook_is_read_line_for_line_without_its_outputs() -> None:
    lines = split_lines(notebook())
    shown = notebook_lines(lines)
    assert len(shown) == len(lines)
    assert [line for line in shown if line.strip()] == [
        "# Loading data\n", "Read the *file*.\n", "```\n", "# a comment\n", 'frame = read("a.csv")\n', "```\n",
        "## Plotting\n",
    ]  # fmt: skip
    assert shown[next(at for at, line in enumerate(lines) if "Loading" in line)] == "# Loading data\n"


def test_a_notebook_is_indexed_by_its_headings() -> None:
    found = parse("a.ipynb", notebook())
    assert [each.qualified for each in found.definitions] == ["Loading data", "Loading data > Plotting"]
    assert found.problem == ""
    assert any("csv" in each.terms.split() for each in found.chunks)
    assert not any("outputs" in each.terms.split() for each in found.chunks)


def test_chunks_of_a_page_are_its_sections_with_the_path_of_headings_as_title() -> None:
    found = parse(
        "docs/events.md", "# Events\ntext\n\n## Alternative Events (deprecated)\n### Startup\nuse it\n"
    )
    startup = found.chunks[-1]
    assert startup.name == "Events > Alternative Events (deprecated) > Startup"
    assert (startup.named, startup.headed) == ("startup", "event alternativ deprecat")
    assert {each.kind for each in found.definitions} == {"section"}
