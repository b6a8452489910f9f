"""Which names of a text have to exist: those that a file, a workspace or a language would have to have."""

import pytest

from assist_completion.display.cursor_site import CursorSite
from assist_completion.display.line_policy import ONE_LINE, Shape
from assist_completion.display.refutation import find_mentions, first_refuted, list_names
from assist_completion.display.show_gate import cut_refuted
from assist_completion.suggestion import Suggestion
from assist_context.documents import MemberAccess, TextNames
from assist_context.languages import language_of

# suffix, the line before the cursor, text, names that have to exist
CASES = [
    ("py", "return ", "self.from_dict(data)", {"from_dict", "data"}),
    ("py", "return ", "response.headers.whatever", {"response"}),
    ("py", "", "for key, value in sorted(pairs.items()):", {"pairs"}),
    ("py", "x = ", "[f(y) for y in rows if y.ok]", {"f", "rows"}),
    ("py", "call(", "name=1, other=size)", {"size"}),
    ("py", "", "from .models import Money", set()),
    ("py", "", "def made(a, b: Kind = ZERO) -> None:", set()),
    ("py", "", "with open(path) as file:", {"path"}),
    ("py", "x = ", "lambda a: a + step", {"step"}),
    ("py", "x = ", '"names in text " + word', {"word"}),
    ("py", "x = ", "f'{a}' + rb\"b\" + 0x1f + 1e5 + __file__ + word", {"word"}),
    ("py", "retu", "rn total", {"total"}),
    ("py", "card(", "item, status=status, other=1)", {"item", "status"}),
    ("py", "if isinstance(", "name, Iterable):", {"name", "Iterable"}),
    ("py", "", "case Point(x=first, y=second):", set()),
    ("py", "", "self.__dict__", set()),
    ("ts", "return ", "value.replace(/[xy]\\r/gi, other)", {"value", "other"}),
    ("ts", "", "lastId = found.id;", {"lastId", "found"}),
    ("ts", "", "let lastId = found.id;", {"found"}),
    ("py", "# see ", "the other file", set()),
    ("ts", "const ", "{ a, b } = this.parts;", {"parts"}),
    ("ts", "items.map(", "item => item.size * factor)", {"factor"}),
    ("ts", "return ", "new Promise<void>(resolve => setTimeout(resolve, delay));", {"delay"}),
    ("ts", "call(", "{ key: value, ...rest });", {"value", "rest"}),
    ("ts", "return ", "this.#read(store.$state, total)", {"store", "total"}),
    ("ts", "encode() {},\n\n  ", "decode", set()),
    ("ts", "other();\n\n  ", "decode", {"decode"}),
    ("ts", "new Stream({", "read(size) { push(part); }, ...rest })", {"push", "part", "rest"}),
    ("ts", "const f = (", "{ a, ...b }) => join(a, b, c)", {"join", "c"}),
    ("ts", "import {\n  a,\n  ", "b,", set()),
    ("py", "from m import (\n    ", "b,", set()),
    ("rs", "use m::{\n    a,\n    ", "b,", set()),
    ("rs", "", "let Err(error) = made else { return show(error, rest) };", {"made", "show", "rest"}),
    ("rs", "impl<'de> ", "Visitor<'de> for Reader", {"Visitor"}),
    ("go", "run := ", "func(cmd *Command, size int) { send(cmd, size, rest) }", {"send", "rest"}),
    ("ts", "type ", "Pick<T extends Base, K> = { [N in keyof T]: T[N] };", {"Base", "K"}),
    ("rs", "let ", "size = std::cmp::max(a, LIMIT);", {"a", "LIMIT"}),
    ("rs", "", "assert_eq!(found, Some(1));", {"found"}),
    ("rs", "self.", "entries.iter().map(|each| each.len() + extra)", {"entries", "extra"}),
    ("go", "", "value, err := strings.Cut(line, mark)", {"line", "mark"}),
    ("go", "", "func (w *writer) WriteString(text string) (int, error)", set()),
    ("go", "if ", "err != nil {", {"err"}),
    ("java", "return ", "whatever.it(is)", set()),
]


