"""What a small prompt shows of the lines above its window."""

import pytest

from assist_completion.prompt.cold_head import FarLines, far_lines
from assist_completion.prompt.layout import Extent, continue_plan, plan
from assist_context.documents import Context, Snippet
from assist_context.languages import language_of

PYTHON = """\
import os
import re
from shop.models import (
    Customer,
    Money,
    Order,
)
from shop.tax import rate as tax_rate


class Till:
    def total(
        self,
        order: Order,
    ) -> Money:
        \"\"\"The sum.\"\"\"
        for line in order.lines:
            # here
            self.add(Money(line.price, tax_rate(os.environ)))
"""
TYPESCRIPT = """\
import fs, {readFileSync, type Stats} from 'node:fs';
import * as path from 'node:path';
import { unused } from './other';

export class Store {
  open(name: string): Stats {
    const place = path.join(this.root, name);
    return readFileSync(
"""
GO = """\
package shop

import (
\t"fmt"
\t"os"
)

func (t *Till) Total() error {
\tif t.open {
\t\treturn fmt.Errorf("
"""
RUST = """\
use std::collections::HashMap;
use std::io::{self, Read};

impl Till {
    fn total(&self) -> io::Result<u64> {
        let mut text = String::new();
        self.file.read_to_string(
"""


def chosen(source: str, suffix: str, shown: int, room: int = 2_000) -> list[str]:
    lines = source.rstrip("\n").split("\n")
    far = FarLines(lines, len(lines) - shown, "", language_of(f"a.{suffix}"))
    return far_lines(far, (), room).splitlines()


@pytest.mark.parametrize(
    ("source", "suffix", "shown", "wanted"),
    [
        (
            PYTHON,
            "py",
            1,
            [
                "import os",
                "from shop.models import Money",
                "from shop.tax import rate as tax_rate",
                "class Till:",
                "    def total(self, order: Order) -> Money:",
                "        for line in order.lines:",
            ],
        ),
        (
            TYPESCRIPT,
            "ts",
            2,
            [
                "import { readFileSync } from 'node:fs';",
                "import * as path from 'node:path';",
                "export class Store {",
                "  open(name: string): Stats {",
            ],
        ),
        (GO, "go", 1, ['import "fmt"', "func (t *Till) Total() error {", "\tif t.open {"]),
        (
            RUST,
            "rs",
            1,
            ["use std::io::{self, Read};", "impl Till {", "    fn total(&self) -> io::Result<u64> {"],
        ),
    ],
)
def test_heads_of_blocks_and_imports_of_visible_names(
    source: str, suffix: str, shown: int, wanted: list[str]
) -> None:
    assert chosen(source, suffix, shown) == wanted


def test_with_little_room_the_heads_come_first() -> None:
    assert chosen(PYTHON, "py", 1, 45) == ["class Till:", "        for line in order.lines:"]
    assert chosen(PYTHON, "py", 1, 5) == []


def test_a_short_file_needs_none_but_signatures() -> None:
    lines = PYTHON.split("\n")
    here = FarLines(lines, 0, "", language_of("a.py"))
    assert far_lines(here, (), 2_000) == ""
    rate = Snippet("shop/tax.py", 1, 1, "def tax_rate(place): ...\n", "definition", name="tax_rate")
    assert far_lines(here, (rate,), 2_000) == "def tax_rate(place): ...\n"


def test_signatures_of_what_is_called_come_from_definitions_of_other_files() -> None:
    text = "@cache\ndef tax_rate(\n    place: str,\n    year: int = 2024,\n) -> float:\n    return 0.2\n"
    snippets = (
        Snippet("shop/tax.py", 1, 6, text, "definition", name="tax_rate"),
        Snippet("shop/tax.py", 9, 9, "def other():\n", "definition", name="other"),
    )
    lines = PYTHON.rstrip("\n").split("\n")
    found = far_lines(FarLines(lines, len(lines) - 1, "", language_of("a.py")), snippets, 2_000)
    assert found.startswith("def tax_rate(place: str, year: int = 2024) -> float:\n")
    assert "other" not in found


def test_a_small_head_has_the_same_size_with_them_and_typing_keeps_it() -> None:
    body = "".join(f"            step_{n} = line.part({n})\n" for n in range(60))
    before = PYTHON.replace("            # here\n", body) + "            self."
    context = Context("shop/till.py", language_of("a.py"), before, "\n")
    small = Extent(head=129, suffix=43, lines_after=8, snapped=False)
    bare, cold = (plan(context, extent) for extent in (small, Extent(129, 43, 8, snapped=False, far=0.4)))
    assert bare.far == ""
    assert "class Till:\n" in cold.far
    assert "from shop.models import Money\n" in cold.far
    assert len(cold.far + cold.head) <= 129 * 3.2
    typed = Context("shop/till.py", language_of("a.py"), before + "add", "\n")
    further = continue_plan(typed, cold)
    assert further is not None
    assert (further.far, further.head) == (cold.far, cold.head)
