"""How much text is requested at a cursor, where it is cut, and when the model may stop."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rounds import rounds

from assist_completion.display.cursor_site import CursorSite, opens_block
from assist_completion.display.line_policy import (
    AFTER_ACCEPT,
    BLOCK,
    ONE_LINE,
    Shape,
    choose_shape,
    cut,
    repeats,
    should_stop,
    start_of_copy,
)
from assist_context.languages import LANGUAGES, PLAIN, Language, language_of

PY, JS, GO, RB, TXT = (language_of("a." + suffix) for suffix in ("py", "js", "go", "rb", "txt"))

# (file suffix, source with the cursor as █, the shape, and the shape right after an accepted suggestion)
# fmt: off
PLACES = [
    # an empty block, or its header
    ("py", "def f():█\n", BLOCK, BLOCK),
    ("py", "def f():\n    █\n", BLOCK, BLOCK),
    ("py", "def f():\n    █\n\nx = 1\n", BLOCK, BLOCK),
    ("py", "class A:\n    def f(self):\n        █\n\n    def g(self):\n        pass\n", BLOCK, BLOCK),
    ("py", 'def f():\n    """Doc."""\n    █\n', BLOCK, BLOCK),
    ("py", "def f():\n    # Adds them up.\n    █\n", BLOCK, BLOCK),
    ("py", "def f(\n    a: int,\n) -> int:\n    █\n", BLOCK, BLOCK),
    ("py", "if x:  # why\n    █\n", BLOCK, BLOCK),
    ("js", "function f() {█}\n", BLOCK, BLOCK),
    ("js", "function f() {\n  █\n}\n", BLOCK, BLOCK),
    ("js", "items.map(x => {█})\n", BLOCK, BLOCK),
    ("ts", "switch (a) {\n  case 1:█\n  case 2:\n}\n", BLOCK, BLOCK),
    ("go", "\tif err != nil {\n\t\t█\n\t}\n", BLOCK, BLOCK),
    ("rs", "fn f() {\n    // adds\n    █\n}\n", BLOCK, BLOCK),
    ("java", "class A {\n    █\n}\n", BLOCK, BLOCK),
    ("cpp", "void f()\n{\n    █\n}\n", BLOCK, BLOCK),
    ("rb", "def f\n  █\nend\n", BLOCK, BLOCK),
    ("lua", "local function f()\n  █\nend\n", BLOCK, BLOCK),
    ("sh", "if a; then\n  █\nfi\n", BLOCK, BLOCK),
    ("yml", "steps:\n  █\n", BLOCK, BLOCK),
    # the body is written already: multi-line when one line is wanted (continue#3821)
    ("py", "def f():█\n    return 1\n", ONE_LINE, ONE_LINE),
    ("py", "def f():\n    █\n    return 1\n", ONE_LINE, AFTER_ACCEPT),
    ("py", 'def f():\n    """Doc."""\n    █\n    return 1\n', ONE_LINE, AFTER_ACCEPT),
    ("js", "if (a) {█\n  b();\n}\n", ONE_LINE, ONE_LINE),
    ("rb", "def f█\n  x = 1\nend\n", ONE_LINE, ONE_LINE),
    # not a block
    ("py", "x = █\n", ONE_LINE, ONE_LINE),
    ("py", "x = {█}\n", ONE_LINE, ONE_LINE),
    ("py", "x = y[1:█\n", ONE_LINE, ONE_LINE),
    ("py", "x = 1\n█\n", ONE_LINE, AFTER_ACCEPT),
    ("py", "# if this:█\n", ONE_LINE, ONE_LINE),
    ("py", '"""Doc.\n\n    if this:█\n', ONE_LINE, ONE_LINE),
    ("js", "f(█)\n", ONE_LINE, ONE_LINE),
    ("js", "const s = `{█`;\n", ONE_LINE, ONE_LINE),
    ("txt", "as follows:\n█\n", ONE_LINE, AFTER_ACCEPT),
    # inside a line
    ("py", "def f(█a):\n", ONE_LINE, ONE_LINE),
    ("js", "function f() {█ return 1 }\n", ONE_LINE, ONE_LINE),
]

