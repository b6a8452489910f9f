"""Which accesses to members a workspace refutes: what its files say of the receiver's type."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from typed_workspaces import GO, PYTHON, RUST, SCRIPT, SHOP, STORE

from assist_context.code.trees.readable_text import readable
from assist_context.documents import Cursor, Document, MemberAccess, split_lines
from assist_context.languages import language_of
from assist_context.relations.path_index import PathIndex, make_path_index
from assist_types.types.accesses import refuted_accesses
from assist_types.types.declarations import TypedText
from assist_types.types.lookup import TypeLookup
from assist_types.types.members import Members


@dataclass
class Files:
    """The texts of a folder, in memory."""

    texts: dict[str, str]
    read: list[str] = field(default_factory=list)

    def lines(self, path: str) -> Sequence[str]:
        self.read.append(path)
        return split_lines(self.texts[path]) if path in self.texts else ()

    def stamp(self, path: str) -> object:
        return self.texts.get(path)

    def files(self) -> PathIndex:
        return make_path_index(self.texts)


@dataclass
class Outside:
    """What is outside of the folder."""

    def names(self, module: str) -> frozenset[str] | None:
        return {"os.path": frozenset({"join"}), "net/http": frozenset({"Get", "Client"})}.get(module)

    def heads(self, module: str, name: str) -> tuple[str, ...]:
        del module, name
        return ()

    def members(self, module: str, name: str) -> Members | None:
        known = {
            ("lib", "Base"): Members(frozenset({"send"}), whole=True),
            ("lib", "Half"): Members(),
            ("net/http", "Client()"): Members(frozenset({"Do"}), whole=True),
        }
        return known.get((module, name))


def unknown(path: str, texts: dict[str, str], *accesses: str, outside: Outside | None = None) -> set[str]:
    """Those of some accesses that are refuted at the cursor █ in a file."""
    return {
        f"{access.receiver}.{access.member}" for access in refute(path, texts, *accesses, outside=outside)
    }


def refute(
    path: str, texts: dict[str, str], *accesses: str, outside: Outside | None = None
) -> frozenset[MemberAccess]:
    before, _, after = texts[path].partition("█")
    document = Document(path, split_lines(before + after), language_of(path))
    lookup = TypeLookup(Files({**texts, path: before + after}), outside)
    wanted = [MemberAccess(*access.rsplit(".", 1)) for access in accesses]
    return refuted_at(lookup, document, Cursor(before.count("\n"), 0), wanted)


def refuted_at(
    lookup: TypeLookup, document: Document, cursor: Cursor, accesses: list[MemberAccess]
) -> frozenset[MemberAccess]:
    place = readable(document, cursor)
    text = TypedText(document.path, place.parsed)
    lookup.texts.begin(text)
    return refuted_accesses(lookup, text, place.at, accesses)


@pytest.mark.parametrize(
    ("access", "known"),
    [
        ("self.cart", True),
        ("self.audit", True),
        ("self.limit", True),
        ("self.total", False),
        ("self.cart.find", True),
        ("self.cart.amount", False),
        ("self.carts[0].amount", False),
        ("self.carts[0].find", True),
        ("big.grow", True),
        ("big.find", True),  # of its base
        ("big.shrink", False),
        ("big.copy().shrink", False),
        ("big.copy().grow", True),  # `Self` is the class of the object
        ("left.grow", True),  # one of two types has it
        ("left.shrink", False),
        ("made.amount", False),
        ("made.find(1).amount", True),
        ("made.find(1).colour", False),
        ("made.last.amount", True),
        ("made.last.colour", False),
        ("made.first.colour", False),
        ("made.lines[0].colour", False),
        ("made.meta['a'].colour", False),
        ("line.colour", False),
        ("entered.amount", False),
        ("self_entered.amount", False),
        ("ready.shrink", False),
        ("Color.RED", True),
        ("Color.BLUE", False),
        ("made.color.BLUE", False),
        ("shop.Cart", True),
        ("shop.Basket", False),
        ("words.add", True),
        ("words.keys", False),
        ("text.startswith", True),
        ("text.starts_with", False),
        ("many['a'].amount", False),
        # Nothing is known of these, or not all of it.
        ("other.anything", True),
        ("open_.anything", True),
        ("vague.anything", True),
        ("far.anything", True),
        ("described.plain.anything", True),
        ("described.lazy.anything", True),
        ("described.other", False),
        ("gone.anything", True),
        ("make().anything", True),
        ("load().anything", True),  # it was not awaited
        ("seen.grow", True),  # the function looks at what it is
        ("nowhere.anything", True),
        ("made.__anything__", True),
        # What is outside of the workspace.
        ("derived.send", True),
        ("derived.receive", False),
        ("os.path.join", True),
    ],
)
def test_python(access: str, known: bool) -> None:
    texts = {"shop.py": SHOP, "till.py": PYTHON}
    assert unknown("till.py", texts, access, outside=Outside()) == (set() if known else {access})


@pytest.mark.parametrize(
    ("access", "known"),
    [
        ("this.cart", True),
        ("this.carts", True),
        ("this.amount", False),
        ("this.cart.amount", False),
        ("this.cart.owner.amount", True),
        ("this.cart.owner.colour", False),
        ("big.grow", True),
        ("big.last", True),
        ("big.shrink", False),
        ("big.self().grow", True),
        ("big.self().shrink", False),
        ("changing.grow", True),
        ("changing.shrink", False),
        ("found.amount", True),
        ("found?.colour", False),
        ("one.owner", True),
        ("one.colour", False),
        ("line.note", True),
        ("line.cart().colour", False),
        ("line!.colour", False),
        ("point.x", True),
        ("point.y", False),
        ("Color.Green", True),
        ("Color.Blue", False),
        ("store.Cart", True),
        ("store.Basket", False),
        ("settings.depth", True),
        ("settings.nested", True),
        ("settings.width", False),
        ("new Cart(1).colour", False),
        ("other.anything", True),
        ("any.anything", True),
        ("generic.anything", True),
        ("wide.anything", True),
        ("seen.anything", True),
        ("big.toString", True),
        ("derived.receive", False),
    ],
)
def test_typescript(access: str, known: bool) -> None:
    texts = {"store.ts": STORE, "till.ts": SCRIPT}
    assert unknown("till.ts", texts, access, outside=Outside()) == (set() if known else {access})


@pytest.mark.parametrize(
    ("access", "known"),
    [
        ("t.cart", True),
        ("t.amount", False),
        ("t.cart.Total", True),  # a method in another file
        ("t.cart.Amount", True),  # of an embedded struct
        ("t.cart.Colour", False),
        ("t.cart.Total().Colour", False),
        ("made.Total", True),
        ("made.Colour", False),
        ("literal.Note", True),
        ("literal.Colour", False),
        ("line.Colour", False),
        ("step.Colour", False),
        ("walker.Walk", True),
        ("walker.Run", False),
        ("made.byName[1].Colour", False),
        ("cart.New", True),
        ("cart.Old", False),
        ("err.Anything", True),
        ("w.Anything", True),
        ("other.Anything", True),
    ],
)
def test_go(access: str, known: bool) -> None:
    assert unknown("till.go", GO, access) == (set() if known else {access})


@pytest.mark.parametrize(
    ("access", "known"),
    [
        ("self.cart", True),
        ("self.amount", False),
        ("self.cart.lines", True),
        ("self.cart.amount", False),
        ("self.cart.first.colour", False),
        ("cart.last().colour", False),
        ("cart.lines", True),
        ("cart.colour", False),
        ("item.colour", False),
        ("line.amount", True),
        ("line.colour", False),
        ("sort.colour", False),
        ("open.anything", True),  # what it derefs to may have it
        ("made.anything", True),  # a macro may add it
        ("other.anything", True),
        ("maybe.anything", True),
        ("a.anything", True),
    ],
)
def test_rust(access: str, known: bool) -> None:
    assert unknown("src/till.rs", RUST, access) == (set() if known else {access})


def test_go_knows_installed_packages() -> None:
    source = 'package a\n\nimport "net/http"\n\nfunc f(c *http.Client) {\n\td := http.Get("")\n\t█\n}\n'
    asked = ("http.Get", "http.Fetch", "c.Do", "c.Send", "d.Any", "d.Body.Close")
    assert unknown("a.go", {"a.go": source}, *asked, outside=Outside()) == {"http.Fetch", "c.Send"}


def test_a_line_that_is_being_written_hides_no_method() -> None:
    source = "class Till:\n    def pay(self):\n        if self.open(█\n\n    def audit(self):\n        pass\n"
    assert unknown("till.py", {"till.py": source}, "self.audit", "self.close") == {"self.close"}


def test_a_half_written_head_hides_no_method_after_its_block() -> None:
    source = "class Till {\n  pay() {\n    if (!this.█\n      throw 1;\n    }\n  }\n  audit() {}\n}\n"
    assert unknown("till.ts", {"till.ts": source}, "this.audit", "this.close") == {"this.close"}


def test_to_ask_about_a_member_says_nothing_of_its_object() -> None:
    cart = "interface Cart { owner: string }\nfunction pay(cart: Cart) {\n"
    source = f"{cart}  if (paid.has(cart.owner) || isNew(cart.owner)) return\n  █\n}}\n"
    assert unknown("a.ts", {"a.ts": source}, "cart.owner", "cart.amount") == {"cart.amount"}
    asked = source.replace("isNew(cart.owner)", "isGift(cart)")
    assert unknown("a.ts", {"a.ts": asked}, "cart.amount") == set()


@pytest.mark.parametrize(
    ("head", "known"),
    [
        ("function pay({ cart }: Order) {", False),
        ("function pay({ cart: found }: Order, cart: any) {", True),
        ("function pay({ one: cart }: Order) {", True),
        ("function pay({ cart = other }: Order) {", True),
        ("function pay(order: Order) {\n  const { cart } = order", False),
        ("function pay(order: Order) {\n  const { cart } = order.any", True),
    ],
)
def test_what_is_taken_from_an_object_has_its_type(head: str, known: bool) -> None:
    kinds = "interface Cart { owner: string }\ninterface Order { cart: Cart; one: any }\n"
    source = f"{kinds}{head}\n  █\n}}\n"
    refuted = unknown("a.ts", {"a.ts": source}, "cart.owner", "cart.amount")
    assert refuted == (set() if known else {"cart.amount"})


def test_a_class_that_cannot_be_read_has_any_member() -> None:
    source = "class Till:\n    def pay(self):\n        █\n\n    def audit(self:\n        pass\n"
    assert unknown("till.py", {"till.py": source}, "self.close") == set()


def test_what_people_wrote_elsewhere_in_the_file_counts_as_known() -> None:
    source = "class Cart: ...\n\ndef pay(cart: Cart):\n    print(cart.owner)\n    █\n"
    assert unknown("a.py", {"a.py": source}, "cart.owner", "cart.amount") == {"cart.amount"}


def test_what_was_written_in_another_class_does_not_count() -> None:
    source = "class A:\n    def a(self):\n        self.one\n\n\nclass B:\n    def b(self):\n        █\n"
    assert unknown("a.py", {"a.py": source}, "self.one", "self.b") == {"self.one"}


@pytest.mark.parametrize(
    ("path", "texts", "access", "owner"),
    [
        ("till.py", {"shop.py": SHOP, "till.py": PYTHON}, "left.shrink", "Cart or Big"),
        ("till.py", {"shop.py": SHOP, "till.py": PYTHON}, "text.starts_with", "str"),
        ("till.ts", {"store.ts": STORE, "till.ts": SCRIPT}, "line.colour", "Line"),
        ("till.go", GO, "t.cart.Colour", "Cart"),
        ("src/till.rs", RUST, "cart.colour", "Cart"),
    ],
)
def test_a_refuted_member_comes_with_the_type_that_lacks_it(
    path: str, texts: dict[str, str], access: str, owner: str
) -> None:
    found = refute(path, texts, access)
    assert [refuted.owner for refuted in found] == [owner]


def test_a_file_is_read_again_only_after_it_changed() -> None:
    texts = {"shop.py": "class Cart: ...\n", "till.py": "from shop import Cart\n\nmade = Cart()\n\n"}
    files = Files(texts)
    lookup = TypeLookup(files)
    document = Document("till.py", split_lines(texts["till.py"]), language_of("till.py"))
    access = MemberAccess("made", "amount")
    for _ in range(3):
        assert refuted_at(lookup, document, Cursor(3, 0), [access]) == {access}
    assert files.read == ["shop.py"]
    texts["shop.py"] = "class Cart:\n    amount = 1\n"
    assert refuted_at(lookup, document, Cursor(3, 0), [access]) == set()


@pytest.mark.parametrize(
    ("line", "access", "known"),
    [
        ("if isinstance(cart, Big):\n        █", "cart.grow", True),
        ("if isinstance(cart, Big):\n        █", "cart.shrink", False),
        ("if isinstance(any, (Line, Big)) and names:\n        █", "any.amount", True),
        ("if isinstance(any, (Line, Big)) and names:\n        █", "any.shrink", False),
        ("if isinstance(any, Big) or names:\n        █", "any.shrink", True),
        ("if isinstance(any, Missing):\n        █", "any.shrink", True),
        ("if isinstance(any, Big):\n        any = names\n        █", "any.shrink", True),
        ("if isinstance(cart, Big) and hasattr(cart, 'x'):\n        █", "cart.x", True),
        ("try:\n        pass\n    except (KeyError, ValueError) as error:\n        █", "error.code", False),
        ("try:\n        pass\n    except KeyError as error:\n        █", "error.args", True),
        ("for color in colors:\n        █", "color.amount", True),  # keys are not what is in it
        ("█", "colors['a'].colour", False),
        ("█", "pair[1].upper", True),  # what a tuple holds may be of several types
        ("█", "names.shrink", False),
        ("█", "names[1:].append", True),
        ("█", "names[1:].shrink", False),
        ("█", "names[0].shrink", False),
    ],
)
def test_what_code_asks_and_what_containers_hold(line: str, access: str, known: bool) -> None:
    head = "def pay(cart: Cart, any, colors: dict[Color, Line], pair: tuple[Line, str], names: list[str]):\n"
    source = f"from shop import Big, Cart, Color, Line\n\n{head}    {line}\n"
    texts = {"shop.py": SHOP, "a.py": source}
    assert unknown("a.py", texts, access) == (set() if known else {access})


def test_the_object_of_a_mixin_is_what_is_written() -> None:
    source = "class Cart:\n    size = 1\nclass Mixin:\n    def grow(self: Cart):\n        █\n"
    assert unknown("a.py", {"a.py": source}, "self.size", "self.weight") == {"self.weight"}


def test_a_file_with_the_name_of_a_library_hides_nothing_of_it() -> None:
    texts = {
        "shop/lib.py": "import os\n",
        "shop/a.py": "from lib import Base\n\nclass Made(Base): ...\nmade = Made()\n█\n",
    }
    assert unknown("shop/a.py", texts, "made.send", "made.receive", outside=Outside()) == {"made.receive"}


def test_a_string_may_begin_with_a_word() -> None:
    source = "class Cart:\n    size = 1\ndef get(name: str) -> Cart: ...\nmade = get('What a day')\n█\n"
    assert unknown("a.py", {"a.py": source}, "made.weight") == {"made.weight"}


@pytest.mark.parametrize(
    ("access", "known"),
    [
        ("words.map", True),
        ("words.add", False),
        ("seen.add", True),
        ("seen.push", False),
        ("name.trim", True),
        ("name.strip", False),
        ("waiting.then", True),
        ("waiting.status", False),
        ("Math.max", True),
        ("Math.maximum", False),
        ("other.anything", True),
    ],
)
def test_what_every_script_has(access: str, known: bool) -> None:
    source = """\
async function load(): Promise<Missing> {}
const seen = new Set<string>();
const waiting = load();
const other = fetch("x");
function all(words: string[], name: string | null) {
    █
}
"""
    assert unknown("a.ts", {"a.ts": source}, access) == (set() if known else {access})


def test_what_a_class_within_a_class_has_is_not_the_outer_one_s() -> None:
    source = (
        "class Outer:\n    def run(self):\n        self.size = 1\n        █\n\n"
        "    class Inner:\n        def keep(self):\n            self._memoized = {}\n"
    )
    assert unknown("a.py", {"a.py": source}, "self._memoized", "self.size") == {"self._memoized"}
    inside = source.replace("        █\n", "") + "            █\n"
    assert unknown("a.py", {"a.py": inside}, "self._memoized", "self.size") == {"self.size"}
