"""What an edit changes that should only write code otherwise: turned logic is told, honest refactorings are not."""

import pytest

from assist_context.facts.logic.compared_sides import EditedText
from assist_context.facts.logic.logic_changes import logic_changes

HOSTS = "def f(x):\n    if x.scheme in ('http', 'https'):\n        y(3)\n    return x\n"
WRONG = [
    # A constant is taken out, and the test turned around.
    (
        "a.py",
        HOSTS,
        "SCHEMES = ('http', 'https')\n\n\n" + HOSTS.replace("in ('http', 'https')", "not in SCHEMES"),
        [(5, "`in` became `not in`")],
    ),
    ("a.py", "def f(a):\n    return a < 3\n", "def f(b):\n    return b <= 3\n", [(2, "`<` became `<=`")]),
    ("a.py", "f(a and b)\n", "f(a or b)\n", [(1, "`and` became `or`")]),
    ("a.py", "x = f(a, 10)\n", "x = f(a, 11)\n", [(1, "`10` became `11`")]),
    ("a.py", "x = not a\n", "x = a\n", [(1, "a negation is gone")]),
    ("a.py", "def f(a):\n    log(a)\n    return a\n", "def f(a):\n    return a\n", [(2, "the call of `log` is gone")]),
    (
        "a.py",
        "def f(a):\n    if a:\n        raise E(a)\n    return a\n",
        "def f(a):\n    return a\n",
        [(2, "`raise` is gone"), (2, "a condition is gone"), (2, "the call of `E` is gone")],
    ),
    ("a.py", "async def f():\n    await g()\n", "async def f():\n    g()\n", [(2, "`await` is gone")]),
    ("a.py", "f(a, b)\nf(c)\n", "f(a)\nf(c)\n", [(1, "an argument of `f` is gone")]),
    # A guard's sides were not exchanged.
    (
        "a.py",
        "def f(a):\n    if a is None:\n        return 0\n    return g(a)\n",
        "def f(a):\n    if a is not None:\n        return 0\n    return g(a)\n",
        [(2, "`is` became `is not`")],
    ),
    # What is taken out forgets to return.
    (
        "a.py",
        "def f(a):\n    return g(a.b(1))\n",
        "def _b(a):\n    a.b(1)\n\n\ndef f(a):\n    return g(_b(a))\n",
        [(1, "`_b` returns nothing, and its value is used")],
    ),
    # What left no longer leaves.
    (
        "a.py",
        "def f(a):\n    if a:\n        g(a)\n    else:\n        h(a)\n",
        "def f(a):\n    if a:\n        g(a)\n    h(a)\n",
        [(4, "it ran only where `not a`, and now elsewhere too")],
    ),
    # The sides were exchanged, the condition was not.
    (
        "a.py",
        "def f(a):\n    if a:\n        g(a)\n    else:\n        h(a)\n",
        "def f(a):\n    if a:\n        h(a)\n    else:\n        g(a)\n",
        [(3, "it ran where `not a`, and now where `a`"), (5, "it ran where `a`, and now where `not a`")],
    ),
    ("a.ts", "if (a && !b) { c(); }\n", "if (a && b) { c(); }\n", [(1, "a negation is gone")]),
    ("a.go", "func f() {\n\tdefer g()\n\th()\n}\n", "func f() {\n\th()\n}\n",
     [(2, "`defer` is gone"), (2, "the call of `g` is gone")]),
    ("a.rs", "fn f(a: u8) -> bool {\n    a >= 2\n}\n", "fn f(a: u8) -> bool {\n    a > 2\n}\n",
     [(2, "`>=` became `>`")]),
    # A comparison is turned, or one of several at once is another one.
    ("a.py", "x = a < b\n", "x = b < a\n", []),
    ("a.py", "x = a < b\n", "x = a > b\n", [(1, "`<` became `>`")]),
    ("a.py", "x = 1 <= a <= 9\n", "x = 1 <= a < 9\n", [(1, "`<=` became `<`")]),
    ("a.py", "x = a >= 1 and a <= 9\n", "x = 1 < a <= 9\n", [(1, "`>=` became `>`")]),
    # Other names are compared; a new name for the same is none.
    ("a.py", "def f(a, b, c):\n    if a is None:\n        return c < b\n    return b < 3\n",
     "def f(a, b, c):\n    if b is None:\n        return c < a\n    return b < 3\n",
     [(2, "`a` became `b` in a comparison"), (3, "`b` became `a` in a comparison")]),
    ("a.py", "def f(a, b):\n    g(a, b)\n    return a < 3\n", "def f(a, b):\n    g(a, b)\n    c = a\n    return c < 3\n", []),
    # A call that is like another one.
    ("a.py", "for a in b:\n    c.append(a)\n", "for a in b:\n    c.extend(a)\n",
     [(2, "the call of `append` is gone"), (2, "a call of `extend` was added")]),
    ("a.py", "x = isinstance(a, B)\n", "x = issubclass(a, B)\n",
     [(1, "the call of `isinstance` is gone"), (1, "a call of `issubclass` was added")]),
    ("a.rs", "fn f() -> bool {\n    g(true)\n}\n", "fn f() -> bool {\n    g(false)\n}\n",
     [(2, "`true` became `false`")]),
    ("a.py", "def f(a, b):\n    a.b = b\n    a.c()\n\n\ndef g(a):\n    return a.b\n",
     "def f(a, b):\n    a.c()\n\n\ndef g(a):\n    return a.b\n", [(2, "what puts a value into `b` is gone")]),
    ("a.py", "def f(a):\n    for x in a:\n        g(x)\n", "def f(a):\n    g(a)\n", [(2, "`for` is gone")]),
    # The key is looked up where it is not.
    ("a.py", "def f(d, k):\n    return d.get(k, x)\n",
     "def f(d, k):\n    if k not in d:\n        return d[k]\n    return x\n",
     [(2, "a condition was added"), (2, "`not in` was added"), (2, "the call of `get` is gone"),
      (3, "a `return` of a value was added")]),
    ("a.py", "def f(a):\n    return a or x\n", "def f(a):\n    if a:\n        a = x\n    return a\n",
     [(2, "`or` became `and`")]),
    # An error that is not passed on; a list that begins empty; a text that is written in part.
    ("a.go", "func f() error {\n\terr := g()\n\tif err != nil {\n\t\treturn err\n\t}\n\treturn nil\n}\n",
     "func f() error {\n\tg()\n\treturn nil\n}\n", [(3, "`nil` was added")]),
    ("a.py", "x = []\nx.append(f(1))\n", "x = [1]\n", [(1, "the call of `f` is gone")]),
    ("a.go", "func f() {\n\tb.WriteString(\"a\" + c())\n}\n", "func f() {\n\tb.WriteString(\"a\")\n}\n",
     [(2, "the call of `WriteString` is gone"), (2, "the call of `c` is gone")]),
]  # fmt: skip


