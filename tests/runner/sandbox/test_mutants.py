"""Broken bodies: what each language gets instead of a body, and which single changes are made in it."""

import random

import pytest

from assist_context.code.trees.fragments import errors
from assist_context.languages import language_of
from assist_runner.sandbox.mutants import empty_body, mutants

PYTHON = '''\
def total(prices, limit=3):
    """Sum of prices < limit and more, 7."""
    # not counted: 1 < 2
    result = 0
    for price in prices:
        if price > limit and not price == 5:
            result += price * 2
    self.log("a < b and 9")
    return result
'''
TYPESCRIPT = """\
export function total(prices: Array<number>, limit = 3): number {
  // 1 < 2
  let result = 0;
  for (const price of prices) {
    if (price > limit && price !== 5) result += price * 2;
  }
  log("a < b && 9");
  return result;
}
"""
RUST = """\
pub fn total(prices: &Vec<i32>, limit: i32) -> i32 {
    let mut result = 0;
    for price in prices {
        if *price > limit && *price != 5 { result += price * 2; }
    }
    println!("a < b && 9 {}", !result);
    result
}
"""
GO = """\
package shop

func Total(prices []int, limit int) int {
	result := 0
	for _, price := range prices {
		if price > limit && price != 5 {
			result += price * 2
		}
	}
	log.Print("a < b && 9")
	return result
}
"""
SOURCES = {"a.py": PYTHON, "a.ts": TYPESCRIPT, "a.rs": RUST, "a.go": GO}


def body_of(path: str, text: str) -> range:
    """The body: in Python after the heading's line, elsewhere the braces of the function."""
    if path == "a.py":
        return range(text.index("\n") + 1, len(text))
    return range(text.index("{", text.index("total") if "total" in text else text.index("Total")), len(text))


def changes(path: str, text: str, count: int = 99) -> set[tuple[str, str]]:
    """What each mutant changes, as the old and the new line."""
    found = set()
    for mutant in mutants(language_of(path), text, body_of(path, text), random.Random(1), count):
        pairs = [
            (old, new) for old, new in zip(text.split("\n"), mutant.split("\n"), strict=True) if old != new
        ]
        assert len(pairs) == 1
        found.add((pairs[0][0].strip(), pairs[0][1].strip()))
    return found


def test_each_kind_of_change_in_python() -> None:
    condition = "if price > limit and not price == 5:"
    assert changes("a.py", PYTHON) == {
        ("result = 0", "result = 1"),
        (condition, "if price <= limit and not price == 5:"),
        (condition, "if price > limit or not price == 5:"),
        (condition, "if price > limit and price == 5:"),
        (condition, "if price > limit and not price != 5:"),
        (condition, "if price > limit and not price == 6:"),
        ("result += price * 2", "result -= price * 2"),
        ("result += price * 2", "result += price + 2"),
        ("result += price * 2", "result += price * 3"),
        ("result += price * 2", "pass"),
        ('self.log("a < b and 9")', "pass"),
        ("return result", "return None"),
    }


def test_each_kind_of_change_in_typescript() -> None:
    line = "if (price > limit && price !== 5) result += price * 2;"
    assert changes("a.ts", TYPESCRIPT) == {
        ("let result = 0;", "let result = 1;"),
        (line, "if (price <= limit && price !== 5) result += price * 2;"),
        (line, "if (price > limit || price !== 5) result += price * 2;"),
        (line, "if (price > limit && price === 5) result += price * 2;"),
        (line, "if (price > limit && price !== 6) result += price * 2;"),
        (line, "if (price > limit && price !== 5) result -= price * 2;"),
        (line, "if (price > limit && price !== 5) result += price + 2;"),
        (line, "if (price > limit && price !== 5) result += price * 3;"),
        ('log("a < b && 9");', ""),
        ("return result;", "return undefined;"),
    }


def test_each_kind_of_change_in_rust() -> None:
    line = "if *price > limit && *price != 5 { result += price * 2; }"
    assert changes("a.rs", RUST) == {
        ("let mut result = 0;", "let mut result = 1;"),
        (line, "if *price <= limit && *price != 5 { result += price * 2; }"),
        (line, "if *price > limit || *price != 5 { result += price * 2; }"),
        (line, "if *price > limit && *price == 5 { result += price * 2; }"),
        (line, "if *price > limit && *price != 6 { result += price * 2; }"),
        (line, "if *price > limit && *price != 5 { result -= price * 2; }"),
        (line, "if *price > limit && *price != 5 { result += price + 2; }"),
        (line, "if *price > limit && *price != 5 { result += price * 3; }"),
        ('println!("a < b && 9 {}", !result);', 'println!("a < b && 9 {}", result);'),
    }


