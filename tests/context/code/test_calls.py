"""Parameters of definitions and arguments of calls: language by language."""

import re
from pathlib import PurePosixPath

import pytest

from assist_context.code.calls import (
    MAX_CALLS,
    Signature,
    find_call_sites,
    find_definitions,
    find_owner,
)
from assist_context.code.trees.parsed_text import ParsedText
from assist_context.documents import Document, split_lines
from assist_context.languages import language_of


def parse(path: str, text: str) -> ParsedText:
    return ParsedText(Document(path, split_lines(text), language_of(path)))


def brief(signature: Signature) -> str:
    """A signature on one line: `?` may be left out, `*` takes any number, `=` has to be named, `/` cannot be."""
    marks = {"variadic": "*", "keyword": "=", "positional": "/", "receiver": "self:"}
    parameters = [
        marks.get(each.kind, "") + each.name + ("?" if each.optional and each.kind != "variadic" else "")
        for each in signature.parameters
    ]
    owner = f"{signature.owner}." if signature.owner else ""
    return f"{owner}{signature.name}({', '.join(parameters)})"


SIGNATURES = [
    ("a.py", "def f(a, b: int = 1, *c, d, e=2, **g): pass", ["f(a, b?, *c, =d, =e?, *g)"]),
    ("a.py", "def f(a, /, b: str, *, c): pass", ["f(/a, b, =c)"]),
    ("a.py", "async def f(\n    a: int,  # one\n    *args: str,\n): pass", ["f(a, *args)"]),
    ("a.py", "class A:\n  @property\n  def f(self): pass", ["A.f(self:self)"]),
    ("a.py", "class A:\n  @staticmethod\n  def f(a): pass", ["A.f(a)"]),
    ("a.py", "class A:\n  @classmethod\n  def f(cls, a): pass", ["A.f(self:cls, a)"]),
    ("a.py", "f = lambda a, b=1: a", ["f(a, b?)"]),
    ("a.js", "function f(a, b = 1, { c }, ...d) {}", ["f(a, b?, { c }, *d)"]),
    ("a.js", "const f = (a) => a; const g = a => a;", ["f(a)", "g(a)"]),
    ("a.js", "const o = { f: function (a) {}, g(b) {} };", ["f(a)", "g(b)"]),
    ("a.ts", "class A { constructor(private a: string, b?: number) {} }", ["A.constructor(a, b?)"]),
    ("a.ts", "interface A { f(a: string): void }", ["A.f(a)"]),
    ("a.ts", "abstract class A { abstract f(a: string): void; static g(b = 1) {} }", ["A.f(a)", "A.g(b?)"]),
    ("a.ts", "function f(this: Window, a: string) {}", ["f(self:this, a)"]),
    ("a.tsx", "const f = ({ a, b }: Props, c: number) => <b>{a}</b>;", ["f({ a, b }, c)"]),
    ("a.go", "package p\nfunc (s *Store[K]) F(a, b int, c ...string) {}", ["Store.F(a, b, *c)"]),
    ("a.go", "package p\ntype S interface {\n\tF(a int) error\n}", ["S.F(a)"]),
    ("a.go", "package p\nvar f = func(a int) {}", ["f(a)"]),
    ("a.rs", "impl<'a> A<'a> { pub fn f(&mut self, mut b: u8) {} fn new(a: u8) -> Self { A } }", ["A.f(self:&mut self, b)", "A.new(a)"]),
    ("a.rs", "trait T { fn f(&self, a: u8); }", ["T.f(self:&self, a)"]),
    ("a.rs", "fn g() { let f = |a, b: u8| a; }", ["g()", "f(a, b)"]),
    ("A.java", "class A { A(int a) {} void f(final int b, String... c) {} }", ["A.A(a)", "A.f(b, *c)"]),
    ("a.py", "def f(a, b", []),
    ("a.py", "def f(a, b):\n    return g(1,\n", ["f(a, b)"]),
    ("a.ts", "function f(a: string, b {\n  g(1);\n}\nfunction h(c: string) {", ["f(a, b)"]),
]  # fmt: skip


