"""Which part of a model's text is shown: a golden table by complaint, and properties of any text."""

import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rounds import rounds

from assist_completion.display.cursor_site import CursorSite
from assist_completion.display.filters import CleanText, clean
from assist_context.code.trees import fragments
from assist_context.languages import LANGUAGES, PLAIN, language_of
from assist_context.unseen_characters import is_unseen

# (complaint, file suffix, source with the cursor as █, raw completion, text shown or !reason, replace)
# fmt: off
GOLDEN = [
    # duplicates code after the cursor (continue#4721, llama.vim#55, minuet#137)
    ("duplicates-suffix", "py", "print(█foo)", "foo)", "!duplicates-suffix", 0),
    ("duplicates-suffix", "py", "print(█foo)", "bar, foo)", "bar, ", 0),
    ("duplicates-suffix", "py", "print(█, bar)\n", "foo, bar)", "foo", 0),
    ("duplicates-suffix", "py", "x = █ + 1\n", "total + 1", "total", 0),
    ("duplicates-suffix", "py", "x = █\nprint(x, y)\n", "compute()\nprint(x, y)", "compute()", 0),
    ("duplicates-suffix", "py", "def f(a):\n    █\n    return a + 1\n", "return a + 1", "!duplicates-suffix", 0),
    ("duplicates-suffix", "py", "def f(a):\n    █\n    return a + 1\n", "    return a + 1", "!duplicates-suffix", 0),
    ("duplicates-suffix", "py", "def f(a):\n    █\n    return a + 1\n", "a *= 2\n    return a + 1", "a *= 2", 0),
    ("duplicates-suffix", "py", "def f(a):\n    █\n    return a + 1\n", "if a < 0:\n        return a + 1", "if a < 0:\n        return a + 1", 0),
    ("duplicates-suffix", "py", "def f(a):█\n    return a + 1\n", "\n    return a + 1", "!duplicates-suffix", 0),
    ("duplicates-suffix", "py", "a = 1\n█\nlog('done', a)\nexit(a)\n", "b = 2\nlog(\"done\", a)\nexit(a)\nfoo()", "b = 2", 0),
    ("duplicates-suffix", "js", "const a = 1;\n█\nconsole.log(a, b);\n", "const b = 2;\nconsole.log(a, b)", "const b = 2;", 0),
    ("duplicates-suffix", "go", "\tx := 1\n\t█\n\treturn x, nil\n", "x++\n\treturn x, nil", "x++", 0),
    ("duplicates-suffix", "rs", "    let a = █;\n", "b + 1;", "b + 1;", 1),
    ("duplicates-suffix", "java", "    foo(a, █b, c);\n", "b, c);", "!duplicates-suffix", 0),
    ("duplicates-suffix", "ts", "const x = wrap(█).then(next);\n", "load()).then(next);", "load()", 0),
    ("duplicates-suffix", "ts", "const x = wrap(█) + g();\n", "f()", "f()", 0),
    ("duplicates-suffix", "txt", "one line\n█\nanother long line here\n", "two lines\nanother long line here", "two lines", 0),
    ("duplicates-suffix", "cpp", "    int a = 1;\n    █\n    return compute(a, b);\n}\n", "int b = 2;\n    return compute(a, b);\n}", "int b = 2;", 0),
    # extra closing brackets (cody#1294), and brackets that the editor closed by itself
    ("extra-closing-bracket", "py", "print(█)\n", "a, b)", "a, b)", 1),
    ("extra-closing-bracket", "py", "print(len(█))\n", "a))", "a))", 2),
    ("extra-closing-bracket", "py", "print(len(█))\n", "a)", "a)", 1),
    ("extra-closing-bracket", "py", "print(len(█))\n", "a)))", "a))", 2),
    ("extra-closing-bracket", "py", "print(len(█)\n", "a)", "a)", 0),
    ("extra-closing-bracket", "py", 'print("█")\n', 'hello")', 'hello")', 2),
    ("extra-closing-bracket", "py", 'print(f"Total: {█}")\n', 'f(g(x))}"', 'f(g(x))}"', 2),
    ("extra-closing-bracket", "py", 'print("█")\n', 'hello', 'hello', 0),
    ("extra-closing-bracket", "py", "x = [a, █]\n", "b] + c", "b] + c", 1),
    ("extra-closing-bracket", "py", "x = foo(a█\n", ", b))", ", b)", 0),
    ("extra-closing-bracket", "py", 'def f():\n    """█"""\n', 'Doc."""', 'Doc."""', 3),
    ("extra-closing-bracket", "py", "x = f(█\n    b)\n", "a, c)", "a, c", 0),
    ("extra-closing-bracket", "py", "x = (\n    a█\n)\n", "+ b)", "+ b", 0),
    ("extra-closing-bracket", "py", "x = a█\n", " + ')'", " + ')'", 0),
    ("extra-closing-bracket", "js", "foo(█);\n", "a, b);", "a, b);", 2),
    ("extra-closing-bracket", "js", "if (a) {\n  foo();█\n}\n", "\n}", "!duplicate-closer", 0),
    ("extra-closing-bracket", "js", "function f() {\n  if (a) {\n    foo();\n█\n}\n", "  }", "  }", 0),
    ("extra-closing-bracket", "js", "function f() {\n  if (a) {\n    foo();\n    █\n}\n", "bar();\n  }\n}", "bar();\n  }", 0),
    ("extra-closing-bracket", "js", "items.map(█)\n", "(x) => x.id)", "(x) => x.id)", 1),
    ("extra-closing-bracket", "js", "items.map(x => {█})\n", "\n  return x;\n})", "\n  return x;\n})", 2),
    ("extra-closing-bracket", "js", "const re = /[(]/;\nfoo(█)\n", "a)", "a)", 1),
    ("extra-closing-bracket", "ts", "const m: Map<█>\n", "string, number>", "string, number>", 1),
    ("extra-closing-bracket", "ts", "  if (a) {\n    x();\n  █\n    y();\n  }\n", "} else {", "} else {", 0),
    ("extra-closing-bracket", "go", "func f() {\n\tif err != nil {\n\t\treturn\n\t█\n}\n", "}\n}", "}", 0),
    ("extra-closing-bracket", "go", "func f() {\n\tfor {\n\t\t█\n\t}\n}\n", "g()\n\t}\n}\n\nfunc h() {", "g()", 0),
    ("extra-closing-bracket", "rs", "fn f<'a>(x: &'a str) {\n    g(█)\n}\n", "x)", "x)", 1),
    ("extra-closing-bracket", "rs", "fn f() {\n    match x {\n        Some(y) => █\n    }\n}\n", "y,\n    }\n}", "y,", 0),
    ("extra-closing-bracket", "java", "class A {\n    void f() {\n        █\n    }\n}\n", "g();\n    }\n}", "g();", 0),
    ("extra-closing-bracket", "java", "class A\n{\n  void f()\n  {\n    g();\n  █\n}\n", "}\n}", "}", 0),
    ("extra-closing-bracket", "c", "int f(void) {\n    char c = ')';\n    g(█);\n}\n", "c);", "c);", 2),
    ("extra-closing-bracket", "cpp", "struct A {\n    int x;\n    █\n};\n", "int y;\n};", "int y;", 0),
    ("extra-closing-bracket", "c", "    foo(a, b█);\n", "));", "!duplicates-suffix", 0),
    ("extra-closing-bracket", "txt", "first a) then █\n", "b) and c)", "b) and c)", 0),
    ("extra-closing-bracket", "md", "[link](█)\n", "http://x)", "http://x)", 1),
    # the closing keyword or tag is there already
    ("duplicate-closer", "rb", "def f\n  █\nend\n", "x = 1\nend", "x = 1", 0),
    ("duplicate-closer", "lua", "function f()\n  █\nend\n", "return 1\nend", "return 1", 0),
    ("duplicate-closer", "sh", "if a; then\n  █\nfi\n", "ls\nfi", "ls", 0),
    ("duplicate-closer", "html", "<ul>\n  █\n</ul>\n", "<li>a</li>\n</ul>", "<li>a</li>", 0),
    ("duplicate-closer", "java", "void f() {\n    █\n}\n", "}", "!extra-closing-bracket", 0),
    # special tokens leak (Qwen3-Coder#99, continue#1552)
    ("special-token", "py", "x = █\n", "1<|endoftext|>", "!special-token", 0),
    ("special-token", "js", "f(█)\n", "a<|fim_middle|>b", "!special-token", 0),
    ("special-token", "py", "x = a █\n", "<|b|> c", "!syntax", 0),
    # what no one sees, unless the file has it too; code behind a gap (Trojan Source, CVE-2021-42574)
    ("unseen", "py", "x = █\n", "a + b  # \x1b]52;c;Y3Vy\x07 sum", "!unseen", 0),
    ("unseen", "py", "x = █\n", "a + b  # \u202e } \u2066", "!unseen", 0),
    ("unseen", "py", "x = █\n", "a + b" + " " * 300 + "; evil()", "!unseen", 0),
    ("unseen", "js", "x = █\n", "a + b" + "\u00a0" * 300 + "; evil()", "!unseen", 0),
    ("unseen", "js", "x = █\n", "a + b" + "\t" * 11 + "; evil()", "!unseen", 0),
    ("unseen", "py", "def f():\n    █\n", "a = 1\n" + "\n" * 11 + "    evil()", "!unseen", 0),
    ("unseen", "py", "def f():\n    █\n", "a = 1\n\n\n    b = 2", "a = 1\n\n\n    b = 2", 0),
    ("unseen", "py", "x = '\u202e'\ny = █\n", "'\u202e'", "'\u202e'", 0),
    ("unseen", "py", "x = '\u202e'\ny = █\n", "'\u202e\u2066'", "!unseen", 0),
    ("unseen", "txt", "a" + " " * 300 + "b\nc█\n", " " * 300 + "data", " " * 300 + "data", 0),
    ("unseen", "txt", "# █\n", "می\u200cخواهم ❤\ufe0f 👩\u200d👩", "می\u200cخواهم ❤\ufe0f 👩\u200d👩", 0),
    ("unseen", "txt", "# می█\n", "\u200cخواهم", "\u200cخواهم", 0),
    ("unseen", "py", "ad█\n", "\u200cmin(1)", "!unseen", 0),
    # repeats itself or the text before the cursor
    ("repetition", "py", "x = █\n", "1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1", "!repetition", 0),
    ("repetition", "py", "█\n", "print(a)\nprint(a)\nprint(a)\n", "!repetition", 0),
    ("repetition", "md", "Title\n█\n", "-----------------------------", "-----------------------------", 0),
    ("echo", "py", "    total = sum█\n", "    total = sum(xs)", "(xs)", 0),
    ("echo", "py", "foo.ba█\n", "foo.bar()", "r()", 0),
    ("echo", "py", "return foo(█)\n", "return foo(a, b)", "a, b)", 1),
    ("echo", "py", "total = 0\n█\n", "total = 0\nfor x in xs:", "for x in xs:", 0),
    ("echo", "py", "    total = 0\n    tot█\n", "al = 0", "!echo", 0),
    ("echo", "rs", "fn f() {\n    let v: Vec<█\n}\n", "Vec<u8>> = vec![];", "Vec<u8>> = vec![];", 0),
    ("echo", "go", "\tx := compute(a)\n\t█\n", "x := compute(a)", "!echo", 0),
    ("echo", "txt", "To be or not to be, to █\n", "be or not", "be or not", 0),
    # indentation
    ("indentation", "py", "def f():\n    █\n", "    return 1", "return 1", 0),
    ("indentation", "py", "def f():\n    if x:\n    █\n", "    return 1", "    return 1", 0),
    ("indentation", "py", "x = 1\n█\n", "    y = 2", "y = 2", 0),
    ("indentation", "py", "def f():\n    █\n", "    for x in xs:\n        g(x)", "for x in xs:\n        g(x)", 0),
    ("indentation", "py", "def f():\n\t█\n", "for x in xs:\n        g(x)", "for x in xs:\n\t\tg(x)", 0),
    ("indentation", "go", "func f() {\n\t█\n}\n", "if a {\n        b()\n    }", "if a {\n\t\tb()\n\t}", 0),
    ("indentation", "js", "function f() {\n  a();\n  █\n}\n", "if (a) {\n\t\tb();\n\t}", "if (a) {\n    b();\n  }", 0),
    ("indentation", "py", "x = █\n", " 10  \n", "10", 0),
    ("indentation", "java", "class A {\n    █\n}\n", "\n    int x;", "int x;", 0),
    # wrong syntax
    ("syntax", "py", "x = █\n", "foo(1]", "foo(1", 0),
    ("syntax", "py", "def f(█\n", "a, b):", "a, b):", 0),
    ("syntax", "py", "x = foo(█\n", "a,", "a,", 0),
    ("syntax", "py", "if a ==█\n", " = b:", "!syntax", 0),
    ("syntax", "py", "try█\n", ":", ":", 0),
    ("syntax", "py", "def f():\n    █\n", '"""One line.', '"""One line.', 0),
    ("syntax", "js", "if (a) █\n", "{", "!too-short", 0),
    ("syntax", "js", "const x = █\n", "a ? b c;", "!syntax", 0),
    ("syntax", "go", "func f() {\n\tx := █\n}\n", "[]int{1, 2", "[]int{1, 2", 0),
    ("syntax", "rs", "fn f() {\n    let x █\n}\n", "= = 1;", "!syntax", 0),
    ("syntax", "java", "class A { void f() { int x █ } }\n", "= 1;", "= 1;", 0),
    ("syntax", "c", "int main(void) {\n    return █;\n}\n", "a +* ;", "!syntax", 0),
    ("syntax", "cpp", "template <typename T>\nT f(T a)█\n", " {", "!too-short", 0),
    ("syntax", "py", "foo(a))) = b\nx = █\n", "1", "!too-short", 0),
    ("syntax", "py", "foo(a))) = b\nx = █\n", "bar(1)", "bar(1)", 0),
    # a word that the model ended wrongly, and the same word ended rightly
    ("syntax", "py", "def level(n):\n    if n == 0:\n        retu█\n    return n\n", "r 0", "!syntax", 0),
    ("syntax", "py", "def level(n):\n    if n == 0:\n        retu█\n    return n\n", "rn 0", "rn 0", 0),
    ("syntax", "py", "def level(n):\n    deep = n + 1\n    retur█\n", " deep", "!syntax", 0),
    ("syntax", "py", "def level(n):\n    deep = n + 1\n    retur█\n", "n deep", "n deep", 0),
    # a generator with another argument, and a list that continues on the next line
    ("syntax", "py", "def top(xs):\n    best = 0\n    b█\n    return best\n", "est = max(best, -x for x in xs)", "!syntax", 0),
    ("syntax", "py", "sizes = [1, 2█\n         30, 40]\n", "0, 30, 40]", "!syntax", 0),
    # too much text, or too little to be useful
    ("wrong multi-line", "py", "print(█foo)\n", "a,\n    b, ", "a,", 0),
    ("wrong multi-line", "js", "const x = █ + 1;\n", "foo\nconst y = 2;", "foo", 0),
    ("too-short", "py", "x = foo(a█\n", ")", ")", 0),
    ("too-short", "py", 'def f(xs, n):\n    import math\n    """\n    Doc.\n    """\n    return sum([math.ceil(x / n) for x in xs]█\n', ")", ")", 0),
    ("too-short", "py", "x = foo(a)█\n", ")", "!extra-closing-bracket", 0),
    ("too-short", "py", "if x█\n    pass\n", ":", ":", 0),
    ("too-short", "py", "x = █\n", "y", "!too-short", 0),
    ("too-short", "js", "foo()█\n", ";", "!too-short", 0),
    ("too-short", "js", "if (a) {\n  b();█\n", "\n}", "\n}", 0),
    ("too-short", "py", "x = █\n", "  \n ", "!empty", 0),
]
# fmt: on


