"""What follows a rename: texts in which ⟦old→new⟧ is what the user changed, and ‹old› what has to follow.

A place whose text is not the new name is ‹old|text›.
"""

import re
from dataclasses import replace

import pytest
from scenario import applied
from situations import accept_all, after_edits, session_after

from assist_context.next_edit.kinds.renaming import MAX_PLACES, find_renames
from assist_context.next_edit.offer import Offer

PATH = "/w/pkg/mod."


def unmark(text: str) -> tuple[str, str, str]:
    """The text before the user's change, after it, and after the whole rename."""
    [new] = set(re.findall(r"→(.+?)⟧", text))
    plain = re.sub(r"‹(\w+)(?:\|.*?)?›", r"\1", text)
    done = re.sub(r"‹\w+\|(.*?)›", r"\1", re.sub(r"‹\w+›", new, text))
    first = re.sub(r"⟦(.+?)→.+?⟧", r"\1", plain)
    return first, re.sub(r"⟦.+?→(.+?)⟧", r"\1", plain), re.sub(r"⟦.+?→(.+?)⟧", r"\1", done)


def offers(suffix: str, text: str, others: dict[str, str] | None = None) -> list[Offer]:
    before, after, _ = unmark(text)
    return list(find_renames(after_edits(PATH + suffix, (before, after), others)))


