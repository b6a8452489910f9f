"""Which places of a name mean the same: tables of texts in which the places of one definition are marked ‹so›."""

import re

import pytest

from assist_context.code.names.occurrences import NameReader, Occurrence
from assist_context.code.trees.parsed_text import ParsedText
from assist_context.documents import Document, split_lines
from assist_context.languages import language_of

PYTHON = [
    # A function sees its own names first; defaults, annotations and decorators are the outer scope's.
    "‹x› = 1\ndef f(x, y=‹x›): return x\nprint(‹x›)\n",
    "x = 1\ndef f(‹x›, y=x): return ‹x›\nprint(x)\n",
    "‹T› = int\ndef f(T: ‹T›) -> ‹T›: return T\n",
    "def ‹f›():\n    return ‹f›()\nclass A:\n    def f(self): return ‹f›() + self.f()\n",
    # Names of a class are seen in its body and as members, not in its methods.
    "x = 0\nclass A:\n    ‹x› = 1\n    y = ‹x›\n    def m(self): return x + self.‹x› + A.‹x›\n",
    "‹x› = 0\nclass A:\n    x = 1\n    def m(self): return ‹x› + self.x\n",
    "class A:\n    def ‹m›(self): return self.‹m›()\n    def n(this): return this.‹m›()\na = A()\na.‹m›()\n",
    "class A:\n    def __init__(self, x):\n        self.‹x› = x\n    def m(self, o): return self.‹x›\n",
    # global, nonlocal
    "‹n› = 0\ndef f():\n    global ‹n›\n    ‹n› += 1\ndef g():\n    n = 2\n",
    "def f():\n    ‹n› = 0\n    def g():\n        nonlocal ‹n›\n        ‹n› += 1\n    return ‹n›\nn = 1\n",
    "def f():\n    global ‹n›\n    ‹n› = 1\nprint(‹n›)\n",
    # comprehensions and lambdas
    "x = [1]\ny = [‹x› for ‹x› in x if ‹x›]\nx\n",
    "‹x› = [1]\ny = [x for x in ‹x›]\n‹x›\n",
    "def f():\n    return [z for ‹x› in xs for z in ‹x›]\n",
    "x = 1\ng = lambda ‹x›, y=x: ‹x› + y\n",
    "def f(xs):\n    return [‹y› for x in xs if (‹y› := x)] + [‹y›]\ny = 0\n",
    # targets
    "def f():\n    a, (b, *‹c›) = 1, (2, 3)\n    return ‹c›\nc = 1\n",
    "def f():\n    for i, ‹j› in x: pass\n    return ‹j›\n",
    "def f():\n    with a as ‹h›, b as (c, d): ‹h›.close()\n",
    "def f():\n    try: pass\n    except E as ‹e›: raise ‹e›\n",
    "def f(m):\n    match m:\n        case P(‹q›, k=w): return ‹q›, w\n        case [a, *r]: return r\n",
    "def f(m):\n    match m:\n        case {'k': v, **‹q›}: return ‹q›\n        case C.q: return 1\n",
    "def f():\n    ‹x›: int = 1\n    del ‹x›\n",
    "import ‹os›.path\n‹os›.getcwd()\ndef f(os): os.x\n",
    "import a.b\n‹b› = 1\nimport b.c as d\n‹b›\n",
    "from m import a as ‹b›, c\n‹b›()\na = 2\n",
    "from m import x\n‹m› = 1\n‹m›\n",
    # keyword arguments belong to the parameter
    "def f(‹a›, b): return ‹a› + b\nf(‹a›=1, b=2)\ng(a=1)\na = 2\n",
    "class C:\n    def __init__(self, ‹a›): self.a = ‹a›\nC(‹a›=1).a\n",
    "class C(NamedTuple):\n    ‹a›: int\nC(‹a›=1).‹a›\n",
    "class C:\n    def m(self, ‹a›): return ‹a›\n    def n(self): self.m(‹a›=1)\n",
    # objects are followed to what is written
    "class A:\n    ‹x› = 1\nclass B:\n    x = 2\ndef f(a: A, b: B, c): return a.‹x› + b.x + c.x\n",
    "class A:\n    ‹x› = 1\ndef f(a: 'A | None', b: Optional[A]): return a.‹x› + b.‹x›\n",
    "import os\nclass A:\n    def ‹path›(self): return os.path\n    def m(self, o): return o.path\n",
    "class A:\n    ‹x› = 1\ndef f():\n    a = A()\n    with A() as b:\n        return a.‹x› + b.‹x› + A().‹x›\n",
    "class A:\n    ‹x› = 1\nclass B(A):\n    def m(self): return self.‹x› + super().‹x›\nB().‹x›\n",
    "class A:\n    ‹x› = 1\nclass B:\n    def __init__(self): self.a = A()\n    def m(self): return self.a.‹x›\n",
    "class A:\n    def ‹x›(self): ...\ndef make() -> A: ...\nmake().‹x›()\n[].x()\n'a'.x()\nopen(1).x()\n",
    "class A:\n    ‹x› = 1\n    @classmethod\n    def m(cls):\n        class B:\n            def n(self): cls.‹x› += 1\n",
    "class A:\n    def m(self):\n        def n(it): it.y = 1\n        self.‹x› = 2\n        return lambda: self.‹x›\n",
    # strings and comments are no code, f-strings are
    "‹x› = 1  # x\ny = 'x' + f'x {‹x›!r:>{‹x›}}'\n",
    "def f[‹T›](a: ‹T›) -> ‹T›: return a\nT = 1\n",
    "class A[‹T›]:\n    def m(self, a: ‹T›): return a\nT = 1\n",
]
TYPESCRIPT = [
    # var belongs to the function, let to its block
    "function f() { { var ‹a› = 1; let b; } if (1) { var ‹a› = 2 } return ‹a› }\nlet a;\n",
    "function f(a) { { let ‹a› = 1; ‹a›++; } return a }\n",
    "for (let ‹i› = 0; ‹i› < 3; ‹i›++) { g(‹i›) }\ni\n",
    "for (const ‹x› of y) { ‹x› }\nx;\n",
    "function f(‹x› = 1) { return () => ‹x› }\nx;\n",
    "const f = (x) => x, g = async ‹x› => ‹x›;\nx;\n",
    "switch (q) { case 1: let ‹a› = 1; ‹a›; break } a;\n",
    "try { } catch (‹e›) { throw ‹e› } e;\n",
    "const g = function ‹h›() { return ‹h›() }; h();\n",
    # patterns and shorthands
    "const { ‹a›, b: c, ...rest } = o; use({ ‹a›, c: ‹a› }, o.a);\n",
    "const { a: ‹b›, d: { e = ‹b› } } = o; ‹b›; o.b;\n",
    "function f({ ‹p›, q: [r] }: P, { s = ‹p› }) { return ‹p› }\n",
    "let ‹a›, b; ({ ‹a›, b } = o); [‹a›] = o;\n",
    # types and values
    "interface ‹Foo› { a: string }\nfunction f<T extends ‹Foo›>(Foo: ‹Foo›) { return Foo }\n",
    "type T = x;\nconst ‹x› = 1; type U = typeof ‹x›;\n",
    "const ‹S› = z.o(); type ‹S› = z.infer<typeof ‹S›>; let a: ‹S›; ‹S›.parse();\n",
    "class ‹C›<T> { m(): ‹C›<T> { return new ‹C›() } }\nlet c: ‹C›<number>;\n",
    "function f<‹T›>(a: ‹T›): ‹T› { let b: ‹T›; return a }\nlet T: T2;\n",
    "type M = { [‹K› in keyof T]: T[‹K›] }; type I<T> = T extends (infer R)[] ? R : never;\n",
    "namespace ‹N› { export const x = 1 }\nconst y: ‹N›.M = ‹N›.x;\n",
    # labels
    "const a = 1;\n‹a›: for (;;) { break ‹a›; continue ‹a›; }\na;\n",
    # imports and exports
    "import D, { ‹a›, b as c } from 'x';\n‹a›(); export { ‹a›, D as a };\n",
    "import { a as ‹b› } from 'x';\n‹b›(); a; export { b } from 'y';\n",
    "import * as ‹ns› from 'x';\n‹ns›.ns; const T: ‹ns›.T = 1;\n",
    # members
    "class A { ‹x› = 1; m() { return this.‹x› } }\nclass B { x = 2; m() { return this.x } }\nnew A().‹x›;\n",
    "class A { constructor(private ‹d›: D) { ‹d›.go() } m() { return this.‹d› } }\n",
    "class A { #x = 1; ‹y› = 2; m() { return this.#x + this.‹y› } }\n",
    "interface P { ‹q›: string }\nfunction f(p: P, o: Q) { const { ‹q›: z } = p; return p.‹q› + o.q }\n",
    "interface P { ‹q›: string }\nconst p: P = { ‹q›: 'q' };\nconst q = p.‹q›;\n",
    # the type of an object may be written further up
    "interface P { ‹q›: number }\nconst ps: P[] = [{ ‹q›: 1 }, { ‹q›: 2 }]; ps.push({ ‹q›: 3 }, ...x);\n",
    "interface P { ‹q›: number }\nfunction f(p: P, r: R): P { return { ‹q›: p.‹q› } }\nf({ ‹q›: 1 }, { q: 2 });\n",
    "const r: Record<string, { ‹u›: number }> = { a: { ‹u›: 1 }, u: { ‹u›: 2 } };\nconst s = { u: 3 };\n",
    "function f(o?: { ‹p›: number; q: P }) { return o?.‹p› + o.q.p }\n",
    "type T = { ‹a›: number };\nfunction f(ts: T[]) { for (const t of ts) t.‹a›; for (const { c: b } of us) b.a }\n",
    "const f = (): { ‹e›: E } => ({ ‹e›: 1 });\nconst g = { e: 1 };\n",
    "const o = { ‹a›: 1, b: 2 }; o.‹a›; a; p.a;\n",
    "enum E { ‹A›, B }\nE.‹A›; E.B; const A = 1; 'x'.A;\n",
    "abstract class A { abstract ‹run›(): void }\nclass B extends A { ‹run›() { this.‹run›() } }\n",
    "type T = { ‹a›: string };\nfunction f(t: T) { return t.‹a› }\n",
    "// a\nconst ‹a› = `a ${‹a›}` + 'a';\n",
]
TSX = [
    "const ‹Foo› = () => <div/>;\nconst b = <‹Foo› Foo={1}><‹Foo›/></‹Foo›>;\n",
    "function f(‹div›) { return <div id={‹div›}>div</div> }\n",
]
RUST = [
    "fn f(‹x›: i32) -> i32 { let x = ‹x› + 1; x }\n",
    "fn f(x: i32) -> i32 { let ‹x› = x + 1; { let x = ‹x›; x } ; ‹x› }\n",
    "fn f(o: O) { if let Some(‹x›) = o.x() { ‹x› } else { y } }\n",
    "fn f(‹o›: O) { if let Some(o) = ‹o› { o } else { ‹o› } }\n",
    "fn f(o: O) { while let Some(‹x›) = o.next() { go(‹x›) } }\n",
    "fn f(x: E) { match x { E::A(‹y›) | E::B(‹y›) if ‹y› > 0 => ‹y›, y => y } }\n",
    "const ‹N›: i32 = 1;\nfn f(x: i32) { match x { ‹N› => 1, n => n } }\n",
    "fn f(xs: V) { for ‹x› in xs { ‹x› } }\n",
    "fn f() { let c = |‹a›, b: i32| ‹a› + b; a }\n",
    "struct ‹P›;\nimpl ‹P› { fn new() -> ‹P› { ‹P› } }\nfn f(p: &‹P›) -> Vec<‹P›> { ‹P›::new() }\n",
    "struct P { ‹x›: i32 }\nimpl P { fn new(x: i32) -> Self { P { ‹x›: x } } }\n",
    "struct P { ‹x›: i32 }\nimpl P { fn get(&self) -> i32 { self.‹x› } }\nfn f(p: &P, q: Q) { p.‹x› + q.x }\n",
    "struct P;\nimpl P { fn ‹go›(&self) { Self::‹go›(self); self.‹go›() } }\nfn go() { P::‹go›(&P) }\n",
    "enum E { ‹A›, B }\nfn f(e: E) { match e { E::‹A› => 1, E::B => 2 } }\n",
    "trait T { fn ‹m›(&self); }\nstruct S;\nimpl T for S { fn ‹m›(&self) {} }\nfn f(s: S) { s.‹m›() }\n",
    "fn f<'‹a›>(x: &'‹a› str) -> &'‹a› str { let a = 1; x }\n",
    "fn f() { '‹a›: loop { break '‹a›; } let a = 1; }\n",
    'fn f(‹x›: i32) { println!("x {}", ‹x›); vec![‹x›, y.x]; }\n',
    "use a::{b as ‹c›, d};\nfn f() { ‹c›(); b() }\n",
    "fn ‹f›() {}\nmod t { fn g() { super::‹f›() } }\n",
    "macro_rules! ‹m› { () => {} }\nfn m() { ‹m›!() }\n",
]
GO = [
    "package p\nfunc f(‹a› int) { ‹a›, b := 1, 2; _ = ‹a› + b }\n",
    "package p\nfunc f(‹a› int) { if a := ‹a›; a > 0 { a++ } else { a-- }; ‹a›++ }\n",
    "package p\nfunc f() { for ‹i› := 0; ‹i› < 3; ‹i›++ { i := ‹i›; _ = i }; i() }\n",
    "package p\nfunc f(k int) { for ‹k›, v := range m { _ = ‹k› }; _ = k }\n",
    "package p\nfunc f(‹k› int) { for ‹k› = range m { _ = ‹k› } }\n",
    "package p\nfunc f() { switch ‹z› := q.(type) { case int: _ = ‹z› }; z() }\n",
    "package p\nfunc f() (‹err› error) { if err := g(); err != nil { return err }; return ‹err› }\n",
    "package p\nfunc f() { x := 1; { ‹x› := x; _ = ‹x› }; _ = x }\n",
    "package p\ntype ‹S› struct{}\nfunc (s *‹S›) M() ‹S› { return ‹S›{} }\nfunc f(S int) { _ = S }\n",
    "package p\ntype S struct{ ‹F›, G int }\nfunc (s S) M() { s.‹F› = 1; t := S{‹F›: 1, G: F}; fmt.F(t.‹F›) }\n",
    "package p\ntype S struct{}\ntype R struct{}\nfunc (s S) ‹M›() { s.‹M›() }\nfunc (r R) M() {}\nfunc f(s S, r *R) { s.‹M›(); r.M() }\n",
    "package p\nvar ‹k› = 1\nvar m = map[string]int{‹k›: 2}\n",
    "package p\nfunc f() { for _, t := range []struct{ ‹n› int }{{‹n›: 1}, {‹n›: n}} { _ = t.‹n› } }\n",
    'package p\nimport ‹al› "x/al"\nfunc f(al *‹al›.T) (x ‹al›.T) { return al.x }\n',
    "package p\nfunc f() { ‹l›: for { break ‹l› }; l := 1; _ = l }\n",
    "package p\nfunc f[‹T› any](a ‹T›) ‹T› { return a }\n",
    'package p\nimport ‹al› "x/al"\nfunc f() { ‹al›.Go(); var t ‹al›.T; _ = t }\n',
    "package p\nfunc ‹f›() { ‹f›() }\nfunc g() { f := 1; _ = f }\n",
    "package p\nfunc f() { select { case ‹m› := <-c: _ = ‹m› }; m() }\n",
]
PLAIN = [
    (
        "java",
        "class A { int ‹x›; int m(A a, int y) { return ‹x› + this.‹x› + a.‹x›; } int n(int x) { return x; } }\n",
    ),
    ("java", "class A { void m(int ‹a›) { for (int i = 0; i < ‹a›; i++) { } f(a2 -> ‹a›); } int a; }\n"),
    ("java", "class ‹A› { ‹A›() {} static ‹A› make() { return new ‹A›(); } }\n"),
    (
        "java",
        "class A { void ‹m›() { ‹m›(); this.‹m›(); new A().‹m›(); } }\nclass B { void m() {} }\n",
    ),
    ("c", "int ‹x›;\nint f(int y, int x) { return x; }\nint g(void) { { int x = 1; x++; } return ‹x›; }\n"),
    ("c", "struct S { int ‹a›; };\nint f(struct S *s, int a) { return s->‹a› + a; }\n"),
    ("c", "int ‹f›(int a);\nint ‹f›(int a) { return ‹f›(a); }\n"),
    (
        "cpp",
        "int f(int ‹a›) { auto g = [&](int b) { return ‹a› + b; }; for (auto &x : y) { x = ‹a›; } return 0; }\n",
    ),
    ("cpp", "class K { int ‹f›; int m() { return ‹f› + this->‹f›; } };\n"),
]
TABLE = [
    *(("py", text) for text in PYTHON),
    *(("ts", text) for text in TYPESCRIPT),
    *(("tsx", text) for text in TSX),
    *(
        ("js", text)
        for text in TYPESCRIPT
        if not re.search(r"interface|: \w|<T|enum|type |private|namespace", text)
    ),
    *(("rs", text) for text in RUST),
    *(("go", text) for text in GO),
    *PLAIN,
]