def check(source: str, raw: str, expected: str, replace: int, suffix: str = "py") -> None:
    before, after = source.split("█")
    found = clean(CursorSite(before, after, language_of("a." + suffix)), raw)
    dropped = expected.removeprefix("!") if expected.startswith("!") else None
    assert found == CleanText("" if dropped else expected, replace, dropped)


@pytest.mark.parametrize(
    ("suffix", "source", "raw", "expected", "replace"),
    [pytest.param(*case[1:], id=f"{case[0]}-{number}-{case[1]}") for number, case in enumerate(GOLDEN)],
)
def test_golden(suffix: str, source: str, raw: str, expected: str, replace: int) -> None:
    check(source, raw, expected, replace, suffix)


def test_golden_texts_are_left_alone_the_second_time() -> None:
    for _, suffix, source, raw, expected, replace in GOLDEN:
        if not expected.startswith("!"):
            check(source, expected, expected, replace, suffix)
            check(source, raw.replace("\n", "\r\n"), expected, replace, suffix)


def test_a_file_about_special_tokens_may_hold_one_more_of_them() -> None:
    site = CursorSite("END = '<|endoftext|>'\nx = ", "\n", language_of("a.py"))
    assert clean(site, "'<|endoftext|>'").text == "'<|endoftext|>'"
    assert clean(site, "'<|fim_middle|>'").dropped == "special-token"