def test_each_kind_of_change_in_go() -> None:
    condition = "if price > limit && price != 5 {"
    assert changes("a.go", GO) == {
        ("result := 0", "result := 1"),
        (condition, "if price <= limit && price != 5 {"),
        (condition, "if price > limit || price != 5 {"),
        (condition, "if price > limit && price == 5 {"),
        (condition, "if price > limit && price != 6 {"),
        ("result += price * 2", "result -= price * 2"),
        ("result += price * 2", "result += price + 2"),
        ("result += price * 2", "result += price * 3"),
        ("result += price * 2", ""),
        ('log.Print("a < b && 9")', ""),
    }


@pytest.mark.parametrize("path", SOURCES)
def test_mutants_parse_differ_and_repeat_with_the_same_seed(path: str) -> None:
    text, language, body = SOURCES[path], language_of(path), body_of(path, SOURCES[path])
    runs = [mutants(language, text, body, random.Random(seed)) for seed in (1, 1, 2)]
    assert runs[0] == runs[1] != runs[2]
    for mutant in runs[0]:
        assert mutant != text
        assert errors(language, mutant) == 0
        assert mutant[: body.start] == text[: body.start]
    assert len(set(runs[0])) == 3


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("a.py", "def total(prices, limit=3):\n    pass\n"),
        ("a.ts", 'limit = 3): number {\n  throw new Error("no body");\n}\n'),
        ("a.rs", "limit: i32) -> i32 {\n    unimplemented!()\n}\n"),
        ("a.go", 'limit int) int {\n\tpanic("no body")\n}\n'),
    ],
)
def test_an_empty_body_fails_when_it_runs_and_parses(path: str, body: str) -> None:
    text = SOURCES[path]
    emptied = empty_body(language_of(path), text, body_of(path, text))
    assert emptied.endswith(body)
    assert errors(language_of(path), emptied) == 0


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("a.py", "def f(x): |return x|\n", "def f(x): pass\n"),
        ("a.py", "f = lambda x: |x + 1|\n", "f = lambda x: None\n"),
        ("a.js", "const f = x => |x + 1|;\n", 'const f = x => (() => { throw new Error("no body"); })();\n'),
        ("a.js", "const f = () => |{ return {}; }|;\n", 'const f = () => { throw new Error("no body"); };\n'),
        ("a.js", "function f() |{}|\n", 'function f() {throw new Error("no body");}\n'),
        ("A.java", "class A { int f() {| return 1; |} }\n", None),
        ("a.c", "int f(void) |{ return 1; }|\n", "int f(void) { __builtin_trap(); }\n"),
        ("a.kt", "fun f(): Int |{ return 1 }|\n", "fun f(): Int { TODO() }\n"),
        ("a.rb", "def f\n|  1\n|end\n", "def f\n  raise NotImplementedError\nend\n"),
    ],
)
def test_other_forms_of_bodies(path: str, text: str, expected: str | None) -> None:
    start, stop = text.index("|"), text.rindex("|") - 1
    plain = text.replace("|", "")
    emptied = empty_body(language_of(path), plain, range(start, stop))
    if expected is not None:
        assert emptied == expected
    else:
        assert "throw new UnsupportedOperationException" in emptied
    assert errors(language_of(path), emptied) in (0, None)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("a.py", '    return f"{a} < {b}" + x\n'),
        ("a.py", "    f(*rest, **names)\n"),
        ("a.ts", "{ const x: Map<string, number> = y; }"),
        ("a.ts", "{ const f = (a) => a; }"),
        ("a.rs", "{ let x: Vec<u8> = y.0; &*x }"),
        ("a.rs", "{ let f = |x| -> bool { x }; }"),
        ("a.go", "{ ch <- x }"),
    ],
)
def test_brackets_arrows_unpacking_and_strings_are_no_operators(path: str, body: str) -> None:
    heading = {
        "a.py": "def f():\n",
        "a.ts": "function f() ",
        "a.rs": "fn f() ",
        "a.go": "package a\nfunc f() ",
    }
    text = heading[path] + body
    found = mutants(language_of(path), text, range(len(heading[path]), len(text)), random.Random(1), 99)
    changed = [
        each for each in found if "None" not in each and "undefined" not in each and "pass" not in each
    ]
    assert changed == []


def test_a_language_without_a_grammar_has_no_mutants() -> None:
    text = "fun f(): Int { return 1 + 2 }"
    assert mutants(language_of("a.kt"), text, range(13, len(text)), random.Random(1)) == []