def unmark(text: str) -> tuple[str, list[tuple[int, int]]]:
    """The text without its marks, and the marked places as lines and columns."""
    places = []
    plain = ""
    for part in re.split(r"(‹\w+›)", text):
        if part.startswith("‹"):
            places.append((plain.count("\n"), len(plain) - plain.rfind("\n") - 1))
        plain += part.strip("‹›")
    return plain, places


def read(suffix: str, text: str) -> NameReader:
    path = "a." + suffix
    return NameReader(ParsedText(Document(path, split_lines(text), language_of(path))))


def same(reader: NameReader, name: str, place: tuple[int, int]) -> list[Occurrence]:
    """The occurrences that mean the same as the one at a place; guesses count where they are good."""
    found = reader.occurrences(name)
    own = next(
        each for each in found if (each.start.line, each.start.column) == place and each.shorthand != "key"
    )
    assert own.binding is not None
    return [each for each in found if each.binding == own.binding and (each.sure or reader.rules.guesses)]


@pytest.mark.parametrize(("suffix", "text"), TABLE)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["lf", "crlf", "cr"])
def test_marked_places_mean_the_same(suffix: str, text: str, end: str) -> None:
    plain, places = unmark(text)
    [name] = set(re.findall(r"‹(\w+)›", text))
    reader = read(suffix, plain.replace("\n", end))
    for place in places:
        found = same(reader, name, place)
        assert [(each.start.line, each.start.column) for each in found] == places
        assert all(each.end.column - each.start.column == len(name) for each in found)