FOLLOWS = [
    ("py", "def ⟦load→fetch⟧(a):\n    return ‹load›(a)\n\n‹load›(1)\n'load'  # load\no.load()\n"),
    ("py", "def f(⟦a→b⟧, c):\n    return [‹a› for d in ‹a›] + c\nf(‹a›=1)\na = 2\n"),
    ("py", "def f():\n    ⟦x→y⟧ = 1\n    ‹x› += 1\n    return ‹x›\ndef g(x): return x\n"),
    ("py", "class ⟦Old→New⟧:\n    def m(self): return ‹Old›()\ndef f(a: ‹Old›) -> ‹Old›: return a\n"),
    (
        "py",
        "class A:\n    def ⟦go→run⟧(self): self.‹go›()\ndef f(a: A, b): return a.‹go›()\nimport os\nos.go()\n",
    ),
    (
        "py",
        "class A:\n    def __init__(self, p):\n        self.⟦p→q⟧ = p\n    def m(self): return self.‹p›\n",
    ),
    ("py", "import numpy as ⟦n→np⟧\n‹n›.zeros(‹n›.n)\n"),
    ("py", "from m import ⟦a→b⟧\n‹a›(1)\n"),
    ("py", "for ⟦i→row⟧ in rows:\n    print(f'{‹i›} i')\n"),
    ("py", "def f():\n    x = ⟦x0→start⟧ = 1\n    return ‹x0›\n"),
    ("py", "‹load›(0)\ndef ⟦load→fetch⟧(): pass\n‹load›(1)\n"),
    ("ts", "function ⟦f→g⟧(a: T) { return ‹f›(a) }\nconst x = { ‹f|f: g›, k: ‹f› };\n"),
    ("ts", "const { ⟦a→b⟧ } = o;\n‹a›(o.a);\n"),
    ("ts", "const ⟦a→b⟧ = 1;\nlog({ ‹a|a: b› }, { c: ‹a› }, x.a, `${‹a›}`);\nexport { ‹a› };\n"),
    ("ts", "interface P { ⟦q→r⟧: string }\nfunction f(p: P) { const { ‹q|r: q› } = p; return p.‹q› + q }\n"),
    # what a type that is written says of objects
    ("ts", "type P = { ⟦q→r⟧?: number };\nconst p: P = { ‹q›: 1 };\np.‹q›;\nq({ q: 2 });\n"),
    ("ts", "interface P { ⟦q→r⟧(): void }\nfunction f(): P { return { ‹q›() {} } }\n"),
    ("ts", "type P = { ⟦q→r⟧: number; n: P[] };\nconst p: P = { ‹q›: 1, n: [{ ‹q›: 2, n: [] }] };\n"),
    ("ts", "const f = (): { ⟦q→r⟧: number } => ({ ‹q›: 1 });\nconst { ‹q|r: q› } = f();\nf().‹q›;\n"),
    ("ts", "const o = { get ⟦q→r⟧() { return 1 }, set ‹q›(v) {} };\no.‹q›;\n"),
    ("ts", "class A { ⟦q→r⟧() {} }\nclass B extends A { ‹q›() { super.‹q›() } }\n"),
    ("ts", "class A {\n  ⟦x→y⟧ = 1;\n  m() { return this.‹x› }\n}\nnew A().‹x›;\n"),
    ("ts", "type ⟦A→B⟧ = string;\nlet a: ‹A›; const C = 1;\n"),
    ("tsx", "const ⟦Foo→Bar⟧ = () => null;\nconst b = <‹Foo›><p/></‹Foo›>;\n"),
    ("js", "function f(⟦a→b⟧) { return [‹a›, function (a) { return a }] }\n"),
    ("rs", "fn f(⟦x→y⟧: i32) -> P { P { ‹x|x: y›, z: ‹x› } }\n"),
    ("rs", "struct P { ⟦x→y⟧: i32 }\nfn f(p: P) { let P { ‹x|y: x› } = p; p.‹x›; x }\n"),
    ("rs", "fn f() { let ⟦a→b⟧ = 1; g(‹a›); let a = ‹a›; g(a); }\n"),
    # a field and a method of the same name
    (
        "rs",
        "struct C { ⟦n→m⟧: u8 }\nimpl C {\n    fn n(&self) -> u8 { self.‹n› }\n}\n"
        "fn f(c: C) { c.n(); assert!(c.‹n› > c.n()); C::n(&c); }\n",
    ),
    (
        "rs",
        "struct C { n: u8 }\nimpl C {\n    fn ⟦n→m⟧(&self) -> u8 { self.n }\n}\n"
        "fn f(c: C) { c.‹n›(); assert!(c.n > c.‹n›()); C::‹n›(&c); }\n",
    ),
    ("rs", "enum E { ⟦A→B⟧, C }\nfn f(e: E) { match e { E::‹A› => 1, E::C => 2 } }\n"),
    ("go", "package p\nfunc f() {\n\t⟦a→b⟧, err := g()\n\tuse(‹a›, err)\n\tif a := ‹a›; a > 0 {\n\t}\n}\n"),
    ("go", "package p\ntype S struct {\n\t⟦F→G⟧ int\n}\nfunc f(s S) { s.‹F› = S{‹F›: 1}.‹F› }\n"),
    ("go", "package p\nfunc (s *S) ⟦M→N⟧() { s.‹M›() }\ntype S struct{}\n"),
    ("java", "class A {\n  int ⟦x→y⟧;\n  int m() { return ‹x› + this.‹x›; }\n}\n"),
    ("c", "static int ⟦f→g⟧(int a) { return a ? ‹f›(a) : 0; }\nint h(void) { return ‹f›(1); }\n"),
    # broken code elsewhere
    ("py", "def ⟦load→fetch⟧(a):\n    return ‹load›(a)\n"),
    ("ts", "const ⟦a→b⟧ = 1;\nuse(‹a›);\nfunction (\n"),
    ("py", "x = '😀'; ⟦a→b⟧ = '😀'; f('é', ‹a›)\n"),
]


@pytest.mark.parametrize(("suffix", "text"), FOLLOWS)
@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["lf", "crlf"])
def test_what_means_the_same_follows(suffix: str, text: str, end: str) -> None:
    _, after, done = unmark(text.replace("\n", end))
    [offer] = offers(suffix, text.replace("\n", end))
    assert applied(after, offer.changes) == done
    assert offer.kind == "rename"
    assert offer.features["from_use"] == offer.features["cross_file"] == 0


