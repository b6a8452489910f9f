"""What an edit turns that should only write code otherwise: it is told, honest refactorings are not."""

import pytest

from assist_context.facts.operator_changes import EditedText, operator_changes

HOSTS = "def f(x):\n    if x.scheme in ('http', 'https'):\n        y(3)\n    return x\n"
GUARD = "def f(a):\n    if a is None:\n        return 0\n    return g(a)\n"
WRONG = [
    # A constant is taken out, and the test turned around.
    (
        "a.py",
        HOSTS,
        "SCHEMES = ('http', 'https')\n\n\n" + HOSTS.replace("in ('http', 'https')", "not in SCHEMES"),
        (5, "`in` became `not in`"),
    ),
    ("a.py", "def f(a):\n    return a < 3\n", "def f(b):\n    return b <= 3\n", (2, "`<` became `<=`")),
    ("a.py", "f(a and b)\n", "f(a or b)\n", (1, "`and` became `or`")),
    ("a.py", "x = f(a, 10)\n", "x = f(a, 11)\n", (1, "`10` became `11`")),
    ("a.py", "x = not a\n", "x = a\n", (1, "a negation is gone: `not`")),
    ("a.ts", "if (a && !b) { c(); }\n", "if (a && b) { c(); }\n", (1, "a negation is gone: `!`")),
    ("a.py", "async def f():\n    await g()\n", "async def f():\n    g()\n", (2, "`await` is gone")),
    ("a.py", "def f(a):\n    return g(a)\n", "def f(a):\n    g(a)\n", (2, "`return` is gone")),
    ("a.rs", "fn f(a: u8) -> bool {\n    a >= 2\n}\n", "fn f(a: u8) -> bool {\n    a > 2\n}\n", (2, "`>=` became `>`")),
    ("a.rs", "fn f() -> bool {\n    g(true)\n}\n", "fn f() -> bool {\n    g(false)\n}\n", (2, "`true` became `false`")),
    # A guard's sides were not exchanged.
    ("a.py", GUARD, GUARD.replace("is None", "is not None"), (2, "`is` became `is not`")),
    # Another call, or one that is gone.
    ("a.py", "for a in b:\n    c.append(a)\n", "for a in b:\n    c.extend(a)\n", (2, "`append` became `extend`")),
    ("a.py", "x = isinstance(a, B)\n", "x = issubclass(a, B)\n", (1, "`isinstance` became `issubclass`")),
    ("a.go", 'x := f("a" + c(b))\n', 'x := f("a" + b)\n', (1, "the call of `c` is gone")),
    # A statement that is gone, and nothing is in its place; the line is the one before.
    ("a.py", "def f(a):\n    log(a)\n    return a\n", "def f(a):\n    return a\n", (1, "`log(a)` is gone")),
    ("a.py", "def f(a):\n    log(a)\n    return a\n", "def f(a):\n    pass\n    return a\n", (1, "`log(a)` is gone")),
    (
        "a.py",
        "def f(a):\n    if a:\n        raise E(a)\n    return a\n",
        "def f(a):\n    return a\n",
        (1, "`raise E(a)` is gone"),
    ),
    ("a.go", "func f() {\n\tdefer g()\n\th()\n}\n", "func f() {\n\th()\n}\n", (1, "`defer g()` is gone")),
    ("a.py", "def f(a, b):\n    a.b = b\n    a.c()\n", "def f(a, b):\n    a.c()\n", (1, "`a.b = b` is gone")),
    # A constant that was taken out with another value.
    ("a.py", "f(3600)\ng(3600)\n", "HOUR = 3601\nf(HOUR)\ng(HOUR)\n", (1, "`3601` is new")),
]  # fmt: skip


@pytest.mark.parametrize(("path", "before", "after", "expected"), WRONG)
def test_what_is_turned_is_told_with_its_line(
    path: str, before: str, after: str, expected: tuple[int, str]
) -> None:
    found = operator_changes([EditedText(path, before, after)], "tidy this up")
    assert [(change.line, change.text) for change in found] == [expected]


