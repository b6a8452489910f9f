"""Small workspaces whose names have types, with the cursor written as █."""

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


class Lazy:
    def __get__(self, owner, kind): ...


class Described:
    plain = property(make)
    lazy = Lazy()


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
from shop import Described, Big, Cart, Color, Derived, Far, Open, Vague, load, make, opened


class Till:
    limit: int = 3

    def __init__(self, cart: Cart):
        self.cart = cart
        self.carts: list[Cart] = []

    async def pay(self, big: Big, other, *, left: "Cart | Big", open_: Open, derived: Derived, vague: Vague,
                  far: Far, text: str, seen: Cart, gone: Cart | Strange, described: Described, many: dict[str, Cart]):
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
