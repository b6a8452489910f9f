"""Which names a text binds, but not for the cursor's line."""

import pytest

from assist_context.code.names.visible_names import out_of_sight
from assist_context.code.trees.parsed_text import ParsedText
from assist_context.documents import Document, split_lines
from assist_context.languages import language_of

PYTHON = """\
import os
LIMIT = 3
class Till:
    size = 2
    def add(self, order):
        total = order.total
        for line in order:
            last = line
        return last
    def clear(self, mode):
        if mode:
            kept = [n for n in self.lines]
        █
def later():
    return print_all(size)
"""
TYPESCRIPT = """\
import { open } from './store';
type Kind = string;
class Till {
  private size = 1;
  add(order: Order) {
    const total = order.total;
    if (total) { let inner = 1; }
    █
  }
  clear<T>(mode: T) { const kept = mode; return kept; }
}
"""
GO = """\
package shop

func Add(order Order) (sum int) {
\tfor i, line := range order.Lines {
\t\tsum += line.Price
\t}
\t█
\treturn
}

func Clear(mode int) { kept := mode; use(kept) }
"""
RUST = """\
use std::fs;
impl Till {
    fn add(&self, order: &Order) -> u32 {
        let total = order.total;
        █
        total
    }
    fn clear(mode: u8) { let kept = mode; drop(kept) }
}
"""


@pytest.mark.parametrize(
    ("source", "suffix", "hidden"),
    [
        (PYTHON, "py", "add clear order total last line"),
        (TYPESCRIPT, "ts", "size add clear T mode kept"),
        (GO, "go", "mode kept"),
        (RUST, "rs", "add clear mode kept"),
    ],
)
def test_names_of_other_functions_and_members_are_out_of_sight(source: str, suffix: str, hidden: str) -> None:
    before, after = source.split("█")
    language = language_of(f"a.{suffix}")
    rest = "pass" if suffix == "py" else ";"
    parsed = ParsedText(Document(f"a.{suffix}", split_lines(f"{before}{rest}{after}"), language))
    names = sorted(set("".join(c if c.isalnum() or c == "_" else " " for c in source).split()))
    assert out_of_sight(parsed, len(before.encode()), names) == set(hidden.split())


@pytest.mark.parametrize(
    "source",
    [
        "class A:\n    def f(self, a):\n        pass\n    █pass\n",  # a new member may have any name
        "def f(a):\n    if a:\n        b = 1\n    █pass\n",
        "def f(a, b\n    c = (\n    █pass\ndef g():\n    b = 1\n",  # what is broken hides nothing
        "def f(a):\n    b = 1\n\n█pass\n\nprint(b)\n",  # used where nothing binds it
    ],
)
def test_what_is_not_certain_is_not_out_of_sight(source: str) -> None:
    before, after = source.split("█")
    parsed = ParsedText(Document("a.py", split_lines(before + after), language_of("a.py")))
    assert not out_of_sight(parsed, len(before.encode()), ("f", "a", "b", "c"))