HELPER = "def _b(x):\n    return x.a().b('x', 1)\n\n\n"
TWICE = "def f(x):\n    return g(x.a().b('x', 1))\n\n\ndef k(x):\n    return h(x.a().b('x', 1))\n"
HONEST = [
    # renamed, in another order, commented, formatted, typed
    ("a.py", "def f(a):\n    return g(a, 1)\n", "def f(b: int) -> int:\n    # one\n    return g(\n        b,\n        1,\n    )\n"),
    ("a.py", "def f():\n    return g(1)\n\n\ndef k():\n    f()\n", "def k():\n    get()\n\n\ndef get():\n    return g(1)\n"),
    ("a.py", "x = 0x10\ny = 'a'\n", 'x = 16\ny = "a"\n'),
    # a constant, a variable, a function taken out of several places, and back
    ("a.py", "f(3600)\ng(3600)\n", "HOUR = 3600\nf(HOUR)\ng(HOUR)\n"),
    ("a.py", "def f(a):\n    return g(a.b()) + h(a.b())\n", "def f(a):\n    c = a.b()\n    return g(c) + h(c)\n"),
    ("a.py", TWICE, HELPER + TWICE.replace("x.a().b('x', 1)", "_b(x)")),
    ("a.py", HELPER + TWICE.replace("x.a().b('x', 1)", "_b(x)"), TWICE),
    # branches turned around
    ("a.py", "def f(a):\n    if a in B and c:\n        g(a)\n        h()\n", "def f(a):\n    if a not in B or not c:\n        return\n    g(a)\n    h()\n"),
    ("a.py", "def f(a):\n    if a < 3:\n        return g(a)\n    else:\n        return h(a)\n", "def f(a):\n    if a >= 3:\n        return h(a)\n    return g(a)\n"),
    ("a.py", "def f(a):\n    if a:\n        if b:\n            g()\n", "def f(a):\n    if a and b:\n        g()\n"),
    ("a.ts", "function f(a) {\n  if (!a) {\n    return b;\n  } else {\n    return c(a);\n  }\n}\n", "function f(a: A): B {\n  if (a) {\n    return c(a);\n  }\n  return b;\n}\n"),
    # other ways to write the same
    ("a.py", "x = '%s: %d' % (a, b)\n", "x = f'{a}: {b}'\n"),
    ("a.go", "func f(a string) bool {\n\treturn len(a) > 0\n}\n", "func f(a string) bool {\n\treturn a != \"\"\n}\n"),
    ("a.go", "func f() {\n\tvar a = 1\n\ta = 2\n\treturn\n}\n", "func f() {\n\tvar a = 1\n\ta = 2\n}\n"),
    ("a.go", "func f() {\n\terr := g()\n\tif err != nil {\n\t\tpanic(err)\n\t}\n}\n", "func f() {\n\tif err := g(); err != nil {\n\t\tpanic(err)\n\t}\n}\n"),
    # a function, a copy and a field that are gone with their uses
    ("a.py", "def f(a):\n    g(a)\n\n\ndef h():\n    f(1)\n    k()\n", "def h():\n    k()\n"),
    ("a.py", "def f(s):\n    s._a = 1\n    g(s)\n    h(s._a)\n", "def f(s):\n    g(s)\n    h(1)\n"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "before", "after"), HONEST)
def test_nothing_is_told_of_code_that_is_only_written_otherwise(path: str, before: str, after: str) -> None:
    assert operator_changes([EditedText(path, before, after)], "tidy this up") == ()


def test_code_may_move_to_another_file() -> None:
    moved = "def f(a):\n    if a in B:\n        return 3\n    return g(a)\n"
    texts = [
        EditedText("a.py", moved + "\nx = 1\n", "from b import f\n\nx = 1\n"),
        EditedText("b.py", "", moved),
    ]
    assert operator_changes(texts) == ()
    turned = EditedText("b.py", "", moved.replace(" in ", " not in "))
    assert [(change.path, change.line) for change in operator_changes([texts[0], turned])] == [("b.py", 2)]


def test_what_the_wish_names_is_not_told() -> None:
    texts = [EditedText("a.go", 'i := index(s, "old text")\n', 'i := cut(s, "new text")\n')]
    assert operator_changes(texts, "use cut, and say new instead of old") == ()
    assert len(operator_changes(texts, "tidy up")) == 2


def test_what_is_too_much_to_compare_is_told() -> None:
    texts = [
        EditedText("a.py", "".join(f"{name}{at}({at})\n" for at in range(300)), "") for name in ("a", "b")
    ]
    both = EditedText("a.py", texts[0].before, texts[1].before)
    assert [change.text for change in operator_changes([both])] == ["too much changed to be compared"]


def test_of_what_no_grammar_reads_and_of_data_nothing_is_told() -> None:
    assert operator_changes([EditedText("a.unknown", "a < b\n", "a > b\n")]) == ()
    assert operator_changes([EditedText("a.json", "[1]\n", "[2]\n")]) == ()


@pytest.mark.parametrize("text", ["if (", "def f(:\n  not", "'''", "\ud800", "a" * 9])
def test_broken_code_is_normal_input(text: str) -> None:
    for path in ("a.py", "a.ts", "a.go", "a.rs", "a.java", "a.rb", "a.cpp"):
        operator_changes([EditedText(path, text, f"{text} x"), EditedText("b.py", "", text)])