# (file suffix, source, raw completion, shape, text after the cut, whether the model may stop before its end)
CUTS = [
    ("py", "x = █\n", "1\ny = 2\n", ONE_LINE, "1", True),
    ("py", "x = █\n", "1", ONE_LINE, "1", False),
    ("py", "x = 1█\n", "\ny = 2\n", ONE_LINE, "", True),
    ("py", "if x:█\n", "\n    y = 2\n    z = 3\n", ONE_LINE, "\n    y = 2", True),
    ("py", "if x:█\n", "\n\n    y = 2\n", ONE_LINE, "\n    y = 2", True),
    ("py", "█\n", "\n\nx = 1\ny = 2\n", ONE_LINE, "x = 1", True),
    ("py", "f(█b)\n", "a, \nc", ONE_LINE, "a,", True),
    ("py", "f(█b)\n", "a, \nc", BLOCK, "a,", False),
    ("py", "def f():\n    █\n", "a = 1\n    b = 2\nc = 3\n", BLOCK, "a = 1\n    b = 2", True),
    ("py", "def f():\n    █\n", "if a:\n        b\n    else:\n        c\nd\n", BLOCK, "if a:\n        b\n    else:\n        c", True),
    ("py", "def f():█\n", "\n    a = 1\n\n    b = 2\n\nc = 3\n", BLOCK, "\n    a = 1\n\n    b = 2", True),
    ("py", "def f():\n█\n", "    a = 1\n    b = 2\nc = 3\n", BLOCK, "    a = 1\n    b = 2", True),
    ("py", "    x = 1\n    █\n", "y = 2\n    z = 3\n", AFTER_ACCEPT, "y = 2", False),
    ("py", "    x = 1\n    █\n", "if y:\n        z()\n    a = 3\n", AFTER_ACCEPT, "if y:\n        z()", False),
    ("py", "def f():\n    █\n", "a = 1\n    b = 2\n    retu", BLOCK, "a = 1\n    b = 2", False),
    ("py", "def f():\n    █\n", "retu", BLOCK, "retu", False),
    ("py", "def f():\n    █\n", "a = 1  # one\nb", BLOCK, "a = 1  # one", True),
    ("py", "x = f(█\n", "a,\n      b)\ny = 2\n", BLOCK, "a,\n      b)", False),
    ("js", "function f() {█\n", "\n  a();\n  b();\n}\nc();\n", BLOCK, "\n  a();\n  b();\n}", True),
    ("js", "function f() {\n  █\n}\n", "a();\n}\nc();\n", BLOCK, "a();\n}", True),
    ("js", "  if (a) {\n    █\n", "b();\n  } else {\n    c();\n  }\n", BLOCK, "b();", True),
    ("js", "function f() {█}\n", "\n  a();\n}", BLOCK, "\n  a();", False),
    ("go", "func f() {\n\t█\n", "a()\n\tb()\n}\n\nfunc g() {", BLOCK, "a()\n\tb()\n}", True),
    ("rs", "impl A {\n    █\n}\n", "fn f(&self) {\n        a()\n    }\n\n    fn g(&self) {}\n}\n", BLOCK, "fn f(&self) {\n        a()\n    }\n\n    fn g(&self) {}\n}", True),
    ("rb", "def f\n  █\n", "a\n  b\nend\n\ndef g\n", BLOCK, "a\n  b\nend", True),
    ("lua", "function f()\n  █\n", "a()\nen", BLOCK, "a()", False),
    ("txt", "█\n", "one\ntwo\nthree\n", Shape(multi=True, max_lines=2), "one\ntwo", True),
    ("py", "█\n", "", BLOCK, "", False),
    ("py", "█\n", "\n \n", BLOCK, "", False),
    ("py", "x = █\n", "x = x + 1\nx = x + 1\nx = x + 1\n", BLOCK, "x = x + 1", True),
]
# fmt: on


@pytest.mark.parametrize(("suffix", "source", "plain", "accepted"), PLACES)
def test_choose_shape(suffix: str, source: str, plain: Shape, accepted: Shape) -> None:
    before, after = source.split("█")
    site = CursorSite(before, after, language_of("a." + suffix))
    assert choose_shape(site, manual=False, after_accept=False) == plain
    assert choose_shape(site, manual=False, after_accept=True) == accepted


def test_a_manual_request_gets_more_lines_but_not_inside_a_line() -> None:
    assert choose_shape(CursorSite("x = ", "\n", PY), manual=True, after_accept=False) == BLOCK
    assert choose_shape(CursorSite("f(", ")\n", PY), manual=True, after_accept=False) == BLOCK
    assert choose_shape(CursorSite("f(", "a)\n", PY), manual=True, after_accept=False) == ONE_LINE


@pytest.mark.parametrize(("suffix", "source", "raw", "shape", "expected", "stops"), CUTS)
def test_cut(suffix: str, source: str, raw: str, shape: Shape, expected: str, stops: bool) -> None:
    before, after = source.split("█")
    site = CursorSite(before, after, language_of("a." + suffix))
    assert cut(site, raw, shape) == expected
    assert should_stop(site, raw, shape) == stops


def test_the_last_line_is_whole_if_the_model_ended_it() -> None:
    site = CursorSite("def f():\n    ", "\n", PY)
    raw = "a = 1\n    return a"
    assert cut(site, raw, BLOCK) == "a = 1"
    assert cut(site, raw, BLOCK, is_ended=True) == raw


