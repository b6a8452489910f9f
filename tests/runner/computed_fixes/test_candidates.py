"""Small changes of Python code: which ones are computed for a failure, and that each of them can be parsed."""

import ast

import pytest

from assist_runner.computed_fixes.candidates import FailureFacts, in_order
from assist_runner.computed_fixes.failures import failed_tests, failure_of, find_failed
from assist_runner.computed_fixes.python_repairs import python_repairs

NOTHING = FailureFacts()


def repaired(code: str, failure: FailureFacts) -> list[str]:
    """The texts of all candidates, in their order."""
    found = in_order(python_repairs(code, 1, code.count("\n") + 1, failure), failure, code)
    texts = [change.apply_to(code) for change in found]
    for text in texts:
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
        ("def f(a):\n    x = next(a)\n", "def f(a):\n    try:\n        x = next(a)\n    except StopIteration:\n        return []\n", FailureFacts("StopIteration", lines=(2,))),
        ("if a:\n    x = 1\nelse:\n    x = b\n", "if a:\n    x = 1\nelif b is not None:\n    x = b\n", NOTHING),
        ("x = 'no such file'\n", "x = 'no such folder'\n", FailureFacts(texts=(("such file", "such folder"),))),
    ],
)  # fmt: skip
def test_a_usual_fix_is_among_the_candidates(code: str, expected: str, failure: FailureFacts) -> None:
    assert expected in repaired(code, failure)


def test_no_candidate_turns_a_condition_or_drops_code() -> None:
    assert "x = n + 0\n" not in repaired("x = n + 1\n", NOTHING)
    assert "x = n * 1\n" not in repaired("x = n * 2\n", NOTHING)
    assert "x = n + 2\n" in repaired("x = n + 1\n", NOTHING)
    for code in ("if a == b: f()\n", "if a in b: f()\n", "if not f(a): return\n", "x = True\n"):
        assert all("f()" in text or "f(a)" in text or "True" in text for text in repaired(code, NOTHING))
        turned = ("!=", "not in", "if f(a):", "False")
        assert not any(part in text for text in repaired(code, NOTHING) for part in turned)


def test_other_lines_and_broken_code_have_none() -> None:
    code = "if a > b: pass\nif c > d: pass\n"
    found = list(python_repairs(code, 2, 2, NOTHING))
    assert {change.line for change in found} == {2}
    assert list(python_repairs("if (", 1, 1, NOTHING)) == []


def test_lines_of_the_traceback_come_first() -> None:
    code = "x = a < b\ny = c < d\n"
    assert repaired(code, FailureFacts("TypeError", lines=(2,)))[0] == "x = a < b\ny = c <= d\n"


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