UNSEEN = [chr(code) for code in range(sys.maxunicode + 1) if is_unseen(chr(code)) and code != ord("\r")]


def test_no_text_brings_a_character_that_no_one_sees() -> None:
    for character in UNSEEN:
        found = clean(CursorSite("", "", PLAIN), f"{character}ad{character}min(1){character}")
        assert found.dropped == "unseen", hex(ord(character))


@pytest.mark.parametrize("place", ["{}min(1)", "ad{}min(1)", "admin(1) # a{}b"])
@pytest.mark.parametrize(
    "character", ["\0", "\x0c", "\x1b", "\xad", "\u200c", "\ufe0f", "\ufeff", "\U000e0041"]
)
def test_one_is_enough_wherever_it_is_and_a_file_that_has_it_may_get_more(place: str, character: str) -> None:
    text = place.format(character)
    assert clean(CursorSite("", "", PLAIN), text).dropped == "unseen"
    assert clean(CursorSite(f"'{character}' ", "", PLAIN), text).text.strip() == text.strip()
    assert clean(CursorSite("", f"\n'{character}'", PLAIN), text).text.strip() == text.strip()


@pytest.mark.parametrize("blank", [*" \t\u00a0\u1680\u2003\u202f\u3000"])
def test_no_text_brings_a_longer_gap_than_its_file_has(blank: str) -> None:
    for count in (*range(1, 12), *range(70, 90), 300, 3_000):
        found = clean(CursorSite("", "", PLAIN), f"ok(){blank * count}evil()")
        wide = count * (8 if blank == "\t" else 1)
        assert (found.dropped == "unseen") == (wide > 84 if blank == "\t" else wide > 80), (blank, count)