@pytest.mark.parametrize(("path", "before", "after", "expected"), WRONG)
def test_turned_logic_is_told_with_its_line(
    path: str, before: str, after: str, expected: list[tuple[int, str]]
) -> None:
    found = logic_changes([EditedText(path, before, after)], "tidy this up")
    assert sorted((change.line, change.text) for change in found) == sorted(expected)


TWICE = "def f(x):\n    return g(x.a().b('x', 1))\n\n\ndef k(x):\n    return h(x.a().b('x', 1))\n"
HONEST = [
    # renamed, in another order, commented, formatted, typed
    ("a.py", "def f(a):\n    return g(a, 1)\n", "def f(b: int) -> int:\n    # one\n    return g(\n        b,\n        1,\n    )\n"),
    ("a.py", "def f():\n    return g(1)\n\n\ndef k():\n    f()\n", "def k():\n    get()\n\n\ndef get():\n    return g(1)\n"),
    ("a.py", 'x = "a" \'b\'\n', 'x = "ab"\n'),
    ("a.py", "x = 0x10\n", "x = 16\n"),
    # a constant, a variable, a function taken out of several places
    ("a.py", "f(3600)\ng(3600)\n", "HOUR = 3600\nf(HOUR)\ng(HOUR)\n"),
    ("a.py", "def f(a):\n    return g(a.b()) + h(a.b())\n", "def f(a):\n    c = a.b()\n    return g(c) + h(c)\n"),
    ("a.py", TWICE, "def _b(x):\n    return x.a().b('x', 1)\n\n\n" + TWICE.replace("x.a().b('x', 1)", "_b(x)")),
    ("a.py", "def _b(x):\n    return x.a().b('x', 1)\n\n\n" + TWICE.replace("x.a().b('x', 1)", "_b(x)"), TWICE),
    # branches turned around
    ("a.py", "def f(a):\n    if a in B and c:\n        g(a)\n        h()\n", "def f(a):\n    if a not in B or not c:\n        return\n    g(a)\n    h()\n"),
    ("a.py", "def f(a):\n    if a < 3:\n        return g(a)\n    else:\n        return h(a)\n", "def f(a):\n    if a >= 3:\n        return h(a)\n    return g(a)\n"),
    ("a.py", "def f(a):\n    if a:\n        if b:\n            g()\n", "def f(a):\n    if a and b:\n        g()\n"),
    ("a.py", "def f(a):\n    if a:\n        return 1\n    if b:\n        return 1\n    return 2\n", "def f(a):\n    if a or b:\n        return 1\n    return 2\n"),
    ("a.py", "def f(a):\n    if a == 1:\n        return True\n    return False\n", "def f(a):\n    return a == 1\n"),
    # other ways to write the same
    ("a.py", "def f(a):\n    r = []\n    for i in a:\n        if i > 2:\n            r.append(g(i))\n    return r\n", "def f(a):\n    return [g(i) for i in a if i > 2]\n"),
    ("a.py", "x = '%s: %d' % (a, b)\n", "x = f'{a}: {b}'\n"),
    ("a.py", "f(isinstance(a, B) or isinstance(a, C))\n", "f(isinstance(a, (B, C)))\n"),
    ("a.ts", "function f(a) {\n  if (!a) {\n    return b;\n  } else {\n    return c(a);\n  }\n}\n", "function f(a: A): B {\n  if (a) {\n    return c(a);\n  }\n  return b;\n}\n"),
    ("a.ts", "const f = function (a) { return a.b(1); };\n", "const f = (a) => a.b(1);\n"),
    ("a.go", "func f(a string) bool {\n\tif len(a) > 0 {\n\t\treturn g(a)\n\t} else {\n\t\treturn h()\n\t}\n}\n", "func f(a string) bool {\n\tif a != \"\" {\n\t\treturn g(a)\n\t}\n\treturn h()\n}\n"),
    ("a.py", "if len(a) == 0:\n    f()\n", "if not a:\n    f()\n"),
    ("a.py", "x = a >= 1 and a <= 9\n", "x = 1 <= a <= 9\n"),
    ("a.py", "x = f'{str(a)}'\n", "x = f'{a}'\n"),
    ("a.py", "x = []\nx.append(f(1))\n", "x = [f(1)]\n"),
    ("a.py", "def f(a):\n    g(a, *b)\n", "def f(a):\n    c, d = b\n    g(a, c, d)\n"),
    ("a.py", "def f(a, b):\n    if a:\n        h()\n        if not b:\n            raise E\n", "def f(a, b):\n    if a:\n        h()\n    if a and not b:\n        raise E\n"),
    ("a.py", "from c import d\nX = 5\nf(X)\n", "from c import X, d\nf(X)\n"),
    ("a.ts", "const f = () => g(k, 1);\n", "const f = g.bind(null, k, 1);\n"),
    ("a.js", "const a = require('./b.js');\nsetTimeout(() => c(), 1);\n", "const a = require('./b');\nsetTimeout(() => { c(); }, 1);\n"),
    ("a.ts", "class A {\n  b: B;\n  constructor(b: B) {\n    this.b = b;\n  }\n}\nf(a.b);\n", "class A {\n  constructor(public b: B) {\n  }\n}\nf(a.b);\n"),
    ("a.ts", "f(() => undefined);\n", "f(() => {});\n"),
    ("a.ts", "function f(a) {\n  switch (a) { case 1: return g(); case 2: return h(); default: return k(); }\n}\n", "function f(a) {\n  if (a === 1) { return g(); }\n  if (a === 2) { return h(); }\n  return k();\n}\n"),
    ("a.go", "func f() error {\n\tif _, err := g(); err != nil {\n\t\treturn err\n\t}\n\treturn nil\n}\n", "func f() error {\n\t_, err := g()\n\treturn err\n}\n"),
    ("a.go", "func f() {\n\terr := g()\n\tif err != nil {\n\t\tpanic(err)\n\t}\n}\n", "func f() {\n\tif err := g(); err != nil {\n\t\tpanic(err)\n\t}\n}\n"),
    ("a.go", "func f() {\n\tb.WriteString(\"a\" + c())\n}\n", "func f() {\n\tb.WriteString(\"a\")\n\tb.WriteString(c())\n}\n"),
    ("a.go", "var _ A = B{}\n", "var _ A = (*B)(nil)\n"),
    ("a.rs", "fn f(a: A) {\n    g(Arc::clone(&a), b.clone());\n}\n", "fn f(a: A) {\n    g(&a, &b);\n}\n"),
    ("a.rs", "fn f(a: A) -> R {\n    if a.x {\n        if a.v {\n            return b();\n        }\n        c();\n        return d();\n    }\n    e()\n}\n", "fn f(a: A) -> R {\n    if a.x {\n        return if a.v {\n            b()\n        } else {\n            c();\n            d()\n        };\n    }\n    e()\n}\n"),
    ("a.rs", "fn f(a: A) -> R {\n    if a.b() {\n        c(a)\n    } else {\n        Err(d())\n    }\n}\n", "fn f(a: A) -> R {\n    if !a.b() {\n        return Err(d());\n    }\n    c(a)\n}\n"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "before", "after"), HONEST)
