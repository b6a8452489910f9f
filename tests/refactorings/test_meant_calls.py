"""Which calls mean a definition, in its text and in others."""

import re

import pytest

from assist_context.code.calls import find_definitions
from assist_context.code.names.occurrences import NameReader
from assist_context.code.trees.parsed_text import ParsedText
from assist_context.documents import Document, split_lines
from assist_context.languages import language_of
from assist_refactorings.meant_calls import find_calls


def parse(path: str, text: str) -> ParsedText:
    return ParsedText(Document(path, split_lines(text), language_of(path)))


# What is called, where `§` marks the definition; each call with how surely it is meant.
TARGETS = [
    ("a.py", "def §f(a): pass\nf(1)\nx.f(2)\n", {"f(1)": True}),
    ("a.py", "def §f(a): pass\ndef g(f): f(1)\ndef h():\n    f = 2\n    f(3)\n", {}),
    ("a.py", "def g():\n    def §f(a): pass\n    f(1)\nf(2)\n", {"f(1)": True}),
    ("a.py", "def §f(a): pass\ndef f(a, b): pass\nf(1)\n", {}),
    ("a.py", "class A:\n    def §f(self, a): self.f(1)\nclass B(A):\n    def g(self): self.f(2)\n    def h(self): super().f(3)\nclass C:\n    def i(self): self.f(4)\n", {"self.f(1)": True, "self.f(2)": True, "super().f(3)": True}),
    ("a.py", "class A:\n    def §f(self, a): pass\nclass B(A):\n    def f(self, a): self.f(2); super().f(3)\n", {"super().f(3)": True}),
    ("a.py", "class Store:\n    def §load(self, a): pass\nstore.load(1)\nx = Store()\nx.load(2)\ny.load(3)\nStore.load(4)\n", {"x.load(2)": True}),
    ("a.py", "class Store:\n    def §load_all(self, a): pass\ny.load_all(3)\n", {}),
    ("a.py", "class A:\n    def §load_all(self, a): pass\nclass B:\n    def load_all(self, a): pass\ny.load_all(3)\n", {}),
    ("a.py", "class A:\n    @classmethod\n    def §make(cls, a): cls.make(1)\nA.make(2)\n", {"cls.make(1)": True, "A.make(2)": True}),
    ("a.py", "class A:\n    def §__init__(self, a): pass\n    def g(self, cls): return A(1)\nclass B(A):\n    def __init__(self): super().__init__(2)\nclass C:\n    def __init__(self): super().__init__(3)\n", {"A(1)": True, "super().__init__(2)": True}),
    ("a.ts", "class A { §constructor(a: string) {} }\nclass B extends A { constructor() { super('x'); } }\nnew A('y');\nA('z');\n", {"super('x')": True, "new A('y')": True}),
    ("a.ts", "function §f(a: string): void;\nfunction f(a: number): void;\nfunction f(a: any) {}\nf(1);\n", {}),
    ("a.go", "package p\nfunc (s *S) §Load(a int) { s.Load(1) }\nfunc g(q *S, r *R) { q.Load(2); r.Load(3) }\n", {"s.Load(1)": True, "q.Load(2)": True}),
    ("a.go", "package p\nfunc (s *Store) §LoadAll(a int) {}\ntype Store struct{}\nfunc g(r *Store) { r.made().LoadAll(1) }\n", {"r.made().LoadAll(1)": False}),
    ("a.rs", "impl S { fn §new(a: u8) -> S { Self::new(1); S::new(2); R::new(3) } }\n", {"Self::new(1)": True, "S::new(2)": True}),
    ("A.java", "class A { void §load(int a) { load(1); this.load(2); } }\nclass B { void g() { load(3); } }\n", {"load(1)": True, "this.load(2)": True}),
    ("A.java", "class A { void §load(int a) { load(1); } void load(String a) {} }\n", {}),
]  # fmt: skip


@pytest.mark.parametrize(("path", "marked", "expected"), TARGETS)
def test_which_calls_mean_a_definition(path: str, marked: str, expected: dict[str, bool]) -> None:
    at = marked.index("§")
    parsed = parse(path, marked.replace("§", ""))
    name = re.findall(r"\w+", marked[at:])[0]
    (signature,) = [each for each in find_definitions(parsed, name) if each.name_span[0] == at]
    home = NameReader(parsed)
    found = {parsed.source.text(*call.span): sure for call, sure in find_calls(signature, home, home)}
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
    ("p/a.go", "package p\ntype S struct{}\nfunc (s *S) Load(a int) {}", "p/b.go", "package p\nfunc g(q *S, r *R) { q.Load(1); r.Load(2) }\n", ["q.Load(1)"]),
    ("p/a.py", "class A:\n    def __init__(self, a): pass\n", "p/b.py", "from p.a import A\nA(1)\n", ["A(1)"]),
]  # fmt: skip


@pytest.mark.parametrize(("home", "text", "path", "other", "expected"), CROSS)
def test_calls_in_another_file(home: str, text: str, path: str, other: str, expected: list[str]) -> None:
    defined = parse(home, text)
    calling = parse(path, other)
    (signature,) = find_definitions(defined, re.findall(r"(\w+)\(", text)[-1])
    found = [
        calling.source.text(*call.span)
        for call, _ in find_calls(signature, NameReader(defined), NameReader(calling))
    ]
    assert found == expected
