"""What a script offers to its tests: exports, parameters, values for these, calls, and probes."""

import pytest

from assist_runner.scripts.script_calls import calls_in_script
from assist_runner.scripts.script_functions import functions_of, script_function
from assist_runner.scripts.script_module import ScriptImport, import_lines, script_module
from assist_runner.scripts.script_pieces import call_arguments, literal_calls, mentions
from assist_runner.scripts.script_probes import branch_starts, with_probes
from assist_runner.scripts.script_values import TypeBook, parameter_values, type_book, type_values

CART = """\
import { tax } from './tax.js';
export interface Line { name: string; count?: number }
export type Kind = 'net' | 'gross';
/** Adds up. */
export function total(lines: Line[], kind: Kind = 'net', ...more: number[]): number {
  if (lines.length === 0) return 0;
  const sum = lines.reduce((all, line) => all + (line.count ?? 1), 0);
  return kind === 'net' ? sum : tax(sum);
}
const hidden = (text) => text.trim();
export class Cart {
  constructor(private readonly size = 3) {}
  get full() { return this.size > 2; }
  add(line: Line) { return hidden(line.name); }
  static empty() { return new Cart(0); }
  private open() {}
}
export { hidden as shown };
"""


@pytest.mark.parametrize(
    ("text", "exports", "common", "assigned"),
    [
        (
            CART,
            {"total": "total", "Cart": "Cart", "hidden": "shown", "Line": "Line", "Kind": "Kind"},
            False,
            "",
        ),
        ("export default function go() {}", {"go": "default"}, False, ""),
        ("export default () => 1", {"default": "default"}, False, ""),
        ("const go = 1;\nexport default go;", {"go": "default"}, False, ""),
        ("function go() {}\nmodule.exports = go;", {"go": "*"}, True, "go"),
        ("module.exports = { go, come: other };", {"go": "go", "other": "come"}, True, ""),
        ("exports.go = function () {};", {"go": "go"}, True, ""),
        ("export * from './other'", {}, False, ""),
    ],
)
def test_exports(text: str, exports: dict[str, str], common: bool, assigned: str) -> None:
    found = script_module(text)
    assert (dict(found.exports), found.common, found.assigned) == (exports, common, assigned)


def test_imports_can_be_written_for_another_folder() -> None:
    text = "import a, { b as c } from '../a';\nimport * as d from 'd';\nconst { e } = require('./e');\n"
    found = script_module(text).imports
    moved = tuple(row.from_folder("test/unit", "test") for row in found.values())
    assert import_lines(moved, "'", "") == [
        "import a, { b as c } from './a'",
        "import * as d from 'd'",
        "const { e } = require('./unit/e')",
    ]


def test_functions_and_their_parameters() -> None:
    found = {row.name: row for row in functions_of(CART, "cart.ts")}
    lines, kind, more = found["total"].parameters
    assert (lines.type, lines.optional) == ("Line[]", False)
    assert (kind.type, kind.default, more.rest) == ("Kind", "'net'", True)
    assert found["hidden"].parameters[0].uses[0] == "string"
    roles = [(row.name, row.role) for row in found["Cart"].methods]
    assert roles == [
        ("constructor", "constructor"),
        ("full", "getter"),
        ("add", "method"),
        ("empty", "static"),
    ]
    body = found["total"].body
    assert CART[body.start : body.stop].startswith("{\n  if (lines")


def test_values_by_type_name_and_use() -> None:
    book = type_book([("cart.ts", CART)])
    total = script_function(CART, "cart.ts", "total", 5, 9)
    assert total is not None
    lines, kind, more = total.parameters
    assert parameter_values(lines, book)[0] == "[{ name: 'abc' }, { name: 'abc', count: 3 }]"
    assert parameter_values(kind, book) == ["'net'", "'gross'"]
    assert parameter_values(more, book)[0] == "3"
    for written, value in {
        "(a: number, b: number) => number": "(value, other) => Number(value)",
        "(item: T) => Promise<boolean>": "async (value) => Boolean(value)",
        "Map<string, number>": "new Map([['abc', 3]])",
        "{ a: string } & { b: number }": "{ a: 'abc', b: 3 }",
        "[string, number]": "['abc', 3]",
        "null | Date": "new Date(2024, 1, 29)",
        "readonly T[]": "[3, 1, 2]",
    }.items():
        assert type_values(written, TypeBook())[0] == value, written
    assert type_values("Unheard", TypeBook()) == []


