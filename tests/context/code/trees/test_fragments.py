"""What a fragment tells by itself: errors, block ends, strings, brackets; and no text breaks it."""

import sys
import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rounds import rounds

from assist_context.code.trees import fragments
from assist_context.languages import LANGUAGES, PLAIN, Language, language_of

PY, TS, GO, RS = (language_of("a." + suffix) for suffix in ("py", "ts", "go", "rs"))
WITH_GRAMMAR = [language for language in LANGUAGES if language.grammar]

SOUND = {
    "python": "def f(a):\n    return [a, 'é']\n",
    "javascript": "function f(a) {\n  return [a, `é`];\n}\n",
    "typescript": "function f(a: number): string[] {\n  return [`${a}`];\n}\n",
    "tsx": "const f = (a: number) => <b>{a}</b>;\n",
    "go": "func f(a int) []int {\n\treturn []int{a}\n}\n",
    "rust": "fn f<'a>(a: &'a str) -> Vec<&'a str> {\n    vec![a]\n}\n",
    "java": "class A {\n    int f(int a) {\n        return a;\n    }\n}\n",
    "c": "int f(int a) {\n    return a;\n}\n",
    "cpp": "int A::f(int a) {\n    return a;\n}\n",
}


@pytest.mark.parametrize("language", WITH_GRAMMAR, ids=lambda language: language.name)
def test_every_grammar_loads_and_counts_errors(language: Language) -> None:
    source = SOUND[language.name]
    assert fragments.errors(language, source) == 0
    assert fragments.errors(language, source + "\n)]+= (") != 0


def test_without_a_grammar_there_is_no_answer() -> None:
    assert fragments.errors(PLAIN, "(") is None
    assert fragments.node_end(PLAIN, "a", 0) is None
    assert fragments.is_empty_block(language_of("a.rb"), "def f\n  ", 8) is None


def test_errors_near_a_place() -> None:
    source = "x = (1\ny = 2\nz = ]\n"
    assert fragments.errors(PY, source, (len(source) - 4, len(source))) == 1
    assert fragments.errors(PY, "a = 1\n" * 20 + "b = ]\n", (0, 30)) == 0


@pytest.mark.parametrize(
    ("suffix", "source", "block"),
    [  # █ is the offset; the node ends at ▒
        ("py", "def f():█\n    a = 1\n    b = 2▒\nc = 3\n", True),
        ("py", "def f():\n    '''Doc.'''\n    █a = 1\n    b = 2▒\nc = 3\n", True),
        ("py", "def f():\n    a = 1\n    █b = (\n        2)▒\n    c = 3\n", False),
        ("py", "x = '😀é'\ndef f():█\n    a = '😀'▒\nc = 3\n", True),
        ("py", "    def f(self):█\n        return 1▒\n\n    def g(self):\n        pass\n", True),
        ("js", "function f() {█\n  a();\n  b();\n}▒\nc();\n", True),
        ("js", "a();\n█if (b) {\n  c();\n} else {\n  d();\n}▒\ne();\n", False),
        ("ts", "class A {\n  f() {█\n    return '😀';\n  }▒\n  g() {}\n}\n", True),
        ("go", "func f() {\n\tif a {█\n\t\tb()\n\t\tc()\n\t}▒\n\td()\n}\n", True),
        ("go", "func f() {\n\ta()\n\t█b()▒\n\tc()\n}\n", False),
        ("rs", "fn f() {█\n    let a = 1;\n    a\n}▒\nfn g() {}\n", True),
        ("java", "class A {\n    void f() {█\n        a();\n    }▒\n    void g() {}\n}\n", True),
        ("c", "int f(void) {\n    a();\n    █for (;;) {\n        b();\n    }▒\n    c();\n}\n", False),
        ("cpp", "struct A {█\n    int x;\n    int y;\n}▒;\n", True),
    ],
)
def test_node_end(suffix: str, source: str, block: bool) -> None:
    offset = source.index("█")
    text = source.replace("█", "")
    end = text.index("▒")
    assert fragments.node_end(language_of("a." + suffix), text.replace("▒", ""), offset) == end


def test_an_end_that_is_a_guess_is_none() -> None:
    assert fragments.node_end(PY, "def f():\n    a = (1\n", 8) is None
    assert fragments.node_end(TS, "  foo() { return 1 }\n  bar() { }\n}\n", 0) is None
    assert fragments.node_end(PY, "a = 1\n   ", 6) is None


