"""After a change of parameters: which calls and overriding methods follow, what they become, and when it is quiet."""

import pytest
from situations import accept_all, after_edits, change_to, session_after, texts_of

from assist_context.documents import Document
from assist_context.next_edit.kinds.signatures import find_signature_changes
from assist_context.syntax.scopes.parsed_text import ParsedText

LOAD = """\
def load(path, mode):
    return open(path)


def main(timeout):
    a = load("x", 1)
    b = load(
        "y",
        mode=2,
    )
    load(*a)
    return "load(1, 2)"  # load(1, 2)
"""
SHOP = """\
class Shop:
    def __init__(self, name, town):
        self.name = name

    def find(self, key, strict):
        return self.find(key, False)


class Stall(Shop):
    def __init__(self, name):
        super().__init__(name, None)

    def find(self, key, strict):
        return super().find(key, strict)


shop = Shop("a", "b")
shop.find("c", True)
"""

# The text, what is replaced in it by what, and what all offers together make of it: pairs of old and new.
CHANGES = [
    ("a.py", LOAD, ("path, mode)", "path)"), [('load("x", 1)', 'load("x")'), ('"y",\n        mode=2,', '"y",')]),
    ("a.py", LOAD, ("(path, mode)", "(mode, path)"), [('load("x", 1)', 'load(1, "x")'), ('"y",\n        mode=2', 'mode=2,\n        path="y"')]),
    ("a.py", LOAD, ("(path, mode)", "(path, flags)"), [("mode=2", "flags=2")]),
    ("a.py", LOAD, ("(path, mode)", "(path, *, mode)"), [('load("x", 1)', 'load("x", mode=1)')]),
    ("a.py", LOAD, ("(path, mode)", "(path, mode, timeout)"), [('load("x", 1)', 'load("x", 1, timeout)'), ("mode=2", "mode=2,\n        timeout=timeout")]),
    ("a.py", LOAD, ("(path, mode)", "(timeout, path, mode)"), [('load("x", 1)', 'load(timeout, "x", 1)'), ('"y",\n        mode', 'timeout,\n        "y",\n        mode')]),
    ("a.py", LOAD, ("(path, mode)", "(path, *, timeout, mode)"), [('load("x", 1)', 'load("x", timeout=timeout, mode=1)'), ("mode=2", "mode=2,\n        timeout=timeout")]),
    ("a.py", LOAD, ("(path, mode)", "(path, size=0, mode=1)"), [('load("x", 1)', 'load("x", mode=1)')]),
    ("a.py", SHOP, ("name, town)", "name)"), [("__init__(name, None)", "__init__(name)"), ('"a", "b"', '"a"')]),
    ("a.py", SHOP, ("find(self, key, strict):\n        return self", "find(self, key):\n        return self"), [("def find(self, key, strict):\n        return super", "def find(self, key):\n        return super"), ("find(key, False)", "find(key)"), ("find(key, strict)", "find(key)"), ('find("c", True)', 'find("c")')]),
    ("a.ts", "const f = (a: string, b: number) => a;\nf('x', 1);\nf(...y);\n", ("a: string, b: number", "b: number"), [("'x', 1", "1")]),
    ("a.ts", "class A {\n  constructor(private a: string) {}\n}\nclass B extends A {\n  constructor(b: string) { super(b); }\n}\nnew A('x');\n", ("private a: string", ""), [("super(b)", "super()"), ("new A('x')", "new A()")]),
    ("a.go", "package p\n\nfunc New(name string) *S {\n\treturn nil\n}\n\nfunc Run(ctx context.Context) {\n\tNew(\"a\")\n}\n", ("New(name", "New(ctx context.Context, name"), [('New("a")', 'New(ctx, "a")')]),
    ("a.go", "package p\n\nfunc (s *S) F(a, b int) {\n\ts.F(1, 2)\n}\n\nfunc (r *R) F(a, b int) {\n\tr.F(3, 4)\n}\n", ("S) F(a, b int)", "S) F(b, a int)"), [("s.F(1, 2)", "s.F(2, 1)")]),
    ("a.rs", "trait T {\n    fn f(&self, a: u8);\n}\nimpl T for A {\n    fn f(&self, a: u8) {\n        self.f(1);\n    }\n}\n", ("&self, a: u8);", "&self, a: u8, b: u8);"), [("&self, a: u8) {", "&self, a: u8, b: u8) {")]),
    ("a.rs", "fn f(a: u8, b: u8) {}\nfn g() {\n    assert_eq!(f(1, h(2)), x);\n}\n", ("a: u8, b: u8", "b: u8"), [("f(1, h(2))", "f(h(2))")]),
    ("A.java", "class A {\n  A(int a) {}\n  void f(int x, int y) { f(1, 2); }\n  A g() { return new A(1); }\n}\n", ("int x, int y", "int y"), [("f(1, 2)", "f(2)")]),
]  # fmt: skip


