"""Small changes of code: which ones are computed, in which order, and that each of them can be parsed."""

import ast

import pytest

from assist_context.code.trees.fragments import errors
from assist_context.languages import language_of
from assist_runner.computed_fixes.change_tables import change_table
from assist_runner.computed_fixes.changes import changes
from assist_runner.computed_fixes.failures import FailureFacts, failed_tests, failure_of, find_failed

NOTHING = FailureFacts()


def changed(
    path: str, code: str, failure: FailureFacts = NOTHING, *, lines: tuple[int, ...] = ()
) -> list[str]:
    """The texts of all changes, in their order."""
    language = language_of(path)
    every = lines or tuple(range(1, code.count("\n") + 1))
    texts = [change.apply_to(code) for change in changes(language, code, dict.fromkeys(every, 0), failure)]
    assert len(texts) == len({code, *texts}) - 1
    for text in texts:
        assert errors(language, text) == 0
        if path.endswith(".py"):
            ast.parse(text)
    return texts


@pytest.mark.parametrize(
    ("code", "expected", "failure"),
    [
        ("if size > most: pass\n", "if size >= most: pass\n", NOTHING),
        ("é = 'ü' if a < b else 1\n", "é = 'ü' if a <= b else 1\n", NOTHING),
        ("if kind == 'AS': pass\n", "if kind.upper() == 'AS': pass\n", NOTHING),
        ("if kind in ('a', 'b'): pass\n", "if kind.lower() in ('a', 'b'): pass\n", NOTHING),
        ("if not items: pass\n", "if items is None: pass\n", NOTHING),
        ("if a and not b: pass\n", "if a and b is None: pass\n", NOTHING),
        ("x = size or 10\n", "x = (size if size is not None else 10)\n", NOTHING),
        ("x = a and b\n", "x = a or b\n", NOTHING),
        ("if not (a > 2): pass\n", "if a > 2: pass\n", NOTHING),
        ("x = items[0]\n", "x = items[1]\n", NOTHING),
        ("x = range(len(a))\n", "x = range(len(a) - 1)\n", NOTHING),
        ("x = text[:width]\n", "x = text[:width - 1]\n", NOTHING),
        ("x = text[self.start:]\n", "x = text[self.start + 1:]\n", NOTHING),
        ("for i in range(1, size): pass\n", "for i in range(1, size + 1): pass\n", NOTHING),
        ("x = copy(source, target)\n", "x = copy(target, source)\n", NOTHING),
        ("x = name.rstrip()\n", "x = name.strip()\n", NOTHING),
        ("def f(first_row, first_col):\n    return first_row + first_row\n", "def f(first_row, first_col):\n    return first_row + first_col\n", NOTHING),
        ("x = re.match(r'(\\d)$', a)\n", "x = re.match(r'(\\d+)$', a)\n", NOTHING),
        ("x = re.match(r'\\d$', a)\n", "x = re.match(r'\\d\\Z', a)\n", NOTHING),
        ("x = table[key]\n", "x = table.get(key)\n", FailureFacts("KeyError")),
        ("try: f()\nexcept ValueError: pass\n", "try: f()\nexcept (ValueError, TypeError): pass\n", FailureFacts("TypeError")),
        ("def f():\n    raise KeyError('a')\n", "def f():\n    raise ValueError('a')\n", FailureFacts("KeyError", "ValueError")),
        ("if a.b: pass\n", "if a and a.b: pass\n", FailureFacts("AttributeError")),
        ("def f(a):\n    return a[0]\n", "def f(a):\n    if not a:\n        return None\n    return a[0]\n", FailureFacts("IndexError")),
        ("if a:\n    x = 1\nelse:\n    x = b\n", "if a:\n    x = 1\nelif b is not None:\n    x = b\n", NOTHING),
        ("x = 'no such file'\n", "x = 'no such folder'\n", FailureFacts(texts=(("such file", "such folder"),))),
    ],
)  # fmt: skip
def test_a_usual_fix_of_python_is_among_the_changes(code: str, expected: str, failure: FailureFacts) -> None:
    assert expected in changed("a.py", code, failure)


