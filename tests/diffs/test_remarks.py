"""Facts of a diff: what was turned around, what is gone, what still passes the old arguments."""

import difflib
from pathlib import Path

import pytest
from indexing import corpus_of

from assist_context.facts.compared_files import ComparedFile, DiffFact, compared_file, defines
from assist_diffs.remarks.diff_facts import diff_facts

CART = '''\
from shop import log


def total(items, rate, strict=False):
    """The sum."""
    if not items:
        return 0
    if strict and rate < 0 or rate in (7, 8):
        raise ValueError("rate")
    try:
        value = sum(items) * (1 + rate)
    except TypeError:
        return -1
    return round(value, 2)
'''
USE = "from shop.cart import total\n\n\ndef pay(items):\n    return total(items, 0.2)\n"
TEST = "from shop.cart import total\n\n\ndef test_total():\n    assert total([], 1) == 0\n"


def compared(path: str, old: str, new: str) -> ComparedFile:
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=10_000)
    return compared_file(path, [(line[:1], line[1:]) for line in list(lines)[3:]])


def facts(new: str, old: str = CART, path: str = "shop/cart.py") -> list[tuple[str, int, str]]:
    return [(fact.kind, fact.line, fact.text) for fact in diff_facts(None, [compared(path, old, new)]).found]


@pytest.mark.parametrize(
    ("old", "new", "fact"),
    [
        ("strict and rate", "strict or rate", ("operator", 8, "`and` became `or`")),
        ("rate < 0", "rate <= 0", ("operator", 8, "`<` became `<=`")),
        ("rate in (7", "rate not in (7", ("operator", 8, "`in` became `not in`")),
        ("(1 + rate)", "(1 - rate)", ("operator", 11, "`+` became `-`")),
        ("if not items", "if items", ("negation", 6, "a negation is gone: `not`")),
        ("if strict and", "if not strict and", ("negation", 8, "a negation was added: `not`")),
        ("value, 2", "value, 3", ("literal", 14, "`2` became `3`")),
        ('"rate"', '"tax"', ("literal", 9, '`"rate"` became `"tax"`')),
        (
            "strict=False",
            "strict=True",
            ("default", 4, "the default of total changed: `strict=False` before, `strict=True` now"),
        ),
    ],
)
def test_what_is_turned_around_in_a_line(old: str, new: str, fact: tuple[str, int, str]) -> None:
    found = facts(CART.replace(old, new))
    assert fact in found
    assert {kind for kind, _, _ in found} <= {fact[0], "signature"}


@pytest.mark.parametrize(
    ("old", "new", "fact"),
    [
        ("    if not items:\n        return 0\n", "", ("gone", 6, "the guard `if not items: return 0` is gone from total")),
        (
            '        raise ValueError("rate")\n',
            "        rate = 0\n",
            ("gone", 8, 'the guard `if strict and rate < 0 or rate in (7, 8): raise ValueError("rate")` is gone from total'),
        ),
        (
            "    except TypeError:\n        return -1\n",
            "    finally:\n        pass\n",
            ("gone", 12, "`except TypeError` is gone from total"),
        ),
        (
            "    if not items:\n        return 0\n",
            "    if rate is None:\n        raise KeyError\n",
            ("gone", 6, "the guard `if not items: return 0` is gone from total"),
        ),
        ("    if not items:\n        return 0\n", "    if not items or not rate:\n        return 0\n", None),
        (
            "    try:\n        value = sum(items) * (1 + rate)\n    except TypeError:\n        return -1\n",
            "    value = sum(items) * (1 + rate)\n",
            ("gone", 12, "`except TypeError` is gone from total"),
        ),
    ],
)  # fmt: skip
def test_what_is_gone(old: str, new: str, fact: tuple[str, int, str] | None) -> None:
    found = [row for row in facts(CART.replace(old, new)) if row[0] == "gone"]
    assert found == ([fact] if fact else [])


@pytest.mark.parametrize(("held", "gone"), [("self.lock", True), ("open(path) as file", False)])
def test_a_lock_that_is_no_longer_held_is_gone(held: str, gone: bool) -> None:
    new = "class Till:\n    def close(self, path):\n        self.open = False\n        return path\n"
    old = new.replace("        self.open", f"        with {held}:\n            self.open")
    words = [("gone", 3, f"`with {held}` is gone from Till.close")]
    assert [row for row in facts(new, old) if row[0] == "gone"] == (words if gone else [])


def test_of_an_emptied_file_all_is_gone() -> None:
    assert facts("") == [("removed", 4, "function total is gone")]


def test_a_guard_that_is_written_otherwise_is_not_gone() -> None:
    assert not [row for row in facts(CART.replace("not items", "len(items) == 0")) if row[0] == "gone"]


