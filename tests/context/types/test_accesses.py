"""Which accesses to members a workspace refutes: what its files say of the receiver's type."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from assist_context.documents import Cursor, Document, MemberAccess, split_lines
from assist_context.languages import language_of
from assist_context.relations.path_index import PathIndex, path_index_of
from assist_context.types.accesses import refuted_accesses
from assist_context.types.lookup import TypeLookup
from assist_context.types.members import Members


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
        return path_index_of(self.texts)


@dataclass
class Outside:
    """What is outside of the folder."""

    def names(self, module: str) -> frozenset[str] | None:
        return frozenset({"join"}) if module == "os.path" else None

    def members(self, module: str, name: str) -> Members | None:
        known = {("lib", "Base"): Members(frozenset({"send"}), whole=True), ("lib", "Half"): Members()}
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
    return refuted_accesses(lookup, document, Cursor(before.count("\n"), 0), wanted)


SHOP = """\
from __future__ import annotations
import os.path
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from typing import Any, Iterator, Optional

from lib import Base, Half, Strange


class Color(Enum):
    RED = 1


@dataclass
class Line:
    amount: int
    name: str = ""


class Cart(object):
    color: Color

    def __init__(self, lines: list[Line], first: Line | None = None):
        self.lines = lines
        self.first = first
        self.meta: dict[str, Line] = {}

    @property
    def last(self) -> Line:
        return self.lines[-1]

    def find(self, name: str) -> Optional["Line"]:
        ...

    def copy(self) -> "Self":
        ...

    def __enter__(self):
        return self


class Big(Cart):
    def grow(self): ...


class Open(Cart):
    def __getattr__(self, name): ...


class Derived(Base): ...


class Vague(Half): ...


class Far(Strange): ...


@contextmanager
def opened() -> Iterator[Cart]: ...


async def load() -> Big: ...


def make(): ...
"""

PYTHON = """\
import os.path

import shop
from shop import Big, Cart, Color, Derived, Far, Open, Vague, load, make, opened


class Till:
    limit: int = 3

    def __init__(self, cart: Cart):
        self.cart = cart
        self.carts: list[Cart] = []

    async def pay(self, big: Big, other, *, left: "Cart | Big", open_: Open, derived: Derived, vague: Vague,
                  far: Far, text: str, seen: Cart, gone: Cart | Strange, many: dict[str, Cart]):
        made = Cart([])
        words = {"a", "b"}
        with opened() as entered, Cart([]) as self_entered:
            ready = await load()
            for line in made.lines:
                if isinstance(seen, Big):
                    █

    def audit(self):
        pass
"""


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


STORE = """\
import { Base } from "lib";

export interface Line { amount: number; note?: string; cart(): Cart }
export type Point = { x: number } ;
export enum Color { Red, Green = "green" }
export interface Wide extends Line { [key: string]: unknown }
export class Cart {
  private lines: Line[] = [];
  static first: Cart;
  constructor(readonly owner: Line, size: number) { this.size = size }
  get last(): Line { return this.lines[0] }
  find(name: string): Promise<Line | undefined> { return null as any }
  self(): this { return this }
}
export class Big extends Cart { grow(): void {} }
export class Derived extends Base {}
export const settings = { depth: 1, nested };
"""

SCRIPT = """\
import * as store from "./store";
import { Big, Cart, Color, Derived, Line, Point, Wide as Broad, settings } from "./store";

class Till<T extends Cart> {
  cart = new Cart(null, 1);
  async pay(big: Big, other, any: any, generic: T, wide: Broad, derived: Derived, point: Point, line?: Line) {
    let changing = new Cart(null, 1);
    changing = new Big(null, 1);
    const found = await big.find("a");
    for (const one of this.carts()) {
      █
    }
    let seen: Line = line;
    if (isWide(seen)) {}
  }
  carts(): Cart[] { return [] }
}
"""


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


GO = {
    "go.mod": "module example.com/shop\n",
    "cart/cart.go": """\
package cart

import "net/http"

type Line struct { Amount int; Note, Name string }
type Cart struct {
\tLine
\tlines []*Line
\tbyName map[string]*Line
}
type Wide struct { http.Handler }
type Walker interface { Walk(depth int) (Line, error) }
func New() (*Cart, error) { return nil, nil }
""",
    "cart/more.go": "package cart\n\nfunc (c *Cart) Total() Line { return Line{} }\n",
    "till.go": """\
package main

import "example.com/shop/cart"

type Till struct { cart *cart.Cart }

func (t *Till) Pay(w cart.Wide, walker cart.Walker, other interface{}) {
\tmade, err := cart.New()
\tliteral := &cart.Line{Amount: 1}
\tstep, _ := walker.Walk(1)
\tfor _, line := range made.lines {
\t\t█
\t}
}
""",
}


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


RUST = {
    "src/lib.rs": "mod cart;\nmod till;\n",
    "src/cart.rs": """\
use std::ops::Deref;

#[derive(Debug)]
pub struct Line { pub amount: u32 }
pub struct Cart<'a> { pub lines: Vec<Line>, pub first: &'a Line }
pub struct Open { inner: Line }
#[strange]
pub struct Made { inner: Line }
pub enum Kind { One, Two(u8) }

impl<'a> Cart<'a> {
    pub fn new() -> Self { todo!() }
    pub fn last(&self) -> &Line { todo!() }
}

impl Deref for Open { type Target = Line; fn deref(&self) -> &Line { &self.inner } }
""",
    "src/till.rs": """\
use crate::cart::{Cart, Kind as Sort, Line, Made, Open};

struct Till<'a> { cart: Box<Cart<'a>> }

impl<'a> Till<'a> {
    fn pay<T>(&mut self, line: &Line, open: Open, made: Made, sort: Sort, other: T, maybe: Option<Line>) {
        let cart = Cart::new();
        let (a, b) = (1, 2);
        for item in &self.cart.lines {
            █
        }
    }
}
""",
}


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


def test_a_line_that_is_being_written_hides_no_method() -> None:
    source = "class Till:\n    def pay(self):\n        if self.open(█\n\n    def audit(self):\n        pass\n"
    assert unknown("till.py", {"till.py": source}, "self.audit", "self.close") == {"self.close"}


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
        assert refuted_accesses(lookup, document, Cursor(3, 0), [access]) == {access}
    assert files.read == ["shop.py"]
    texts["shop.py"] = "class Cart:\n    amount = 1\n"
    assert refuted_accesses(lookup, document, Cursor(3, 0), [access]) == set()