@pytest.mark.parametrize(
    ("suffix", "source", "expected"),
    [
        ("py", "def f():\n    █", True),
        ("py", 'def f():\n    """Doc."""\n    █\n\nx = 1\n', True),
        ("py", "def f():\n    # first this\n    # then that\n    █\n", True),
        ("py", 'def f():\n    """Doc."""\n    █\n    return 1\n', False),
        ("py", 'def f():\n    """Doc."""\n█\n', False),
        ("py", "def f():\n    a = 1\n    █\n", False),
        ("py", "x = {'a':█}\n", False),
        ("py", "class A:\n    def f(self):\n        █\n    def g(self): pass\n", True),
        ("js", "function f() {\n  // why\n  █\n}\n", True),
        ("js", "function f() {█}\n", True),
        ("js", "function f() {\n  █\n  a();\n}\n", False),
        ("js", "const x = {█};\n", False),
        ("go", "func f() {\n\t█\n}\n", True),
        ("rs", "fn f() {\n    /* later */ █\n}\n", True),
        ("java", "class A {\n    █\n}\n", True),
        ("c", "int f(void) {\n    █\n}\n", True),
        ("c", "int x[] = {█};\n", False),
        ("cpp", "namespace a {\n█\n}\n", True),
    ],
)
def test_in_empty_block(suffix: str, source: str, expected: bool) -> None:
    before, after = source.split("█")
    assert fragments.is_empty_block(language_of("a." + suffix), before + after, len(before)) is expected


@pytest.mark.parametrize(
    ("suffix", "before", "expected"),
    [
        ("py", "x = 'abc", True),
        ("py", "x = 'abc'", False),
        ("py", "x = 'a\\'", True),
        ("py", "x = 'abc\n", False),
        ("py", '"""Doc.\n\nx = ', True),
        ("py", '"""Doc."""', False),
        ("py", 'x = """', True),
        ("py", "x = 1  # why", True),
        ("py", "x = 1  # why\n", False),
        ("py", '    end of a docstring.\n    """\n    x = \'a', True),
        ("py", '    end of a docstring.\n    """\n    x = ', False),
        ("py", 'def f():\n    import math\n    """\n    Doc, isn\'t it.\n    """\n    x = ', False),
        ("py", 'def f():\n    import math\n    """\n    x = ', True),
        ("py", '    def f(self):\n        """Doc."""\n        g(\'a', True),
        ("py", 'x:\n        def f(self): ...\n    """\n    x = ', False),
        ("js", "f(`a ${b", True),
        ("js", "a /* b */", False),
        ("js", "a /* b ", True),
        ("js", "x = /[/'\"]/g; y", False),
        ("js", " * end of a comment, isn't it\n */\nf(", False),
        ("rs", "fn f<'a>(x: &'a str) { g(", False),
        ("rs", 'let s = r#"a "quoted', True),
        ("c", "char c = '\"'; f(", False),
        ("lua", "x = 1 -- why", True),
        ("txt", "it's (", False),
    ],
)
def test_in_string_or_comment(suffix: str, before: str, expected: bool) -> None:
    assert fragments.is_string_or_comment(language_of("a." + suffix), before + "zzz", len(before)) is expected


@pytest.mark.parametrize(
    ("suffix", "source", "expected"),
    [
        ("py", "x = 1  # why█", True),
        ("py", "x = 1  # why█ not\n", True),
        ("py", "x = 1  █# why", False),
        ("py", "# why\n█x = 1\n", False),
        ("py", "x = '# no█'\n", False),
        ("py", "x = '# no█\n", False),
        ("py", 'def f():\n    """Do█"""\n', False),
        ("js", "a /* b */█\n", False),
        ("js", "a /* b█ */\n", True),
        ("js", "f(\n/* b█", True),
        ("js", "x = 'http://a█", False),
        ("tsx", "const a = <p>http://a█</p>;\n", False),
        ("rs", "/// Doc.\n█fn f() {}\n", False),
        ("rs", "/// Doc.█\nfn f() {}\n", True),
        ("go", "package a\n\n// F does█\n", True),
        ("sh", "echo ${x#y█}\n", False),
        ("html", "<p>a</p><!-- no█ -->\n", True),
        ("html", "<p>a</p><!-- no -->█\n", False),
        ("yaml", "a: b#c█\n", False),
        ("lua", "x = 1 -- why█\n", True),
        ("sql", "select 1 -- why█\n", True),
        ("md", "# A heading█\n", False),
    ],
)
def test_in_comment(suffix: str, source: str, expected: bool) -> None:
    before, after = source.split("█")
    assert fragments.in_comment(language_of("a." + suffix), before + after, len(before)) is expected