def test_a_rewritten_text_has_no_turned_operators() -> None:
    new = "def total(rows):\n    return len(rows) or 0\n\n\nclass Till:\n    def __init__(self):\n        self.x = 1\n"
    found = facts(new)
    assert not [row for row in found if row[0] in ("operator", "negation", "literal")]
    assert ("added", 5, "class Till") in found
    assert not [row for row in found if "__init__" in row[2]], "what is around it says so"


def test_names_that_nothing_defines() -> None:
    found = facts(
        CART.replace("round(value", "rounded(value").replace("sum(items)", "sum(item for item in items)")
    )
    assert [row for row in found if row[0] == "undefined"] == [
        ("undefined", 14, "`rounded` is neither defined nor imported here")
    ]
    assert not facts("from shop import *\nprint(unknown)\n", "from shop import *\n")


@pytest.mark.parametrize(
    ("path", "old", "new", "text"),
    [
        ("a.ts", "if (a && !b) {\n  go(1);\n}\n", "if (a || !b) {\n  go(1);\n}\n", "`&&` became `||`"),
        ("a.ts", "if (a === b) go();\n", "if (a !== b) go();\n", "`===` became `!==`"),
        ("a.go", "package a\n\nfunc f() bool { return !ok }\n", "package a\n\nfunc f() bool { return ok }\n", "a negation is gone: `!`"),
        ("a.rs", "fn f() -> bool { a < b }\n", "fn f() -> bool { a >= b }\n", "`<` became `>=`"),
    ],
)  # fmt: skip
def test_other_languages(path: str, old: str, new: str, text: str) -> None:
    assert text in [row[2] for row in facts(new, old, path)]


COUNT = "def size(width, height):\n    return width\n\n\ndef area(rows, first, last):\n    "
DOUBTS = [
    # one off, exchanged, a part of a condition, an error, a handler
    ("a.py", "return last - 1", "return last", ("offset", "`- 1` is gone")),
    ("a.py", "return last - first", "return first - last", ("operands", "the operands of `-` changed places: `last - first` before")),
    ("a.py", "return size(first, last)", "return size(last, first)", ("arguments", "`last` and `first` changed places in the call of size")),
    ("a.py", "width, height = rows", "width, height = rows\n    return size(height, width)", ("arguments", "size gets `height` as `width` and `width` as `height`")),
    ("a.py", "if first and last.ok():\n        go()", "if first:\n        go()", ("condition", "`and last.ok()` is gone")),
    ("a.py", "try:\n        go()\n    except E:\n        stop()", "try:\n        go()\n    except E:\n        pass", ("swallowed", (
        "`except E` no longer handles the error"
    ))),
    ("a.py", "go()", "try:\n        go()\n    except Exception:\n        pass", ("swallowed", "`except Exception` drops every error")),
    ("a.py", "if last:\n        go()\n    return 1", "return 1", ("gone", "the branch `last` is gone from area")),
    ("a.py", "return wait(3600) + 7\n\n\nHOUR = 3600", "return wait(360) + 7\n\n\nHOUR = 3600", ("constant", "`3600` became `360`, and line 9 still has it")),
    ("a.py", "pool.run(1)\n    pool.release()\n    go()", "pool.run(1)\n    go()", ("unclosed", "`pool.release()` is gone")),
    ("a.py", "with open(rows) as f:\n        go(f)", "f = open(rows)\n    go(f)", ("unclosed", (
        "the result of `open` is no longer closed"
    ))),
    (
        "a.py",
        "width = first.width or last.width",
        "width = first.width or last.width\n    height = first.height or last.width\n    size(height, 1)",
        ("copy", "a copy of line 6 has `height` in 2 places, but `width` here"),
    ),
    (
        "a.py",
        "go()",
        "left = first.left.min(last.left)\n    go(left, left)\n    down = first.down.min(last.down)\n    go(down, left)",
        ("copy", "a copy of line 7 has `down` in 4 places, but `left` here"),
    ),
    ("a.py", "try:\n        go()\n    except E:\n        log(1)\n        stop()", "try:\n        go()\n    except E:\n        log(1)", ("swallowed", (
        "`except E` no longer handles the error"
    ))),
    # what is meant
    ("a.ts", "f(++i);", "f(i + 1);", None),
    ("a.py", "ok = go(last)\n    if not ok:\n        return 1\n    return 2", "try:\n        run(last)\n    except E:\n        return ok\n    return 2", None),
    ("a.py", "if not last:\n        return 0\n    return 1", "check(last)\n    return 1\n\n\ndef check(last):\n    if not last:\n        raise E", ("added", "function check")),
    ("a.py", "return size(first, last)", "return size(last, first, 1)", None),
    ("a.py", "if first:\n        return 1\n    return 2", "if first:\n        log()\n        return 1\n    return 2", None),
    ("a.py", "return first - 1", "return self.first - one", None),
    ("a.py", "if width(last):\n        return 1\n    return 2", "if height(last):\n        return 1\n    return 2", None),
    ("a.py", "if first is None:\n        return 1\n    return last", "return last if first else 1", None),
    ("a.ts", "if (!a) {\n  b();\n}", "if (!a!) {\n  b();\n}", None),
    ("test_a.py", "assert last - 1", "assert last", None),
]  # fmt: skip