@pytest.mark.parametrize(
    ("suffix", "text"),
    [
        ("py", "def f(‹a›):\n    x = (‹a›,\n    return ‹a›\n\ndef g(a): return a\n"),
        ("py", "class A:\n    def ‹m›(self):\n        self.‹m›(\n\n    def n(self): self.‹m›()\n"),
        ("ts", "function f(‹a›) {\n  if (‹a› {\n  return ‹a›\n}\n"),
        ("rs", "fn f(‹a›: i32) {\n    let b = ‹a› +;\n    g(‹a›)\n}\nfn g(a: i32) {}\n"),
        ("go", "package p\nfunc f(‹a› int) {\n\tg(‹a›,\n}\nfunc g(a int) {}\n"),
    ],
)
def test_broken_code_is_read_as_far_as_it_goes(suffix: str, text: str) -> None:
    plain, places = unmark(text)
    [name] = set(re.findall(r"‹(\w+)›", text))
    found = [(each.start.line, each.start.column) for each in same(read(suffix, plain), name, places[0])]
    assert found == places


@pytest.mark.parametrize("suffix", ["py", "ts", "tsx", "js", "rs", "go", "java", "c", "cpp"])
@pytest.mark.parametrize(
    "text", ["", "a", "a.", ".a", "(a", "a = ", "}a{", "'a", "# a // a /* a", "a\x00a", "😀a\ud800"]
)
def test_any_text_is_read(suffix: str, text: str) -> None:
    for end in ("", "\n", "\r\n", "\r"):
        for each in read(suffix, text + end).occurrences("a"):
            assert (text + end)[each.start.column : each.end.column] == "a"