QUIET = [
    ("py", "def load():\n    ⟦x→y⟧ = 1\n    return 2\n"),  # nothing is left
    ("py", "def f():\n    ⟦x→y⟧ = 1\n    y = 2\n    return x + y\n"),  # the new name is taken
    ("py", "y = 2\ndef f():\n    ⟦x→y⟧ = 1\n    return x + y\n"),  # it would capture
    ("py", "def ⟦f→g⟧(): pass\ndef h(g): return f(g)\n"),  # it would be captured
    ("py", "def f(⟦a→len⟧): return a[:len(a)]\n"),  # it hides what is built in
    ("py", "⟦a→b⟧ = 1\n'a'  # a\n"),
    ("py", "x = ⟦a→b⟧\ny = a\nb = 2\na = 1\n"),  # another variable is used
    ("py", "o.⟦get→pop⟧(1)\no.get(2)\n"),
    ("py", "print(⟦foo→bar⟧)\nprint(foo)\n"),  # defined nowhere
    ("py", "def f(⟦a→self⟧): return a\n"),
    ("py", "⟦a→b c⟧ = 1\nprint(a)\n"),
    ("ts", "const ⟦a→b⟧ = 1;\n{ const b = 2; use(a, b); }\n"),
    ("rs", "fn f() { let ⟦a→b⟧ = 1; let b = 2; g(a, b); }\n"),
    ("go", "package p\nfunc f() {\n\t⟦a→b⟧ := 1\n\tb := 2\n\tuse(a, b)\n}\n"),
    ("md", "# ⟦a→b⟧\na\n"),
    ("json", '{"⟦a→b⟧": 1, "c": "a"}\n'),
    ("rb", "def ⟦a→b⟧\nend\na\n"),
]


@pytest.mark.parametrize(("suffix", "text"), QUIET)
def test_quiet(suffix: str, text: str) -> None:
    assert offers(suffix, text) == []


def test_a_rename_may_begin_at_a_use() -> None:
    text = "def ‹load›(a):\n    return a\n\n⟦load→fetch⟧(1)\n‹load›(2)\n"
    _, after, done = unmark(text)
    [offer] = offers("py", text)
    assert applied(after, offer.changes) == done
    assert offer.features["from_use"] == 1
    assert [change.start.line for change in offer.changes] == [4, 0]  # below first, then from the top


@pytest.mark.parametrize(
    "text",
    [
        "from m import load\n⟦load→fetch⟧(1)\nload(2)\n",  # another name of that module
        "def load(): pass\ndef fetch(): pass\n⟦load→fetch⟧(1)\nload(2)\n",  # another function
        "x = 1\n⟦x→y⟧\nx\n",  # too short to say so
        "class A:\n    def load(self): pass\ndef f(a):\n    a.⟦load→fetch⟧()\n    a.load()\n",  # an unknown object
    ],
)
def test_a_use_may_just_mean_something_else(text: str) -> None:
    assert offers("py", text) == []


def test_a_name_that_other_files_have_is_not_new() -> None:
    text = "def load(a):\n    return a\n\n⟦load→fetch⟧(1)\nload(2)\n"
    assert offers("py", text, {"/w/pkg/other.py": "def fetch(): pass\n"}) == []


STEPS = [
    # the texts, and what the last one becomes: of the names, and of the rest
    (
        "uses before the definition",
        [
            "def load(): pass\nload(1)\nload(2)\n",
            "def load(): pass\nfetch(1)\nload(2)\n",
            "def fetch(): pass\nfetch(1)\nload(2)\n",
        ],
        ("load", "fetch"),
    ),
    (
        "on after the first places",
        [
            "load = 0\ndef f():\n    load = 1\n    g(load)\n    g(load)\n    return load\n",
            "load = 0\ndef f():\n    fetch = 1\n    g(load)\n    g(load)\n    return load\n",
            "load = 0\ndef f():\n    fetch = 1\n    g(fetch)\n    g(load)\n    return load\n",
            "load = 0\ndef f():\n    fetch = 1\n    g(fetch)\n    g(load)\n    return fetch\n",
        ],
        ("g(load)", "g(fetch)"),
    ),
    (
        "several times at once",
        ["def f(a): return a + a\nf(a=1)\n", "def f(b): return b + b\nf(a=1)\n"],
        ("a=1", "b=1"),
    ),
    (
        "with the rest of the line",
        ["def f(a, c):\n    return a\n", "def f(b, c=1, *, d: int = 2) -> int:\n    return a\n"],
        ("return a", "return b"),
    ),
]