@pytest.mark.parametrize(("path", "old", "new", "expected"), DOUBTS)
def test_what_deserves_a_look_in_a_changed_line(
    path: str, old: str, new: str, expected: tuple[str, str] | None
) -> None:
    before = COUNT if path.endswith(".py") else ""
    found = [row for row in facts(f"{before}{new}\n", f"{before}{old}\n", path) if row[0] != "undefined"]
    assert [(kind, text) for kind, _, text in found] == ([expected] if expected else [])


OTHERS = [
    ("a.go", "func f() error {\n\tx, err := g()\n\treturn h(x, err)\n}\n", "x, err :=", "x, _ :=", "`err` became `_`"),
    ("a.go", "func f() {\n\tm.Lock()\n\tdefer m.Unlock()\n\tg()\n}\n", "\tdefer m.Unlock()\n", "", "`defer m.Unlock()` is gone"),
    ("a.rs", "fn f() -> R {\n    g()?;\n    h()\n}\n", "g()?", "g()", "`?` is gone"),
    ("a.ts", "async function f() {\n  await g();\n}\n", "await ", "", "`await` is gone"),
    ("a.ts", "function f() {\n  g();\n}\n", "g()", "g().catch(() => {})", "`catch` with an empty function drops every error"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "old", "was", "now", "expected"), OTHERS)
def test_what_deserves_a_look_in_other_languages(
    path: str, old: str, was: str, now: str, expected: str
) -> None:
    assert [text for _, _, text in facts(old.replace(was, now), old, path)] == [expected]


def test_callers_and_tests_that_were_left_as_they_were(tmp_path: Path) -> None:
    guard = "    if not currency:\n        raise KeyError\n    if not items:"
    new = CART.replace("items, rate, strict", "items, currency, rate, strict").replace(
        "    if not items:", guard
    )
    corpus = corpus_of(tmp_path / "w", {"shop/__init__.py": "", "shop/cart.py": new, "shop/pay.py": USE, "tests/test_cart.py": TEST})  # fmt: skip
    found = diff_facts(corpus, [compared("shop/cart.py", CART, new)]).found
    words = "calls total, whose parameters changed (`currency` is new), and was not changed"
    assert DiffFact("caller", "shop/pay.py", 5, words) in found
    assert (
        DiffFact("untested", "shop/cart.py", 4, "total changed, but its tests in tests/test_cart.py did not")
        in found
    )
    used = USE.replace("items, 0.2", "items, 'EUR', 0.2")
    assert not [
        fact
        for fact in diff_facts(
            corpus, [compared("shop/cart.py", CART, new), compared("shop/pay.py", USE, used)]
        ).found
        if fact.kind == "caller" and fact.path == "shop/pay.py"
    ]
    optional = CART.replace("strict=False", "strict=False, currency='EUR'")
    assert not [
        fact
        for fact in diff_facts(corpus, [compared("shop/cart.py", CART, optional)]).found
        if fact.kind == "caller"
    ]


def test_what_uses_a_function_that_is_gone(tmp_path: Path) -> None:
    other = "def other():\n    return 1\n"
    use = "from shop import cart\n\nTABLE = {'sum': cart.total, 'other': cart.other}\nALSO = cart.total\n"
    corpus = corpus_of(
        tmp_path / "w",
        {"shop/__init__.py": "", "shop/cart.py": other, "shop/pay.py": USE, "shop/use.py": use},
    )
    found = diff_facts(corpus, [compared("shop/cart.py", CART + "\n\n" + other, other)]).found
    assert [(fact.kind, fact.path, fact.line, fact.text) for fact in found] == [
        ("removed", "shop/cart.py", 4, "function total is gone"),
        ("caller", "shop/pay.py", 5, "uses total, which is gone"),
        ("caller", "shop/use.py", 3, "uses total, which is gone, as 1 more line does"),
    ], "and `other`, which begins where the lines went, did not change"
    moved = "from shop.sums import total\n\n\n" + other
    found = diff_facts(corpus, [compared("shop/cart.py", CART + "\n\n" + other, moved)]).found
    assert not [fact for fact in found if fact.kind == "caller"]


