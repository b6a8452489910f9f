"""What the statements of a function say, in each language that has rules."""

import pytest

from assist_context.code.definitions import FUNCTIONS
from assist_context.code.statements import find_statements, statement_rules
from assist_context.code.symbols import symbols
from assist_context.code.trees.parsed_text import ParsedText
from assist_context.documents import Document, split_lines
from assist_context.languages import language_of

PYTHON = '''\
class Till:
    @property
    def total(self, items=None):
        """The sum."""
        if not items:  # nothing was sold
            return 0
        if self.closed:
            raise ValueError("closed")
        self.count += 1
        self.first, self.last = items[0], items[-1]
        self.items[0] = other.price = 3

        def price(item):
            self.asked = True
            return item.price

        try:
            value = sum(map(price, items))
        except TypeError:
            raise
        if value:
            log(value)
        return round(value, 2)

    def each(self):
        yield from self.items
        yield
        return
'''
TYPESCRIPT = """\
export class Till {
    #open = true;
    total(items: Item[]): number {
        if (!items.length) {
            return 0;
        }
        if (!this.#open) throw new Error("closed");
        this.count++;
        this.last.price = items.map(item => { this.seen = true; return item.price; })[0];
        other.count = 1;
        return this.count;
    }
}
export const double = (value: number) => value * 2;
function* each() {
    yield 1;
}
"""
GO = """\
package till

func (t *Till) Total(items []Item) (int, error) {
\tif len(items) == 0 {
\t\treturn 0, ErrEmpty
\t}
\tif t == nil {
\t\tpanic("no till")
\t}
\tt.count++
\tt.last, other.x = items[0], 1
\tgo func() { t.hidden = 1; return }()
\treturn t.count, nil
}
"""
RUST = """\
impl Till {
    pub fn total(&mut self, items: &[Item]) -> Result<u32, Error> {
        if items.is_empty() {
            return Err(Error::Empty);
        }
        self.count += 1;
        self.last = items.iter().map(|item| { return item.price; }).sum();
        if self.last > 9 {
            self.last = 9;
            unreachable!("too much");
        }
        Ok(self.count)
    }
    fn close(&mut self) {
        self.open = false;
    }
}
"""


def found(name: str, text: str) -> dict[str, list[tuple[str, int, str]]]:
    """The statements of each function of a file."""
    language = language_of(name)
    parsed = ParsedText(Document(name, split_lines(text), language))
    return {
        site.qualified: [
            (statement.kind, statement.line, statement.text)
            for statement in find_statements(parsed, site.start_line, site.end_line)
        ]
        for site in symbols(language, text).definitions
        if site.kind in FUNCTIONS
    }


def test_python() -> None:
    functions = found("till.py", PYTHON)
    assert functions["Till.total"] == [
        ("guard", 5, "not items: return 0"),
        ("guard", 7, 'self.closed: raise ValueError("closed")'),
        ("changes", 9, "self.count"),
        ("changes", 10, "self.first"),
        ("changes", 10, "self.last"),
        ("changes", 11, "self.items[0]"),
        ("raises", 20, ""),
        ("returns", 23, "round(value, 2)"),
    ]
    assert functions["Till.total.price"] == [("changes", 14, "self.asked"), ("returns", 15, "item.price")]
    assert functions["Till.each"] == [("yields", 26, "self.items"), ("yields", 27, "")]


def test_typescript() -> None:
    functions = found("till.ts", TYPESCRIPT)
    assert functions["Till.total"] == [
        ("guard", 4, "!items.length: return 0;"),
        ("guard", 7, '!this.#open: throw new Error("closed");'),
        ("changes", 8, "this.count"),
        ("changes", 9, "this.last.price"),
        ("returns", 11, "this.count"),
    ]
    assert functions["double"] == [("returns", 14, "value * 2")]
    assert functions["each"] == [("yields", 16, "1")]


def test_go() -> None:
    assert found("till.go", GO)["Till.Total"] == [
        ("guard", 4, "len(items) == 0: return 0, ErrEmpty"),
        ("guard", 7, 't == nil: panic("no till")'),
        ("changes", 10, "t.count"),
        ("changes", 11, "t.last"),
        ("returns", 13, "t.count, nil"),
    ]


def test_rust() -> None:
    functions = found("till.rs", RUST)
    assert functions["Till.total"] == [
        ("guard", 3, "items.is_empty(): return Err(Error::Empty)"),
        ("changes", 6, "self.count"),
        ("changes", 7, "self.last"),
        ("changes", 9, "self.last"),
        ("raises", 10, 'unreachable!("too much")'),
        ("returns", 12, "Ok(self.count)"),
    ]
    assert functions["Till.close"] == [("changes", 15, "self.open")]