def test_positions_count_characters() -> None:
    reader = read("py", "x = '😀é'; ab = '😀'\nprint('é', ab)\n")
    assert [(each.start.line, each.start.column, each.end.column) for each in reader.occurrences("ab")] == [
        (0, 10, 12),
        (1, 11, 13),
    ]


def test_kinds_of_places() -> None:
    reader = read("py", "a = 'a'  # a\nf'a {a}'\nx.a = f(a=1)\n")
    kinds = [
        (each.place, each.defines, each.member, each.binding is not None) for each in reader.occurrences("a")
    ]
    assert kinds == [
        ("code", True, False, True),
        ("string", False, False, False),
        ("comment", False, False, False),
        ("string", False, False, False),
        ("code", False, False, True),
        ("code", False, True, False),
        ("code", False, False, False),
    ]


@pytest.mark.parametrize(
    ("suffix", "text", "what", "level"),
    [
        ("py", "def a(): pass\n", "function", "module"),
        ("py", "def f(a): pass\n", "parameter", "local"),
        ("py", "class a: pass\n", "class", "module"),
        ("py", "class B:\n    a = 1\n", "variable", "member"),
        ("py", "import a\n", "import", "module"),
        ("ts", "interface a {}\n", "type", "module"),
        ("ts", "enum E { a }\n", "field", "member"),
        ("rs", "struct S { a: i32 }\n", "field", "member"),
        ("rs", "fn f() { let a = 1; }\n", "variable", "local"),
        ("go", "package p\nconst a = 1\n", "constant", "module"),
    ],
)
def test_what_a_definition_is(suffix: str, text: str, what: str, level: str) -> None:
    [place] = read(suffix, text).occurrences("a")
    assert place.binding is not None
    assert (place.defines, place.what, place.binding.level) == (True, what, level)