def test_what_uses_a_file_that_is_deleted(tmp_path: Path) -> None:
    rust = "use crate::cart::Cart;\n\npub fn pay(cart: &Cart) {}\n"
    texts = {"shop/__init__.py": "", "shop/pay.py": USE, "src/lib.rs": "mod pay;\n", "src/pay.rs": rust}
    corpus = corpus_of(tmp_path / "w", texts)
    gone = [compared("shop/cart.py", CART, ""), compared("src/cart.rs", "pub struct Cart {}\n", "")]
    found = [(fact.path, fact.line, fact.text) for fact in diff_facts(corpus, gone).found]
    assert ("shop/pay.py", 5, "uses total, which is gone") in found
    assert ("src/pay.rs", 3, "uses Cart, which is gone") in found


def test_a_line_that_passes_a_function_on_or_imports_it_calls_nothing(tmp_path: Path) -> None:
    new = CART.replace("rate, strict", "rate, currency, strict")
    use = "from shop.cart import total as total\n\nhandlers = {'sum': total}\nvalue = total([], 1)\n"
    corpus = corpus_of(tmp_path / "w", {"shop/__init__.py": "", "shop/cart.py": new, "shop/use.py": use})
    found = diff_facts(corpus, [compared("shop/cart.py", CART, new)]).found
    assert [(fact.path, fact.line) for fact in found if fact.kind == "caller"] == [("shop/use.py", 4)]


def test_a_guard_in_a_function_without_a_name_is_of_the_one_around_it() -> None:
    old = "function start(x) {\n  run(async () => {\n    if (!x) {\n      return;\n    }\n    go(x);\n  });\n}\n"
    new = old.replace("    if (!x) {\n      return;\n    }\n", "")
    assert facts(new, old, "a.ts") == [("gone", 3, "the guard `if !x: return;` is gone from start")]


def test_a_guard_in_a_function_with_a_name_is_of_that_one_alone() -> None:
    old = "def outer():\n    def inner(x):\n        if not x:\n            return 1\n        return x\n    return inner\n"
    new = old.replace("        if not x:\n            return 1\n", "")
    assert facts(new, old) == [("gone", 3, "the guard `if not x: return 1` is gone from outer.inner")]


def test_a_function_that_moved_into_another_one_is_not_gone() -> None:
    old = "def outer():\n    def inner():\n        return 1\n    return inner()\n"
    new = "def outer():\n    def run():\n        def inner():\n            return 1\n        return inner()\n    return run()\n"
    found = [row for row in facts(new, old) if row[0] == "removed"]
    assert found == [("removed", 2, "function outer.inner is now outer.run.inner")]


@pytest.mark.parametrize("path", ["a.py", "a.ts", "a.go", "a.rs", "a.txt", "a.lua"])
def test_any_text_gives_facts_or_none(path: str) -> None:
    texts = ["", "def f(:\n  return (", "if (x { !\n", "\0\n" * 9, "fn f() { a <= b\n", "x\r\ny\r\n"]
    for old in texts:
        for new in texts:
            for fact in diff_facts(None, [compared(path, old, new)]).found:
                assert 0 <= fact.line <= 1 + max(old.count("\n"), new.count("\n"))


def test_what_a_file_defines() -> None:
    file = compared("shop/cart.py", "", CART)
    assert [defines(file, name) for name in ("total", "value", "log", "sum", "currency")] == [
        True, True, True, False, False,
    ]  # fmt: skip


def test_a_large_diff_is_told_in_time_and_what_was_left_out(tmp_path: Path) -> None:
    rows = "".join(f"row({number}, 1, 1, 1)\n" for number in range(3_000))
    old = compared("rows.py", rows, rows.replace("1, 1)", "1, 2)"))
    steps = []

    def clock() -> float:
        steps.append(1)
        return len(steps)

    facts = diff_facts(None, [old, compared("other.py", "a < b\n", "a <= b\n")], clock)
    assert facts.left_out == ("rows.py", "other.py")
    call = "f(" + "1, " * 400 + "1)\n"
    assert ("literal", 1, "`1` became `2`") in facts_of_pair(call, call.replace("1)", "2)"))
    assert facts_of_pair(call, call.replace("1, 1,", "2, 1,").replace("f(2", "f(1")) == [], "another text"


def facts_of_pair(old: str, new: str) -> list[tuple[str, int, str]]:
    return [fact for fact in facts(new, old, "call.py") if fact[0] != "undefined"]