@pytest.mark.parametrize(("texts", "rest"), [row[1:] for row in STEPS], ids=[row[0] for row in STEPS])
def test_the_steps_of_a_rename_lead_to_its_rest(texts: list[str], rest: tuple[str, str]) -> None:
    [offer] = find_renames(after_edits(PATH + "py", texts))
    assert applied(texts[-1], offer.changes) == texts[-1].replace(*rest)
    assert (offer.features["examples"] > 1) == (len(texts) > 2)


def renamed(path: str, *texts: str) -> str:
    """The last text after all its offers were accepted one by one."""
    session = session_after(path, texts, pause=1)
    accept_all(session, find_renames)
    return session.texts[path]


@pytest.mark.parametrize(
    ("suffix", "text"),
    [
        *FOLLOWS,
        # assigned again, from itself, and with the same name as a member of something else
        (
            "py",
            "def f(request, header):\n"
            "    ⟦bits→parts⟧ = header.split()\n"
            "    ‹bits› = [bit for bit in ‹bits›]\n"
            "    if len(‹bits›) == 2:\n"
            "        path, query = ‹bits›\n"
            "    ‹bits› = ‹bits›[1:]\n"
            "    log(request.bits)\n"
            "    return ‹bits›, request.bits\n",
        ),
        (
            "py",
            "def f(⟦age→life⟧=None):\n"
            "    if isinstance(‹age›, timedelta):\n"
            "        ‹age› = int(‹age›.seconds)\n"
            "    if ‹age› is not None:\n"
            "        g(‹age›, age=3)\n"
            "    return ‹age›\n",
        ),
        ("go", "package p\ntype n struct {\n\t⟦idx→pos⟧ string\n}\nfunc (a *n) f() {\n"
         + "\ta.‹idx› = a.‹idx›[:2] + g(a.‹idx›)\n\tb := n{‹idx›: a.‹idx›}\n" * 4 + "}\n"),
    ],
)  # fmt: skip
def test_a_chain_that_is_made_step_by_step_ends_with_the_whole_rename(suffix: str, text: str) -> None:
    before, after, done = unmark(text)
    assert renamed(PATH + suffix, before, after) == done


def test_a_chain_that_begins_at_a_use_ends_with_the_whole_rename() -> None:
    text = "class A:\n    def __init__(self):\n        self.data = []\n\n    def f(self):\n"
    text += "        self.data.append(1)\n        return len(self.data)\n\n    def g(self):\n        self.data = self.data[1:]\n"
    begun = text.replace("self.data.append", "self.items.append")
    assert renamed(PATH + "py", text, begun) == text.replace("data", "items")


def test_another_edit_in_between_does_not_end_a_chain() -> None:
    texts = [
        "def f(limit):\n    a = limit\n    return limit\n",
        "def f(most):\n    a = limit\n    return limit\n",
        "import abc\n\n\ndef f(most):\n    a = limit\n    return limit\n",
    ]
    assert renamed(PATH + "py", *texts) == texts[-1].replace("limit", "most")


def test_a_local_name_may_be_anywhere_in_a_long_text() -> None:
    rest = "def other(i):\n    return i\n" * MAX_PLACES
    text = f"def f(⟦i→row⟧):\n    return ‹i›\n{rest}"
    before, after, done = unmark(text)
    [offer] = offers("py", text)
    assert applied(after, offer.changes) == done
    assert offers("py", f"⟦i→row⟧ = 1\ni\n{rest}") == []
    assert offers("py", f"def f():\n    global i\n    ⟦i→row⟧ = 1\n    return i\n{rest}") == []
    assert before != done


def test_several_names_at_once_are_no_rename() -> None:
    texts = ["def f(a, b):\n    return a + b\n", "def f(c, d):\n    return a + b\n"]
    assert list(find_renames(after_edits(PATH + "py", texts))) == []


def test_what_is_no_example_is_not_followed() -> None:
    case = after_edits(PATH + "py", ["a = 1\na\n", "b = 1\na\n"])
    bulk = replace(case, hunks=(replace(case.hunk, origin="bulk"),))
    assert list(find_renames(bulk)) == []