@pytest.mark.parametrize(
    ("path", "head", "code", "expected"),
    [
        ("a.ts", "function f(a: number, b: number, s: string) {", "return a < b", "return a <= b"),
        ("a.ts", "function f(a: number, b: number, s: string) {", "return a === b", "return a !== b"),
        ("a.ts", "function f(a: number, b: number, s: string) {", "if (a) { g() }", "if (!a) { g() }"),
        ("a.ts", "function f(a: number, b: number, s: string) {", "return g(a, b)", "return g(b, a)"),
        ("a.ts", "function f(a: number, b: number, s: string) {", "return g(a)", "return g(b)"),
        ("a.ts", "async function f(a: number) {", "const x = g(a)", "const x = await g(a)"),
        ("a.js", "function f(a, b) {", "return a ? b : 1", "return a ? 1 : b"),
        ("a.js", "function f(a, b) {", "g(a)", "return g(a)"),
        ("a.js", "function f(a, b) {", "return a.startsWith(b)", "return a.endsWith(b)"),
        ("a.js", "function f(a, b) {", "if (a) { g() } else { b() }", "if (a) { b() } else { g() }"),
        ("a.js", "function f(a, b) {", "return a || b", "return a ?? b"),
        ("a.tsx", "function f(a) {", "return <b>{a - 1}</b>", "return <b>{a + 1}</b>"),
        ("a.go", "func f(a, b int, s string) int {", "return a - b", "return b - a"),
        ("a.go", "func f(a, b int, s string) int {", "return g(a)", "return g(b)"),
        ("a.go", "func f(a, b int, s string) bool {", "return s[1:] == s[:a]", "return s[:1] == s[:a]"),
        ("a.go", "func f(a, b int, s string) bool {", "return s[1:] == s[:a]", "return s[1:] == s[:a - 1]"),
        ("a.go", "func f(a, b int, s string) bool {", 'return !strings.HasPrefix(s, "a")', 'return strings.HasPrefix(s, "a")'),
        ("a.go", "func f(a, b int, s string) bool {", "if a > 0 && b > 0 { return true }", "if a > 0 || b > 0 { return true }"),
        ("a.js", "function f(a, b) {", "if (!(a && b)) g()", "if (a && b) g()"),
        ("a.go", "func f(a, b bool, s string) int {", "if !(a && b) { g() }", "if a && b { g() }"),
        ("a.rs", "fn f(a: bool, b: bool) -> bool {", "!(a && b) || b", "(a && b) || b"),
        ("a.rs", "fn f(a: usize, b: usize) -> bool {", "a < b", "a > b"),
        ("a.rs", "fn f(a: usize, b: usize) -> usize {", "(0..a).map(|x| x + 1).sum()", "(0..=a).map(|x| x + 1).sum()"),
        ("a.rs", "fn f(a: usize, b: usize) -> usize {", "if a > b { a } else { b }", "if a > b { b } else { a }"),
        ("a.rs", "fn f(a: usize, b: usize) -> usize {", "min(a, b)", "max(a, b)"),
        ("a.rs", "fn f(a: Vec<u8>) -> usize {", "a.len()", "a.len() - 1"),
    ],
)  # fmt: skip
def test_a_usual_fix_of_other_languages_is_among_the_changes(
    path: str, head: str, code: str, expected: str
) -> None:
    text = "package p\n" if path.endswith(".go") else ""
    before, after = (f"{text}{head}\n    {body}\n}}\n" for body in (code, expected))
    assert after in changed(path, before)


def test_a_name_of_another_type_is_not_meant() -> None:
    code = "package p\nfunc f(a, b int, s string) int {\n\treturn g(a)\n}\n"
    assert not any("g(s)" in text for text in changed("a.go", code))


def test_no_change_makes_a_calculation_that_does_nothing() -> None:
    assert "x = n + 0\n" not in changed("a.py", "x = n + 1\n")
    assert "x = n * 1\n" not in changed("a.py", "x = n * 2\n")
    assert "x = n + 2\n" in changed("a.py", "x = n + 1\n")


def test_other_lines_have_none_and_suspicious_ones_come_first() -> None:
    code = "if a > b: pass\nif c > d: pass\n"
    language = language_of("a.py")
    assert {change.line for change in changes(language, code, {2: 0})} == {2}
    order = [change.line for change in changes(language, code, {2: 0, 1: 1})]
    assert order == sorted(order, reverse=True)
    turns = [change.line for change in changes(language, code, {2: 0, 1: 0})]
    assert turns[:4] == [2, 1, 2, 1]
    assert list(changes(language, code, {})) == list(changes(language_of("a.txt"), code, {1: 0})) == []


def test_a_statement_named_by_its_first_line_is_changed_in_all_its_lines() -> None:
    assert "x = f(\n    a,\n    b <= c,\n)\n" in changed(
        "a.py", "x = f(\n    a,\n    b < c,\n)\n", lines=(1,)
    )


def test_each_table_is_for_its_grammars() -> None:
    assert all(change_table(name) for name in ("python", "javascript", "typescript", "tsx", "go", "rust"))
    assert change_table("markdown") is None


OUTPUT = """\
=================================== FAILURES ===================================
______________________________ TestCart.test_b[1] ______________________________
tests/test_cart.py:9: in test_b
    assert name(1) == "a big cart"
E   AssertionError: assert 'a cart' == 'a big cart'
E     - a big cart
_________________________________ test_empty __________________________________
tests/test_cart.py:14: in test_empty
    total([])
src/cart.py:3: in total
    return items[0]
E   IndexError: list index out of range
----------------------------- Captured stdout call -----------------------------
src/cart.py:9: in no_traceback
=========================== short test summary info ============================
FAILED tests/test_cart.py::test_empty
"""


def test_what_a_traceback_says() -> None:
    found = failed_tests(OUTPUT)
    empty = find_failed(found, "tests/test_cart.py::test_empty")
    assert empty is not None
    assert (empty.raised, empty.said) == ("IndexError", ("IndexError: list index out of range",))
    code = "with pytest.raises(errors.CartError):\n    total([])\n"
    assert failure_of(empty, "src/cart.py", code) == FailureFacts("IndexError", "CartError", (3,))
    cart = find_failed(found, "tests/test_cart.py::TestCart::test_b[1]")
    assert cart is not None
    facts = failure_of(cart, "src/cart.py")
    assert (facts.raised, facts.lines) == ("AssertionError", ())
    assert ("a cart", "a big cart") in facts.texts