@pytest.mark.parametrize(("path", "text", "edit", "expected"), CHANGES)
def test_calls_follow(path: str, text: str, edit: tuple[str, str], expected: list[tuple[str, str]]) -> None:
    assert text.count(edit[0]) == 1
    situation = after_edits(path, [text, text.replace(*edit)])
    made = situation.document.text
    for offer in find_signature_changes(situation):
        changed = texts_of(situation, [offer])[0]
        made = _merge(situation.document.text, made, changed)
    wanted = text.replace(*edit)
    for old, new in expected:
        assert wanted.count(old) == 1, old
        wanted = wanted.replace(old, new)
    assert made == wanted


def _merge(base: str, one: str, other: str) -> str:
    """Both texts' changes of a text, line by line; they have no line in common."""
    if base.count("\n") == one.count("\n") == other.count("\n"):
        rows = zip(base.split("\n"), one.split("\n"), other.split("\n"), strict=True)
        return "\n".join(mine if mine != row else its for row, mine, its in rows)
    return other if one == base else one


# Edits after which nothing follows.
QUIET = [
    ("a.py", LOAD, ("(path, mode)", "(path, mode, size)")),  # nothing called `size` is known
    ("a.py", LOAD, ("(path, mode)", "(path, mode, size=1)")),
    ("a.py", LOAD, ("(path, mode)", "(path: str, mode: int)")),
    ("a.py", LOAD, ("(path, mode)", "(path, mode, *rest)")),
    ("a.py", LOAD, ("(path, mode)", "(path, mode=1)")),
    ("a.py", LOAD, ("(path, mode)", "(path, , mode)")),
    ("a.py", LOAD, ("open(path)", "open(path, mode)")),
    ("a.py", "def f(a, b): pass\ndef g(f):\n    f(1, 2)\n", ("a, b", "a")),  # shadowed
    ("a.py", "def f(a, b): pass\ndef f(a, b): pass\nf(1, 2)\n", ("(a, b): pass\nd", "(a): pass\nd")),
    ("a.py", "@overload\ndef f(a): ...\ndef f(a, b): pass\nf(1, 2)\n", ("a, b", "a")),
    ("a.py", "class A:\n    def get(self, a, b): pass\nd = {}\nd.get(1, 2)\n", ("a, b", "a")),  # a common name
    ("a.py", "def f(a, b): pass\n'f(1, 2)'\n# f(1, 2)\nx.f(1, 2)\n", ("a, b", "a")),
    ("a.py", "def f(a, b): pass\nf(*c)\nf(1, **d)\nf(1)\n", ("a, b", "a")),
    ("a.ts", "function f(a: string): void;\nfunction f(a: string, b: string): void;\nfunction f(a: any, b?: any) {}\nf('x', 'y');\n", ("a: string, b: string", "a: string")),
    ("a.ts", "function f(a = 1, b = 2) {}\nf(1, 2);\n", ("a = 1", "c = 3, a = 1")),  # it cannot name arguments
    ("a.go", "package p\n\ntype A struct{}\n\nfunc (a *A) F(x int) {}\n\nfunc g(b *B) {\n\tb.F(1)\n}\n", ("x int", "")),
    ("A.java", "class A { void f(int a, int b) { f(1, 2); } void f(String c) {} }\n", ("int a, int b", "int a")),
    ("a.css", "a { b: c(1, 2); }\n", ("1, 2", "1")),
]  # fmt: skip


@pytest.mark.parametrize(("path", "text", "edit"), QUIET)
def test_it_is_quiet(path: str, text: str, edit: tuple[str, str]) -> None:
    assert text.count(edit[0]) == 1
    assert not list(find_signature_changes(after_edits(path, [text, text.replace(*edit)])))


def test_an_example_says_what_an_added_parameter_gets() -> None:
    changed = LOAD.replace("path, mode)", "path, mode, size)", 1)
    situation = after_edits("a.py", [LOAD, changed, changed.replace('"x", 1', '"x", 1, 10')])
    (offer,) = find_signature_changes(situation)
    assert [each.text for each in offer.changes] == [",\n        size=10"]


def test_an_example_with_a_variable_is_used_where_it_is_known() -> None:
    text = "def f(a): pass\ndef g(b):\n    f(1)\ndef h(b):\n    f(2)\ndef i():\n    f(3)\n"
    changed = text.replace("f(a)", "f(a, size)")
    situation = after_edits("a.py", [text, changed, changed.replace("f(1)", "f(1, b.size)")])
    (offer,) = find_signature_changes(situation)
    assert texts_of(situation, [offer]) == [
        "def f(a, size): pass\ndef g(b):\n    f(1, b.size)\ndef h(b):\n    f(2, b.size)\ndef i():\n    f(3)\n"
    ]


def test_an_optional_parameter_follows_the_first_call_that_passes_it() -> None:
    text = "def f(a): pass\nf(1)\nf(2)\nf(3)\n"
    changed = text.replace("f(a)", "f(a, fast=False)")
    assert not list(find_signature_changes(after_edits("a.py", [text, changed])))
    situation = after_edits("a.py", [text, changed, changed.replace("f(1)", "f(1, fast=True)")])
    (offer,) = find_signature_changes(situation)
    assert [each.text for each in offer.changes] == [", True", ", True"]


