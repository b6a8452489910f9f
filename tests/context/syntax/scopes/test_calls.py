"""Parameters of definitions, arguments of calls, and which calls mean a definition: language by language."""

from pathlib import PurePosixPath

import pytest

from assist_context.documents import Document, split_lines
from assist_context.languages import language_of
from assist_context.syntax.scopes.call_sites import (
    MOST_CALLS,
    Signature,
    calls_of,
    definitions_of,
    functions_around,
    owner_at,
    signatures_in,
)
from assist_context.syntax.scopes.call_targets import (
    LIKELY,
    RARE,
    SURE,
    find_calls,
    is_overloaded,
    overrides_of,
    variable_finder,
)
from assist_context.syntax.scopes.parsed_text import ParsedText


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
    assert [brief(each) for each in signatures_in(parse(path, text), 0, len(text))] == expected


def test_only_definitions_whose_parameters_touch_the_bytes_are_found() -> None:
    text = "def f(a):\n    return g(a)\n\ndef g(b): pass\n"
    body = text.index("return")
    assert signatures_in(parse("a.py", text), body, body + 6) == []
    assert [
        each.name for each in signatures_in(parse("a.py", text), text.index("b)"), text.index("b)") + 1)
    ] == ["g"]


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
    for call in calls_of(parsed, name):
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
    parsed = parse("a.py", "f(1)\n" * (MOST_CALLS + 50))
    assert sum(1 for _ in calls_of(parsed, "f")) == MOST_CALLS


def test_owners_and_functions_around_a_place() -> None:
    text = "class A(B, m.C):\n    def f(self, a):\n        def g(b):\n            here\n"
    parsed = parse("a.py", text)
    at = text.index("here")
    assert owner_at(parsed, at) == ("A", frozenset({"B", "m", "C"}))
    names = [[one.name for one in each.parameters] for each in functions_around(parsed, at)]
    assert names == [["b"], ["self", "a"]]
    assert owner_at(parse("a.py", "x = 1"), 0) == ("", frozenset())


# What is called, where `§` marks the definition; each call with how surely it is meant.
TARGETS = [
    ("a.py", "def §f(a): pass\nf(1)\nx.f(2)\n", {"f(1)": SURE}),
    ("a.py", "def §f(a): pass\ndef g(f): f(1)\ndef h():\n    f = 2\n    f(3)\n", {}),
    ("a.py", "def g():\n    def §f(a): pass\n    f(1)\nf(2)\n", {"f(1)": SURE}),
    ("a.py", "def §f(a): pass\ndef f(a, b): pass\nf(1)\n", {}),
    ("a.py", "class A:\n    def §f(self, a): self.f(1)\nclass B(A):\n    def g(self): self.f(2)\n    def h(self): super().f(3)\nclass C:\n    def i(self): self.f(4)\n", {"self.f(1)": SURE, "self.f(2)": SURE, "super().f(3)": SURE}),
    ("a.py", "class A:\n    def §f(self, a): pass\nclass B(A):\n    def f(self, a): self.f(2); super().f(3)\n", {"super().f(3)": SURE}),
    ("a.py", "class Store:\n    def §load(self, a): pass\nstore.load(1)\nx = Store()\nx.load(2)\ny.load(3)\nStore.load(4)\n", {"store.load(1)": LIKELY, "x.load(2)": LIKELY}),
    ("a.py", "class Store:\n    def §load_all(self, a): pass\ny.load_all(3)\n", {"y.load_all(3)": RARE}),
    ("a.py", "class A:\n    def §load_all(self, a): pass\nclass B:\n    def load_all(self, a): pass\ny.load_all(3)\n", {}),
    ("a.py", "class A:\n    @classmethod\n    def §make(cls, a): cls.make(1)\nA.make(2)\n", {"cls.make(1)": SURE, "A.make(2)": SURE}),
    ("a.py", "class A:\n    def §__init__(self, a): pass\n    def g(self, cls): return A(1)\nclass B(A):\n    def __init__(self): super().__init__(2)\nclass C:\n    def __init__(self): super().__init__(3)\n", {"A(1)": SURE, "super().__init__(2)": SURE}),
    ("a.ts", "class A { §constructor(a: string) {} }\nclass B extends A { constructor() { super('x'); } }\nnew A('y');\nA('z');\n", {"super('x')": SURE, "new A('y')": SURE}),
    ("a.ts", "function §f(a: string): void;\nfunction f(a: number): void;\nfunction f(a: any) {}\nf(1);\n", {}),
    ("a.go", "package p\nfunc (s *S) §Load(a int) { s.Load(1) }\nfunc g(q *S, r *R) { q.Load(2); r.Load(3) }\n", {"s.Load(1)": SURE, "q.Load(2)": LIKELY}),
    ("a.rs", "impl S { fn §new(a: u8) -> S { Self::new(1); S::new(2); R::new(3) } }\n", {"Self::new(1)": SURE, "S::new(2)": SURE}),
    ("A.java", "class A { void §load(int a) { load(1); this.load(2); } }\nclass B { void g() { load(3); } }\n", {"load(1)": SURE, "this.load(2)": SURE}),
    ("A.java", "class A { void §load(int a) { load(1); } void load(String a) {} }\n", {}),
]  # fmt: skip