def test_code_that_is_only_written_otherwise_has_no_changes(path: str, before: str, after: str) -> None:
    assert logic_changes([EditedText(path, before, after)], "tidy this up") == ()


def test_code_may_move_to_another_file() -> None:
    moved = "def f(a):\n    if a in B:\n        return 3\n    return g(a)\n"
    texts = [
        EditedText("a.py", moved + "\nx = 1\n", "from b import f\n\nx = 1\n"),
        EditedText("b.py", "", moved),
    ]
    assert logic_changes(texts) == ()
    turned = EditedText("b.py", "", moved.replace(" in ", " not in "))
    assert [(change.path, change.line) for change in logic_changes([texts[0], turned])] == [("b.py", 2)]


def test_what_the_wish_names_is_no_change() -> None:
    before, after = "x = f(a)\n", "x = round(f(a), 2)\n"
    assert logic_changes([EditedText("a.py", before, after)], "round to 2 digits") == ()
    assert len(logic_changes([EditedText("a.py", before, after)], "make it shorter")) == 2
    rows = [
        EditedText(
            "a.go", "i := strings.Index(s, x)\nreturn s[:i+1]\n", "h, _, _ := strings.Cut(s, x)\nreturn h\n"
        )
    ]
    assert logic_changes(rows, "use strings.Cut instead") == ()
    assert logic_changes(rows, "tidy up") != ()


def test_what_no_grammar_reads_and_data_have_no_changes() -> None:
    assert logic_changes([EditedText("a.unknown", "a < b\n", "a > b\n")]) == ()
    assert logic_changes([EditedText("a.json", "[1]\n", "[2]\n")]) == ()


@pytest.mark.parametrize("text", ["if (", "def f(:\n  not", "'''", "\ud800", "a" * 9])
def test_broken_code_is_normal_input(text: str) -> None:
    for path in ("a.py", "a.ts", "a.go", "a.rs", "a.java", "a.rb", "a.cpp"):
        logic_changes([EditedText(path, text, f"{text} x"), EditedText("b.py", "", text)])