OTHERS = [
    # the definition, and another file: its path, and what follows there
    (
        "def ⟦load→fetch⟧(): pass\n",
        "py",
        "/w/pkg/a.py",
        "from .mod import ‹load›, x\n‹load›()\n'load'\ndef f(load): load\n",
    ),
    ("def ⟦load→fetch⟧(): pass\n", "py", "/w/pkg/a.py", "from pkg.mod import ‹load› as x\nload()\n"),
    ("def ⟦load→fetch⟧(): pass\n", "py", "/w/app/a.py", "import pkg.mod as m\nm.‹load›()\no.load()\n"),
    (
        "def ⟦load→fetch⟧(): pass\n",
        "py",
        "/w/app/a.py",
        "from pkg import mod\ndef f(): return mod.‹load›(load)\n",
    ),
    (
        "class ⟦Load→Fetch⟧: pass\n",
        "py",
        "/w/pkg/sub/a.py",
        "from ..mod import ‹Load›\ndef f(a: ‹Load›): ...\n",
    ),
    (
        "class A:\n    def ⟦go→run⟧(self): pass\n",
        "py",
        "/w/pkg/a.py",
        "from .mod import A\ndef f(a: A, b): a.‹go›(b.go)\nA().‹go›()\n",
    ),
    (
        "class A:\n    def ⟦go→run⟧(self): pass\n",
        "py",
        "/w/pkg/a.py",
        "from .mod import A\nclass B(A):\n    def ‹go›(self): self.‹go›()\n",
    ),
    (
        "export function ⟦f→g⟧() {}\n",
        "ts",
        "/w/pkg/a.ts",
        "import { ‹f›, x } from './mod';\n‹f›({ ‹f|f: g› }, o.f);\n",
    ),
    (
        "export function ⟦f→g⟧() {}\n",
        "ts",
        "/w/pkg/b/a.tsx",
        "import * as m from '../mod.js';\nm.‹f›(f);\nexport { ‹f› } from '../mod';\n",
    ),
    ("export enum E { ⟦A→B⟧ }\n", "ts", "/w/pkg/a.ts", "import { E } from './mod';\nE.‹A›; x.A;\n"),
    (
        "pub fn ⟦f→g⟧() {}\n",
        "rs",
        "/w/pkg/a.rs",
        "use crate::pkg::m::{self, x};\nfn h() {}\n",
    ),
    ("package p\n\nfunc ⟦F→G⟧() {}\n", "go", "/w/pkg/a.go", "package p\n\nfunc h(o O) { ‹F›(); o.F() }\n"),
    (
        "package pkg\n\nfunc ⟦F→G⟧() {}\n",
        "go",
        "/w/app/a.go",
        'package app\n\nimport "x/pkg"\n\nfunc h(o O) { pkg.‹F›(); o.F(); F() }\n',
    ),
]


@pytest.mark.parametrize(("text", "suffix", "path", "other"), OTHERS)
def test_other_files_follow(text: str, suffix: str, path: str, other: str) -> None:
    [new] = re.findall(r"→(.+?)⟧", text)
    plain = re.sub(r"‹(\w+)(?:\|.*?)?›", r"\1", other)
    done = re.sub(r"‹\w+\|(.*?)›", r"\1", re.sub(r"‹\w+›", new, other))
    found = [each for each in offers(suffix, text, {path: plain}) if each.path == path]
    assert applied(plain, [change for each in found for change in each.changes]) == done
    assert all(each.features["cross_file"] for each in found)


@pytest.mark.parametrize(
    ("path", "other"),
    [
        ("/w/pkg/a.py", "from .other import load\nload()\n"),
        ("/w/pkg/a.py", "from other.mod import load\nload()\n"),
        ("/w/app/a.py", "from mod import load\nload()\n"),
        ("/w/app/a.py", "from .mod import load\nload()\n"),
        (
            "/w/pkg/a.py",
            "from .mod import load\nfetch = 1\ndef f(): return load(fetch)\n",
        ),  # the new name is taken
        ("/w/pkg/a.py", "load()\n"),
        ("/w/pkg/a.ts", "import { load } from './mod';\n"),
    ],
)
def test_files_that_mean_something_else_do_not_follow(path: str, other: str) -> None:
    assert offers("py", "def ⟦load→fetch⟧(): pass\n", {path: other}) == []


def test_locals_do_not_ask_other_files() -> None:
    assert offers("py", "def f(⟦load→fetch⟧): pass\n", {"/w/pkg/a.py": "from .mod import load\n"}) == []
