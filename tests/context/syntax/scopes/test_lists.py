"""Lists of a text: what their entries are called, and which entries are next to each other."""

import pytest

from assist_context.documents import Document, split_lines
from assist_context.languages import language_of
from assist_context.syntax.scopes.lists import MOST_NEIGHBOURS, entries_at, lists_at
from assist_context.syntax.scopes.parsed_text import ParsedText


def parse(path: str, text: str) -> ParsedText:
    return ParsedText(Document(path, split_lines(text), language_of(path)))


# The innermost list that has a name at `|`: its kind and its elements.
LISTS = [
    ("a.py", "class A(Enum):\n    RED = 1\n    |GREEN = 2\n", "members", ["RED=1", "GREEN=2"]),
    ("a.py", "class A:\n    a: int\n    |b: str = ''\n    def f(self): pass\n", "members", ["a:int", "b:str=''", "f"]),
    ("a.py", "x = {'one': 1, |two: f(a)}", "pairs", ["one=1", "two=f(a)"]),
    ("a.py", "x = ['one', |'two', 3, *y]", "items", ["one", "two"]),
    ("a.py", "__all__ = (\n    'one',\n    |'two',\n)", "items", ["one", "two"]),
    ("a.py", "from one import a, |b as c", "imports", ["a", "b"]),
    ("a.py", "def f(self, a, |b: int = 1, *c): pass", "parameters", ["a", "b:int=1"]),
    ("a.py", "def f():\n    self.a = x\n    |self.b = y\n", "statements", ["a=x", "b=y"]),
    ("a.py", "import a\nimport |b\nc = 1\n", "", []),
    ("a.ts", "enum E { A = 'a', |B }", "members", ["A='a'", "B"]),
    ("a.ts", "type T = 'a' | 'b' | |'c';", "members", ["a", "b", "c"]),
    ("a.ts", "interface I { a: string; |b?: number; c(): void }", "members", ["a:string", "b:number", "c"]),
    ("a.ts", "const o = { a, b: 1, |'c-d': 2, ...e };", "pairs", ["a", "b=1", "c-d=2"]),
    ("a.ts", "export { a, |b };", "imports", ["a", "b"]),
    ("a.ts", "switch (x) { case E.A: f(); break; case E.|B: g(); }", "cases", ["A=E.A", "B=E.B"]),
    ("a.go", "package p\nconst (\n\tA T = iota\n\t|B\n)\n", "members", ["A:T=iota", "B"]),
    ("a.go", "package p\ntype S struct {\n\tA int `json:\"a\"`\n\t|B string\n}\n", "members", ["A:int", "B:string"]),
    ("a.go", "package p\nvar m = map[K]string{\n\tA: \"a\",\n\t|B: \"b\",\n}\n", "pairs", ["A=\"a\"", "B=\"b\""]),
    ("a.rs", "enum E { A, |B(u8) }", "members", ["A", "B"]),
    ("a.rs", "fn f() { match x { E::A => 1, E::|B(y) => 2 } }", "cases", ["A=1", "B=2"]),
    ("a.rs", "struct S { pub a: u8, |b: String }", "members", ["a:u8", "b:String"]),
    ("A.java", "enum E { A(1), |B, C; int x; }", "members", ["A", "B", "C"]),
    ("A.java", "class A { int f(E e) { switch (e) { case A: return 1; case |B: return 2; } } }", "cases", ["A", "B"]),
]  # fmt: skip


@pytest.mark.parametrize(("path", "marked", "kind", "expected"), LISTS)
def test_lists_and_their_elements(path: str, marked: str, kind: str, expected: list[str]) -> None:
    at = marked.rindex("|")
    text = marked[:at] + marked[at + 1 :]
    end = next((place for place in range(at, len(text)) if text[place] in " ,;:=(){}\n"), len(text))
    found = next(lists_at(parse(path, text), at, end), None)
    shown = [
        each.name + (f":{each.type}" if each.type else "") + (f"={each.value}" if each.value else "")
        for each in (found.elements if found else ())
    ]
    assert (found.kind if found else "", [each for each in shown if each != "self"]) == (kind, expected)


# The entries around `|` from inside out: the one before, the entry, the one after.
ENTRIES = [
    ("a.py", "x = ['a', '|b', 'c']", [("'a'", "'b'", "'c'")]),
    ("a.py", "x = {A.r: 'r', A.|g: 'g'}", [("A.r: 'r'", "A.g: 'g'", "")]),
    ("a.py", "self.a = a\n# why\nself.|b = b\n", [("self.a = a", "self.b = b", "")]),
    ("a.py", "if a:\n    b\nelif |c:\n    d\nelif e:\n    f\n", [("", "elif c:\n    d", "elif e:\n    f")]),
    ("a.ts", "type T = 'a' | '|b' | 'c';", [("'a'", "'b'", "'c'")]),
    ("a.rs", "fn f() { g([A::X, A::|Y]) }", [("A::X", "A::Y", ""), ("", "[A::X, A::Y]", "")]),
    ("a.go", "package p\nfunc f() {\n\ta(|b)\n\tc(d)\n}", [("", "b", ""), ("", "a(b)", "c(d)")]),
]


@pytest.mark.parametrize(("path", "marked", "expected"), ENTRIES)
def test_entries_with_their_neighbours(path: str, marked: str, expected: list[tuple[str, str, str]]) -> None:
    at = marked.index("'|") + 1 if "'|" in marked else marked.index("|")
    text = marked[:at] + marked[at + 1 :]
    parsed = parse(path, text)
    found = []
    for entry in entries_at(parsed, at, at + 1):
        sides = [parsed.source.text(*side[0]) if side else "" for side in (entry.before, entry.after)]
        found.append((sides[0], parsed.source.text(*entry.span), sides[1]))
    assert found[: len(expected)] == expected


def test_a_long_list_gives_the_nearest_neighbours() -> None:
    text = "x = [" + ", ".join(f"a{number}" for number in range(1_000)) + "]"
    at = text.index("a500")
    (entry, *_) = entries_at(parse("a.py", text), at, at + 4)
    assert (len(entry.before), len(entry.after)) == (MOST_NEIGHBOURS, MOST_NEIGHBOURS)


@pytest.mark.parametrize("text", ["x = [", "class A(\n", "}", "", "x = [é, 'ü', 😀]\r\n"])
def test_broken_code_is_no_error(text: str) -> None:
    parsed = parse("a.py", text)
    size = len(parsed.source.data)
    for start in range(size):
        list(entries_at(parsed, start, min(start + 2, size)))
        list(lists_at(parsed, start, min(start + 2, size)))