@pytest.mark.parametrize(
    ("suffix", "line", "expected"),
    [
        ("py", "def f(a):", True),
        ("py", "    async with a as b:  # {", True),
        ("py", ") -> int:", True),
        ("py", "x = {'a':", False),
        ("py", "# if a:", False),
        ("py", "x: int", False),
        ("js", "  foo(() => { // why", True),
        ("js", "  foo({ a })", False),
        ("js", "  default:", True),
        ("cpp", "public:", True),
        ("rb", "  items.each do |item|", True),
        ("rb", "  def f; end", False),
        ("lua", "local function f(a)", True),
        ("sh", "for a in b; do", True),
        ("txt", "as follows:", False),
        ("js", "x" * 1000 + "{", False),
    ],
)
def test_opens_block(suffix: str, line: str, expected: bool) -> None:
    assert opens_block(line, language_of("a." + suffix)) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a " * 10, True),
        ("a " * 9, False),
        ("foo(a, b); " * 5, True),
        ("foo(a, b); " * 2, False),
        ("x\n" * 3, True),
        ("x\n" * 2, False),
        ("}\n" * 3, False),
        ("1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12", False),
        ("=" * 80, False),
        ("", False),
        ("first\n" + "self.assertEqual(a, b)\n" * 3, True),
        ("    a();\n  }\n}\n", False),
    ],
)
def test_repeats(text: str, expected: bool) -> None:
    assert repeats(text) is expected


@pytest.mark.parametrize(
    ("before", "text", "after", "kept"),
    [
        ("", "a = 1\nfoo(a, b)", "\nfoo(a, b)\n", "a = 1"),
        ("    ", "foo(a, b)", "\n    foo(a, b)\n", ""),
        ("    ", "foo(a, b)", "\nfoo(a, b)\n", "foo(a, b)"),
        ("", "foo(a, 'b')", '\n\n\nfoo(a,"b");\n', ""),
        ("x = ", "1\n}", "\n}\n", "1\n}"),
        ("", "a = 1\nfoo(a, b)\nbar(c, d)", "\nfoo(a, b)\nbaz(e, f)\n", "a = 1\nfoo(a, b)\nbar(c, d)"),
        ("", "a = 1\nfoo(a, b)\nbar(c, d)", "\nfoo(a, b)", "a = 1"),
    ],
)
def test_start_of_copy(before: str, text: str, after: str, kept: str) -> None:
    assert text[: start_of_copy(CursorSite(before, after, PLAIN), text)].rstrip("\n") == kept


LINES = st.lists(
    st.sampled_from(
        [
            "a = 1",
            "    b()",
            "  c",
            "}",
            "  }",
            "if x:",
            "f() {",
            "end",
            "",
            "    ",
            "\tx",
            "*/",
            "</b>",
            "} else {",
        ]
    ),
    max_size=16,
).map("\n".join)
SHAPES = st.sampled_from([ONE_LINE, AFTER_ACCEPT, BLOCK])
WITHOUT_GRAMMAR = [language for language in LANGUAGES if not language.grammar]


@settings(max_examples=rounds(300))
@given(LINES, LINES, LINES, st.sampled_from(LANGUAGES), SHAPES)
def test_any_text(before: str, raw: str, after: str, language: Language, shape: Shape) -> None:
    site = CursorSite(before, after, language)
    found = cut(site, raw, shape)
    assert found == found.rstrip()
    assert found.lstrip("\n") in raw
    assert sum(bool(line.strip()) for line in found.split("\n")) <= shape.max_lines
    choose_shape(site, manual=False, after_accept=True)


@settings(max_examples=rounds(300))
@given(LINES, LINES, st.sampled_from(WITHOUT_GRAMMAR), SHAPES)
def test_what_comes_after_the_stop_is_not_missed(
    before: str, raw: str, language: Language, shape: Shape
) -> None:
    """Text that the model would have written after the stop does not change the cut."""
    site = CursorSite(before, "\n", language)
    stops = (end for end in range(len(raw)) if should_stop(site, raw[:end], shape))
    end = next(stops, len(raw))
    if end < len(raw) and not repeats(raw[:end]):
        assert cut(site, raw[:end], shape) == cut(site, raw, shape)


@pytest.mark.parametrize("piece", ["(", "]", "x\n", "if x:\n", "{", "    ", "😀", "```"])
def test_a_megabyte_does_not_matter(piece: str) -> None:
    huge = piece * (1_000_000 // len(piece))
    start = time.process_time()
    for language in (PY, JS, TXT):
        site = CursorSite(huge, huge, language)
        choose_shape(site, manual=False, after_accept=True)
        cut(site, huge, BLOCK)
        for _ in range(10):
            should_stop(site, huge[:500], BLOCK)
    assert time.process_time() - start < 5  # 0.3 s on an idle machine; quadratic work would take minutes