TESTS = """\
import { Cart, total } from '../src/cart.js';
import { lines } from './samples.js';

describe('total', () => {
  let cart;
  beforeEach(() => { cart = new Cart(2); });
  it('adds', async () => {
    const many = [...lines, { name: 'x' }];
    many.push({ name: 'y' });
    expect(total(many)).toBe(3);
    assert.equal(await total([], 'net'), 0);
  });
  it('refuses', () => {
    expect(() => cart.total(null)).toThrow('no lines');
    unknown(total(other));
  });
});
"""


def test_calls_come_with_what_makes_their_arguments() -> None:
    found = {call.text: call for call in calls_in_script(TESTS, frozenset({"total"}))}
    assert found["total(many)"].setup == (
        "const many = [...lines, { name: 'x' }];",
        "many.push({ name: 'y' });",
    )
    assert [row.local for row in found["total(many)"].imports] == ["lines", "total"]
    assert "total([], 'net')" in found
    assert found["cart.total(null)"].setup == ("let cart;", "cart = new Cart(2);")
    assert found["unknown(total(other))"].unknown == ("other", "unknown")


def test_a_cut_script_is_read_up_to_its_last_whole_line() -> None:
    text = "f(1);\nf('two');\nf([1, 2"
    assert [call.text for call in calls_in_script(text, frozenset({"f"}))] == ["f(1)", "f('two')"]


def test_arguments_have_places() -> None:
    known = call_arguments("new Cart(1, { a: 'b' }).add('x')")
    assert known is not None
    assert [(row.kind, row.text) for row in known[0]] == [("string", "'x'")]


def test_calls_with_literals_on_a_line() -> None:
    assert literal_calls("g(total([], 'net'));\ntotal(a);\n", "a.ts", "total", 1) == ["([], 'net')"]
    assert literal_calls("g(total([], 'net'));\ntotal(a);\n", "a.ts", "total", 2) == []


def test_what_uses_a_function() -> None:
    assert mentions(CART, "cart.ts", "hidden") == {"Cart"}


def test_probes_move_no_line_and_branches_begin_where_they_say() -> None:
    probed = with_probes(CART, "cart.ts", "total", 5, 9)
    assert len(probed.splitlines()) == len(CART.splitlines())
    assert "if (lines.length === 0) { (globalThis as any).__assistProbe?.(60026); return 0; }" in probed
    assert probed.count("__assistProbe?.(8") == 3  # the statement and both arms of the ternary
    assert branch_starts(CART, "cart.ts", "total", 5, 9) == (60002, 60026, 80026, 80032)


def test_an_import_of_a_type_stays_one() -> None:
    found = script_module("import type { A } from 'a';").imports["A"]
    assert found == ScriptImport("A", "a", "A", typed=True)


def test_a_probe_ends_a_line_without_a_semicolon() -> None:
    text = "function f(a) {\n  const b = +a\n  return b\n}\n"
    assert ";(globalThis as any).__assistProbe?.(30002); return b" in with_probes(text, "a.ts", "f", 1, 4)


def test_an_object_has_the_members_that_are_read_of_it() -> None:
    text = "export function at(obj, { name, size = 1 }) {\n  return obj.year + obj.label.length + size;\n}\n"
    found = script_function(text, "a.js", "at", 1, 3)
    assert found is not None
    values = [parameter_values(row, TypeBook())[0] for row in found.parameters]
    assert values == ["{ year: 3, label: 'abc' }", "{ name: 'abc', size: 3 }"]


def test_a_name_that_is_declared_again_is_taken_once() -> None:
    text = "let n = 1;\ntest('a', () => {\n  const n = 2;\n  expect(f(n)).toBe(3);\n});\n"
    (call,) = calls_in_script(text, frozenset({"f"}))
    assert call.setup == ("const n = 2;",)


def test_a_comment_may_say_the_types() -> None:
    text = "/**\n * @param {number} a\n * @param {'x' | 'y'} [b]\n */\nexport function f(a, b) {\n  return a + b;\n}\n"
    found = script_function(text, "a.js", "f", 5, 7)
    assert found is not None
    assert [parameter_values(row, TypeBook())[:2] for row in found.parameters] == [["3", "0"], ["'x'", "'y'"]]