def found(here: CursorSite, text: str) -> set[str]:
    names = list_names(find_mentions(here, text))
    return {*names.bare, *names.members}


def site(suffix: str, line: str) -> CursorSite:
    return CursorSite(line, "\n", language_of(f"a.{suffix}"))


@pytest.mark.parametrize(("suffix", "line", "text", "names"), CASES)
def test_names_that_have_to_exist(suffix: str, line: str, text: str, names: set[str]) -> None:
    assert found(site(suffix, line), text) == names


def test_a_word_that_the_user_began_is_checked_as_a_whole() -> None:
    here = site("py", "return _null")
    assert found(here, "page(stdout)") == {"_nullpage", "stdout"}
    refuted = TextNames(bare=frozenset({"_nullpage"}))
    first = first_refuted(find_mentions(here, "page(stdout)"), refuted)
    assert first
    assert first.at == 0


@pytest.mark.parametrize(
    ("text", "unknown", "left"),
    [
        ("self.from_dict(data)", {"from_dict"}, ""),
        ("fetch(first, seconds)", {"seconds"}, ""),
        ("a = self.one()\nb = self.made_up()\nc = 3", {"made_up"}, "a = self.one()"),
        ("a = 1\n    b = 2\n    c = made_up()", {"made_up"}, "a = 1\n    b = 2"),
        ("made_up(1)", {"made_up"}, ""),
    ],
)
def test_a_text_ends_before_a_name_that_does_not_exist(text: str, unknown: set[str], left: str) -> None:
    shape = Shape(multi=True, max_lines=6) if "\n" in text else ONE_LINE
    here = site("py", "def f(self):\n    ")
    refuted = TextNames(bare=frozenset(unknown), members=frozenset(unknown))
    first = first_refuted(find_mentions(here, text), refuted)
    assert first
    assert first.at == len(text.partition(min(unknown))[0])
    answer = cut_refuted(here, shape, Suggestion(text, text, shown=True), first.at)
    assert (answer.text, answer.shown, answer.reason) == (left, bool(left), "" if left else "unknown-name")


@pytest.mark.parametrize(
    ("suffix", "line", "text", "left"),
    [
        ("py", "x = add(█)", "a.size, invented", "a.size"),
        ("py", "x = ", "a.size, invented", ""),
        ("py", "x = ", "combine(a, invented)", ""),
        ("py", "x = ", "[a.size for a in invented]", ""),
        ("py", "", "total = price * invented", ""),
        ("py", "", "total = cart.invented", "total = cart"),
        ("py", "", "return invented(a)", ""),
        ("py", "", "if ready and invented:", ""),
        ("py", "", "x = (a +\n    invented)", ""),
        ("py", "", "x = a + \\\n    invented", ""),
        ("py", "", "for a in rows:\n    invented(a)", "for a in rows:"),
        ("ts", "", "store.patch({ invented, b });", ""),
        ("ts", "store.patch(", "{ invented, b });", ""),
        ("ts", "", "const part = { invented };", ""),
        ("ts", "", "store.patch({\n  a: invented,\n});", ""),
        ("ts", "", "if (ready) {\n  invented();\n}", "if (ready) {"),
        ("rs", "let x = ", "read(path)?.invented", "read(path)?"),
    ],
)
def test_a_text_ends_whole_before_a_name_that_does_not_exist(
    suffix: str, line: str, text: str, left: str
) -> None:
    shape = Shape(multi=True, max_lines=6) if "\n" in text else ONE_LINE
    before, _, after = line.partition("█")
    here = CursorSite(before, f"{after}\n", language_of(f"a.{suffix}"))
    answer = cut_refuted(here, shape, Suggestion(text, text, shown=True), text.index("invented"))
    assert (answer.text, answer.shown) == (left, bool(left))