def test_an_object_of_which_nothing_is_known_is_not_sure() -> None:
    reader = read("py", "class A:\n    def go(self): pass\ndef f(a: A, b):\n    a.go()\n    b.go()\n")
    assert [each.sure for each in reader.occurrences("go")] == [True, True, False]


def test_a_shorthand_is_a_variable_and_a_key() -> None:
    reader = read("ts", "interface P { a: string }\nfunction f(p: P) { const { a } = p; return { a } }\n")
    marks = [(each.start.column, each.shorthand, each.member) for each in reader.occurrences("a")]
    assert marks == [
        (14, "", True),
        (27, "value", False),
        (27, "key", True),
        (45, "value", False),
        (45, "key", True),
    ]


def test_what_a_name_would_mean_at_a_place() -> None:
    reader = read("py", "b = 0\ndef f(a):\n    return a\ndef g(a, b):\n    return a\n")
    uses = [each for each in reader.occurrences("a") if not each.defines]
    meant = [reader.bound("b", each.start, each.end) for each in uses]
    module, parameter = (each.binding for each in reader.occurrences("b"))
    assert meant == [module, parameter]


def test_languages_without_rules_bind_nothing() -> None:
    assert read("rb", "def a\nend\na\n").occurrences("a") == ()


def test_few_nodes_are_looked_at_in_a_long_text() -> None:
    function = "def work_{0}(first, second):\n    total = first + second\n    return helper(total)\n\n"
    text = "def helper(a):\n    return a\n\n" + "".join(function.format(at) for at in range(750))
    reader = read("py", text)
    assert len(text.splitlines()) > 3_000
    assert len(reader.occurrences("work_300")) == 1
    assert reader.looked_at < 10
    assert len(same(reader, "helper", (0, 4))) == 751
    assert reader.looked_at < 10 * 752