def test_a_signature_that_is_typed_piece_by_piece() -> None:
    pieces = ["(path, mode, t)", "(path, mode, time)", "(path, mode, timeout: int)"]
    texts = [LOAD, *(LOAD.replace("(path, mode)", each) for each in pieces)]
    (offer,) = find_signature_changes(after_edits("a.py", texts))
    assert [each.text for each in offer.changes] == [", timeout", ",\n        timeout=timeout"]


def test_it_goes_on_after_a_call_was_edited() -> None:
    changed = LOAD.replace("path, mode)", "path)", 1)
    situation = after_edits("a.py", [LOAD, changed, changed.replace('"x", 1', '"x"')])
    (offer,) = find_signature_changes(situation)
    assert [each.start.line for each in offer.changes] == [7]


def test_the_places_below_the_edit_come_first() -> None:
    text = "f(1, 2)\ndef f(a, b): pass\nf(3, 4)\nf(5, 6)\n"
    (offer,) = find_signature_changes(after_edits("a.py", [text, text.replace("a, b", "a")]))
    assert [each.start.line for each in offer.changes] == [2, 3, 0]


def test_other_files_get_an_offer_each_and_only_if_they_import_it() -> None:
    text = "def load(path, mode): pass\n"
    others = {
        "p/b.py": "from p.a import load\nload(1, 2)\n",
        "p/c.py": "from q import load\nload(1, 2)\n",
        "p/d.py": "from p import a\na.load(3, mode=4)\n",
    }
    situation = after_edits("p/a.py", [text, text.replace(", mode", "")], others)
    offers = list(find_signature_changes(situation))
    assert [each.path for each in offers] == ["p/b.py", "p/d.py"]
    assert [texts_of(situation, [each], others)[0].split("\n")[1] for each in offers] == [
        "load(1)",
        "a.load(3)",
    ]


def test_all_files_follow_one_after_the_other_and_none_twice() -> None:
    text = "def load(path, mode): pass\nload(8, 9)\n"
    others = {f"p/{name}.py": "from p.a import load\nload(1, 2)\nload(3, 4)\n" for name in "bcd"}
    for new, calls in (("path", ["1", "3"]), ("mode, path", ["2, 1", "4, 3"])):
        changed = text.replace("path, mode", new)
        session = session_after("p/a.py", [text, changed], others, pause=1)
        accept_all(session, find_signature_changes)
        assert [session.texts[path].count(f"load({each})") for path in others for each in calls] == [1] * 6
        change_to(session, "p/a.py", session.texts["p/a.py"].replace("): pass", "): pass  # loads"))
        situation = session.situation()
        assert situation is not None
        assert list(find_signature_changes(situation)) == []


@pytest.mark.parametrize("line", ["    size,\n", "    unit=1,\n", "    name,\n"])
def test_a_parameter_may_have_a_line_for_itself(line: str) -> None:
    text = "def area(\n    name,\n    size,\n    unit=1,\n):\n    pass\n\n\narea(7, 8, 9)\n"
    (offer,) = find_signature_changes(after_edits("a.py", [text, text.replace(line, "")]))
    gone = {"    name,\n": "8, 9", "    size,\n": "7, 9", "    unit=1,\n": "7, 8"}[line]
    situation = after_edits("a.py", [text, text.replace(line, "")])
    assert texts_of(situation, [offer])[0].endswith(f"area({gone})\n")


def test_calls_on_any_object_need_a_name_that_no_other_file_defines() -> None:
    text = "package p\n\nfunc (s *Store) LoadAll(a int) {}\n\ntype Store struct{}\n\nfunc g(r *Store) {\n\tr.made().LoadAll(1)\n}\n"
    edited = text.replace("a int", "")
    (offer,) = find_signature_changes(after_edits("a.go", [text, edited]))
    assert offer.pattern.endswith(" unsure")
    others = {"b.go": "package p\n\nfunc (o *Other) LoadAll(a int) {}\n"}
    assert not list(find_signature_changes(after_edits("a.go", [text, edited], others)))


def test_line_ends_and_wide_characters() -> None:
    text = 'def f(a, b): pass\r\nx = "😀é"; f(\r\n    1,\r\n    2,\r\n)\r\n'
    situation = after_edits("a.py", [text, text.replace("a, b", "b")])
    (offer,) = find_signature_changes(situation)
    assert texts_of(situation, [offer])[0].endswith('"😀é"; f(\r\n    2,\r\n)\r\n')


def test_only_the_signature_is_parsed_again() -> None:
    """Of the text before the edit nothing is parsed but the definition itself."""
    text = "def f(a, b): pass\n" + "x = 1\n" * 3_000 + "f(1, 2)\n"
    situation = after_edits("a.py", [text, text.replace("a, b", "a")])
    lines: list[int] = []

    def parse(document: Document) -> ParsedText:
        lines.append(len(document.lines))
        return situation.parse(document)

    watched = type(situation)(
        situation.document, situation.before, situation.cursor, situation.hunks, parse, situation.others
    )
    assert list(find_signature_changes(watched))
    assert sorted(set(lines)) == [1, 3_003]