@pytest.mark.parametrize(
    ("suffix", "source", "text", "defined", "imports"),
    [
        ("py", "█\n", "def total(order):", {"total"}, set()),
        ("py", "def tot█\n", "al(order):", {"total"}, set()),
        ("py", "def total(█\n", "order):", set(), set()),
        ("py", "@overload\n█\n", "def total(order):", set(), set()),
        ("py", "class A:\n    █\n", "def total(self):", set(), set()),
        ("go", "█\n", "func (t *Till) Total() int {", set(), set()),
        ("go", "█\n", "func setUp(t *testing.T) {", {"setUp"}, set()),
        ("ts", "function go(a: string): void;\n█\n", "function go(a: number): void;", set(), set()),
        ("ts", "import { Money } █\n", "from './money';", set(), {"import { Money } from './money'"}),
        ("ts", "import { Money } from '█\n", "../money';", set(), {"import { Money } from '../money'"}),
        ("ts", "import { z } from 'zod█\n", "';", set(), set()),
        ("py", "from .models█\n", " import Money", set(), {"from .models import Money"}),
        ("py", "█\n", "from jinja2 import Template", set(), set()),
    ],
)
def test_definitions_and_imports_of_a_text(
    suffix: str, source: str, text: str, defined: set[str], imports: set[str]
) -> None:
    before, after = source.split("█")
    names = list_names(find_mentions(CursorSite(before, after, language_of(f"a.{suffix}")), text))
    assert (names.defined, names.imports) == (defined, imports)


@pytest.mark.parametrize(
    ("suffix", "before", "text", "accesses"),
    [
        (
            "py",
            "return ",
            "self.from_dict(data.rows[0].size)",
            {"self.from_dict", "data.rows", "data.rows[0].size"},
        ),
        ("py", "x = cart.", "items", {"cart.items"}),
        ("py", "x = cart.it", "ems.first", {"cart.items", "cart.items.first"}),
        ("py", "", "self.total = self.amount", {"self.amount"}),  # an assignment makes a member
        (
            "py",
            "",
            "for item in cart.items: item.pay()",
            {"cart.items"},
        ),  # what `item` is, only the text says
        ("py", "x = ", "[item.size for item in cart.items]", {"cart.items"}),
        ("py", "make(", "cart=cart.items)", {"cart.items"}),
        ("py", "x = ", '"a.b" + c.d', {"c.d"}),
        ("py", "query = (\n    cart.lines\n    ", ".sorted()", {"cart.lines.sorted"}),
        ("ts", "", "if (this.items?.length) {", {"this.items", "this.items.length"}),
        ("ts", "", "this.total = new Cart(1).amount", {"this.total", "new Cart(1).amount"}),
        ("ts", "", "return items.map(item => item.size)", {"items.map"}),
        ("ts", "", "return [...this.rows]", {"this.rows"}),
        ("go", "", "value, err := cart.Find(t.name)", {"cart.Find", "t.name"}),
        ("rs", "let x = ", "self.total.max(self.other)", {"self.total", "self.other"}),
        ("rs", "for i in ", "0..self.len", {"self.len"}),
    ],
)
def test_members_of_objects_that_have_to_exist(
    suffix: str, before: str, text: str, accesses: set[str]
) -> None:
    names = list_names(find_mentions(site(suffix, before), text))
    assert {f"{access.receiver}.{access.member}" for access in names.accesses} == accesses


def test_a_text_ends_before_a_member_that_does_not_exist() -> None:
    here = site("py", "return ")
    mentions = find_mentions(here, "self.cart.amount + 1")
    refuted = TextNames(accesses=frozenset({MemberAccess("self.cart", "amount", "Cart", by_editor=True)}))
    first = first_refuted(mentions, refuted)
    assert first
    assert (first.at, first.owner, first.by_editor) == (len("self.cart."), "Cart", True)
    other = TextNames(accesses=frozenset({MemberAccess("self", "amount")}))
    assert first_refuted(mentions, other) is None