@pytest.mark.parametrize(
    ("suffix", "before", "text", "open_", "closes", "left"),
    [
        ("py", "f([", "a]", "([", "]", ""),
        ("py", "f(')'", ", '(')", "(", ")", ""),
        ("py", 'f("', 'a") + (', "(", '")', ")"),
        ("py", "", '"""Doc', "", "", '"""'),
        ("py", "x = (1]", ")", "(", ")", ""),
        ("js", "if (a) {\n", "} else {", "{", "}", "}"),
        ("js", "f(`a(", "b`)", "(", "`)", ""),
        ("c", "f(/* ( */", "a)", "(", ")", ""),
        ("rs", "fn f<'a>(", "x: &'a str)", "(", ")", ""),
        ("txt", "don't (", "can't)", "(", ")", ""),
    ],
)
def test_balance(suffix: str, before: str, text: str, open_: str, closes: str, left: str) -> None:
    found = fragments.balance(language_of("a." + suffix), before, text)
    assert "".join(bracket for bracket, _ in found.open) == open_
    assert "".join(token for token, _ in found.closes) == closes
    assert found.left == left
    assert all(before[at] == bracket for bracket, at in found.open)
    assert all(text.startswith(token, at) for token, at in found.closes)


CHARACTERS = st.text(alphabet="(){}[]<>'\"`/*#\\;:,.=\n\t \0aeé😀\ud800\u2028", max_size=40)


@settings(max_examples=rounds(400))
@given(st.sampled_from(LANGUAGES), st.data())
def test_mutated_fragments(language: Language, data: st.DataObject) -> None:
    """A fragment may begin and end anywhere, with anything inserted: there is an answer or None."""
    source = SOUND.get(language.name, "if a:\n  b('c')\nend\n") * 3
    start, end = sorted(data.draw(st.tuples(*[st.integers(0, len(source))] * 2)))
    place = data.draw(st.integers(0, end - start))
    text = source[start : start + place] + data.draw(CHARACTERS) + source[start + place : end]
    offset = data.draw(st.integers(-1, len(text) + 1))
    count = fragments.errors(language, text)
    assert (count is None) == (not language.grammar)
    ending = fragments.node_end(language, text, offset)
    assert ending is None or 0 <= ending <= len(text)
    assert fragments.is_empty_block(language, text, offset) in {True, False, None}
    assert fragments.is_string_or_comment(language, text, offset) in {True, False}
    spans = [(start, end) for _, start, end in fragments.marks(language, text)]
    assert spans == sorted(spans)
    assert all(0 <= start < end <= len(text) for start, end in spans)


HUGE = {
    "one line": "a = b + " * 125_000,
    "nesting": "(" * 500_000,
    "brackets": "[(" * 50_000 + ")]" * 50_000,
    "nul": "\0" * 100_000,
    "quotes": '"""' * 30_000,
    "emoji": "'😀'\n" * 50_000,
    "blocks": "if (x) {\n" * 20_000,
    "slashes": "[/" * 50_000,
    "comments": "# a\n" * 50_000,
}


@pytest.mark.parametrize("name", HUGE)
@pytest.mark.parametrize("language", [PY, TS, RS, PLAIN], ids=lambda language: language.name)
def test_huge_texts_take_bounded_time(name: str, language: Language) -> None:
    text = HUGE[name]
    start = time.process_time()
    fragments.errors(language, text)
    fragments.node_end(language, text, len(text) // 2)
    fragments.is_empty_block(language, text, len(text))
    fragments.is_string_or_comment(language, text, len(text))
    assert time.process_time() - start < 5  # 0.1 s on an idle machine; quadratic work would take minutes


def test_after_a_timeout_the_parser_still_works() -> None:
    assert fragments.errors(PY, "x = (1,\n" * 30_000) is None
    assert fragments.errors(PY, SOUND["python"]) == 0


def test_empty_text() -> None:
    for language in WITH_GRAMMAR:
        assert fragments.errors(language, "") == 0
        assert fragments.node_end(language, "", 0) is None
        assert fragments.is_empty_block(language, "", 0) is False
        assert not fragments.is_string_or_comment(language, "", 0)


def test_threads_share_the_parsers() -> None:
    wrong: list[int | None] = []

    def count() -> None:
        for number in range(100):
            found = fragments.errors(PY, f"x = {number}\n" * 50 + SOUND["python"])
            wrong.extend([found] if found else [])

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        threads = [threading.Thread(target=count) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert wrong == []