@pytest.mark.parametrize(("path", "marked", "expected"), TARGETS)
def test_which_calls_mean_a_definition(path: str, marked: str, expected: dict[str, float]) -> None:
    at = marked.index("§")
    parsed = parse(path, marked.replace("§", ""))
    (signature,) = [each for each in signatures_in(parsed, at, at + 40) if each.name_span[0] == at]
    found = {
        parsed.source.text(*call.span): certainty for call, certainty in find_calls(signature, parsed, parsed)
    }
    assert found == expected


CROSS = [
    ("p/a.py", "def f(a): pass", "p/b.py", "from p.a import f\nf(1)\n", ["f(1)"]),
    ("p/a.py", "def f(a): pass", "p/b.py", "from p.a import f as g\ng(1)\nf(2)\n", ["g(1)"]),
    ("p/a.py", "def f(a): pass", "p/b.py", "from . import a\na.f(1)\nb.f(2)\n", ["a.f(1)"]),
    ("p/a.py", "def f(a): pass", "p/b.py", "from q.z import f\nf(1)\n", []),
    ("p/a.py", "def f(a): pass", "p/b.py", "from p.a import f\ndef f(a): pass\nf(1)\n", []),
    ("p/a.py", "def f(a): pass", "p/b.ts", "import { f } from './a';\nf(1);\n", []),
    ("p/a.ts", "export function f(a: string) {}", "p/b.tsx", "import { f } from './a.js';\nf('x');\n", ["f('x')"]),
    ("p/a.go", "package p\nfunc f(a int) {}", "p/b.go", "package p\nfunc g() { f(1) }\n", ["f(1)"]),
    ("p/a.go", "package p\nfunc F(a int) {}", "q/b.go", 'package q\nimport "x.org/p"\nfunc g() { p.F(1); F(2) }\n', ["p.F(1)"]),
    ("p/a.py", "class A:\n    def __init__(self, a): pass\n", "p/b.py", "from p.a import A\nA(1)\n", ["A(1)"]),
]  # fmt: skip


@pytest.mark.parametrize(("home", "text", "path", "other", "expected"), CROSS)
def test_calls_in_another_file(home: str, text: str, path: str, other: str, expected: list[str]) -> None:
    defined = parse(home, text)
    calling = parse(path, other)
    signature = signatures_in(defined, 0, len(text))[-1]
    found = [calling.source.text(*call.span) for call, _ in find_calls(signature, defined, calling)]
    assert found == expected


def test_methods_that_override() -> None:
    text = "class A:\n    def f(self): pass\nclass B(A):\n    def f(self): pass\nclass C:\n    def f(self): pass\n"
    parsed = parse("a.py", text)
    first, *_ = definitions_of(parsed, "f")
    assert [each.owner for each in overrides_of(first, parsed)] == ["B"]
    assert not is_overloaded(first, parsed)


VARIABLES = [
    ("a.py", "def f(name):\n    |", True),
    ("a.py", "def f():\n    name: int = 1\n    |", True),
    ("a.py", "def f():\n    for name, b in c:\n        |", True),
    ("a.py", "def f():\n    with open() as name:\n        |", True),
    ("a.py", "def f():\n    a, name = c\n    |", True),
    ("a.py", "name = 1\ndef f():\n    |", True),
    ("a.py", "def f():\n    x.name = 1\n    g(name=2)\n    |", False),
    ("a.py", "def g():\n    name = 1\ndef f():\n    |", False),
    ("a.py", "def f():\n    if name == 1:\n        |", False),
    ("a.py", "def f():\n    name = |", False),
    ("a.ts", "function f() {\n  const name = 1;\n  |}", True),
    ("a.ts", "function f() {\n  const o = { name: 1 };\n  |}", False),
    ("a.go", "package p\nfunc f() {\n\tname, err := g()\n\t|}", True),
    ("a.go", "package p\nfunc f(ctx C, name string) {\n\t|}", True),
    ("a.rs", "fn f() {\n    let mut name = 1;\n    |}", True),
]


@pytest.mark.parametrize(("path", "marked", "expected"), VARIABLES)
def test_variables_that_a_place_can_use(path: str, marked: str, expected: bool) -> None:
    before, after = marked.split("|")
    parsed = parse(path, before + "use()" + after)
    assert variable_finder(parsed, "name")(len(before)) is expected


@pytest.mark.parametrize("path", ["a.css", "a.txt", "a.rb"])
def test_a_language_without_rules_has_no_calls(path: str) -> None:
    parsed = parse(path, "f(1)\n")
    assert PurePosixPath(path).suffix
    assert not list(calls_of(parsed, "f"))
    assert not definitions_of(parsed, "f")