@pytest.mark.parametrize(("path", "text", "expected"), SIGNATURES)
def test_signatures_and_their_parameters(path: str, text: str, expected: list[str]) -> None:
    parsed = parse(path, text)
    names = sorted(set(re.findall(r"\w+", text)))
    found = [signature for name in names for signature in find_definitions(parsed, name)]
    assert [brief(each) for each in sorted(found, key=lambda each: each.span)] == expected


CALLS = [
    ("a.py", "f", "f(1, b=g(2), *c, **d)", [("", ["1", "b=g(2)", "..*c", "..**d"])]),
    ("a.py", "f", "a.b(1).f(2)\nself.f()", [("a.b(1)", ["2"]), ("self", [])]),
    ("a.py", "f", "x = f\n'f(1)'  # f(2)\nf_(3)\ng(f)", []),
    ("a.py", "f", "f(x for x in y)\nf(1, # one\n  2)\nf(1 +)", [("", None), ("", None), ("", None)]),
    ("a.js", "f", "f(1, ...a); new f(2); o?.f(3);", [("", ["1", "..a"]), ("", ["2"]), ("o", ["3"])]),
    ("a.js", "f", "f`x`", [("", None)]),
    ("a.ts", "f", "f<string>(1); o.f!(2); await this.f(3);", [("", ["1"]), ("o", ["2"]), ("this", ["3"])]),
    (
        "a.go",
        "F",
        "package p\nfunc g() { s.F(1, a...); F(func() { F(2) }) }",
        [("s", ["1", "..a"]), ("", ["func() { F(2) }"]), ("", ["2"])],
    ),
    (
        "a.rs",
        "f",
        "fn g() { A::f(1); s.f::<u8>(2); assert_eq!(s.f(3, &a[0]), f()); }",
        [("A", ["1"]), ("s", ["2"]), ("s", ["3", "&a[0]"]), ("", [])],
    ),
    (
        "A.java",
        "f",
        "class A { void g() { f(1); this.f(2); a.b().f(3); } }",
        [("", ["1"]), ("this", ["2"]), ("a.b()", ["3"])],
    ),
    ("A.java", "A", "class B { Object g() { return new A(1, 2); } }", [("", ["1", "2"])]),
]


@pytest.mark.parametrize(("path", "name", "text", "expected"), CALLS)
def test_calls_and_their_arguments(
    path: str, name: str, text: str, expected: list[tuple[str, list[str] | None]]
) -> None:
    parsed = parse(path, text)
    found = []
    for call in find_call_sites(parsed, name):
        arguments = [
            (".." if each.spread else "")
            + parsed.source.text(*each.span).removeprefix("..." if each.spread else "")
            for each in call.arguments
        ]
        found.append(
            (call.receiver, None if call.broken else [each.removesuffix("...") for each in arguments])
        )
    assert found == expected


def test_a_name_that_is_everywhere_is_looked_at_a_bounded_number_of_times() -> None:
    parsed = parse("a.py", "f(1)\n" * (MAX_CALLS + 50))
    assert sum(1 for _ in find_call_sites(parsed, "f")) == MAX_CALLS


def test_the_owner_around_a_place() -> None:
    text = "class A(B, m.C):\n    def f(self, a):\n        def g(b):\n            here\n"
    parsed = parse("a.py", text)
    at = text.index("here")
    assert find_owner(parsed, at) == ("A", frozenset({"B", "m", "C"}))
    assert find_owner(parse("a.py", "x = 1"), 0) == ("", frozenset())


@pytest.mark.parametrize("path", ["a.css", "a.txt", "a.rb"])
def test_a_language_without_rules_has_no_calls(path: str) -> None:
    parsed = parse(path, "f(1)\n")
    assert PurePosixPath(path).suffix
    assert not list(find_call_sites(parsed, "f"))
    assert not find_definitions(parsed, "f")