# A model or a file may have any text: brackets, quotes, line breaks and odd characters.
PIECES = st.sampled_from(
    [
        *("(", ")", "[", "]", "{", "}", "<", ">", '"', "'", "`", '"""', "/*", "*/", "//", "#", ";", ",", ":"),
        *(" ", "    ", "\t", "\n", "\n    ", "\n\t", "\r\n", "\0", "é", "😀", "\ud800", "\u2028", "."),
        *("foo", "bar(", "return ", "if x:", "else", "end", "} else {", "</div>", "=", "==", "->", "x = 1\n"),
    ]
)
TEXT = st.lists(PIECES, max_size=14).map("".join)
LANGUAGE = st.sampled_from([PLAIN, *LANGUAGES])


@settings(max_examples=rounds(400))
@given(TEXT, TEXT, TEXT, LANGUAGE)
def test_any_text(before: str, raw: str, after: str, language: object) -> None:
    """`clean` never raises, replaces at most the rest of the line, and adds nothing but indentation."""
    assert isinstance(language, type(PLAIN))
    found = clean(CursorSite(before, after, language), raw)
    assert 0 <= found.replace <= len(after.partition("\n")[0])
    assert bool(found.text) == (found.dropped is None)
    if found.dropped:
        assert found.replace == 0
    assert "".join(found.text.split()) in "".join(raw.split())
    if not raw.endswith(found.text):
        assert len(found.text.strip()) <= len(raw.strip()) + 8 * raw.count("\n")