@pytest.mark.parametrize(
    ("body", "values"),
    [
        ("if a { 1 } else if b { 2 } else { 3 }", ["1", "2", "3"]),
        ("match a { A => 1, B if c => { log(); 2 } _ => unreachable!(), }", ["1", "2"]),
        ("match a { A => return 1, B => if c { 2 } else { 3 }, }", ["1", "2", "3"]),
        ("unsafe { { a } }", ["a"]),
        ("loop { if a { break 1; } while b { break; } }", ["1"]),
        ("a.map(|x| { return x + 1; })", ["a.map(|x| { return x + 1; })"]),
        ("let f = |x| x + 1; f(1)", ["f(1)"]),
        ("move |x| x + 1", ["move |x| x + 1"]),
        ("vec![a]", ["vec![a]"]),
        ("for x in a { if x { return 1; } }", ["1"]),
        ("if a { 1 } else { 2 };", []),
    ],
)
def test_the_value_of_each_way_through_a_function_of_rust_is_returned(body: str, values: list[str]) -> None:
    rows = found("a.rs", f"fn f(a: A) -> u32 {{ {body} }}\n")["f"]
    assert [text for kind, _, text in rows if kind == "returns"] == values


@pytest.mark.parametrize(
    ("name", "text", "changes"),
    [
        (
            "a.py",
            "def f(d, n=None):\n    d['a'] = 1\n    n.items.append(2)\n",
            ["d['a']", "n.items.append(...)"],
        ),
        ("a.py", "def f(d):\n    d = dict(d)\n    d['a'] = 1\n", []),
        ("a.py", "def f(d):\n    for d in d.all: d.x = 1\n", []),
        ("a.py", "def f(*a, **k):\n    k['a'] = 1\n    g().b = 2\n    a.get(1).c = 3\n", []),
        ("a.py", "def f(d):\n    d.find(1).append(2)\n    e(d=d).x = 1\n    d.x = 1\n", ["d.x"]),
        ("a.ts", "function f(a: A[], o?: O) { a.push(1); o!.b = 2; a.add(3); }\n", ["a.push(...)", "o!.b"]),
        ("a.ts", "function f(o) { run(() => { o.x = 1; }); const [o2] = o; o2.x = 1; }\n", []),
        (
            "a.go",
            'package a\n\nfunc f(p *T, c T, m map[string]int) {\n\tp.x, c.x = 1, 2\n\tm["a"]++\n}\n',
            ["p.x", 'm["a"]'],
        ),
        ("a.go", "package a\n\nfunc f(p *T) {\n\tp = p.next\n\tp.x = 1\n}\n", []),
        ("a.rs", "fn f(o: &mut V, own: V) { o.push(1); *o = g(); own.push(2); }\n", ["o.push(...)", "*o"]),
        ("a.rs", "fn f(o: &mut V, p: &mut V, q: &V) { for x in q { fill(o); } }\n", ["o: &mut V"]),
    ],
)
def test_what_a_function_writes_into_of_its_arguments(name: str, text: str, changes: list[str]) -> None:
    assert [text for kind, _, text in found(name, text)["f"] if kind == "changes"] == changes


@pytest.mark.parametrize("name", ["a.py", "a.ts", "a.tsx", "a.js", "a.go", "a.rs"])
def test_broken_code_and_no_code_give_nothing_wrong(name: str) -> None:
    for text in ("", "def f(:\n  return (", "fn f( { return 1", "\0" * 40, "if (x) { return 1 }\n"):
        parsed = ParsedText(Document(name, split_lines(text), language_of(name)))
        assert all(1 <= row.line <= text.count("\n") + 1 for row in find_statements(parsed, 1, 9))


def test_deep_code_is_no_error() -> None:
    text = "fn f() -> u32 { " + "{ if a { 1 } else " * 900 + "{ 2 }" + " }" * 900 + " }\n"
    parsed = ParsedText(Document("a.rs", (text,), language_of("a.rs")))
    assert all(row.line == 1 for row in find_statements(parsed, 1, 1))


def test_a_comment_at_the_end_is_no_value() -> None:
    text = "function f(a) {\n  if (a) return null // gone\n  return a // kept\n}\n"
    assert [text for _, _, text in found("a.ts", text)["f"]] == ["a: return null", "a"]


def test_a_language_without_rules_has_no_statements() -> None:
    parsed = ParsedText(Document("a.lua", ("return 1\n",), language_of("a.lua")))
    assert statement_rules(language_of("a.lua")) is None
    assert find_statements(parsed, 1, 1) == ()