@settings(max_examples=rounds(300))
@given(TEXT, TEXT, TEXT, st.sampled_from([language_of("a." + suffix) for suffix in ("py", "ts", "go", "c")]))
def test_no_new_unbalanced_closer(before: str, raw: str, after: str, language: object) -> None:
    """Everything the text closes was open, and is not closed again after it."""
    assert isinstance(language, type(PLAIN))
    found = clean(CursorSite(before, after, language), raw)
    ours = fragments.balance(language, before, found.text)
    closers = [token for token, _ in ours.closes if token in ")]}"]
    assert len(closers) <= len(ours.open) or before[:1].isspace()


@settings(max_examples=rounds(300))
@given(TEXT, TEXT, TEXT, LANGUAGE)
def test_what_is_shown_is_clean(before: str, raw: str, after: str, language: object) -> None:
    """A second pass finds no repetition to drop and no closer to cut."""
    assert isinstance(language, type(PLAIN))
    first = clean(CursorSite(before, after, language), raw)
    second = clean(CursorSite(before, after, language), first.text)
    assert first.dropped or second.dropped not in {"special-token", "empty", "repetition"}


@pytest.mark.parametrize("piece", ["(", "]", "({[", '"', "a ", "\t", "x\n", "😀", "/*", "a.b", "<"])
def test_a_megabyte_does_not_matter(piece: str) -> None:
    start = time.process_time()
    for language in (language_of("a.py"), language_of("a.ts"), PLAIN):
        huge = piece * (1_000_000 // len(piece))
        clean(CursorSite("x = ", "\n", language), huge)
        clean(CursorSite(huge, huge, language), "foo(1)")
        clean(CursorSite(huge, huge, language), huge)
    assert time.process_time() - start < 5  # 0.5 s; quadratic work would take hours
